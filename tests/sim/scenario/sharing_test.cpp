// What keeps scenarios apart, and what the next one could meet.

#include "sim/scenario/sharing.hpp"

#include <ostream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> left_by(const Parts& parts) {
    std::vector<std::string> what;
    for (const LeftBehind& one : leaves_behind(read(parts)))
        what.push_back(one.what);
    return what;
}
Parts group(const std::string& text) {
    return {.agents = "agents: { a: " + text + " }"};
}
Parts script(const std::string& text) {
    return {.script = "script: [ " + text + " ]"};
}
Parts verifier(const std::string& options) {
    return {.more = "stack: { verifier: { " + options + " } }"};
}

TEST(Sharing, HonestAgentsLeaveNothingAndShareTheirStack) {
    EXPECT_THAT(leaves_behind(read(Parts{})), IsEmpty());
    EXPECT_EQ(why_alone(read(Parts{})), std::nullopt);
    EXPECT_THAT(tell_sharing(read(Parts{})), IsEmpty());
    EXPECT_THAT(left_by(group("{ count: 49 }")), IsEmpty());
    EXPECT_THAT(left_by(group("{ count: 200, source: own }")), IsEmpty());
    EXPECT_THAT(left_by(script("attest, request: { by: admin, path: /v2.6/agents/ }")), IsEmpty());
    EXPECT_THAT(left_by(script("request: { method: POST, path: /v3.0/sessions, times: 30 }, attest")),
                IsEmpty());
    EXPECT_THAT(left_by(verifier("session_create_rate_limit_per_ip: 1000")), IsEmpty());
}

TEST(Sharing, IdsThatComeAgainAndPoliciesWithANameAreLeftBehind) {
    EXPECT_THAT(left_by(group("{ id: \"web-{n}\", count: 2 }")), ElementsAre("agents with the id web-{n}"));
    EXPECT_THAT(left_by(group("{ id: hash_ek, tpm: \"swtpm:port=2321\" }")),
                ElementsAre("agents of a with the ids of their EKs"));
    const Parts named = group(
        "{ boot: { ima: { entries: 1 } }, enrol: { runtime_policy: from_boot, "
        "runtime_policy_name: web } }");
    EXPECT_THAT(left_by(named), ElementsAre("the IMA policy called web"));
    Parts changed = named;
    changed.script =
        "script: [ attest, { change_policy: { runtime_policy_name: web, runtime_policy: { from_boot: a } } } "
        "]";
    EXPECT_THAT(left_by(changed), ElementsAre("the IMA policy called web")) << "it is told once";
}

TEST(Sharing, WhatAnAdministratorOrAnybodyAtTheRegistrarSendsIsLeftBehind) {
    EXPECT_THAT(left_by(script("attest, request: { by: admin, method: DELETE, path: /v2.6/allowlists/x }")),
                ElementsAre("what its DELETE /v2.6/allowlists/x does"));
    EXPECT_THAT(
        left_by(script("attest, repeat: { times: 2, steps: [ request: { to: registrar_http, method: POST, "
                       "path: /v2.6/agents/x } ] }")),
        ElementsAre("what its POST /v2.6/agents/x does"));
}

TEST(Sharing, SessionsFromOneAddressAddUp) {
    const auto load = [](const Parts& parts) { return address_load(read(parts)); };
    EXPECT_EQ(load(group("{ count: 30 }")).of_shared, 30U);
    EXPECT_EQ(load(group("{ count: 30, source: own }")).of_shared, 0U);
    EXPECT_EQ(load(group("{ count: 30, source: own }")).of_own, 1U) << "each has an address of its own";
    for (const std::string begins_again : {"restart_agent", "reboot", "restore_tpm"})
        EXPECT_EQ(load(script("repeat: { times: 3, steps: [ " + begins_again + ", attest ] }")).of_shared,
                  4U);
    EXPECT_EQ(load(script("repeat: { times: 3, steps: [ suspend, clear_tpm, attest ] }")).of_shared, 1U);
    const Scenario thirty = read(group("{ count: 30 }"));
    EXPECT_FALSE(reaches_the_limit(address_load(thirty), thirty));
    EXPECT_TRUE(reaches_the_limit(address_load(thirty) + address_load(thirty), thirty));
}

TEST(Sharing, SoAreBlocksOfTheRateLimiter) {
    const auto blocks = ElementsAre("what the verifier's rate limiter has counted");
    EXPECT_THAT(left_by(verifier("session_create_rate_limit_per_agent: 3")), blocks);
    EXPECT_THAT(left_by(verifier("session_create_rate_limit_per_ip: 3")), blocks);
    EXPECT_THAT(left_by(group("{ count: 50 }")), blocks);
    EXPECT_THAT(left_by(script("repeat: { times: 49, steps: [ authenticate ] }, attest")), blocks);
    EXPECT_THAT(left_by(script("request: { method: POST, path: /v3.0/sessions, times: 49 }, attest")),
                blocks);
}

TEST(Sharing, AStackOnWhoseServersAScriptActsIsItsOwn) {
    EXPECT_EQ(why_alone(read(script("attest, { kill: verifier }"))), "its script acts on servers");
    EXPECT_EQ(why_alone(read(script("together: [ attest, { restart: verifier } ]"))),
              "its script acts on servers");
    EXPECT_EQ(why_alone(read(Parts{.more = "intermittent: { tries: 2 }"})),
              "each of its tries begins with new ones");
    EXPECT_EQ(why_alone(read(Parts{.more = "stack: { fresh: true }"})), "it says `fresh: true`");
}

TEST(Sharing, IsTold) {
    EXPECT_THAT(tell_sharing(read(script("attest, { kill: verifier }"))),
                ElementsAre("The servers are shared with no other scenario: its script acts on servers."));
    EXPECT_THAT(tell_sharing(read(group("{ id: node-17 }"))),
                ElementsAre("No other scenario comes after it on the same servers, where it leaves agents "
                            "with the id node-17."));
}

}  // namespace
}  // namespace pushsim::scenario
