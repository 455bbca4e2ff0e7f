// A person stops a run of many agents: every request that was sent has its line.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "reports/console.hpp"
#include "reports/report.hpp"
#include "sim/pool/writer.hpp"
#include "tests/stand_in/staged.hpp"

namespace pushsim::stand_in {
namespace {

using history::ScenarioEnd;
using testing::HasSubstr;

history::History read(const Staged& staged) {
    auto history = history::read_history(staged.file());
    if (!history) throw std::runtime_error(history.error().text());
    return std::move(*history);
}

std::string attesting(std::size_t agents, const std::string& faults = "") {
    return fmt::format(
        "scenario: early\ntitle: Attest\nagents: {{a: {{count: {}, ak: primary, enrol: false}}}}\n"
        "script:\n  - attest: {{agents: a{}}}\nexpect: [accounted]\n",
        agents, faults);
}

class EarlyEnd : public testing::Test {
  protected:
    static constexpr std::size_t kAgents = 300;

    /// Stops when the server has taken so many requests.
    ScenarioEnd stop_at(const Process& server, Staged& staged, std::size_t count, const std::string& scenario,
                        std::optional<std::size_t> max_in_flight = {}) {
        return staged.play(scenario, {.interrupted = [&] { return taken(server, clock_) >= count; },
                                      .max_in_flight = max_in_flight});
    }

    static std::vector<history::ExchangeSeen> submissions(const history::History& history) {
        std::vector<history::ExchangeSeen> found;
        for (const auto& entry : history.entries) {
            const auto* seen = entry.event.get<history::ExchangeSeen>();
            if (seen != nullptr && seen->phase == "submit") found.push_back(*seen);
        }
        return found;
    }

    void expect_given_up(const Process& server, const Staged& staged, const ScenarioEnd& end,
                         std::size_t count) {
        EXPECT_EQ(end.ending, ScenarioEnd::Ending::Interrupted);
        const auto history = read(staged);
        EXPECT_EQ(taken(server, clock_), count);
        const auto sent = submissions(history);
        EXPECT_EQ(sent.size(), count);
        for (const auto& submission : sent) {
            EXPECT_EQ(submission.failure, "cancelled");
            EXPECT_THAT(submission.failure_text, HasSubstr("after the whole request was sent"));
        }
        const reports::RunReport report = reports::judge(history);
        const reports::Account& account = report.scenarios.at(0).account;
        EXPECT_EQ(account.sent, count);
        EXPECT_EQ(account.in_transit, count);
        EXPECT_EQ(account.given_up, count);
        EXPECT_TRUE(report.scenarios[0].findings.empty());
        const std::string text = reports::console_text(report, "", {});
        EXPECT_THAT(text, HasSubstr(fmt::format(
                              "{} agents: {} with an exchange under way (given up: failed in transit)",
                              kAgents, count)));
        EXPECT_THAT(text, HasSubstr(fmt::format("sent {0} = accepted 0 + refused 0 + failed in transit {0} "
                                                "(given up {0})",
                                                count)));
    }

    const core::SystemClock clock_;
    const stack::test::TemporaryFolder folder_;
    const pool::Pool pool_ = pool_of_one(folder_.path(), kAgents);
};

TEST_F(EarlyEnd, EachOfThreeHundredSubmissionsUnderWayHasItsLine) {
    const Process server("PATCH */attestations/*");
    Staged staged(server, &pool_, folder_.path());
    expect_given_up(server, staged, stop_at(server, staged, kAgents, attesting(kAgents)), kAgents);
}

TEST_F(EarlyEnd, WhatWaitedToBeSentWasNotSent) {
    const Process server("PATCH */attestations/*");
    Staged staged(server, &pool_, folder_.path());
    expect_given_up(server, staged, stop_at(server, staged, 50, attesting(kAgents), 50), 50);
}

TEST_F(EarlyEnd, AnAnswerThatIsHeldBackIsPutDownAsItCame) {
    const Process server;
    Staged staged(server, &pool_, folder_.path());
    const auto end = staged.play(
        attesting(1, ", faults: [stall: {after: submit, for: 60s}]"), {.interrupted = [&] {
            return stack::test::read(staged.file()).find("\"fault\":\"stall") != std::string::npos;
        }});
    EXPECT_EQ(end.agents, "1 agent: 1 in a pause");
    const auto history = read(staged);
    const auto sent = submissions(history);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].status, 202);
    const reports::Account account = reports::judge(history).scenarios.at(0).account;
    EXPECT_EQ(account.sent, 1U);
    EXPECT_EQ(account.accepted, 1U);
    EXPECT_EQ(account.pending, 1U);
}

