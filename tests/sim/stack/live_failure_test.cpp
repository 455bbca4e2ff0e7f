// Stacks that do not come up: named, with the way out, and nothing left running.

#include <csignal>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>

#include "sim/stack/stack.hpp"
#include "tests/sim/stack/listener.hpp"
#include "tests/sim/stack/live_support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A "Keylime" of shell scripts.
KeylimeInstall stub(const std::filesystem::path& folder, const std::string& verifier,
                    const std::string& registrar) {
    write_program(folder / "bin" / "keylime_verifier", "#!/bin/sh\n" + verifier + "\n");
    write_program(folder / "bin" / "keylime_registrar", "#!/bin/sh\n" + registrar + "\n");
    return *find_keylime(folder.string());
}

TEST(LiveFailure, TakenPortIsNamedWithItsHolder) {
    Place place;
    const Listener listener;
    auto options = place.options();
    options.verifier["port"] = std::to_string(listener.port);
    const auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_FALSE(stack);
    EXPECT_EQ(stack.error().kind, ErrorKind::Stack);
    EXPECT_THAT(stack.error().text(),
                AllOf(HasSubstr(fmt::format("port {} is taken", listener.port)),
                      HasSubstr(fmt::format("process {}", ::getpid())), HasSubstr("mend:")));
    EXPECT_EQ(processes_of(options.folder), 0U);
    EXPECT_TRUE(place.registry.all().empty());
}

/// The first verifier dies, or lives on, as a real one does whose port was taken in between, with tables half
/// made; the next runs.
void expect_started_after_a_lost_port(const std::string& then) {
    Place place;
    auto options = place.options();
    options.folder = place.temporary.path() / std::string(60, 'l') / "stack";
    const auto& real = options.keylime;
    const auto marker = place.temporary.path() / "lost";
    const std::string half_made =
        "python3 -c 'import sqlite3; sqlite3.connect(\"cv_data.sqlite\").execute(\"CREATE TABLE verifiermain "
        "(x)\")'";
    options.keylime.verifier =
        stub(place.temporary.path() / "stub",
             fmt::format("if [ -e {0} ]; then exec {1}; fi\n: >{0}\n{2}\n"
                         "echo 'OSError: [Errno 98] Address already in use'\n{3}",
                         marker.string(), fmt::join(real.verifier, " "), half_made, then),
             "exit 1")
            .verifier;
    const auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_TRUE(stack) << stack.error().text();
    EXPECT_TRUE(std::filesystem::exists(marker));
    const auto record = place.registry.find(options.folder);
    ASSERT_TRUE(record && record->litter.size() == 1);
    EXPECT_EQ(std::filesystem::status(record->litter[0]).permissions(), std::filesystem::perms::owner_all);
}

TEST(LiveFailure, PortLostAfterItWasChosenIsChosenAgain) {
    expect_started_after_a_lost_port("exit 1");
}

TEST(LiveFailure, PortLostByAServerThatLivesOnIsChosenAgain) {
    expect_started_after_a_lost_port("exec sleep 1000");
}

TEST(LiveFailure, BrokenKeylimeIsQuotedAndNothingIsLeft) {
    Place place;
    auto options = place.options();
    options.keylime = stub(place.temporary.path() / "stub",
                           "echo 'Traceback (most recent call last):'\n"
                           "echo '  File \"/keylime/cmd/verifier.py\", line 1, in <module>'\n"
                           "echo 'ImportError: cannot import name brokenness' >&2\nsleep 1000 & exit 1",
                           "exec sleep 1000");
    const auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_FALSE(stack);
    EXPECT_EQ(stack.error().kind, ErrorKind::Stack);
    EXPECT_THAT(stack.error().message,
                AllOf(HasSubstr("the verifier"), HasSubstr("exit status 1"),
                      HasSubstr("ImportError: cannot import name brokenness"), HasSubstr("verifier.log")));
    EXPECT_EQ(processes_of(options.folder), 0U) << "the sleeping registrar and the verifier's child";
    EXPECT_TRUE(place.registry.all().empty());
}

TEST(LiveFailure, ServerThatNeverListensIsGivenUp) {
    Place place;
    auto options = place.options();
    options.keylime =
        stub(place.temporary.path() / "stub", "echo waiting for rain; exec sleep 1000", "exec sleep 1000");
    options.start_limit = std::chrono::milliseconds{300};
    const auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_FALSE(stack);
    EXPECT_THAT(stack.error().message, AllOf(HasSubstr("was not ready"), HasSubstr("waiting for rain")));
    EXPECT_EQ(processes_of(options.folder), 0U);
}

TEST(LiveFailure, AnswerOnThePortIsNotReadinessWithoutTheServersOwnWord) {
    // A real verifier answers there, but what we started does not say that it listens.
    Place place;
    auto options = place.options();
    const std::string real = options.keylime.verifier.front();
    options.keylime.verifier =
        stub(place.temporary.path() / "stub", fmt::format("exec {} >/dev/null 2>&1", real), "exit 1")
            .verifier;
    options.start_limit = std::chrono::seconds{8};
    const auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_FALSE(stack);
    EXPECT_THAT(stack.error().message, HasSubstr("its log does not say that it listens"));
    EXPECT_EQ(processes_of(options.folder), 0U);
}

