// A scenario in several processes: each step begun together, brought back as one history, and what becomes of
// one that is lost.

#include "sim/cli/pods.hpp"

#include <algorithm>
#include <set>

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
#include "tests/stand_in/process.hpp"

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
    std::string text;  ///< of the history
    Words said;
    Words ids;
    Words acts;  ///< on servers
};

ShardSetup setup_for(const scenario::Scenario& scenario, const stack::StackAddress& address) {
    ShardSetup setup;
    setup.plan = *scenario::plan_text({scenario}, 7);
    setup.verifier = address.verifier;
    setup.registrar = address.registrar_http;
    setup.registrar_tls = address.registrar_tls;
    setup.ca = address.ca_file.empty() ? pki::TestPki(core::SystemClock().wall_now()).ca_certificate_pem()
                                       : read_file(address.ca_file);
    setup.api_version = "2.6";
    setup.limit = std::chrono::minutes{2};
    return setup;
}

struct Wish {
    std::string script = "[ wait: 200ms ]";
    std::string agents = "{ a: { count: 9, ak: primary } }";
    std::string expect = "[ accounted ]";
    const stand_in::Process* servers = nullptr;  ///< none: a script for which none is needed
    std::function<bool()> interrupted = [] { return false; };
    Result<std::string> acted = "took 100ms";  ///< what comes of each act on a server
};

scenario::Scenario loaded(const Wish& wish) {
    auto read = scenario::load_text(fmt::format("scenario: s\nagents: {}\nscript: {}\nexpect: {}\n",
                                                wish.agents, wish.script, wish.expect),
                                    "s.yaml");
    EXPECT_TRUE(read.ok()) << read.text();
    return read.scenarios.front();
}

stack::StackAddress address_of(const stand_in::Process* servers) {
    stack::StackAddress address;
    address.verifier = address.registrar_http = address.registrar_tls = {"127.0.0.1", 1};
    if (servers == nullptr) return address;
    address.verifier = {servers->verifier().host, servers->verifier().port};
    address.registrar_http = {servers->registrar().host, servers->registrar().port};
    address.registrar_tls = {address.verifier.host, servers->registrar_tls_port()};
    address.ca_file = servers->ca_file();
    return address;
}

