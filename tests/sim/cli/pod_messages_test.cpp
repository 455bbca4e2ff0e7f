// What a run and its shards say to each other.

#include "sim/cli/pod_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

ShardSetup a_setup() {
    ShardSetup setup;
    setup.shard = {1, 3};
    setup.plan = "plan: 1\n";
    setup.id_seed = 0xFFFFFFFFFFFFFFFF;
    setup.attempt = history::Try{2, 5};
    setup.hosts = {"node", "gateway"};
    setup.verifier = {"127.0.0.1", 30881};
    setup.ca = "-----BEGIN CERTIFICATE-----\n";
    setup.api_version = "2.6";
    setup.limit = std::chrono::minutes{10};
    setup.max_in_flight = 7;
    return setup;
}

TEST(PodMessages, ASetupComesAsItWent) {
    const auto read = parse_setup(to_line(a_setup()));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(to_line(*read), to_line(a_setup()));
    EXPECT_EQ(read->id_seed, 0xFFFFFFFFFFFFFFFF);
    EXPECT_EQ(read->attempt, (history::Try{2, 5}));
}

TEST(PodMessages, WhatIsNoSetupIsRefused) {
    for (const char* text : {"", "{}", "[]", R"({"shard":3,"shards":3})"})
        EXPECT_FALSE(parse_setup(text)) << text;
}

TEST(PodMessages, ExchangesComeAsTheyWent) {
    const HttpRequest request{"POST", "/v2.6/agents/x", {{"A", "1"}, {"a", "2"}}, std::string("\0\xFF", 2)};
    const HttpRequest read = request_from(to_json(request));
    EXPECT_EQ(read.target, request.target);
    EXPECT_EQ(read.headers, request.headers);
    EXPECT_EQ(read.body, request.body);

    transport::Outcome outcome;
    outcome.response = HttpResponse{409, {{"X", "y"}}, "body"};
    outcome.timings.total = milliseconds{3};
    transport::Outcome back = outcome_from(to_json(outcome));
    EXPECT_EQ(back.response->status, 409);
    EXPECT_EQ(back.response->body, "body");
    EXPECT_EQ(back.timings.total, milliseconds{3});
    outcome.response.reset();
    outcome.failure = transport::Failure{transport::FailureKind::Timeout, "late"};
    back = outcome_from(to_json(outcome));
    EXPECT_EQ(back.failure->kind, transport::FailureKind::Timeout);
    EXPECT_EQ(back.failure->message, "late");
}

TEST(PodMessages, AShardAsksTheTenantForItsOwnAgentsAlone) {
    const std::vector<std::string> ids{"mine"};
    EXPECT_TRUE(may_ask({"POST", "/v2.6/agents/mine", {}, ""}, ids));
    EXPECT_TRUE(may_ask({"DELETE", "/v2.6/agents/mine", {}, ""}, ids));
    EXPECT_TRUE(may_ask({"GET", "/v3.0/agents/mine/attestations/1", {}, ""}, ids));
    EXPECT_TRUE(may_ask({"GET", "/version", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"DELETE", "/v2.6/agents/yours", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"POST", "/v2.6/agents/mine2", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"DELETE", "/v2.6/agents/", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"PUT", "/v2.6/allowlists/web", {}, ""}, ids));
}

TEST(ClockOffset, TheQuickestQuestionDecides) {
    const auto offset =
        offset_of({{milliseconds{40}, milliseconds{30}}, {milliseconds{12}, milliseconds{2}}});
    EXPECT_EQ(offset.certain(), milliseconds{12});
}

TEST(ClockOffset, WhatMayBeTheMeasuringIsNone) {
    EXPECT_EQ((ClockOffset{milliseconds{-2}, milliseconds{3}}.certain()), Duration::zero());
    EXPECT_EQ((ClockOffset{-hours{1}, milliseconds{3}}.certain()), -hours{1});
}

TEST(ClockOffset, IsSaidInWords) {
    EXPECT_EQ(text_of({milliseconds{1}, milliseconds{3}}), "its clock is ours (±3ms)");
    EXPECT_EQ(text_of({hours{1}, milliseconds{3}}), "its clock is 1h ahead (±3ms)");
    EXPECT_EQ(text_of({-milliseconds{90}, milliseconds{3}}), "its clock is 90ms behind (±3ms)");
}

}  // namespace
}  // namespace pushsim::cli
