// Real servers that are stopped, killed, paused and started again while their stack lives.

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sim/stack/admin_client.hpp"
#include "sim/stack/postgresql.hpp"
#include "sim/stack/stack.hpp"
#include "sim/stack/workers.hpp"
#include "tests/sim/stack/live_support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

class LiveActs : public testing::Test {
  protected:
    void start(const LocalStackOptions& options) {
        auto started = LocalStack::start(options, place_.registry, place_.clock);
        if (!started) throw std::runtime_error(started.error().text());
        stack_ = std::move(*started);
    }
    void act(ServerAct what, ServerName name) {
        const auto done = stack_->act(what, name);
        ASSERT_TRUE(done) << in_words(what, name) << ": " << done.error().text();
        EXPECT_EQ(stack_->poll(), std::nullopt) << in_words(what, name);
    }
    bool verifier_answers() const {
        return Tenant(stack_->address(), place_.clock).list().result.has_value();
    }
    bool registrar_answers() const {
        return Tenant(stack_->address(), place_.clock).list_registered().result.has_value();
    }
    bool enrol(const std::string& id) const {
        protocol::Enrolment enrolment;
        enrolment.ak_public = Bytes(284, 0x01);  // any key does, as long as nobody authenticates
        enrolment.tpm_policy = protocol::tpm_policy_text({{0, {std::string(64, '0')}}});
        return Tenant(stack_->address(), place_.clock).enrol(id, enrolment).result.has_value();
    }
    /// Within a time that a server that runs never needs; one that is paused has for ever.
    bool verifier_answers_at_once() const {
        const auto& address = stack_->address();
        AdminClient client(address.verifier,
                           TlsIdentity{.ca_file = address.ca_file, .certificate = {}, .key = {}},
                           place_.clock, std::chrono::milliseconds{500});
        return client.exchange({.method = "GET", .target = "/version", .headers = {}, .body = {}})
            .outcome.response.has_value();
    }

    Place place_;
    std::unique_ptr<LocalStack> stack_;
};

TEST_F(LiveActs, ServersComeBackAsTheyWere) {
    start(place_.options());
    ASSERT_TRUE(enrol("survivor"));

    act(ServerAct::Stop, ServerName::Verifier);
    EXPECT_FALSE(verifier_answers());
    EXPECT_TRUE(registrar_answers());
    act(ServerAct::Start, ServerName::Verifier);
    EXPECT_THAT(*Tenant(stack_->address(), place_.clock).list().result, testing::ElementsAre("survivor"));

    act(ServerAct::Pause, ServerName::Verifier);
    EXPECT_FALSE(verifier_answers_at_once());
    act(ServerAct::Resume, ServerName::Verifier);
    EXPECT_TRUE(verifier_answers());

    act(ServerAct::Kill, ServerName::Registrar);
    EXPECT_FALSE(registrar_answers());
    EXPECT_TRUE(verifier_answers());
    act(ServerAct::Restart, ServerName::Registrar);
    EXPECT_TRUE(registrar_answers());

    ::kill(stack_->pid(ServerName::Registrar).value(), SIGKILL);
    std::optional<Error> died;
    for (int tries = 0; tries < 100 && !(died = stack_->poll()); ++tries)
        wait_for(std::chrono::milliseconds{100});
    ASSERT_TRUE(died);
    EXPECT_THAT(died->message, HasSubstr("the registrar"));

    ASSERT_TRUE(stack_->act(ServerAct::Pause, ServerName::Verifier));
    const auto folder = stack_->folder();
    ASSERT_TRUE(stack_->stop());
    EXPECT_EQ(processes_of(folder), 0U);
}

TEST_F(LiveActs, ServerStartedWithANewCertificateShowsItAndIsTrustedAsBefore) {
    start(place_.options());
    const auto shown = [&] {
        const auto& at = stack_->address().verifier;
        const std::string command = fmt::format(
            "openssl s_client -connect {} </dev/null 2>/dev/null | openssl x509 -noout -serial", at.text());
        const std::unique_ptr<FILE, int (*)(FILE*)> said(::popen(command.c_str(), "r"), &::pclose);
        std::array<char, 256> text{};
        return std::string(std::fgets(text.data(), text.size(), said.get()) == nullptr ? "" : text.data());
    };
    const std::string before = shown();
    ASSERT_THAT(before, testing::StartsWith("serial="));
    const auto how = stack_->act_on(ServerAct::RenewCertificate, ServerName::Verifier);
    ASSERT_TRUE(how) << how.error().text();
    EXPECT_NE(shown(), before);
    EXPECT_EQ(*how + "\n", "its certificate has the serial " + shown().substr(7));
    EXPECT_TRUE(verifier_answers());
    EXPECT_TRUE(registrar_answers());
}

