#include "sim/stack/database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

/// A database with the verifier's columns.
class DatabaseTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(sqlite3_open(file_.c_str(), &database_), SQLITE_OK);
        run("CREATE TABLE attestations (agent_id TEXT, \"index\" INTEGER, stage TEXT, evaluation TEXT, "
            "failure_reason TEXT, capabilities_received_at TEXT, challenges_expire_at TEXT, "
            "evidence_received_at TEXT)");
        run("INSERT INTO attestations VALUES ('one', 0, 'verification_complete', 'fail', 'policy_violation', "
            "'2026-11-23T21:19:17.899755+00:00', '2026-11-23T21:49:17.899755+00:00', "
            "'2026-11-23T21:19:18.000001+00:00')");
        run("INSERT INTO attestations VALUES ('one', 1, 'awaiting_evidence', 'pending', NULL, "
            "'2026-11-23T21:19:17.899755+00:00', NULL, NULL)");
    }
    void enrol() {
        run("CREATE TABLE verifiermain (agent_id TEXT, ak_tpm TEXT)");
        run("INSERT INTO verifiermain VALUES ('one', 'AQI=')");
    }
    void TearDown() override { sqlite3_close(database_); }
    void run(const char* statement) {
        ASSERT_EQ(sqlite3_exec(database_, statement, nullptr, nullptr, nullptr), SQLITE_OK)
            << sqlite3_errmsg(database_);
    }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_.path() / "cv_data.sqlite";
    sqlite3* database_ = nullptr;
};

TEST_F(DatabaseTest, RowIsReadWithReasonAndTimes) {
    const auto found = read_attestation(file_, "one", 0);
    ASSERT_TRUE(found) << found.error().text();
    ASSERT_TRUE(*found);
    EXPECT_EQ((*found)->stage, "verification_complete");
    EXPECT_EQ((*found)->evaluation, "fail");
    EXPECT_EQ((*found)->failure_reason, "policy_violation");
    EXPECT_EQ(to_rfc3339(*(*found)->evidence_received_at), "2026-11-23T21:19:18.000001Z");
    EXPECT_EQ(*(*found)->challenges_expire_at - *(*found)->capabilities_received_at,
              std::chrono::minutes{30});
}

TEST_F(DatabaseTest, NullsAreAbsent) {
    const auto found = read_attestation(file_, "one", 1);
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)->failure_reason, "");
    EXPECT_EQ((*found)->evidence_received_at, std::nullopt);
}

TEST_F(DatabaseTest, AkOfAnEnrolmentIsReadAndThatOfNobodyIsNothing) {
    EXPECT_FALSE(read_enrolled_ak(file_, "one")) << "no such table";
    enrol();
    EXPECT_EQ(read_enrolled_ak(file_, "one").value(), "AQI=");
    EXPECT_EQ(read_enrolled_ak(file_, "two").value(), std::nullopt);
}

TEST_F(DatabaseTest, AttestationThatIsNotThereIsNothing) {
    EXPECT_EQ(read_attestation(file_, "one", 2)->has_value(), false);
    EXPECT_EQ(read_attestation(file_, "two", 0)->has_value(), false);
    EXPECT_EQ(read_attestation(file_, "one' OR '1'='1", 0)->has_value(), false);
}

TEST_F(DatabaseTest, FileThatIsNotThereIsNamedAndNotMade) {
    const auto none = folder_.path() / "none.sqlite";
    const auto found = read_attestation(none, "one", 0);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::Stack);
    EXPECT_THAT(found.error().message, testing::HasSubstr("none.sqlite"));
    EXPECT_FALSE(std::filesystem::exists(none));
}

TEST_F(DatabaseTest, WriterIsNotDisturbed) {
    run("BEGIN IMMEDIATE");
    run("UPDATE attestations SET evaluation = 'pass' WHERE \"index\" = 1");
    const auto during = read_attestation(file_, "one", 1);
    ASSERT_TRUE(during) << during.error().text();
    EXPECT_EQ((*during)->evaluation, "pending");
    run("COMMIT");
    EXPECT_EQ((*read_attestation(file_, "one", 1))->evaluation, "pass");
}

TEST_F(DatabaseTest, AfterAKillInMidWriteTheStateBeforeIsRead) {
    // A small cache makes SQLite write pages before the commit: journal and half-written file are what a kill
    // leaves.
    run("PRAGMA cache_size = 2");
    run("BEGIN");
    run("WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
        "INSERT INTO attestations SELECT 'one', i, 'awaiting_evidence', 'pending', NULL, hex(zeroblob(200)), "
        "NULL, "
        "NULL FROM n");
    run("UPDATE attestations SET evaluation = 'pass' WHERE \"index\" = 0");
    const auto killed = folder_.path() / "killed" / "cv_data.sqlite";
    std::filesystem::create_directory(killed.parent_path());
    std::filesystem::copy_file(file_, killed);
    std::filesystem::copy_file(file_.string() + "-journal", killed.string() + "-journal");
    run("ROLLBACK");

    const auto before = read(killed);
    const auto found = read_attestation(killed, "one", 0);
    ASSERT_TRUE(found) << found.error().text();
    ASSERT_TRUE(*found);
    EXPECT_EQ((*found)->evaluation, "fail");
    EXPECT_FALSE(read_attestation(killed, "one", 100)->has_value());
    EXPECT_EQ(read(killed), before) << "what the kill left is evidence";
    EXPECT_FALSE(std::filesystem::exists(killed.string() + ".copy"));
}

}  // namespace
}  // namespace pushsim::stack::test
