// How a cluster comes and goes, with shell scripts in the place of kind, docker and kubectl, which keep what
// they would have made in files.
#include <atomic>
#include <cstdlib>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/files.hpp"
#include "sim/core/clock.hpp"
#include "sim/kind/agents.hpp"
#include "sim/kind/infra.hpp"
#include "sim/kind/tools.hpp"
#include "sim/stack/ports.hpp"
#include "tests/sim/kind/stand_in_tools.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;
using stack::test::write;
using ::testing::HasSubstr;
using ::testing::Not;

class LifeCycle : public ::testing::Test {
  protected:
    LifeCycle() {
        fs::create_directories(agents.folder);
        write_tools(tools);
        ::setenv("PATH", (tools.string() + ":/usr/bin:/bin").c_str(), 1);
        ::unsetenv("KIND_EXPERIMENTAL_PROVIDER");
    }
    ~LifeCycle() override { ::setenv("PATH", path.c_str(), 1); }

    void on(const std::string& name) const { write(tools / name, ""); }
    void off(const std::string& name) const { fs::remove(tools / name); }
    bool was_called(const std::string& words) const {
        return read_file(tools / "calls").find(words) != std::string::npos;
    }
    fs::path made(const std::string& cluster) const { return tools / "clusters" / cluster; }
    /// Somebody makes one by hand.
    void make(const std::string& cluster) const {
        const std::string line = (tools / "make").string() + " " + cluster;
        ASSERT_EQ(std::system(line.c_str()), 0);
    }
    /// Somebody deletes ours, and makes another one.
    void make_another(const std::string& cluster) const {
        fs::remove_all(made(cluster));
        make(cluster);
    }
    std::vector<std::string> kept() const {
        std::vector<std::string> names;
        for (const auto& one : fs::directory_iterator(agents.folder))
            if (one.path().filename() != "in-use") names.push_back(one.path().filename());
        return names;
    }
    fs::path mark() const { return agents.folder / (std::string(agents_cluster) + ".half-made"); }
    fs::path node() const { return agents.folder / (std::string(agents_cluster) + ".node"); }

    Result<void> up(AgentsOptions options = {}) const {
        const auto alone = take_agents(agents, {});
        if (!alone) return fail(alone.error());
        options.say = [](const std::string&) {};
        return agents_up(agents, *alone, PUSHSIM_KIND_FOLDER, options, clock);
    }
    Result<bool> down() const {
        const auto alone = take_agents(agents, {});
        return alone ? agents_down(agents, *alone, clock) : fail(alone.error());
    }

    const std::string path = std::getenv("PATH");
    const stack::test::TemporaryFolder temporary;
    const fs::path tools = temporary.path() / "tools";
    const AgentsState agents{temporary.path() / "state" / "agents"};
    const InfraState infra{temporary.path() / "state"};
    const core::SystemClock clock{};
};

TEST_F(LifeCycle, ComesOnceAndGoesOnce) {
    ASSERT_TRUE(up());
    const std::string id = read_file(made(agents_cluster) / "id");
    EXPECT_TRUE(agents.is_up());
    EXPECT_FALSE(fs::exists(mark()));
    ASSERT_TRUE(up());
    EXPECT_EQ(read_file(made(agents_cluster) / "id"), id) << "the second made it anew";
    EXPECT_EQ(down(), true);
    EXPECT_FALSE(fs::exists(made(agents_cluster)));
    EXPECT_EQ(down(), false);
    EXPECT_THAT(kept(), ::testing::IsEmpty());
}

TEST_F(LifeCycle, OneThatAnotherMadeByThatNameMeanwhileIsHis) {
    on("another-is-faster");
    const auto refused = up();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Config);
    EXPECT_THAT(refused.error().message, HasSubstr("is there that was not made from"));
    EXPECT_THAT(refused.error().mend, HasSubstr("kind delete cluster --name keylime-agents"));
    EXPECT_FALSE(was_called("kind delete"));
    EXPECT_THAT(kept(), ::testing::IsEmpty());
    // Nor is it taken for a half made one of ours.
    EXPECT_FALSE(up());
    EXPECT_FALSE(down());
    EXPECT_TRUE(fs::exists(made(agents_cluster)));
}

TEST_F(LifeCycle, WhatKindDoesNotFinishIsGone) {
    on("create-fails");
    const auto failed = up();
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("no room"));
    EXPECT_FALSE(fs::exists(made(agents_cluster)));
    EXPECT_THAT(kept(), ::testing::IsEmpty());
    EXPECT_TRUE(was_called("--retain")) << "kind itself would delete that of another";
}

TEST_F(LifeCycle, StoppedWhileItIsDeployedItIsGone) {
    on("deploys-for-ever");
    const auto stopped = up({.stop_asked = [this] { return fs::exists(tools / "deploying"); }});
    ASSERT_FALSE(stopped) << read_file(tools / "calls");
    EXPECT_EQ(stopped.error().kind, ErrorKind::Interrupted);
    EXPECT_THAT(stopped.error().message, HasSubstr("no cluster keylime-agents is left"));
    EXPECT_FALSE(fs::exists(made(agents_cluster)));
    EXPECT_THAT(kept(), ::testing::IsEmpty());
}

