// Our transport and our agents against the stand-in in a process of its own.

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/core/clock.hpp"
#include "sim/fleet/virtual_agent.hpp"
#include "sim/history/reader.hpp"
#include "tests/sim/stack/support.hpp"
#include "tests/stand_in/process.hpp"

namespace pushsim::stand_in {
namespace {

using namespace std::chrono_literals;
using lifecycle::Finished;
using lifecycle::Phase;
using transport::Connection;

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class StandInProcess : public testing::Test {
  protected:
    void reach(const std::function<bool()>& condition) {
        if (!loop.run_until(condition, std::chrono::seconds{50})) throw std::runtime_error("no end");
    }

    core::SystemClock clock;
    transport::EventLoop loop{clock};
    Process server;
    std::shared_ptr<const transport::TlsIdentity> tls =
        must(transport::TlsIdentity::make({.ca_files = {server.ca_file().string()}}));
};

TEST_F(StandInProcess, ThreeHundredConnectionsAreKeptAlive) {
    constexpr std::size_t kMany = 300;
    const HttpRequest request{"GET", "/", {}, ""};
    std::vector<std::unique_ptr<Connection>> connections;
    for (std::size_t i = 0; i < kMany; ++i)
        connections.push_back(std::make_unique<Connection>(loop, server.verifier(), tls));
    for (const bool again : {false, true}) {
        std::size_t answers = 0, reused = 0;
        std::string failures;
        for (auto& connection : connections) {
            connection->send(request, {}, [&](const transport::Outcome& outcome) {
                ++answers;
                reused += outcome.reused_connection ? 1 : 0;
                if (!outcome.response) failures += outcome.failure->message + "\n";
            });
        }
        reach([&] { return answers == kMany; });
        EXPECT_EQ(failures, "");
        EXPECT_EQ(reused, again ? kMany : 0);
    }
}

class Agents : public StandInProcess {
  protected:
    std::filesystem::path file() const { return folder_.path() / "history.jsonl"; }

    void add(const fleet::Manner& manner) { add(manner, fmt::format("a[{}]", agents.size())); }
    void add(const fleet::Manner& manner, const std::string& name) {
        auto tpm = std::make_unique<fleet::AgentTpm>(tpms_, fleet::TpmDevice::Options{});
        bool done = false;
        tpm->provision([&](const fleet::AgentTpm::Provisioned& provisioned) {
            must(provisioned.description);
            done = true;
        });
        reach([&] { return done; });
        agents.push_back(std::make_unique<fleet::VirtualAgent>(
            surroundings_, fleet::VirtualAgent::Identity{name, "a", fmt::format("agent-{}", agents.size())},
            manner, boot::BootState(clock.wall_now()), std::move(tpm)));
    }

    void let_through(fleet::Gate& gate) { surroundings_.gate = &gate; }

    /// From nothing, or with the token there is, to evidence that was taken.
    void attest(int index, const faults::Faults* faults = nullptr) {
        std::size_t ended = 0;
        for (auto& agent : agents) {
            const fleet::VirtualAgent::Pursuit pursuit{
                .goal = Phase::Submit, .record = true, .faults = faults};
            agent->pursue(pursuit, [&](const Finished& finished) {
                ++ended;
                EXPECT_EQ(finished.ending, Finished::Ending::Reached) << finished.reason;
                EXPECT_EQ(finished.status, 202);
                EXPECT_EQ(finished.attestation_index, index);
            });
        }
        reach([&] { return ended == agents.size(); });
    }

    /// Of the times in it.
    Instant history_start() const { return history_->started(); }
    std::vector<history::ExchangeSeen> exchanges() const {
        std::vector<history::ExchangeSeen> found;
        for (const auto& entry : must(history::read_history(file())).entries) {
            if (const auto* seen = entry.event.get<history::ExchangeSeen>()) found.push_back(*seen);
        }
        return found;
    }

  private:
    const stack::test::TemporaryFolder folder_;
    std::unique_ptr<history::HistoryWriter> history_ = must(history::HistoryWriter::open(file(), clock, {}));
    fleet::TpmThreads tpms_{clock, [this](fleet::Worker::Task task) { loop.post(std::move(task)); }, 1};
    fleet::Surroundings surroundings_{loop, clock, *history_, server.registrar(), server.verifier(),
                                      tls,  4711,  "cycles"};