TEST_F(LiveActs, WhatAnOwnerStartedAnewAndPausedIsEndedAfterItWasKilled) {
    auto options = place_.options();
    options.databases = Databases::Postgresql;
    const pid_t owner = ::fork();
    ASSERT_GE(owner, 0);
    if (owner == 0) {
        auto stack = LocalStack::start(options, place_.registry, place_.clock);
        if (!stack || !(*stack)->act(ServerAct::Restart, ServerName::Verifier) ||
            !(*stack)->act(ServerAct::Pause, ServerName::Verifier) ||
            !(*stack)->act(ServerAct::Pause, ServerName::Database)) {
            ::_exit(1);
        }
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(owner, &status, 0), owner);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the acts failed in the child";
    const auto record = place_.registry.find(options.folder);
    ASSERT_TRUE(record);
    EXPECT_THAT(std::ranges::count_if(record->groups, is_stopped), testing::Ge(2 + 5))
        << "the verifier that was started last, the database, and what that started";

    ASSERT_EQ(clean_leftovers(place_.registry, place_.clock).size(), 1U);
    EXPECT_EQ(processes_of(options.folder), 0U);
    EXPECT_THAT(record->groups, testing::Each(testing::ResultOf(is_running, false)));
    EXPECT_FALSE(std::filesystem::exists(record->litter.back()));
}

TEST_F(LiveActs, VerifierInPullModeIsReadyAndComesBack) {
    auto options = place_.options();
    options.verifier["mode"] = "pull";
    start(options);
    EXPECT_TRUE(verifier_answers());
    act(ServerAct::Restart, ServerName::Verifier);
    EXPECT_TRUE(verifier_answers());
}

TEST_F(LiveActs, DatabaseOfItsOwnIsStoppedPausedAndStartedAgain) {
    auto options = place_.options();
    options.databases = Databases::Postgresql;
    ASSERT_EQ(why_no_postgresql(options.keylime), std::nullopt);
    start(options);
    const auto folder = stack_->folder();
    const pid_t postmaster = stack_->pid(ServerName::Database).value();
    if (::geteuid() == 0) {
        struct stat owner {};
        ASSERT_EQ(::stat(fmt::format("/proc/{}", postmaster).c_str(), &owner), 0);
        EXPECT_NE(owner.st_uid, 0U);
    }
    EXPECT_THAT(read(folder / "etc" / "verifier.conf"), HasSubstr("@/verifier?host=/tmp/pushsim-"));
    EXPECT_THAT(read(folder / "etc" / "registrar.conf"), HasSubstr("@/registrar?host=/tmp/pushsim-"));
    EXPECT_FALSE(std::filesystem::exists(folder / "run" / "cv_data.sqlite"));
    EXPECT_EQ(stack_->address().verifier_database, std::nullopt);
    ASSERT_TRUE(enrol("survivor"));

    // Its own processes are sessions of their own.
    act(ServerAct::Pause, ServerName::Database);
    const auto paused = children_of(postmaster);
    EXPECT_THAT(paused, testing::SizeIs(testing::Ge(5U)));
    EXPECT_THAT(paused, testing::Each(testing::ResultOf(is_stopped, true)));
    EXPECT_EQ(place_.registry.find(folder)->groups.size(), 3 + paused.size());
    act(ServerAct::Resume, ServerName::Database);
    EXPECT_TRUE(verifier_answers());
    EXPECT_EQ(place_.registry.find(folder)->groups.size(), 3U);

    act(ServerAct::Stop, ServerName::Database);
    EXPECT_THAT(read(folder / "database.log"), HasSubstr("database system is shut down"));
    EXPECT_FALSE(verifier_answers());
    act(ServerAct::Start, ServerName::Database);
    act(ServerAct::Restart, ServerName::Verifier);
    EXPECT_THAT(*Tenant(stack_->address(), place_.clock).list().result, testing::ElementsAre("survivor"));

    const auto killed = children_of(stack_->pid(ServerName::Database).value());
    act(ServerAct::Kill, ServerName::Database);
    EXPECT_THAT(killed, testing::Each(testing::ResultOf(is_running, false)));
    act(ServerAct::Start, ServerName::Database);
    EXPECT_THAT(read(folder / "database.log"), HasSubstr("was not properly shut down"));

    const auto cluster = fmt::format("/tmp/pushsim-{}-database", place_.registry.find(folder)->id);
    EXPECT_THAT(place_.registry.find(folder)->litter, testing::Contains(cluster));
    EXPECT_EQ(std::filesystem::status(cluster).permissions(), std::filesystem::perms::owner_all);
    act(ServerAct::Pause, ServerName::Database);
    const auto last = children_of(stack_->pid(ServerName::Database).value());
    ASSERT_TRUE(stack_->stop());
    EXPECT_EQ(processes_of(folder), 0U);
    EXPECT_THAT(last, testing::Each(testing::ResultOf(is_running, false)));
    EXPECT_FALSE(std::filesystem::exists(cluster));
}

TEST_F(LiveActs, MoreWorkersThanProcessorsRunAlsoAfterARestart) {
    auto options = place_.options();
    const int workers = processors() + 2;
    options.workers = workers;
    start(options);
    EXPECT_THAT(stack_->address().changed_start, HasSubstr(fmt::format("{} workers", workers)));
    for (const bool again : {false, true}) {
        if (again) act(ServerAct::Restart, ServerName::Verifier);
        // The parent, the manager of what workers share, and the workers.
        const auto wanted = static_cast<std::size_t>(workers) + 2;
        const pid_t verifier = stack_->pid(ServerName::Verifier).value();
        for (int tries = 0; tries < 500 && group_members(verifier).size() < wanted; ++tries)
            wait_for(std::chrono::milliseconds{20});
        EXPECT_THAT(group_members(verifier), testing::SizeIs(wanted));
        EXPECT_TRUE(verifier_answers());
    }
}

}  // namespace
}  // namespace pushsim::stack::test
