// Histories of several processes that played one scenario, as one.

#include "sim/history/merge.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/history/reader.hpp"
#include "sim/history/serialise.hpp"

namespace pushsim::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string line(int number, int ms, const Where& where, const Event& event) {
    return fmt::format("{{\"n\":{},\"t\":{},{}", number, ms * 1000, line_tail(where, event));
}

Where at(const std::string& agent, int step = 1) {
    return {.scenario = "s", .step = step, .agent = agent};
}
const Where whole{.scenario = "s"};
const Where step_one{.scenario = "s", .step = 1};

/// A shard with one agent, whose step takes as long.
Part shard(const std::string& name, const std::string& agent, int begins, int ends, Duration zero = {}) {
    Head head;
    head.pushsim_version = "0.1.0";
    return {name,
            zero,
            {line(0, 0, {}, head), line(1, begins, whole, ScenarioStart{.title = name}),
             line(2, begins, step_one, StepStart{.step_kind = "attest"}),
             line(3, begins + 1, at(agent), Cycle{.phase = "submit", .ending = "reached"}),
             line(4, ends, step_one, StepEnd{.step_kind = "attest"}), line(5, ends, whole, ScenarioEnd{})}};
}

/// "20 step_start", in the order of the lines.
std::vector<std::string> told(const Merged& merged) {
    std::vector<std::string> all;
    for (const auto& one : merged.lines) {
        const auto entry = parse_entry("{\"n\":0,\"t\":0," + one.tail);
        const std::string agent = entry->where->agent.str();
        all.push_back(fmt::format("{} {}{}", std::chrono::duration_cast<milliseconds>(one.t).count(),
                                  entry->kind(), agent.empty() ? "" : " " + agent));
    }
    return all;
}

TEST(Merge, WhatAllSayAlikeIsOneLine) {
    const auto merged = merge({shard("p0", "a[0]", 20, 90), shard("p1", "a[1]", 10, 80)});
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_THAT(told(*merged), ElementsAre("10 step_start", "11 cycle a[1]", "21 cycle a[0]", "90 step_end"));
    EXPECT_THAT(merged->ended, SizeIs(2));
    EXPECT_THAT(merged->agents, ElementsAre("a[0]", "a[1]"));
}

TEST(Merge, TimesAreThoseOfTheWhole) {
    const auto merged = merge({shard("p0", "a[0]", 20, 90), shard("p1", "a[1]", 10, 80, seconds{1})});
    ASSERT_TRUE(merged);
    EXPECT_THAT(told(*merged),
                ElementsAre("20 step_start", "21 cycle a[0]", "1011 cycle a[1]", "1080 step_end"));
}

TEST(Merge, EachTurnOfARepeatedStepHasItsLines) {
    const auto turns = [](const std::string& name, int later) {
        Part part{name, {}, {}};
        int number = 0;
        for (const int begins : {10 + later, 50 + later}) {
            part.lines.push_back(line(number++, begins, step_one, StepStart{.step_kind = "attest"}));
            part.lines.push_back(line(number++, begins + 30, step_one, StepEnd{.step_kind = "attest"}));
        }
        return part;
    };
    const auto merged = merge({turns("p0", 0), turns("p1", 2)});
    ASSERT_TRUE(merged);
    EXPECT_THAT(told(*merged), ElementsAre("10 step_start", "42 step_end", "50 step_start", "82 step_end"));
}

TEST(Merge, OfOneThatIsLostThereIsWhatItSaidByThen) {
    Part lost = shard("p1", "a[1]", 10, 80);
    lost.lines.resize(4);
    lost.lines.back().resize(20);
    const auto merged = merge({shard("p0", "a[0]", 20, 90), lost});
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_THAT(merged->ended, SizeIs(1));
    EXPECT_THAT(merged->agents, ElementsAre("a[0]"));
    EXPECT_THAT(told(*merged), ElementsAre("10 step_start", "21 cycle a[0]", "90 step_end"));
}

TEST(Merge, ALineThatIsNoneIsNamed) {
    Part bad = shard("p1", "a[1]", 10, 80);
    bad.lines[2] = "{}";
    const auto merged = merge({bad});
    ASSERT_FALSE(merged);
    EXPECT_THAT(merged.error().message, HasSubstr("p1, line 3"));
}

RC_GTEST_PROP(Merge, LinesOfAgentsAreAllThereInOrder, ()) {
    const auto counts = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 20));
    std::vector<Part> parts;
    std::size_t lines = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        Part part{fmt::format("p{}", i), milliseconds{*rc::gen::inRange(-500, 500)}, {}};
        for (int k = 0; k < counts[i]; ++k) {
            part.lines.push_back(line(k, *rc::gen::inRange(0, 50) + 50 * k, at(fmt::format("a[{}]", i)),
                                      Cycle{.phase = "submit", .ending = "reached", .index = k}));
            ++lines;
        }
        parts.push_back(std::move(part));
    }
    const auto merged = merge(parts);
    RC_ASSERT(merged.has_value());
    RC_ASSERT(merged->lines.size() == lines);
    RC_ASSERT(std::ranges::is_sorted(merged->lines, {}, &Merged::Line::t));
    std::map<std::string, int> next;
    for (const auto& one : merged->lines) {
        const auto entry = parse_entry("{\"n\":0,\"t\":0," + one.tail);
        RC_ASSERT(entry->event.get<Cycle>()->index == next[entry->where->agent.str()]++);
    }
}

}  // namespace
}  // namespace pushsim::history
