// A scenario in several processes: begun together, brought back as one history, and what becomes of one that
// is lost. Its agents wait; no server is needed.

#include "sim/cli/pods.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/base/files.hpp"
#include "sim/core/clock.hpp"
#include "sim/history/reader.hpp"
#include "sim/pki/pki.hpp"
#include "sim/scenario/draws.hpp"
#include "sim/scenario/loader.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::cli {
namespace {

using history::ScenarioEnd;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Place;
using Ending = ScenarioEnd::Ending;
using Words = std::vector<std::string>;

const Words plain{PUSHSIM_BINARY, "shard"};

/// What came of it.
struct Played {
    ScenarioEnd end;
    history::History history;
    Words said;
    Words ids;
};

Played play(
    const Place& place, const std::vector<Words>& commands, const std::string& wait = "200ms",
    std::function<bool()> interrupted = [] { return false; }) {
    const core::SystemClock clock;
    const auto loaded = scenario::load_text(
        fmt::format("scenario: s\nagents: {{ a: {{ count: 9, ak: primary }} }}\nscript: [ wait: {} ]\n"
                    "expect: [ accounted ]\n",
                    wait),
        "s.yaml");
    EXPECT_TRUE(loaded.ok()) << loaded.text();
    const scenario::Scenario& scenario = loaded.scenarios.front();
    Pods pods;
    for (std::size_t i = 0; i < commands.size(); ++i)
        pods.launches.push_back({fmt::format("pod-{}", i), commands[i], true});
    stack::StackAddress address;
    address.verifier = address.registrar_http = address.registrar_tls = {"127.0.0.1", 1};
    const auto file = place.path() / "history.jsonl";
    history::Head head;
    head.pushsim_version = "test";
    const auto writer = history::HistoryWriter::open(file, clock, head);
    EXPECT_TRUE(writer);
    Played played;
    ShardSetup setup;
    setup.plan = *scenario::plan_text({scenario}, 7);
    setup.verifier = setup.registrar = setup.registrar_tls = address.verifier;
    setup.ca = pki::TestPki(clock.wall_now()).ca_certificate_pem();
    setup.api_version = "2.6";
    setup.limit = std::chrono::minutes{2};
    const PodStage stage{.pods = pods,
                         .setup = setup,
                         .address = address,
                         .clock = clock,
                         .history = **writer,
                         .folder = place.path() / "pods",
                         .remove_agents = false,
                         .standing = [](const fleet::Standing&) {},
                         .interrupted = std::move(interrupted),
                         .stack_failure = [] { return std::optional<Error>{}; },
                         .agent_id_taken = [&](const std::string& id) -> Result<void> {
                             played.ids.push_back(id);
                             return {};
                         },
                         .agents_removed = [] {},
                         .say = [&](const std::string& text) { played.said.push_back(text); }};
    played.end = play_over_pods(stage, scenario);
    for (std::size_t i = 0; i < commands.size(); ++i)
        EXPECT_FALSE(std::filesystem::exists(stage.folder / fmt::format("pod-{}.work", i)))
            << "nothing is left of a shard, also where it was killed";
    played.history = *history::read_history(file);
    return played;
}

std::vector<std::string> kinds(const history::History& history) {
    std::vector<std::string> all;
    for (const auto& entry : history.entries)
        all.emplace_back(entry.kind());
    return all;
}

std::size_t provisioned(const history::History& history) {
    std::set<std::string> agents;
    for (const auto& entry : history.entries)
        if (entry.event.get<history::TpmOperation>() != nullptr) agents.insert(entry.where->agent.str());
    return agents.size();
}

TEST(Pods, EachAgentIsInOneOfThemAndTheHistoryIsOne) {
    const Place place;
    const Played played = play(place, {plain, plain, plain});
    EXPECT_EQ(played.end.ending, Ending::Ran) << played.end.reason;
    EXPECT_EQ(provisioned(played.history), 9U);
    EXPECT_EQ(std::set<std::string>(played.ids.begin(), played.ids.end()).size(), 9U);
    EXPECT_EQ(played.ids.size(), 9U);
    const auto lines = kinds(played.history);
    for (const char* once : {"scenario_start", "step_start", "step_end", "scenario_end"})
        EXPECT_EQ(std::ranges::count(lines, once), 1) << once;
    EXPECT_EQ(lines.back(), "scenario_end");
    EXPECT_TRUE(played.history.missing.empty());
    EXPECT_TRUE(std::ranges::is_sorted(played.history.entries.begin(), played.history.entries.end() - 2, {},
                                       &history::Entry::t));
}

TEST(Pods, AClockThatIsOffIsMeasuredAndPutRight) {
    const Place place;
    const Played played = play(place, {plain, {PUSHSIM_BINARY, "shard", "--clock-offset", "1h"}});
    EXPECT_EQ(played.end.ending, Ending::Ran) << played.end.reason;
    ASSERT_EQ(played.said.size(), 1U);
    EXPECT_THAT(played.said[0], ::testing::ContainsRegex("pod-0 with [0-9]+ agents, its clock is ours"));
    EXPECT_THAT(played.said[0], ::testing::ContainsRegex("pod-1 with [0-9]+ agents, its clock is 1h"));
    for (const auto& entry : played.history.entries)
        EXPECT_LT(entry.t, std::chrono::minutes{30});
}

TEST(Pods, OneThatIsLostIsNamedWithItsAgentsAndTheOthersPlayOn) {
    const Place place;
    const Played played =
        play(place, {plain, {"/usr/bin/timeout", "-s", "KILL", "4", PUSHSIM_BINARY, "shard"}}, "8s");
    EXPECT_EQ(played.end.ending, Ending::Failed);
    EXPECT_THAT(played.end.reason, HasSubstr("pod-1 is lost: its process has ended"));
    EXPECT_THAT(played.end.reason, ::testing::ContainsRegex("[0-9]+ agents are lost with it"));
    EXPECT_THAT(played.end.agents, HasSubstr("lost with pod-1: a["));
    EXPECT_EQ(provisioned(played.history), 9U) << "what it had said by then is there";
    const auto lines = kinds(played.history);
    EXPECT_THAT(lines, Contains("step_end")) << "of the one that is left";
}

TEST(Pods, OneThatNeverBeginsEndsItForAll) {
    const Place place;
    const Played played = play(place, {plain, {"/bin/sh", "-c", "echo no such image >&2"}}, "5m");
    EXPECT_EQ(played.end.ending, Ending::Failed);
    EXPECT_THAT(played.end.reason, HasSubstr("pod-1 is lost"));
    EXPECT_THAT(played.end.reason, HasSubstr("it said: no such image"));
}

TEST(Pods, APersonWhoStopsStopsThemAll) {
    const Place place;
    const core::SystemClock clock;
    const Instant began = clock.now();
    const Played played =
        play(place, {plain, plain}, "5m", [&] { return clock.now() - began > std::chrono::seconds{4}; });
    EXPECT_EQ(played.end.ending, Ending::Interrupted);
    EXPECT_LT(clock.now() - began, std::chrono::minutes{1});
    EXPECT_THAT(kinds(played.history), Contains("scenario_end"));
}

}  // namespace
}  // namespace pushsim::cli
