// What is asked of a cluster, and what becomes of its answers, with shell scripts in the place of kind,
// kubectl and docker.
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "agent/base/files.hpp"
#include "sim/core/clock.hpp"
#include "sim/kind/agents.hpp"
#include "sim/kind/cluster.hpp"
#include "sim/kind/manifests.hpp"
#include "sim/kind/server_acts.hpp"
#include "sim/stack/record_json.hpp"
#include "tests/sim/stack/listener.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

/// Twenty times as fast.
class FastClock : public Clock {
  public:
    Instant now() const override { return began_ + 20 * (clock_.now() - began_); }
    WallTime wall_now() const override { return clock_.wall_now(); }

  private:
    core::SystemClock clock_;
    Instant began_ = clock_.now();
};

json pod(const std::string& server, const std::string& uid, const json& status) {
    return {{"kind", "Pod"},
            {"metadata",
             {{"name", server + "-" + uid}, {"uid", uid}, {"labels", {{"app.kubernetes.io/name", server}}}}},
            {"status", status}};
}
json ready(const std::string& server) {
    return {{"conditions", {{{"type", "Ready"}, {"status", "True"}}}},
            {"containerStatuses",
             {{{"name", server}, {"containerID", "c-" + server}, {"state", {{"running", json::object()}}}}}}};
}

class StandIn : public ::testing::Test {
  protected:
    StandIn() {
        ::setenv("PATH", (temporary.path() / "bin").string().append(":/usr/bin:/bin").c_str(), 1);
        tool("kind", "[ \"$1 $2\" = 'get clusters' ] && echo keylime-infra");
        tool("docker", "echo a-node");
        fs::create_directories(state.folder);
        stack::test::write(state.kubeconfig(), "");
        stack::test::write(agents.kubeconfig(), "");
        stack::test::write(state.folder / "keylime-infra.node", "a-node");
    }
    ~StandIn() override { ::setenv("PATH", before.c_str(), 1); }

    /// Each call is kept; `body` has all of its words in $all.
    void tool(const std::string& name, const std::string& body) const {
        stack::test::write_program(temporary.path() / "bin" / name,
                                   "#!/bin/sh\nall=\"$*\"\nprintf '%s\\n' \"" + name + " $all\" >>'" +
                                       calls_file.string() + "'\n" + body + "\nexit 0\n");
    }
    std::string file(const std::string& name, const json& value) const {
        const fs::path where = temporary.path() / name;
        stack::test::write(where, value.dump());
        return "'" + where.string() + "'";
    }
    std::string calls() const { return stack::test::read(calls_file); }
    std::size_t count(const std::string& what) const {
        std::size_t found = 0;
        const std::string text = calls();
        for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
            ++found;
        return found;
    }

    const stack::test::TemporaryFolder temporary;
    const fs::path calls_file = temporary.path() / "calls";
    const InfraState state{temporary.path() / "state"};
    const AgentsState agents{temporary.path() / "agents"};
    const FastClock clock{};
    const std::string before = std::getenv("PATH");
};

class Servers : public StandIn {
  protected:
    Servers() {
        address.kind = "kind";
        address.verifier.port = listener.port;
        stack::test::write(state.record(), stack::to_json(address).dump());
        const json spec = to_json(ServerSpec{.sources = "{}", .args = "[]"});
        stack::test::write(state.folder / "changed.json",
                           json{{"servers", {{"verifier", spec}, {"registrar", spec}}}}.dump());
    }
    void has_postgresql() const {
        stack::test::write(infra_conf(state) / "verifier" / "2-database.conf", "");
    }
    /// What kubectl answers; `more` comes first.
    void kubectl(const std::vector<json>& pods, const std::string& more) const {
        const std::string list = file("list", {{"metadata", {{"resourceVersion", "1"}}}, {"items", pods}});
        const std::string none = file("deployments", {{"items", json::array()}});
        tool("kubectl", "case $all in\n" + more +
                            "\n*watch=true*) exec sleep 100 ;;\n*get*--raw*pods*) cat " + list +
                            " ;;\n*'get deployment'*) cat " + none + " ;;\nesac");
    }
    Error why_not_opened() const {
        const auto opened =
            Cluster::open({.state = state, .clock = clock, .stop_asked = {}, .say = [](const auto&) {}});
        return opened ? Error{ErrorKind::System, "it was opened"} : opened.error();
    }