TEST(LiveFailure, StopWhileStartingIsObeyed) {
    Place place;
    auto options = place.options();
    options.keylime = stub(place.temporary.path() / "stub", "exec sleep 1000", "exec sleep 1000");
    int asked = 0;
    options.stop_asked = [&] { return ++asked > 3; };
    const auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_FALSE(stack);
    EXPECT_EQ(stack.error().kind, ErrorKind::Interrupted);
    EXPECT_EQ(processes_of(options.folder), 0U);
}

TEST(LiveFailure, KilledBeforeItsServersStartTheRecordKnowsTheFolderInTmp) {
    Place place;
    auto options = place.options();
    options.folder = place.temporary.path() / std::string(60, 'l') / "stack";
    const pid_t owner = ::fork();
    ASSERT_GE(owner, 0);
    if (owner == 0) {
        (void)LocalStack::start(options, place.registry, place.clock);
        ::_exit(1);
    }
    // Its folders are there, its keys are being made.
    for (int tries = 0; tries < 10000 && !std::filesystem::exists(options.folder / "tls"); ++tries) {
        wait_for(std::chrono::milliseconds{1});
    }
    ::kill(owner, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(owner, &status, 0), owner);
    const auto left = place.registry.find(options.folder);
    ASSERT_TRUE(left);
    ASSERT_EQ(left->litter.size(), 1U);
    EXPECT_THAT(left->litter[0].string(), testing::StartsWith("/tmp/pushsim-"));
    (void)clean_leftovers(place.registry, place.clock);
    EXPECT_FALSE(std::filesystem::exists(left->litter[0]));
    EXPECT_TRUE(place.registry.all().empty());
}

TEST(LiveFailure, HurryEndsServersThatDoNotListenToSigterm) {
    // Real servers behind a shell that is deaf to SIGTERM: only SIGKILL ends it.
    Place place;
    auto options = place.options();
    const auto deaf =
        stub(place.temporary.path() / "stub",
             fmt::format("trap '' TERM; {}; while :; do sleep 0.1; done", options.keylime.verifier.front()),
             "exit 1");
    options.keylime.verifier = deaf.verifier;
    const auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_TRUE(stack) << stack.error().text();
    int asked = 0;
    ASSERT_TRUE((*stack)->stop([&] { return ++asked > 2; }));
    EXPECT_EQ(asked, 3);
    EXPECT_EQ(processes_of(options.folder), 0U);
}

TEST(LiveFailure, UnreadableCaIsNamed) {
    Place place;
    auto options = place.options();
    options.verifier["tls_dir"] = (place.temporary.path() / "nowhere").string();
    const auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_FALSE(stack);
    EXPECT_EQ(stack.error().kind, ErrorKind::Stack);
    EXPECT_THAT(stack.error().text(), AllOf(HasSubstr("trusted_server_ca"), HasSubstr("nowhere/cacert.crt"),
                                            HasSubstr("mend: give a PEM file")));
    EXPECT_EQ(processes_of(options.folder), 0U);
}

TEST(LiveFailure, CaThatIsNoCertificateIsTheServersOwnError) {
    Place place;
    auto options = place.options();
    const auto folder = place.temporary.path() / "tls";
    for (const char* name :
         {"cacert.crt", "server-cert.crt", "server-private.pem", "client-cert.crt", "client-private.pem"}) {
        write(folder / name, "no PEM at all\n");
    }
    options.verifier["tls_dir"] = folder.string();
    const auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_FALSE(stack);
    EXPECT_EQ(stack.error().kind, ErrorKind::Stack);
    EXPECT_THAT(stack.error().text(), AllOf(HasSubstr("SSL"), HasSubstr("certificate")));
    EXPECT_EQ(processes_of(options.folder), 0U);
}

TEST(LiveFailure, UnwritableFolderIsNamed) {
    Place place;
    auto options = place.options();
    write(place.temporary.path() / "file", "");
    options.folder = place.temporary.path() / "file" / "stack";
    const auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_FALSE(stack);
    EXPECT_EQ(stack.error().kind, ErrorKind::System);
    EXPECT_THAT(stack.error().message, HasSubstr("file/stack"));
}

/// A user namespace in which we are user 1000: whatever root could read stays readable, wherever Keylime
/// lies.
bool become_ordinary_user() {
    if (::unshare(CLONE_NEWUSER) != 0) return false;
    write("/proc/self/setgroups", "deny");
    write("/proc/self/uid_map", "1000 0 1");
    write("/proc/self/gid_map", "1000 0 1");
    return ::geteuid() == 1000;
}

TEST(LiveFailure, OrdinaryUserStartsAStackInALongFolder) {
    // An ordinary user's manager socket is below XDG_RUNTIME_DIR, and a socket's path has 107 octets at most.
    Place place;
    namespace fs = std::filesystem;
    fs::permissions(place.temporary.path(), fs::perms::all);
    auto options = place.options();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (::geteuid() == 0 && !become_ordinary_user()) ::_exit(10);
        ::setenv("HOME", "/nonexistent", 1);
        auto registry = Registry::open(place.temporary.path() / "own" / "registry");
        if (!registry) ::_exit(11);
        options.folder = place.temporary.path() / "own" / std::string(60, 'l') / "stack";
        auto stack = LocalStack::start(options, *registry, place.clock);
        if (!stack) {
            write(place.temporary.path() / "error", stack.error().text());
            ::_exit(12);
        }
        if (!Tenant((*stack)->address(), place.clock).list().result) ::_exit(13);
        const bool stopped = (*stack)->stop().has_value();
        ::_exit(stopped && processes_of(options.folder) == 0 ? 0 : 14);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << read(place.temporary.path() / "error");
}

}  // namespace
}  // namespace pushsim::stack::test
