#include "sim/stack/verdicts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::stack::test {
namespace {

template <typename T>
Source<T> known(T value) {
    return {Source<T>::State::Known, std::move(value), {}};
}
template <typename T>
Source<T> absent() {
    return {Source<T>::State::Absent, std::nullopt, "none"};
}
template <typename T>
Source<T> unavailable() {
    return {Source<T>::State::Unavailable, std::nullopt, "cannot"};
}

RecordVerdict record(const std::string& evaluation) {
    return {evaluation == "pending" ? "evaluating_evidence" : "verification_complete", evaluation};
}
DatabaseVerdict database(const std::string& evaluation, const std::string& reason = {}) {
    DatabaseVerdict verdict;
    verdict.evaluation = evaluation;
    verdict.failure_reason = reason;
    return verdict;
}
LogVerdict logged(const std::string& evaluation, const std::string& reason = {}) {
    LogVerdict verdict;
    verdict.evaluation = evaluation;
    verdict.failure_reason = reason;
    return verdict;
}
Verdict verdict(Source<RecordVerdict> r, Source<DatabaseVerdict> d, Source<LogVerdict> l) {
    Verdict verdict{.agent_id = "a", .index = 3};
    verdict.record = std::move(r);
    verdict.database = std::move(d);
    verdict.log = std::move(l);
    return verdict;
}

TEST(VerdictOfPlaces, IsSettledWhenAllThreePlacesHaveDecided) {
    const auto v = verdict(known(record("fail")), known(database("fail", "policy_violation")),
                           known(logged("fail", "policy_violation")));
    EXPECT_TRUE(v.settled());
}

TEST(VerdictOfPlaces, WaitsForAPlaceThatHasNotDecided) {
    EXPECT_FALSE(
        verdict(known(record("pending")), known(database("pending")), known(logged("pass"))).settled());
    EXPECT_FALSE(verdict(known(record("pass")), known(database("pass")), absent<LogVerdict>()).settled());
    EXPECT_FALSE(verdict(absent<RecordVerdict>(), absent<DatabaseVerdict>(), absent<LogVerdict>()).settled());
    EXPECT_FALSE(
        verdict(unavailable<RecordVerdict>(), unavailable<DatabaseVerdict>(), unavailable<LogVerdict>())
            .settled());
}

TEST(VerdictOfPlaces, DeletedRecordOfAPassWaitsForNothing) {
    const auto v = verdict(absent<RecordVerdict>(), absent<DatabaseVerdict>(), known(logged("pass")));
    EXPECT_TRUE(v.settled());
}

TEST(VerdictOfPlaces, ExternalStackHasTheRecordAlone) {
    const auto v = verdict(known(record("fail")), unavailable<DatabaseVerdict>(), unavailable<LogVerdict>());
    EXPECT_TRUE(v.settled());
}

TEST(RecordOfAttestation, IsReadFromTheAttributes) {
    const auto got = parse_record_verdict(
        {.status = 201,
         .headers = {},
         .body =
             R"({"data": {"type": "attestation", "attributes": {"stage": "verification_complete", "evaluation": "pass"}}})"});
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(got->stage, "verification_complete");
    EXPECT_EQ(got->evaluation, "pass");
}

TEST(RecordOfAttestation, MissingMemberIsNamed) {
    const auto got = parse_record_verdict(
        {.status = 201, .headers = {}, .body = R"({"data": {"attributes": {"stage": "x"}}})"});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, ErrorKind::Parse);
    EXPECT_THAT(got.error().message, testing::HasSubstr("/data/attributes/evaluation"));
    EXPECT_FALSE(parse_record_verdict({.status = 201, .headers = {}, .body = "<html>"}));
}

}  // namespace
}  // namespace pushsim::stack::test