    const stack::test::Listener listener;
    stack::StackAddress address;
};

TEST_F(Servers, PuttingBackThatFailsIsNotTriedASecondTimeAndItsRecordStays) {
    kubectl({}, "*patch*) echo no such thing; exit 1 ;;");
    EXPECT_THAT(why_not_opened().message, HasSubstr("no such thing"));
    EXPECT_EQ(count("patch deployment"), 1U) << calls();
    EXPECT_TRUE(is_changed(state));
}

TEST_F(Servers, DatabaseThatAnActHasStoppedIsStartedBeforeServersArePutBack) {
    has_postgresql();
    kubectl({pod("postgresql", "p", ready("postgresql"))}, "*patch*) echo no such thing; exit 1 ;;");
    EXPECT_THAT(why_not_opened().message, HasSubstr("no such thing"));
    const std::string all = calls();
    const auto scaled = all.find("scale statefulset/postgresql --replicas=1");
    EXPECT_LT(scaled, all.find("patch deployment")) << all;
}

TEST_F(Servers, PodsThatCannotBeListedAreSaidAndNothingIsChanged) {
    kubectl({}, "*--raw*) exit 1 ;;");
    EXPECT_THAT(why_not_opened().text(), HasSubstr("kubectl lists no pods of the cluster"));
    EXPECT_EQ(count("patch deployment"), 0U);
    EXPECT_TRUE(is_changed(state));
}

TEST_F(Servers, KilledPodThatDoesNotGoIsAnError) {
    // Its process is killed, and the API server goes on listing it.
    kubectl({pod("registrar", "r", ready("registrar"))}, "");
    ServerPods pods(
        {.state = state, .tools = *find_tools(), .address = address, .clock = clock, .stop_asked = {}});
    ASSERT_TRUE(pods.watch());
    pods.set("registrar", ServerNow::State::Up);
    ServerActs acts({.pods = pods, .clock = clock, .postgresql = false, .renew_certificate = {}});
    const auto killed = acts.act(stack::ServerAct::Kill, stack::ServerName::Registrar);
    ASSERT_FALSE(killed) << *killed;
    EXPECT_EQ(killed.error().kind, ErrorKind::Stack);
    EXPECT_THAT(killed.error().message,
                HasSubstr("the registrar's pod registrar-r was killed, and is still there after 60.0 s"));
    EXPECT_NE(pods.now("registrar").state, ServerNow::State::Down);
}

/// `stack up` where a run was killed.
class UpAgain : public Servers {
  protected:
    Result<stack::StackAddress> up(Database database) const {
        if (database == Database::Postgresql) has_postgresql();
        const auto alone = take_cluster(state, {});
        if (!alone) return fail(alone.error());
        return infra_up(state, *alone, PUSHSIM_KIND_FOLDER,
                        {.database = database,
                         // Nobody answers at the servers' ports.
                         .stop_asked = [this] { return !is_changed(state); },
                         .say = [](const auto&) {}},
                        clock);
    }
    static constexpr const char* lives = "*'get namespace'*) echo namespace/keylime ;;";
};

TEST_F(UpAgain, WhatARunHasLeftGoesAndItsRecordLast) {
    kubectl({}, lives);
    (void)up(Database::Sqlite);
    EXPECT_THAT(calls(), HasSubstr("pushsim take 30881 30890 30891\n"));
    EXPECT_EQ(count("delete configmap -l pushsim.run"), 1U);
    EXPECT_EQ(count("'/var/lib/keylime/run-*'"), 2U) << calls();
    EXPECT_FALSE(is_changed(state));
}

