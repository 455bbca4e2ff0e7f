// `pushsim stack clean` of what runs leave in clusters, with shell scripts in the place of docker, kind and
// kubectl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/stack/file_lock.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;

class CleanFleet : public ::testing::Test {
  protected:
    CleanFleet() {
        fs::create_directories(place.path() / "bin");
        fs::create_directories(agents);
        for (const char* name : {"docker", "kind"})
            tool(name, "");
        tool("kubectl", "echo \"$*\" >>calls; echo 'statefulset.apps \"fleet\" deleted'");
        place.write("state/pushsim/kind/agents/keylime-agents.kubeconfig", "");
    }
    void tool(const std::string& name, const std::string& body) const {
        place.write("bin/" + name, "#!/bin/sh\ncd '" + place.path().string() + "'\n" + body + "\n");
        fs::permissions(place.path() / "bin" / name, fs::perms::owner_all);
    }
    Ended clean() const {
        return pushsim(place, {"stack", "clean"},
                       {{"PATH", (place.path() / "bin").string() + ":/usr/bin:/bin"}});
    }

    const Place place;
    const fs::path agents = place.path() / "state" / "pushsim" / "kind" / "agents";
};

TEST_F(CleanFleet, PodsOfARunThatWasKilledAreTakenAway) {
    const Ended ended = clean();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(ended.out, "removed a fleet's pods from the cluster keylime-agents\n");
    EXPECT_THAT(place.read("calls"), HasSubstr("delete statefulset,service fleet"));
    tool("kubectl", "");
    EXPECT_EQ(clean().out, "nothing to clean\n");
}

TEST_F(CleanFleet, PodsOfARunThatGoesOnStay) {
    const auto run = stack::FileLock::take(agents / "in-use", std::chrono::seconds{1});
    ASSERT_TRUE(run) << run.error().text();
    const Ended ended = clean();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(ended.out, "nothing to clean\n");
    EXPECT_FALSE(place.has("calls"));
}

TEST_F(CleanFleet, PodsThatCannotBeTakenAwayAreSaid) {
    tool("kubectl", "echo no such host; exit 1");
    tool("kind", "echo keylime-agents");
    tool("docker", "echo a-node");
    place.write("state/pushsim/kind/agents/keylime-agents.node", "a-node");
    const Ended ended = clean();
    EXPECT_EQ(ended.exit_code, 3) << ended.out;
    EXPECT_THAT(ended.err, HasSubstr("no such host"));
}

}  // namespace
}  // namespace pushsim::testing
