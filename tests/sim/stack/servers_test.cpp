// Acts on servers, with shells in their place and a small registrar's answer for their readiness.

#include "sim/stack/servers.hpp"

#include <atomic>
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kRegistrar = ServerName::Registrar;
constexpr auto kVerifier = ServerName::Verifier;

/// Says that it listens; its /version is answered by the test.
const std::string kListens = "echo ' Listening on '; exec sleep 1000";

class ServersTest : public testing::Test {
  protected:
    ServersTest() {
        record_.folder = temporary_.path() / "stack";
        record_.id = temporary_.path().filename();
        record_.owner = own_process();
        record_.boot = boot_identity();
        http_.Get("/version", [](const httplib::Request&, httplib::Response& response) {
            response.set_content(R"({"code": 200, "status": "Success", "results":
                {"current_version": "2.6", "supported_versions": ["2.6"]}})",
                                 "application/json");
        });
        record_.address.registrar_http = {"127.0.0.1",
                                          static_cast<std::uint16_t>(http_.bind_to_any_port("127.0.0.1"))};
        answering_ = std::thread([this] { http_.listen_after_bind(); });
        while (!http_.is_running())
            wait_for(std::chrono::milliseconds{1});
    }
    ~ServersTest() override {
        EXPECT_TRUE(servers_.end(std::chrono::seconds{2}));
        EXPECT_THAT(processes_with_environment(kIdVariable, record_.id), IsEmpty());
        http_.stop();
        answering_.join();
    }

    void launch(ServerName name, const std::string& script = kListens) {
        const auto done = servers_.launch(name, {.command = {"/bin/sh", "-c", script},
                                                 .environment = {{kIdVariable, record_.id},
                                                                 {kFolderVariable, record_.folder.string()},
                                                                 {"PATH", "/usr/bin:/bin"}},
                                                 .folder = temporary_.path(),
                                                 .log = log(name)});
        ASSERT_TRUE(done) << done.error().text();
        for (int tries = 0; tries < 500 && read(log(name)).empty(); ++tries)
            wait_for(std::chrono::milliseconds{10});
    }
    std::filesystem::path log(ServerName name) const {
        return temporary_.path() / (to_string(name) + ".log");
    }

    /// What `act` comes to, in words; "" where it is done.
    std::string act(ServerAct what, ServerName name) {
        const auto done = servers_.act(what, name);
        return done ? "" : std::string(to_string(done.error().kind)) + ": " + done.error().text();
    }
    std::optional<Error> poll_until_it_says() {
        std::optional<Error> died;
        for (int tries = 0; tries < 500 && !(died = servers_.poll()); ++tries)
            wait_for(std::chrono::milliseconds{10});
        return died;
    }
    std::vector<pid_t> recorded() const {
        std::vector<pid_t> pids;
        const auto found = registry_.find(record_.folder);
        for (const auto& group : found.value_or(StackRecord{}).groups)
            pids.push_back(group.pid);
        return pids;
    }

    TemporaryFolder temporary_;
    Registry registry_ = *Registry::open(temporary_.path() / "registry");
    core::SystemClock clock_;
    httplib::Server http_;
    std::thread answering_;
    StackRecord record_;
    std::vector<pid_t> told_;
    std::atomic<bool> stop_asked_ = false;
    Servers servers_{record_,
                     {.registry = registry_,
                      .clock = clock_,
                      .runtime = temporary_.path() / "xdg",
                      .start_limit = std::chrono::seconds{60},
                      .stop_asked = [this] { return stop_asked_.load(); },
                      .groups_changed = [this](auto groups) { told_.assign(groups.begin(), groups.end()); }}};
};

TEST_F(ServersTest, WhatIsStoppedIsNotDeadAndIsWatchedAgainWhenItWasStarted) {
    launch(kVerifier);
    launch(kRegistrar);
    const pid_t verifier = servers_.pid(kVerifier).value();
    const pid_t before = servers_.pid(kRegistrar).value();
    EXPECT_THAT(recorded(), ElementsAre(verifier, before));

    EXPECT_EQ(act(ServerAct::Stop, kRegistrar), "");
    EXPECT_EQ(servers_.pid(kRegistrar), std::nullopt);
    EXPECT_EQ(servers_.poll(), std::nullopt);
    EXPECT_THAT(recorded(), ElementsAre(verifier));
    EXPECT_THAT(told_, ElementsAre(verifier));
    EXPECT_THAT(group_members(before), IsEmpty());

    EXPECT_EQ(act(ServerAct::Start, kRegistrar), "");
    const pid_t after = servers_.pid(kRegistrar).value();
    EXPECT_NE(after, before);
    EXPECT_THAT(recorded(), ElementsAre(verifier, after));
    EXPECT_THAT(told_, ElementsAre(verifier, after));
    EXPECT_EQ(servers_.poll(), std::nullopt);

    ::kill(-after, SIGKILL);
    const auto died = poll_until_it_says();
    ASSERT_TRUE(died);
    EXPECT_EQ(died->kind, ErrorKind::Stack);
    EXPECT_THAT(died->message, HasSubstr("the registrar"));
    EXPECT_THAT(died->message, HasSubstr(log(kRegistrar).string()));
}