  protected:
    std::vector<std::unique_ptr<fleet::VirtualAgent>> agents;  // the first to go
};

TEST_F(Agents, OfTheFleetRunWholeCycles) {
    for (int i = 0; i < 3; ++i)
        add({});
    attest(0);
    attest(1);
}

TEST_F(Agents, NeitherSendNorReadWithinTheirWindow) {
    add({});
    attest(0);
    const auto before = exchanges().size();
    const Instant begin = clock.now();
    const faults::Faults faults{faults::make(scenario::Fault{.kind = scenario::FaultKind::Swizzle},
                                             {.frozen = faults::Window{begin, begin + 300ms}})};
    attest(1, &faults);
    const auto sent = exchanges();
    ASSERT_EQ(sent.size(), before + 2);
    for (auto i = before; i < sent.size(); ++i)
        EXPECT_GE(history_start() + sent[i].start, begin + 300ms) << sent[i].target;
}

TEST_F(Agents, TellTheirBootByTheirOwnClock) {
    add({.clock_offset = -24h * 365});
    attest(0);
    const auto sent = exchanges();
    const auto negotiation = std::ranges::find(sent, "negotiate", &history::ExchangeSeen::phase);
    ASSERT_NE(negotiation, sent.end());
    const std::string last_year = to_rfc3339(clock.wall_now() - 24h * 365).substr(0, 10);
    EXPECT_NE(negotiation->request.body.find("\"boot_time\":\"" + last_year), std::string::npos)
        << negotiation->request.body;
}

// A fault that does not act is nothing: no draw, no request, no line of its own.
TEST_F(Agents, DoTheSameWithFaultsThatDoNotAct) {
    const auto idle = faults::make({{.kind = scenario::FaultKind::Swizzle},
                                    {.kind = scenario::FaultKind::Delay, .phase = scenario::StepKind::Submit},
                                    {.kind = scenario::FaultKind::ClockSkew},
                                    {.kind = scenario::FaultKind::Early}});
    std::vector<std::vector<std::string>> sent;
    for (const faults::Faults* faults : {static_cast<const faults::Faults*>(nullptr), &idle}) {
        const auto before = exchanges().size();
        agents.clear();
        add({}, "same");
        attest(static_cast<int>(sent.size()) * 2, faults);
        attest(static_cast<int>(sent.size()) * 2 + 1, faults);
        std::vector<std::string>& lines = sent.emplace_back();
        const auto all = exchanges();
        for (auto i = before; i < all.size(); ++i)
            lines.push_back(all[i].method + " " + all[i].phase + " " + all[i].request_id);
    }
    EXPECT_EQ(sent[0], sent[1]);
}

TEST_F(Agents, HaveAConnectionForEachRequestWhereTheyAreToldTo) {
    add({.connections = {.keep_alive = false}});
    attest(0);
    for (const auto& exchange : exchanges()) {
        EXPECT_FALSE(exchange.reused) << exchange.target;
        EXPECT_TRUE(exchange.phases->connect) << exchange.target;
        EXPECT_FALSE(exchange.resumed) << exchange.target;
    }
}

std::ptrdiff_t open_files() {
    using Folder = std::filesystem::directory_iterator;
    return std::distance(Folder("/proc/self/fd"), Folder());
}

TEST_F(Agents, ThatAreDroppedInTheMidstOfItLeaveNothing) {
    for (int i = 0; i < 4; ++i)
        add({});
    const auto before = open_files();
    int quoted = 0, ended = 0;
    for (auto& agent : agents) {
        agent->pursue({.goal = Phase::Submit, .quoted = [&](const tpm::Quote&) { ++quoted; }},
                      [&](const Finished&) { ++ended; });
    }
    reach([&] { return quoted > 0; });
    EXPECT_GT(open_files(), before);
    const int until_now = ended;
    agents.clear();
    EXPECT_EQ(open_files(), before);
    // What their TPMs were asked for comes back to nobody.
    for (int round = 0; round < 20; ++round)
        loop.run_once(std::chrono::milliseconds{10});
    EXPECT_EQ(ended, until_now);
}

TEST_F(Agents, HoldOneDescriptorForBothServers) {
    add({});
    const auto before = open_files();
    std::optional<std::ptrdiff_t> at_the_verifier;
    bool done = false;
    agents.front()->pursue({.goal = Phase::Submit,
                            .quoted = [&](const tpm::Quote&) { at_the_verifier = open_files() - before; }},
                           [&](const Finished&) { done = true; });
    reach([&] { return done; });
    EXPECT_EQ(at_the_verifier, 1);
}

TEST_F(Agents, HoldOneDescriptorAlsoWhereTheyRegisterAgain) {
    add({});
    const auto before = open_files();
    attest(0);
    EXPECT_EQ(open_files() - before, 1);
    bool done = false;
    agents.front()->pursue({.goal = Phase::Register}, [&](const Finished& finished) {
        EXPECT_EQ(finished.ending, Finished::Ending::Reached) << finished.reason;
        done = true;
    });
    reach([&] { return done; });
    EXPECT_EQ(open_files() - before, 1);
    attest(1);
    EXPECT_EQ(open_files() - before, 1);
}

TEST_F(Agents, WaitForOneAnotherWhereExchangesAreBounded) {
    fleet::Gate gate(loop, 1);
    let_through(gate);
    for (int i = 0; i < 3; ++i)
        add({});
    attest(0);
    auto all = exchanges();
    std::ranges::sort(all, {}, &history::ExchangeSeen::start);
    constexpr Duration kRounded = std::chrono::microseconds{2};  // as the history has start and total
    Duration end{}, longest{};
    for (const auto& exchange : all) {
        EXPECT_GE(exchange.start + kRounded, end) << exchange.target;
        end = exchange.start + exchange.total;
        ASSERT_TRUE(exchange.queued);
        longest = std::max(longest, *exchange.queued);
    }
    EXPECT_GT(longest, Duration::zero());
}

TEST_F(Agents, ContinueTlsSessionsWhereTheyAreToldTo) {
    add({.connections = {.keep_alive = false, .resume_sessions = true}});
    attest(0);
    int handshakes = 0;
    for (const auto& exchange : exchanges()) {
        if (!exchange.phases->tls) continue;  // the registrar's
        EXPECT_EQ(exchange.resumed, handshakes++ > 0) << exchange.target;
    }
    EXPECT_EQ(handshakes, 4);
}

}  // namespace
}  // namespace pushsim::stand_in
