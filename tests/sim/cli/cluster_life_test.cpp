// `stack up|down --stack kind` beside others that have the clusters.

#include <cstdlib>

#include <gmock/gmock.h>

#include "sim/cli/cluster_agents.hpp"
#include "sim/core/clock.hpp"
#include "tests/sim/cli/program.hpp"
#include "tests/sim/kind/stand_in_tools.hpp"

namespace pushsim::testing {
namespace {

using ::testing::ElementsAre;

TEST(ClusterLife, OnlyAgentsOfPodsAreNotedToGoWithTheirCluster) {
    const stack::test::TemporaryFolder temporary;
    const fs::path tools = temporary.path() / "tools";
    kind::write_tools(tools);
    const std::string path = std::getenv("PATH");
    ::setenv("PATH", (tools.string() + ":/usr/bin:/bin").c_str(), 1);
    ::setenv("XDG_STATE_HOME", temporary.path().c_str(), 1);
    const auto agents = kind::AgentsState::open();
    ASSERT_TRUE(agents);
    stack::test::write(agents->kubeconfig(), "");
    stack::test::write(tools / "pods.json",
                       R"({"items": [{"metadata": {"name": "agent-a"}, "status": {"phase": "Running"}}]})");
    stack::test::write(tools / "show.json", R"({"agent": "of-a-pod"})");
    const core::SystemClock clock;
    for (const char* id : {"my-own", "of-a-pod", "of-a-pod"})
        cli::note_agent_of_pod(id, clock);
    EXPECT_THAT(agents->enrolled(), ElementsAre("of-a-pod"));
    ::unsetenv("XDG_STATE_HOME");
    ::setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace pushsim::testing