TEST_F(LifeCycle, IsHalfMadeUntilAllIsDone) {
    const auto failed = up({.finish = [this]() -> Result<void> {
        EXPECT_TRUE(fs::exists(mark()));
        return fail(ErrorKind::Stack, "the agents do not attest");
    }});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "the agents do not attest");
    EXPECT_FALSE(fs::exists(made(agents_cluster)));
}

TEST_F(LifeCycle, OneThatWasThereStaysWhateverFails) {
    ASSERT_TRUE(up());
    for (const char* what : {"load-fails", "no-image", "no-api"}) {
        on(what);
        EXPECT_FALSE(up()) << what;
        off(what);
        EXPECT_TRUE(fs::exists(made(agents_cluster))) << what;
        EXPECT_TRUE(agents.is_up()) << what;
    }
}

TEST_F(LifeCycle, HalfMadeOneIsMadeAnew) {
    // Killed while kind made it, and afterwards.
    for (const bool has_node : {false, true}) {
        ASSERT_TRUE(up());
        const std::string id = read_file(made(agents_cluster) / "id");
        write(mark(), "");
        if (!has_node) fs::remove(node());
        ASSERT_TRUE(up());
        EXPECT_NE(read_file(made(agents_cluster) / "id"), id);
        EXPECT_FALSE(fs::exists(mark()));
        ASSERT_EQ(down(), true);
    }
    make(agents_cluster);
    write(mark(), "");
    EXPECT_EQ(down(), true);
    EXPECT_THAT(kept(), ::testing::IsEmpty());
}

TEST_F(LifeCycle, OneAtATimeIsAtIt) {
    const auto first = up({.finish = [this]() -> Result<void> {
        for (const Result<void>& refused :
             {up(), done(down()), done(take_agents(agents, {})), done(take_fleet(agents, {}))}) {
            EXPECT_FALSE(refused);
            if (refused) continue;
            EXPECT_EQ(refused.error().kind, ErrorKind::Config);
            EXPECT_THAT(refused.error().message,
                        HasSubstr("keylime-agents is in use by process " + std::to_string(::getpid())));
            EXPECT_THAT(refused.error().mend, HasSubstr("end it first"));
        }
        return {};
    }});
    EXPECT_TRUE(first) << first.error().text();
    EXPECT_TRUE(fs::exists(made(agents_cluster)));
    EXPECT_FALSE(was_called("kind delete"));
}

TEST_F(LifeCycle, AnotherOneByThatNameIsNotOurs) {
    ASSERT_TRUE(up());
    make_another(agents_cluster);
    const auto not_deleted = down();
    ASSERT_FALSE(not_deleted);
    EXPECT_EQ(not_deleted.error().kind, ErrorKind::Config);
    EXPECT_THAT(not_deleted.error().message, HasSubstr("is there that was not made from"));
    EXPECT_FALSE(up());
    on("no-api");  // it is not where our kubeconfig says, nor is its CA
    const auto asked = agent_pods(agents, clock);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().kind, ErrorKind::Config);
    EXPECT_TRUE(fs::exists(made(agents_cluster)));
    EXPECT_FALSE(was_called("kind delete"));
    fs::remove_all(made(agents_cluster));
    EXPECT_EQ(down(), false);
}

TEST_F(LifeCycle, OfOneWithoutItsNodeTheKubeconfigTells) {
    ASSERT_TRUE(up());
    fs::remove(node());
    ASSERT_TRUE(up()) << "of before";
    EXPECT_EQ(read_file(node()) + "\n", read_file(made(agents_cluster) / "id"));
    fs::remove(node());
    make_another(agents_cluster);
    EXPECT_FALSE(up());
    EXPECT_FALSE(down());
    EXPECT_TRUE(fs::exists(made(agents_cluster)));
}

TEST_F(LifeCycle, WhatIsKeptOfOneThatOthersDeletedGoesWhereNobodyIsAtIt) {
    ASSERT_TRUE(up());
    fs::remove_all(made(agents_cluster));
    on("no-api");
    {
        const auto alone = take_agents(agents, {});
        EXPECT_THAT(*agent_pods(agents, clock), ::testing::IsEmpty());
        EXPECT_TRUE(agents.is_up()) << "somebody may be making one";
    }
    EXPECT_THAT(*agent_pods(agents, clock), ::testing::IsEmpty());
    EXPECT_FALSE(agents.is_up());
}

