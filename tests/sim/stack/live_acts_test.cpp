// Real servers that are stopped, killed, paused and started again while their stack lives.

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "sim/stack/admin_client.hpp"
#include "sim/stack/stack.hpp"
#include "tests/sim/stack/live_support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

class LiveActs : public testing::Test {
  protected:
    void start(const LocalStackOptions& options) {
        auto started = LocalStack::start(options, place_.registry, place_.clock);
        ASSERT_TRUE(started) << started.error().text();
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
    const StackAddress before = stack_->address();
    protocol::Enrolment enrolment;
    enrolment.ak_public = Bytes(284, 0x01);  // any key does, as long as nobody authenticates
    enrolment.tpm_policy = protocol::tpm_policy_text({{0, {std::string(64, '0')}}});
    ASSERT_TRUE(Tenant(before, place_.clock).enrol("survivor", enrolment).result);

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

TEST_F(LiveActs, WhatAnOwnerStartedAnewAndPausedIsEndedAfterItWasKilled) {
    const auto options = place_.options();
    const pid_t owner = ::fork();
    ASSERT_GE(owner, 0);
    if (owner == 0) {
        auto stack = LocalStack::start(options, place_.registry, place_.clock);
        if (!stack || !(*stack)->act(ServerAct::Restart, ServerName::Verifier) ||
            !(*stack)->act(ServerAct::Pause, ServerName::Verifier)) {
            ::_exit(1);
        }
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(owner, &status, 0), owner);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the acts failed in the child";
    const auto record = place_.registry.find(options.folder);
    ASSERT_TRUE(record);
    ASSERT_EQ(record->groups.size(), 2U);
    EXPECT_TRUE(is_stopped(record->groups.back())) << "the verifier that was started last";

    ASSERT_EQ(clean_leftovers(place_.registry, place_.clock).size(), 1U);
    EXPECT_EQ(processes_of(options.folder), 0U);
}

TEST_F(LiveActs, VerifierInPullModeIsReadyAndComesBack) {
    auto options = place_.options();
    options.verifier["mode"] = "pull";
    start(options);
    EXPECT_TRUE(verifier_answers());
    act(ServerAct::Restart, ServerName::Verifier);
    EXPECT_TRUE(verifier_answers());
}

}  // namespace
}  // namespace pushsim::stack::test