TEST_F(UpAgain, DatabasesOfRunsInPostgresqlAreDropped) {
    kubectl({}, lives);
    (void)up(Database::Postgresql);
    EXPECT_EQ(count("DROP DATABASE"), 1U) << calls();
    EXPECT_FALSE(is_changed(state));
}

TEST_F(UpAgain, RecordStaysWhereNotAllIsUndone) {
    kubectl({}, lives);
    tool("docker", "case $all in *iptables*) echo no iptables; exit 1 ;; *) echo a-node ;; esac");
    const auto seen = up(Database::Sqlite);
    ASSERT_FALSE(seen);
    EXPECT_THAT(seen.error().message, HasSubstr("no iptables"));
    EXPECT_TRUE(is_changed(state));
}

class Fleet : public StandIn {
  protected:
    Result<FleetPods> up(std::vector<json> items, int wanted) const {
        items.push_back(
            {{"kind", "StatefulSet"}, {"metadata", {{"name", "fleet"}}}, {"spec", {{"replicas", wanted}}}});
        tool("kubectl", "case $all in\n*statefulsets,pods*-o*json*) cat " +
                            file("fleet", {{"items", items}}) +
                            " ;;\n*'rollout status'*) echo timed out; exit 1 ;;\nesac");
        return fleet_up(agents, PUSHSIM_KIND_FOLDER, static_cast<std::size_t>(wanted), clock, {},
                        [](const auto&) {});
    }
    static json without_room() {
        return {{"conditions",
                 {{{"type", "PodScheduled"},
                   {"status", "False"},
                   {"reason", "Unschedulable"},
                   {"message", "0/1 nodes are available: 1 Too many pods."}}}}};
    }
};

TEST_F(Fleet, PodThatHasNoRoomIsNamedWithHowManyHave) {
    const auto pods = up({pod("fleet", "0", ready("fleet")), pod("fleet", "1", without_room())}, 3);
    ASSERT_FALSE(pods);
    EXPECT_THAT(pods.error().message,
                ::testing::ContainsRegex("the fleet's pod fleet-1 was not ready after [0-9]+ s: "
                                         "Unschedulable: 0/1 nodes are available: 1 Too many pods.; 1 of 3 "
                                         "are ready"));
    EXPECT_EQ(pods.error().mend, "the node has room for 1: --pods 1");
}

TEST_F(Fleet, ImageThatIsNotThereIsLoadedByStackUp) {
    const auto pods =
        up({pod("fleet", "0",
                {{"containerStatuses",
                  {{{"name", "fleet"}, {"state", {{"waiting", {{"reason", "ErrImageNeverPull"}}}}}}}}})},
           1);
    ASSERT_FALSE(pods);
    EXPECT_THAT(pods.error().text(), HasSubstr("fleet-0 was not ready after"));
    EXPECT_EQ(pods.error().mend, "`pushsim stack up --stack kind --agents` loads the image onto the node");
}

TEST_F(Fleet, IsThereWhenAllOfItsPodsAreReady) {
    const auto pods = up({pod("fleet", "0", ready("fleet")), pod("fleet", "1", ready("fleet"))}, 2);
    ASSERT_TRUE(pods) << pods.error().text();
    EXPECT_THAT(pods->names, ::testing::ElementsAre("fleet-0", "fleet-1"));
}

TEST_F(Fleet, WhetherThereWasOneIsKnownWhenItIsTakenAway) {
    tool("kubectl", "");
    EXPECT_FALSE(*fleet_is_there(agents, clock));
    EXPECT_FALSE(*fleet_down(agents, clock));
    tool("kubectl",
         "case $all in *delete*) echo 'statefulset.apps \"fleet\" deleted' ;; "
         "*) echo statefulset.apps/fleet ;; esac");
    EXPECT_TRUE(*fleet_is_there(agents, clock));
    EXPECT_TRUE(*fleet_down(agents, clock));
    fs::remove(agents.kubeconfig());
    EXPECT_FALSE(*fleet_down(agents, clock)) << "there is no cluster";
}

}  // namespace
}  // namespace pushsim::kind
