// Our transport and our agents against the stand-in in a process of its own.

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/core/clock.hpp"
#include "sim/fleet/virtual_agent.hpp"
#include "tests/stand_in/process.hpp"

namespace pushsim::stand_in {
namespace {

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

/// From nothing to evidence that was taken, and another cycle with the same token.
TEST_F(StandInProcess, AgentsOfTheFleetRunWholeCycles) {
    constexpr int kAgents = 3;
    const std::string pattern = (std::filesystem::temp_directory_path() / "pushsim-test-XXXXXX").string();
    std::string folder = pattern;
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    {
        const auto history =
            must(history::HistoryWriter::open(std::filesystem::path(folder) / "history.jsonl", clock, {}));
        fleet::TpmThreads tpms(
            clock, [this](fleet::Worker::Task task) { loop.post(std::move(task)); }, 1);
        const fleet::Surroundings surroundings{loop, clock, *history, server.registrar(), server.verifier(),
                                               tls,  4711,  "cycles"};
        std::vector<std::unique_ptr<fleet::VirtualAgent>> agents;
        for (int i = 0; i < kAgents; ++i) {
            auto tpm = std::make_unique<fleet::AgentTpm>(tpms, fleet::TpmDevice::Options{});
            bool done = false;
            tpm->provision([&](const fleet::AgentTpm::Provisioned& provisioned) {
                must(provisioned.description);
                done = true;
            });
            reach([&] { return done; });
            agents.push_back(std::make_unique<fleet::VirtualAgent>(
                surroundings,
                fleet::VirtualAgent::Identity{fmt::format("a[{}]", i), "a", fmt::format("agent-{}", i)},
                fleet::Manner{}, boot::BootState(clock.wall_now()), std::move(tpm)));
        }
        for (const bool again : {false, true}) {
            int ended = 0;
            for (auto& agent : agents) {
                agent->pursue({.goal = Phase::Submit, .record = true}, [&](const Finished& finished) {
                    ++ended;
                    EXPECT_EQ(finished.ending, Finished::Ending::Reached) << finished.reason;
                    EXPECT_EQ(finished.status, 202);
                    EXPECT_EQ(finished.attestation_index, again ? 1 : 0);
                });
            }
            reach([&] { return ended == kAgents; });
        }
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace pushsim::stand_in
