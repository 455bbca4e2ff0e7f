// Real servers: start, watch, stop, keep.

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "sim/stack/server_log.hpp"
#include "sim/stack/stack.hpp"
#include "tests/sim/stack/live_support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

TEST(LiveStack, StartsAnswersAndStopsWithoutARest) {
    Place place;
    auto options = place.options();
    std::vector<std::vector<pid_t>> told;
    options.groups_changed = [&](auto groups) { told.emplace_back(groups.begin(), groups.end()); };
    auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_TRUE(stack) << stack.error().text();
    const auto folder = (*stack)->folder();
    const StackAddress address = (*stack)->address();
    EXPECT_EQ((*stack)->poll(), std::nullopt);
    EXPECT_GE(processes_of(folder), 2U);
    EXPECT_THAT(address.api_version, testing::StartsWith("2."));
    EXPECT_EQ(address.keylime_version, keylime().version);
    EXPECT_TRUE(check_readable(address.ca_file, "CA"));
    EXPECT_TRUE(check_readable(*address.verifier_database, "database"));
    EXPECT_THAT(read(*address.verifier_log), HasSubstr(" Listening on "));
    EXPECT_EQ(std::filesystem::status(folder / "etc").permissions(), std::filesystem::perms::owner_all);
    const auto record = place.registry.find(folder);
    ASSERT_TRUE(record);
    ASSERT_EQ(record->groups.size(), 2U);
    const pid_t verifier = record->groups[0].pid;
    const pid_t registrar = record->groups[1].pid;

    Tenant tenant(address, place.clock);
    const auto list = tenant.list();
    ASSERT_TRUE(list.result) << list.result.error().text();
    EXPECT_TRUE(list.result->empty());
    EXPECT_EQ(list.call.outcome.response->status, 200);

    ASSERT_TRUE((*stack)->stop());
    ASSERT_TRUE((*stack)->stop());
    EXPECT_EQ(processes_of(folder), 0U);
    EXPECT_EQ(place.registry.all().size(), 0U);
    EXPECT_EQ((*stack)->poll(), std::nullopt) << "stopped on purpose";
    // Before it there may be tries whose ports somebody else took.
    ASSERT_GE(told.size(), 3U);
    told.erase(told.begin(), told.end() - 3);
    EXPECT_THAT(told, testing::ElementsAre(testing::ElementsAre(verifier),
                                           testing::ElementsAre(verifier, registrar), testing::IsEmpty()));
    RecordProperty(
        "start_milliseconds",
        static_cast<int>(
            std::chrono::duration_cast<std::chrono::milliseconds>((*stack)->start_time()).count()));
}

TEST(LiveStack, TwoRunSideBySide) {
    Place place;
    auto one = LocalStack::start(place.options("one"), place.registry, place.clock);
    ASSERT_TRUE(one) << one.error().text();
    auto two = LocalStack::start(place.options("two"), place.registry, place.clock);
    ASSERT_TRUE(two) << two.error().text();
    EXPECT_NE((*one)->address().verifier.port, (*two)->address().verifier.port);

    // Each knows its own CA alone: the tenant of one is nobody at the other.
    StackAddress mixed = (*one)->address();
    mixed.verifier = (*two)->address().verifier;
    Tenant stranger(mixed, place.clock);
    const auto refused = stranger.list();
    ASSERT_FALSE(refused.result);
    EXPECT_EQ(refused.call.outcome.failure->kind, transport::FailureKind::Certificate);

    ASSERT_TRUE((*one)->stop());
    EXPECT_EQ((*two)->poll(), std::nullopt);
    EXPECT_TRUE(Tenant((*two)->address(), place.clock).list().result);
}

TEST(LiveStack, RunsWithKeylimesOwnCertificates) {
    Place place;
    auto options = place.options();
    options.certificates = Certificates::Keylime;
    auto stack = LocalStack::start(options, place.registry, place.clock);
    ASSERT_TRUE(stack) << stack.error().text();
    Tenant tenant((*stack)->address(), place.clock);
    EXPECT_TRUE(tenant.list().result);
    EXPECT_TRUE(tenant.list_registered().result);
}

TEST(LiveStack, KilledVerifierIsNoticedWithinASecondAndNothingIsLeft) {
    Place place;
    auto stack = LocalStack::start(place.options(), place.registry, place.clock);
    ASSERT_TRUE(stack) << stack.error().text();
    const auto folder = (*stack)->folder();
    ::kill((*stack)->pid(ServerName::Verifier).value(), SIGKILL);
    std::optional<Error> died;
    for (int tries = 0; tries < 10 && !died; ++tries) {
        wait_for(std::chrono::milliseconds{100});
        died = (*stack)->poll();
    }
    ASSERT_TRUE(died);
    EXPECT_EQ(died->kind, ErrorKind::Stack);
    EXPECT_THAT(died->message, HasSubstr("the verifier"));
    EXPECT_THAT(died->message, HasSubstr("signal 9"));
    ASSERT_TRUE((*stack)->stop());
    EXPECT_EQ(processes_of(folder), 0U);
}

TEST(LiveStack, WhatAKilledOwnerLeftIsEndedByTheNextStart) {
    Place place;
    const auto options = place.options();
    const pid_t owner = ::fork();
    ASSERT_GE(owner, 0);
    if (owner == 0) {
        auto stack = LocalStack::start(options, place.registry, place.clock);
        if (!stack) ::_exit(1);
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(owner, &status, 0), owner);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the stack did not start in the child";
    ASSERT_GE(processes_of(options.folder), 2U);

    const auto cleaned = clean_leftovers(place.registry, place.clock);
    ASSERT_EQ(cleaned.size(), 1U);
    EXPECT_EQ(cleaned[0].owner, owner);
    EXPECT_GE(cleaned[0].ended_processes, 2U);
    EXPECT_THAT(cleaned[0].survivors, testing::IsEmpty());
    EXPECT_EQ(processes_of(options.folder), 0U);
    EXPECT_TRUE(place.registry.all().empty());
}

TEST(LiveStack, AStackThatWasBroughtUpOutlivesItsOwnerUntilItIsBroughtDown) {
    Place place;
    const auto options = place.options();
    const pid_t owner = ::fork();
    ASSERT_GE(owner, 0);
    if (owner == 0) ::_exit(stack_up(options, place.registry, place.clock) ? 0 : 1);
    int status = 0;
    ASSERT_EQ(::waitpid(owner, &status, 0), owner);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);

    EXPECT_TRUE(clean_leftovers(place.registry, place.clock).empty());
    const auto up = stack_status(place.registry, place.clock);
    ASSERT_EQ(up.size(), 1U);
    EXPECT_EQ(up[0].word(), "up");
    EXPECT_THAT(LogReader(up[0].record.address.registrar_log.value()).last(5), testing::SizeIs(5));
    const auto again = stack_up(options, place.registry, place.clock);
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().message, HasSubstr("already runs"));

    const auto down = stack_down(place.registry, options.folder, place.clock);
    ASSERT_TRUE(down) << down.error().text();
    EXPECT_EQ(down->size(), 1U);
    EXPECT_EQ(processes_of(options.folder), 0U);
    EXPECT_TRUE(stack_status(place.registry, place.clock).empty());
}

}  // namespace
}  // namespace pushsim::stack::test