TEST_F(LifeCycle, ToolsThatAreMissingAreNamed) {
    on("docker-is-silent");
    EXPECT_THAT(find_tools().error().text(), HasSubstr("docker does not answer"));
    off("docker-is-silent");
    ::setenv("KIND_EXPERIMENTAL_PROVIDER", "podman", 1);
    EXPECT_THAT(find_tools().error().text(), HasSubstr("Docker alone"));
    ::setenv("KIND_EXPERIMENTAL_PROVIDER", "docker", 1);
    EXPECT_TRUE(find_tools());
    ::setenv("PATH", tools.c_str(), 1);
    stack::test::write_program(tools / "podman", "#!/bin/sh\n");
    for (const char* tool : {"docker", "kubectl", "kind"}) {
        fs::remove(tools / tool);
        const auto missing = find_tools();
        ASSERT_FALSE(missing) << tool;
        EXPECT_EQ(missing.error().kind, ErrorKind::Config);
        EXPECT_THAT(missing.error().message, HasSubstr(std::string("needs ") + tool));
    }
    EXPECT_FALSE(up());
    EXPECT_FALSE(down());
}

TEST_F(LifeCycle, ImageWithoutTagIsRefused) {
    EXPECT_THAT(up({.image = "localhost:5000/pushsim"}).error().message, HasSubstr("has no tag"));
    EXPECT_FALSE(was_called("kind create"));
}

/// The ports are the node's: one test, for they cannot be used at the same time.
TEST_F(LifeCycle, ServersWantTheirPortsAndAreThereWhenTheyAreReached) {
    constexpr std::uint16_t verifier = 30881;
    for (const std::uint16_t port : {verifier, std::uint16_t{30890}, std::uint16_t{30891}})
        if (!stack::port_is_free("127.0.0.1", port)) GTEST_SKIP() << "port " << port << " is in use";
    std::atomic<bool> waits = false;
    const InfraOptions options{.stop_asked = [&] { return waits.load(); }, .say = [](const std::string&) {}};
    const auto alone = take_cluster(infra, {});
    ASSERT_TRUE(alone);
    const auto servers_up = [&] { return infra_up(infra, *alone, PUSHSIM_KIND_FOLDER, options, clock); };

    const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{.sin_family = AF_INET, .sin_port = htons(verifier)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    ASSERT_EQ(::listen(taken, 1), 0);
    const auto no_port = servers_up();
    ::close(taken);
    ASSERT_FALSE(no_port);
    EXPECT_THAT(no_port.error().message, HasSubstr("30881"));
    EXPECT_FALSE(was_called("kind create"));

    // Nobody answers at the ports: it stands, and is asked to stop while the servers are awaited.
    const fs::path mark = infra.folder / "keylime-infra.half-made";
    std::atomic<bool> marked = false;
    std::jthread stops([&](const std::stop_token& end) {
        while (!end.stop_requested() && !fs::exists(tools / "deploying"))
            stack::wait_for(std::chrono::milliseconds{20});
        stack::wait_for(std::chrono::seconds{3});
        marked = fs::exists(mark);
        waits = true;
    });
    const auto stopped = servers_up();
    ASSERT_FALSE(stopped) << read_file(tools / "calls");
    EXPECT_EQ(stopped.error().kind, ErrorKind::Interrupted) << stopped.error().text();
    EXPECT_THAT(stopped.error().message, HasSubstr("no cluster keylime-infra is left"));
    EXPECT_TRUE(marked);
    EXPECT_FALSE(fs::exists(made(infra_cluster)));
    EXPECT_FALSE(fs::exists(infra.record()));
    EXPECT_TRUE(fs::exists(infra.certificates())) << "they stay";
    EXPECT_EQ(infra_down(infra, *alone, clock), false);
}

TEST_F(LifeCycle, WhatToolsSayIsTheirsAlone) {
    std::atomic<int> wrong = 0;
    const auto ask = [&](const std::string& word) {
        const Runner runner(agents.kubeconfig(), clock, {});
        for (int i = 0; i < 20; ++i) {
            const auto said =
                runner.run({"/bin/sh", "-c", "sleep 0.01; echo " + word}, std::chrono::seconds{20});
            if (said != word + "\n") ++wrong;
        }
    };
    {
        std::jthread beside([&] { ask("clusters"); });
        ask("pods");
    }
    EXPECT_EQ(wrong, 0);
    const Runner runner(agents.kubeconfig(), clock, {});
    const auto failed =
        runner.run({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, std::chrono::seconds{20}, "it");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "it: exit status 3\nout\nerr");
    EXPECT_THAT(kept(), ::testing::IsEmpty());
}

TEST(KubectlSaid, ObjectStandsBehindWarnings) {
    EXPECT_EQ(object_in("{\"a\": 1}").at("a"), 1);
    EXPECT_EQ(object_in("Warning: {x} is old\nW1128 more\n{\"a\": 1}\n").at("a"), 1);
    for (const char* text : {"", "error", "Warning: {x}"})
        EXPECT_TRUE(object_in(text).is_discarded()) << text;
}

}  // namespace
}  // namespace pushsim::kind