TEST_F(EarlyEnd, ATpmThatDoesNotStartEndsItNamedAndAccountedFor) {
    constexpr std::size_t kFew = 20;
    constexpr std::size_t kDamaged = 7;
    auto writer = pool::PoolWriter::begin(folder_.path() / "damaged.pool", pool_.about());
    ASSERT_TRUE(writer);
    for (std::size_t i = 0; i < kFew; ++i) {
        auto entry = pool_.read(i);
        ASSERT_TRUE(entry);
        if (i == kDamaged) entry->permanent_state.resize(entry->permanent_state.size() / 2);
        ASSERT_TRUE(writer->append(*entry));
    }
    ASSERT_TRUE(writer->finish());
    const auto damaged = pool::Pool::open(folder_.path() / "damaged.pool");
    ASSERT_TRUE(damaged);
    const Process server;
    Staged staged(server, &*damaged, folder_.path());
    const auto end = staged.play(attesting(kFew), {});
    EXPECT_EQ(end.ending, ScenarioEnd::Ending::Failed);
    EXPECT_THAT(end.reason, HasSubstr("a[7]: TPM 7 of " + damaged->file().string() +
                                      ": libtpms does not start (TPMLIB_MainInit: 0x"));
    EXPECT_THAT(end.agents, HasSubstr("20 agents: "));
    const reports::RunReport report = reports::judge(read(staged));
    EXPECT_TRUE(report.scenarios.at(0).findings.empty());
    EXPECT_THAT(reports::console_text(report, "", {}), HasSubstr("a[7]: TPM 7 of "));
}

/// Kills the swtpm processes of this one; how many there were.
std::size_t kill_swtpms() {
    std::size_t killed = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string pid = entry.path().filename().string();
        if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
        // "4711 (swtpm) S 4242 …": the parent is the second word behind the name.
        std::istringstream words(stack::test::read(entry.path() / "stat"));
        std::string name, state;
        pid_t number = 0, parent = 0;
        if (!(words >> number >> name >> state >> parent) || parent != ::getpid() || name != "(swtpm)")
            continue;
        ::kill(number, SIGKILL);
        ++killed;
    }
    return killed;
}

// Not an early end: the scenario goes on to its own.
TEST_F(EarlyEnd, TpmsThatBreakInTheMidstOfItAreCyclesThatFailedAndAccountedFor) {
    const Process server;
    Staged staged(server, nullptr, folder_.path());
    std::size_t killed = 0;
    const auto end = staged.play(
        "scenario: broken\ntitle: T\nagents: {a: {count: 3, ak: primary, enrol: false, tpm: swtpm}, "
        "b: {count: 2, ak: primary, enrol: false}}\nscript:\n"
        "  - attest: {agents: [a, b], faults: [delay: {before: collect, for: 1500ms}]}\nexpect: "
        "[accounted]\n",
        {.interrupted = [&] {
            const std::string history = stack::test::read(staged.file());
            const auto negotiated = [&](const std::string& agent) {
                return history.find("\"agent\":\"" + agent + "\",\"phase\":\"negotiate\"") !=
                       std::string::npos;
            };
            if (killed == 0 && negotiated("a[0]") && negotiated("a[1]") && negotiated("a[2]"))
                killed = kill_swtpms();
            return false;
        }});
    EXPECT_EQ(killed, 3U);
    EXPECT_EQ(end.ending, ScenarioEnd::Ending::Ran) << end.reason;
    const auto history = read(staged);
    std::map<std::string, std::size_t> endings;
    for (const auto& entry : history.entries) {
        const auto* cycle = entry.event.get<history::Cycle>();
        if (cycle != nullptr) ++endings[entry.where->agent + " " + cycle->ending];
    }
    EXPECT_THAT(endings,
                testing::ElementsAre(testing::Pair("a[0] failed", 1), testing::Pair("a[1] failed", 1),
                                     testing::Pair("a[2] failed", 1), testing::Pair("b[0] reached", 1),
                                     testing::Pair("b[1] reached", 1)));
    const reports::ScenarioReport report = reports::judge(history).scenarios.at(0);
    EXPECT_EQ(report.account.sent, 2U);
    EXPECT_EQ(report.account.accepted, 2U);
}

TEST_F(EarlyEnd, WhoWaitsIsToldWhereTheAgentsAre) {
    const Process server("PATCH */attestations/*");
    Staged staged(server, &pool_, folder_.path());
    fleet::Standing told;
    staged.play(attesting(kAgents), {.interrupted = [&] { return told.registered == kAgents; },
                                     .standing = [&](const fleet::Standing& standing) { told = standing; }});
    EXPECT_EQ(told.step, 1);
    EXPECT_EQ(told.act, "attest");
    EXPECT_EQ(told.agents, kAgents);
    EXPECT_EQ(told.made, kAgents);
    EXPECT_EQ(told.acting, kAgents);
    EXPECT_EQ(told.enrolled, 0U);
    EXPECT_EQ(told.done, 0U) << "no submission is answered";
}

}  // namespace
}  // namespace pushsim::stand_in
