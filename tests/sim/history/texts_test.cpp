#include "sim/history/texts.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/history/support.hpp"

namespace pushsim::history {
namespace {

using testing::IsSupersetOf;
using testing::Pair;

std::vector<std::pair<std::string, std::string>> texts_of(const Entry& line) {
    std::vector<std::pair<std::string, std::string>> all;
    for_each_text(line, [&](std::string_view name, std::string_view text) { all.emplace_back(name, text); });
    return all;
}

TEST(Texts, OfALineAreAllThatStandInIt) {
    Exchange exchange = test::an_exchange(403, "body");
    exchange.source = "127.0.0.9";
    const auto line = parse_entry(test::lines_of(test::written({exchange})).back());
    ASSERT_TRUE(line);
    EXPECT_THAT(texts_of(*line), IsSupersetOf({Pair("scenario", "honest-agent"), Pair("agent", "honest[0]"),
                                               Pair("phase", "submit"), Pair("source", "127.0.0.9"),
                                               Pair("X-Request-ID", "sim0001"), Pair("body", "body")}));
}

TEST(Texts, AreFoundAtAnyDepth) {
    ScenarioStart start;
    start.plan = "a plan";
    start.expectations = {{.response = ResponseClause{.code = {"a code"}, .body = {{"/a", "b"}}}}};
    Verdict verdict;
    verdict.log.value = LogVerdict{"fail", "", {"a detail"}};
    EXPECT_THAT(texts_of({.event = start}),
                IsSupersetOf({Pair("plan", "a plan"), Pair("", "a code"), Pair("/a", "b")}));
    EXPECT_THAT(texts_of({.event = verdict}), IsSupersetOf({Pair("verdict", "fail"), Pair("", "a detail")}));
    EXPECT_THAT(
        texts_of({.event = TpmOperation{.operation = "quote", .quote = QuoteValues{"sha256", {{7, "ff"}}}}}),
        IsSupersetOf({Pair("bank", "sha256"), Pair("", "ff")}));
}

TEST(Texts, OfAHeadAreItsCommandAndItsFacts) {
    Head head = test::a_head();
    head.facts = {{"machine", "a machine"}};
    std::vector<std::string> texts;
    for_each_text(head, [&](std::string_view, std::string_view text) { texts.emplace_back(text); });
    EXPECT_THAT(texts, IsSupersetOf({"pushsim run scenarios", "a machine"}));
}

}  // namespace
}  // namespace pushsim::history