Played play(const Place& place, const std::vector<Words>& commands, const Wish& wish = {}) {
    const core::SystemClock clock;
    const scenario::Scenario scenario = loaded(wish);
    Pods pods;
    for (std::size_t i = 0; i < commands.size(); ++i)
        pods.launches.push_back({fmt::format("pod-{}", i), commands[i], true});
    const stack::StackAddress address = address_of(wish.servers);
    const auto file = place.path() / "history.jsonl";
    history::Head head;
    head.pushsim_version = "test";
    const auto writer = history::HistoryWriter::open(file, clock, head);
    EXPECT_TRUE(writer);
    Played played;
    const ShardSetup setup = setup_for(scenario, address);
    transport::EventLoop loop(clock);
    const PodStage stage{.pods = pods,
                         .setup = setup,
                         .loop = loop,
                         .address = address,
                         .clock = clock,
                         .history = **writer,
                         .folder = place.path() / "pods",
                         .remove_agents = false,
                         .act_on_server =
                             [&](stack::ServerAct act, stack::ServerName server, const auto& done) {
                                 played.acts.push_back(stack::in_words(act, server));
                                 loop.after(std::chrono::milliseconds{100}, [&, done] { done(wish.acted); });
                             },
                         .cut_acts = [] {},
                         .standing = [](const fleet::Standing&) {},
                         .interrupted = wish.interrupted,
                         .stack_failure = [] { return std::optional<Error>{}; },
                         .stack_failed = [](const Error&) {},
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
    played.text = read_file(file);
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

/// Of a group whose one agent is in that shard of two.
std::string group_in(std::size_t shard) {
    std::string name = "a";
    while (scenario::shard_of(scenario::agent_name(name, 0), 2) != shard)
        name += "a";
    return name;
}

TEST(Pods, AStepBeginsWhenAgentsOfOthersHaveDoneTheOneBefore) {
    const Place place;
    const stand_in::Process servers;
    const std::string slow = group_in(0), quick = group_in(1);
    const Played played = play(
        place, {plain, plain},
        {.script = fmt::format(
             "[ repeat: {{ times: 2, steps: [ attest: {{ agents: {}, faults: [ delay: {{ before: submit, "
             "for: 2s }} ] }}, attest: {{ agents: {} }} ] }} ]",
             slow, quick),
         .agents = fmt::format(
             "{{ {}: {{ ak: primary, enrol: false }}, {}: {{ ak: primary, enrol: false }} }}", slow, quick),
         .expect = fmt::format("[ {{ agents: [ {}, {} ], status: PASS }} ]", slow, quick),
         .servers = &servers});
    EXPECT_EQ(played.end.ending, Ending::Ran) << played.end.reason;
    Words submit, last;
    for (const auto& entry : played.history.entries) {
        const auto* exchange = entry.event.get<history::ExchangeSeen>();
        if (exchange != nullptr && exchange->phase == "submit") submit.push_back(entry.where->agent);
        const bool of_script = entry.where->step.value_or(0) <= 3;
        if (!entry.where->agent.empty()) last.push_back(of_script ? "script" : "last reading");
    }
    EXPECT_THAT(submit, ElementsAre(slow + "[0]", quick + "[0]", slow + "[0]", quick + "[0]")) << played.text;
    EXPECT_EQ(std::ranges::count(last, "last reading"), 4) << played.text;
    EXPECT_TRUE(std::ranges::is_sorted(last, std::greater<>{})) << "statuses are read when all have done all";
}

TEST(Pods, OneWithoutAgentsHoldsNobodyUp) {
    const Place place;
    const Played played =
        play(place, {plain, plain},
             {.script = "[ wait: 100ms, wait: 100ms ]", .agents = "{ a: { ak: primary } }"});
    EXPECT_EQ(played.end.ending, Ending::Ran) << played.end.reason;
    EXPECT_EQ(played.ids.size(), 1U);
}

/// What the history has of servers.
Words server_lines(const history::History& history) {
    Words all;
    for (const auto& entry : history.entries)
        if (const auto* act = entry.event.get<history::StackEvent>()) all.push_back(act->text);
    return all;
}

TEST(Pods, WhatIsDoneToAServerIsDoneOnceAndWhenAllHaveComeThere) {
    const Place place;
    const Played played = play(place, {plain, plain, plain},
                               {.script = "[ restart: verifier, wait: 100ms, restart: verifier ]"});
    EXPECT_EQ(played.end.ending, Ending::Ran) << played.end.reason;
    EXPECT_THAT(played.acts, ElementsAre("the verifier was restarted", "the verifier was restarted"));
    EXPECT_THAT(server_lines(played.history), ElementsAre("the verifier was restarted: took 100ms",
                                                          "the verifier was restarted: took 100ms"));
}

TEST(Pods, ActsSideBySideDoNotWaitForEachOther) {
    const Place place;
    const Played played =
        play(place, {plain, plain},
             {.script = "[ repeat: { times: 5, steps: [ together: [ pause: { servers: verifier, "
                        "for: 100ms }, { restart: registrar, after: 200ms } ] ] } ]"});
    EXPECT_EQ(played.end.ending, Ending::Ran) << played.end.reason;
    EXPECT_EQ(played.acts.size(), 15U);
    EXPECT_EQ(std::ranges::count(played.acts, "the verifier was resumed"), 5);
}

TEST(Pods, AnActWaitsForNoneThatIsLost) {
    const Place place;
    const Played played =
        play(place, {plain, {"/usr/bin/timeout", "-s", "KILL", "4", PUSHSIM_BINARY, "shard"}},
             {.script = "[ wait: 8s, kill: verifier, start: verifier ]"});
    EXPECT_THAT(played.end.reason, HasSubstr("pod-1 is lost"));
    EXPECT_THAT(played.acts, ElementsAre("the verifier was killed", "the verifier was started again"));
    EXPECT_EQ(server_lines(played.history).size(), 2U);
}

TEST(Pods, AnActThatFailsEndsIt) {
    const Place place;
    const Played played = play(place, {plain, plain},
                               {.script = "[ restart: verifier, wait: 5m ]",
                                .acted = fail(ErrorKind::Stack, "the verifier did not come up", "its log")});
    EXPECT_EQ(played.end.ending, Ending::Failed);
    EXPECT_EQ(played.end.reason, "the verifier did not come up");
    EXPECT_EQ(played.end.mend, "its log");
}

TEST(Pods, OneThatTalksNonsenseIsLost) {
    const Place place;
    const Played played =
        play(place, {plain, {"/bin/sh", "-c", "echo hello; sleep 100"}}, {.script = "[ wait: 5m ]"});
    EXPECT_THAT(played.end.reason, HasSubstr("pod-1 is lost: not what a shard says to its run"));
}

TEST(Pods, AnIdThatNoneOfItsAgentsCanHaveLosesItSoThatNothingIsDoneToOthers) {
    const Place place;
    const Played played = play(
        place,
        {plain, {"/bin/sh", "-c", "echo '{\"taken\":\"11111111-2222-4333-8444-555555555555\"}'; sleep 100"}},
        {.script = "[ wait: 5m ]"});
    EXPECT_THAT(played.end.reason, HasSubstr("pod-1 is lost: none of its agents can have the id 11111111-"));
    EXPECT_THAT(played.ids, ::testing::Not(::testing::Contains("11111111-2222-4333-8444-555555555555")));
}

TEST(Pods, OneOfAnotherPushsimIsSaidAndOneThatTalksOtherwiseHasTheWayOut) {
    const Place place;
    const std::string older = R"(s/"pushsim":"[^"]*"/"pushsim":"0.0.9"/)";
    const Played played = play(
        place, {plain, {"/bin/sh", "-c", std::string(PUSHSIM_BINARY) + " shard | sed -u '" + older + "'"}});
    EXPECT_EQ(played.end.ending, Ending::Ran) << played.end.reason;
    ASSERT_EQ(played.said.size(), 2U);
    EXPECT_THAT(played.said[1], HasSubstr("pod-1 has pushsim 0.0.9, and this is "));
    EXPECT_THAT(played.text, HasSubstr("pod-1 has pushsim 0.0.9"));
    const Place another;
    const Played silly = play(another, {plain, {"/bin/sh", "-c", "echo '{\"new\":7}'; sleep 100"}},
                              {.script = "[ wait: 5m ]"});
    EXPECT_THAT(silly.end.mend, HasSubstr("scripts/kind-images pushsim"));
}

TEST(Pods, OneThatEndsNoLineIsLost) {
    const Place place;
    const Played played = play(place, {plain, {"/bin/sh", "-c", "exec head -c 70000000 /dev/zero"}});
    EXPECT_THAT(played.end.reason, HasSubstr("pod-1 is lost: it says a line of more than 67108864 octets"));
}

TEST(Pods, AShardThatIsToldNonsenseSaysSoAndEnds) {
    const Place place;
    ShardSetup setup = setup_for(loaded(Wish{}), address_of(nullptr));
    setup.shard = {0, 1};
    place.write("setup", to_line(setup) + "\n");
    const auto ended = testing::shell(
        place, fmt::format("(cat setup; echo '{{\"go\":7}}'; sleep 3) | {} shard", PUSHSIM_BINARY));
    EXPECT_THAT(ended.out, HasSubstr("{\"failed\":{"));
    EXPECT_THAT(ended.out, HasSubstr("not what a run says to a shard"));
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
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
        play(place, {plain, {"/usr/bin/timeout", "-s", "KILL", "4", PUSHSIM_BINARY, "shard"}},
             {.script = "[ wait: 8s, wait: 200ms ]"});
    EXPECT_EQ(played.end.ending, Ending::Failed);
    EXPECT_THAT(played.end.reason, HasSubstr("pod-1 is lost: its process has ended"));
    EXPECT_THAT(played.end.reason, ::testing::ContainsRegex("[0-9]+ agents are lost with it"));
    EXPECT_THAT(played.end.agents, HasSubstr("lost with pod-1: a["));
    EXPECT_EQ(provisioned(played.history), 9U) << "what it had said by then is there";
    EXPECT_EQ(std::ranges::count(kinds(played.history), "step_end"), 2)
        << "the one that is left does not wait for it";
}

TEST(Pods, OneThatNeverBeginsEndsItForAll) {
    const Place place;
    const Played played =
        play(place, {plain, {"/bin/sh", "-c", "echo no such image >&2"}}, {.script = "[ wait: 5m ]"});
    EXPECT_EQ(played.end.ending, Ending::Failed);
    EXPECT_THAT(played.end.reason, HasSubstr("pod-1 is lost"));
    EXPECT_THAT(played.end.reason, HasSubstr("it said: no such image"));
}

TEST(Pods, APersonWhoStopsStopsThemAll) {
    const Place place;
    const core::SystemClock clock;
    const Instant began = clock.now();
    const Played played =
        play(place, {plain, plain}, {.script = "[ wait: 5m ]", .interrupted = [&] {
                                         return clock.now() - began > std::chrono::seconds{4};
                                     }});
    EXPECT_EQ(played.end.ending, Ending::Interrupted);
    EXPECT_LT(clock.now() - began, std::chrono::minutes{1});
    EXPECT_THAT(kinds(played.history), Contains("scenario_end"));
}

}  // namespace
}  // namespace pushsim::cli
