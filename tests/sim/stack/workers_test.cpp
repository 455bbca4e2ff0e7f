#include "sim/stack/workers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

LocalStackOptions with(std::optional<int> workers) {
    LocalStackOptions options;
    options.keylime.verifier = {"/k/bin/keylime_verifier"};
    options.keylime.origin = "/k/bin/keylime_verifier";
    options.keylime.python = "/k/bin/python3";
    options.workers = workers;
    return options;
}

TEST(Workers, UpToTheProcessorsAreKeylimesOwnStart) {
    for (const auto workers : {std::optional<int>{}, std::optional(1), std::optional(processors())}) {
        const auto start = verifier_start(with(workers));
        ASSERT_TRUE(start);
        EXPECT_EQ(start->command, with({}).keylime.verifier);
        EXPECT_EQ(start->changed, "");
    }
    EXPECT_EQ(verifier_options(with({})), Options{});
    EXPECT_EQ(verifier_options(with(1)), (Options{{"max_workers", "1"}}));
}

TEST(Workers, MoreThanTheProcessorsAreAChangedStartThatIsNamed) {
    const int more = processors() + 3;
    const auto start = verifier_start(with(more));
    ASSERT_TRUE(start);
    EXPECT_EQ(start->command.front(), "/k/bin/python3");
    EXPECT_THAT(start->command.back(), HasSubstr("cpu_count = lambda: " + std::to_string(more) + ";"));
    EXPECT_EQ(start->changed, "verifier started with " + std::to_string(more) + " workers on " +
                                  std::to_string(processors()) + " processors by a changed start");

    auto unknown = with(more);
    unknown.keylime.python.clear();
    const auto none = verifier_start(unknown);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::Config);
    EXPECT_THAT(none.error().message, HasSubstr("/k/bin/keylime_verifier does not tell which Python"));
}

}  // namespace
}  // namespace pushsim::stack::test
