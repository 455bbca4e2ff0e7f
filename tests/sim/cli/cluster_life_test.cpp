// `stack up|down --stack kind` beside others that have the clusters.

#include <cstdlib>

#include <gmock/gmock.h>
#include <unistd.h>

#include "sim/cli/cluster_agents.hpp"
#include "sim/core/clock.hpp"
#include "sim/kind/infra.hpp"
#include "tests/sim/cli/program.hpp"
#include "tests/sim/kind/stand_in_tools.hpp"

namespace pushsim::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ClusterLife, NobodyTakesTheClustersFromARunOrAnUp) {
    const Place place;
    const kind::InfraState servers{place.path() / "state" / "pushsim" / "kind"};
    const kind::AgentsState agents{servers.folder / "agents"};
    fs::create_directories(agents.folder);
    const auto refused = [&](const std::string& cluster) {
        for (const std::vector<std::string>& words :
             {std::vector<std::string>{"up"}, {"up", "--agents"}, {"down"}, {"down", "--agents"}}) {
            std::vector<std::string> all{"stack"};
            all.insert(all.end(), words.begin(), words.end());
            all.insert(all.end(), {"--stack", "kind"});
            const Ended ended = pushsim(place, all);
            EXPECT_EQ(ended.exit_code, 2) << ended.err;
            EXPECT_THAT(ended.err, AllOf(HasSubstr("the cluster " + cluster + " is in use by process " +
                                                   std::to_string(::getpid())),
                                         HasSubstr("end it first")));
        }
    };
    {
        const auto alone = kind::take_cluster(servers, {});
        ASSERT_TRUE(alone);
        refused(kind::infra_cluster);
    }
    const auto alone = kind::take_agents(agents, {});
    ASSERT_TRUE(alone);
    refused(kind::agents_cluster);
}

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