TEST_F(ServersTest, RestartGivesAnotherProcessAndStartsWhatWasStopped) {
    launch(kRegistrar);
    const pid_t first = servers_.pid(kRegistrar).value();
    EXPECT_EQ(act(ServerAct::Restart, kRegistrar), "");
    const pid_t second = servers_.pid(kRegistrar).value();
    EXPECT_NE(first, second);
    EXPECT_THAT(group_members(first), IsEmpty());
    EXPECT_EQ(act(ServerAct::Kill, kRegistrar), "");
    EXPECT_EQ(act(ServerAct::Restart, kRegistrar), "");
    EXPECT_THAT(recorded(), ElementsAre(servers_.pid(kRegistrar).value()));
}

TEST_F(ServersTest, KillAsksNobody) {
    launch(kVerifier, "trap 'echo asked' TERM; echo deaf; while :; do sleep 0.02; done");
    EXPECT_EQ(act(ServerAct::Kill, kVerifier), "");
    EXPECT_THAT(read(log(kVerifier)), testing::Not(HasSubstr("asked")));
    EXPECT_EQ(servers_.poll(), std::nullopt);
    EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(ServersTest, PauseStopsEveryProcessOfTheGroupUntilItIsResumed) {
    launch(kVerifier, "sleep 1000 & echo two; wait");
    const auto group = group_members(servers_.pid(kVerifier).value());
    ASSERT_THAT(group, SizeIs(2));
    EXPECT_EQ(act(ServerAct::Pause, kVerifier), "");
    EXPECT_THAT(group, testing::Each(testing::ResultOf(is_stopped, true)));
    EXPECT_EQ(servers_.poll(), std::nullopt);
    EXPECT_EQ(act(ServerAct::Resume, kVerifier), "");
    const auto runs_again = [&] { return std::ranges::none_of(group, is_stopped); };
    for (int tries = 0; tries < 500 && !runs_again(); ++tries)
        wait_for(std::chrono::milliseconds{10});
    EXPECT_TRUE(runs_again());
}

TEST_F(ServersTest, PausedServerThatIsKilledByOthersIsDead) {
    launch(kVerifier);
    EXPECT_EQ(act(ServerAct::Pause, kVerifier), "");
    ::kill(-servers_.pid(kVerifier).value(), SIGKILL);
    EXPECT_TRUE(poll_until_it_says());
    EXPECT_THAT(act(ServerAct::Resume, kVerifier), HasSubstr("signal 9"));
}

TEST_F(ServersTest, PausedServerIsStoppedInOrder) {
    launch(kVerifier, "trap 'echo in order; exit' TERM; echo set; while :; do sleep 0.02; done");
    EXPECT_EQ(act(ServerAct::Pause, kVerifier), "");
    EXPECT_EQ(act(ServerAct::Stop, kVerifier), "");
    EXPECT_THAT(read(log(kVerifier)), HasSubstr("in order"));
}

TEST_F(ServersTest, PausedServerOfAnOwnerThatWasKilledIsFoundAndEnded) {
    launch(kVerifier);
    EXPECT_EQ(act(ServerAct::Pause, kVerifier), "");
    auto left = registry_.find(record_.folder).value();
    left.owner.start_time -= 1;  // as if we were gone
    ASSERT_TRUE(registry_.write(left));
    const auto cleaned = clean_leftovers(registry_, clock_);
    ASSERT_THAT(cleaned, SizeIs(1));
    EXPECT_EQ(cleaned[0].ended_processes, 1U);
    const auto died = poll_until_it_says();
    ASSERT_TRUE(died);
    EXPECT_THAT(died->message, HasSubstr("signal 15")) << "it was let go on, and ended at the polite signal";
}

TEST_F(ServersTest, ActsThatDoNotFitTheStateAreRefusedWithTheWayOut) {
    launch(kRegistrar);
    EXPECT_THAT(act(ServerAct::Start, kRegistrar), HasSubstr("usage: the registrar runs already"));
    EXPECT_THAT(act(ServerAct::Resume, kRegistrar), HasSubstr("is not paused"));
    EXPECT_EQ(act(ServerAct::Pause, kRegistrar), "");
    EXPECT_THAT(act(ServerAct::Pause, kRegistrar), HasSubstr("is paused already"));
    EXPECT_THAT(act(ServerAct::Start, kRegistrar), HasSubstr("resume it"));
    EXPECT_THAT(act(ServerAct::CutOff, kRegistrar),
                testing::AllOf(HasSubstr("cannot be cut off on this machine"), HasSubstr("--stack kind")));
    EXPECT_EQ(act(ServerAct::Kill, kRegistrar), "");
    for (const auto what : {ServerAct::Stop, ServerAct::Kill, ServerAct::Pause, ServerAct::Resume})
        EXPECT_THAT(act(what, kRegistrar), HasSubstr("usage: the registrar does not run")) << to_string(what);
    EXPECT_THAT(act(ServerAct::Stop, ServerName::Database),
                testing::AllOf(HasSubstr("usage: the stack has no database to stop"),
                               HasSubstr("database: postgresql")));
}

TEST_F(ServersTest, StopOfAServerThatDiedByItselfSaysSo) {
    launch(kVerifier, "echo dies; exit 3");
    const auto said = act(ServerAct::Stop, kVerifier);
    EXPECT_THAT(said, testing::AllOf(HasSubstr("stack: the verifier"), HasSubstr("exit status 3")));
    EXPECT_TRUE(servers_.poll()) << "it still is dead, not stopped";
}

TEST_F(ServersTest, ServerThatDoesNotComeUpAgainIsNamedWithItsLogAndLeavesNothing) {
    const auto marker = temporary_.path() / "second";
    launch(kRegistrar, "if [ -e " + marker.string() + " ]; then echo 'no room here'; exit 1; fi; : >" +
                           marker.string() + "; " + kListens);
    EXPECT_THAT(act(ServerAct::Restart, kRegistrar),
                testing::AllOf(HasSubstr("stack: the registrar"), HasSubstr("while starting"),
                               HasSubstr("no room here"), HasSubstr(log(kRegistrar).string())));
    EXPECT_THAT(recorded(), IsEmpty());
    EXPECT_EQ(servers_.poll(), std::nullopt) << "the act has said it";
}

TEST_F(ServersTest, WhileOneThreadActsOthersPollAndMayCutTheActShort) {
    const auto marker = temporary_.path() / "second";
    launch(kVerifier);
    launch(kRegistrar, "if [ -e " + marker.string() + " ]; then exec sleep 1000; fi; : >" + marker.string() +
                           "; " + kListens);
    EXPECT_EQ(act(ServerAct::Stop, kRegistrar), "");
    std::string said;
    std::atomic<bool> done = false;
    std::thread acting([&] {
        said = act(ServerAct::Start, kRegistrar);  // it never listens
        done = true;
    });
    for (int tries = 0; tries < 10000 && recorded().size() < 2; ++tries)
        wait_for(std::chrono::milliseconds{1});
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(servers_.poll(), std::nullopt);
    EXPECT_FALSE(done) << "the polls did not wait for the act";
    servers_.cut();
    acting.join();
    EXPECT_EQ(servers_.poll(), std::nullopt);
    EXPECT_THAT(recorded(), SizeIs(1)) << "the other one goes on";
    EXPECT_TRUE(servers_.end(std::chrono::seconds{2}));
    EXPECT_THAT(said, HasSubstr("interrupted: "));
    EXPECT_THAT(recorded(), IsEmpty());
    EXPECT_THAT(told_, IsEmpty());
    EXPECT_THAT(act(ServerAct::Start, kRegistrar), HasSubstr("at its end"));
}

TEST_F(ServersTest, PersonWhoAsksToStopEndsAStart) {
    launch(kRegistrar);
    EXPECT_EQ(act(ServerAct::Stop, kRegistrar), "");
    stop_asked_ = true;
    EXPECT_THAT(act(ServerAct::Start, kRegistrar), HasSubstr("interrupted: "));
    EXPECT_THAT(recorded(), IsEmpty());
}

TEST(Acts, AreSaidInWords) {
    EXPECT_EQ(in_words(ServerAct::Restart, ServerName::Verifier), "the verifier was restarted");
    EXPECT_EQ(in_words(ServerAct::Start, ServerName::Database), "the database was started again");
    EXPECT_EQ(to_string(ServerAct::Resume), "resume");
    EXPECT_EQ(in_words(ServerAct::CutOff, ServerName::Verifier), "the verifier was cut off");
    EXPECT_EQ(to_string(ServerAct::RenewCertificate), "renew_certificate");
}

}  // namespace
}  // namespace pushsim::stack::test
