#include "sim/stack/postgresql.hpp"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A machine whose PostgreSQL is where the test puts it.
class PostgresqlTest : public testing::Test {
  protected:
    PostgresqlTest() { ::setenv("PATH", (folder_.path() / "path:/usr/bin:/bin").c_str(), 1); }
    ~PostgresqlTest() override { ::setenv("PATH", before_.c_str(), 1); }

    void install(const std::filesystem::path& where) const {
        for (const char* name : {"initdb", "postgres", "createdb"})
            write_program(folder_.path() / where / name, "#!/bin/sh\n");
    }
    Result<Postgresql> find() const { return find_postgresql(folder_.path() / "versions"); }

    TemporaryFolder folder_;
    std::string before_ = std::getenv("PATH");
};

TEST_F(PostgresqlTest, NewestVersionIsTakenUnlessOneIsInPath) {
    install("versions/9.6/bin");
    install("versions/15/bin");
    std::filesystem::create_directories(folder_.path() / "versions" / "17" / "bin");  // clients alone
    const auto newest = find();
    ASSERT_TRUE(newest) << newest.error().text();
    EXPECT_EQ(newest->programs, folder_.path() / "versions/15/bin");
    EXPECT_EQ(newest->user.has_value(), ::geteuid() == 0);

    install("own");
    std::filesystem::create_directories(folder_.path() / "path");
    std::filesystem::create_symlink(folder_.path() / "own" / "initdb", folder_.path() / "path" / "initdb");
    EXPECT_EQ(find()->programs, folder_.path() / "own");
}

TEST_F(PostgresqlTest, OneThatIsNotThereIsSaidWithTheWayOut) {
    const auto none = find();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::Config);
    EXPECT_THAT(none.error().text(),
                AllOf(HasSubstr("PostgreSQL is not installed"), HasSubstr("apt-get install postgresql")));
}

TEST_F(PostgresqlTest, KeylimeWithoutADriverIsSaidWithTheWayOut) {
    install("path");
    KeylimeInstall keylime;
    keylime.python = (folder_.path() / "python").string();
    write_program(keylime.python, "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'psycopg2'\"\n");
    EXPECT_THAT(why_no_postgresql(keylime).value_or("nothing"),
                AllOf(HasSubstr("No module named 'psycopg2'"), HasSubstr("scripts/setup")));
    write_program(keylime.python, "#!/bin/sh\ncase \"$2\" in *psycopg2*) exit 0;; esac; exit 1\n");
    EXPECT_EQ(why_no_postgresql(keylime), std::nullopt);
    keylime.python.clear();
    EXPECT_THAT(why_no_postgresql(keylime).value_or("nothing"), HasSubstr("which Python"));
}

TEST_F(PostgresqlTest, FolderThatIsThereAlreadyIsSomebodyElses) {
    install("path");
    const auto found = find();
    ASSERT_TRUE(found) << found.error().text();
    const PostgresqlCluster cluster(*found, folder_.path() / "cluster", "id", folder_.path() / "log");
    ASSERT_TRUE(cluster.make_folder());
    EXPECT_EQ(std::filesystem::status(folder_.path() / "cluster").permissions(),
              std::filesystem::perms::owner_all);
    const auto again = cluster.make_folder();
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().message, HasSubstr((folder_.path() / "cluster").string()));
}

}  // namespace
}  // namespace pushsim::stack::test
