// What faults put on the wire: scenarios played as always, with faults in their steps.

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/stand_in/played_fault.hpp"

namespace pushsim::stand_in {
namespace {

using namespace std::chrono_literals;
using history::ExchangeSeen;
using history::ScenarioEnd;
using scenario::Fault;
using scenario::FaultKind;
using scenario::StepKind;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const std::string kReady = "  - authenticate: [a, b]\n";
const std::string kAttest = "  - attest: a\n";

// Order.

TEST_F(PlayedFault, WithoutAFaultThereIsOneOfEachRequest) {
    play(kReady + kAttest, {});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202"));
    EXPECT_THAT(effects(), IsEmpty());
}

TEST_F(PlayedFault, SkipNegotiationSubmitsForTheLastAttestationOrForIndex0) {
    play(kReady + kAttest, {{.kind = FaultKind::SkipNegotiation}});
    EXPECT_THAT(course(), ElementsAre("submit 202"));
    EXPECT_THAT(exchanges("submit").at(0).target, testing::EndsWith("/attestations/0"));
    EXPECT_THAT(exchanges("submit").at(0).request.body, HasSubstr("evidence_collected"));
}

TEST_F(PlayedFault, SkipNegotiationGoesOnWithWhatWasNegotiatedBefore) {
    play("  - attest: {agents: a, times: 2}\n" + kAttest, {{.kind = FaultKind::SkipNegotiation}});
    EXPECT_THAT(course(), ElementsAre("submit 403"));
    EXPECT_THAT(exchanges("submit").at(0).target, testing::EndsWith("/attestations/1"));
    EXPECT_THAT(effects(), ElementsAre("skip_negotiation: does not negotiate"));
}

TEST_F(PlayedFault, OldAndFutureIndexSubmitToTheNeighbour) {
    play(kAttest + kAttest, {{.kind = FaultKind::OldIndex}});
    EXPECT_EQ(exchanges("submit").at(0).index, 0);
    EXPECT_EQ(exchanges("negotiate").at(0).index, 1);
    EXPECT_THAT(effects(), ElementsAre("old_index: submits to attestation 0, not 1"));
}

TEST_F(PlayedFault, FutureIndexSubmitsToTheNext) {
    play(kAttest, {{.kind = FaultKind::FutureIndex}});
    EXPECT_EQ(exchanges("submit").at(0).index, 1);
}

TEST_F(PlayedFault, ToLatestSubmitsToTheWord) {
    play(kAttest, {{.kind = FaultKind::ToLatest}});
    EXPECT_THAT(exchanges("submit").at(0).target.view(), testing::EndsWith("/attestations/latest"));
    EXPECT_THAT(effects(), ElementsAre("to_latest: submits to attestation latest, not 0"));
}

TEST_F(PlayedFault, OldIndexOfTheFirstAttestationIsAnErrorOfTheScenario) {
    const auto end = play(kAttest, {{.kind = FaultKind::OldIndex}});
    EXPECT_EQ(end.ending, ScenarioEnd::Ending::Failed);
    EXPECT_THAT(end.reason, HasSubstr("fault old_index: the attestation is the agent's first"));
    EXPECT_THAT(exchanges("submit"), IsEmpty());
}

TEST_F(PlayedFault, DuplicateSubmitIsTheSameRequestAgainOnTheSameConnection) {
    play(kAttest, {{.kind = FaultKind::DuplicateSubmit}});
    const auto sent = exchanges("submit");
    ASSERT_THAT(sent, SizeIs(2));
    EXPECT_EQ(sent[0].status, 202);
    EXPECT_EQ(sent[1].status, 403);
    EXPECT_EQ(sent[1].code, "evidence_immutable");
    EXPECT_EQ(sent[0].request.sha256, sent[1].request.sha256);
    EXPECT_EQ(sent[0].request_id, sent[1].request_id);
    EXPECT_EQ(sent[1].attempt, 2);
    EXPECT_TRUE(sent[1].reused);
    EXPECT_GE(sent[1].start, sent[0].start + sent[0].total);
    const auto cycles = of<history::Cycle>();
    ASSERT_THAT(cycles, SizeIs(1)) << "the first answer is what the agent goes by";
    EXPECT_EQ(cycles[0].ending, "reached");
    EXPECT_EQ(cycles[0].status, 202);
}

TEST_F(PlayedFault, ConcurrentSubmitIsOnConnectionsOfItsOwn) {
    play(kAttest, {{.kind = FaultKind::ConcurrentSubmit, .count = 4}});
    const auto sent = exchanges("submit");
    ASSERT_THAT(sent, SizeIs(4));
    for (const auto& one : sent) {
        EXPECT_FALSE(one.reused);
        EXPECT_TRUE(one.phases->tls.has_value());
        EXPECT_FALSE(one.request.sha256.empty());
        EXPECT_EQ(one.request.sha256, sent[0].request.sha256);
        for (const auto& other : sent)
            EXPECT_LT(one.start, other.start + other.total) << "they overlap";
    }
    EXPECT_EQ(std::ranges::count(sent, 202, &ExchangeSeen::status), 1);
    EXPECT_EQ(of<history::Cycle>().at(0).ending, "reached") << "a success is gone on with";
}

TEST_F(PlayedFault, ConcurrentNegotiateGoesOnWithTheHighestIndex) {
    play(kAttest, {{.kind = FaultKind::ConcurrentNegotiate, .count = 3}});
    ASSERT_THAT(exchanges("negotiate"), SizeIs(3));
    ASSERT_THAT(exchanges("submit"), SizeIs(1));
    EXPECT_EQ(exchanges("submit")[0].index, 2);
    EXPECT_EQ(of<history::Cycle>().at(0).index, 2);
}

TEST_F(PlayedFault, NeverSubmitEndsTheCycleAfterCollect) {
    play(kReady + kAttest, {{.kind = FaultKind::NeverSubmit}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201"));
    ASSERT_THAT(of<history::TpmOperation>(), SizeIs(2));
    EXPECT_EQ(of<history::TpmOperation>()[1].operation, "quote");
    EXPECT_EQ(of<history::Cycle>().at(0).phase, "collect");
    EXPECT_EQ(of<history::Cycle>().at(0).ending, "reached");
}

TEST_F(PlayedFault, ResubmitAfterVerdictWaitsForIt) {
    play(kAttest, {{.kind = FaultKind::ResubmitAfterVerdict}});
    const auto sent = exchanges("submit");
    ASSERT_THAT(sent, SizeIs(2));
    EXPECT_EQ(sent[0].request.sha256, sent[1].request.sha256);
    EXPECT_EQ(sent[1].code, "evidence_immutable");
    // The first reading is not decided, and the next comes 50 ms later.
    EXPECT_GE(sent[1].start, sent[0].start + sent[0].total + 50ms);
}

TEST_F(PlayedFault, AnEarlyEndPutsDownEachOfSeveralThatAreUnderWay) {
    const Process silent("PATCH */attestations/*");
    Staged staged(silent, &pool_, folder_.path());
    auto scenario = staged.load(
        "scenario: faulty\ntitle: T\nagents: {a: {count: 2, ak: primary, enrol: false}}\nscript:\n"
        "  - attest: a\nexpect: [accounted]\n");
    scenario.script.back().faults = {{.kind = FaultKind::ConcurrentSubmit, .count = 3}};
    last_step_ = 1;
    const core::SystemClock clock;
    const auto end = staged.play(scenario, {.interrupted = [&] { return taken(silent, clock) == 6; }});
    EXPECT_EQ(end.agents, "2 agents: 2 with an exchange under way (given up: failed in transit)");
    history_ = history::read_history(staged.file()).value();
    for (const std::string agent : {"a[0]", "a[1]"}) {
        const auto sent = exchanges("submit", agent);
        ASSERT_THAT(sent, SizeIs(3)) << agent;
        for (const auto& one : sent)
            EXPECT_EQ(one.failure, "cancelled");
    }
}

// Identity.

TEST_F(PlayedFault, NoTokenSendsNone) {
    play(kReady + "  - negotiate: {agents: a, bare: true}\n", {{.kind = FaultKind::NoToken}});
    EXPECT_THAT(course(), ElementsAre("negotiate 403"));
    EXPECT_EQ(authorization(exchanges("negotiate").at(0)), "none");
}

TEST_F(PlayedFault, GarbledTokenIsRefusedAndTheSameForTheSameSeed) {
    play(kReady + "  - negotiate: {agents: a, bare: true}\n", {{.kind = FaultKind::GarbledToken}});
    EXPECT_THAT(course(), ElementsAre("negotiate 401"));
    const auto first = effects();
    EXPECT_THAT(first, ElementsAre(StartsWith("garbled_token: character ")));
    EXPECT_NE(first, std::vector{effects("a[1]")}) << "each agent has draws of its own";
    std::filesystem::remove(folder_.path() / "history.jsonl");
    play(kReady + "  - negotiate: {agents: a, bare: true}\n", {{.kind = FaultKind::GarbledToken}});
    EXPECT_EQ(effects(), first);
}

TEST_F(PlayedFault, ForeignTokenIsThatOfTheSameNumberModuloTheGroup) {
    play(kReady + "  - negotiate: {agents: a, bare: true}\n", {{.kind = FaultKind::ForeignToken, .of = "b"}});
    for (const std::string agent : {"a[0]", "a[1]"}) {
        EXPECT_THAT(course(agent), ElementsAre("negotiate 401")) << agent;
        EXPECT_THAT(effects(agent), ElementsAre("foreign_token of b: bears the token of b[0]"));
    }
    EXPECT_EQ(authorization(exchanges("negotiate").at(0)),
              authorization(exchanges("negotiate", "a[1]").at(0)));
}

TEST_F(PlayedFault, ForeignTokenOfWhoHasNoneIsAnErrorOfTheScenario) {
    const auto end = play("  - authenticate: a\n  - negotiate: {agents: a, bare: true}\n",
                          {{.kind = FaultKind::ForeignToken, .of = "b"}});
    EXPECT_EQ(end.ending, ScenarioEnd::Ending::Failed);
    EXPECT_THAT(end.reason, HasSubstr("b[0] has no token yet"));
    EXPECT_THAT(end.mend, HasSubstr("let it `authenticate` before"));
    EXPECT_THAT(exchanges("negotiate"), IsEmpty());
}

TEST_F(PlayedFault, NoTokenReachesTheHistory) {
    play(kReady + "  - negotiate: {agents: a, bare: true}\n", {{.kind = FaultKind::ForeignToken, .of = "b"}});
    const std::string file = stack::test::read(folder_.path() / "history.jsonl");
    // Every token of the stand-in looks so.
    EXPECT_THAT(file, testing::Not(HasSubstr("Hg3efmXk0zRJcz3s604IrW")));
}

TEST_F(PlayedFault, ExpiredTokenIsUsedWithoutAuthenticatingAnew) {
    const Process short_lived({.session_lifetime = 2s});
    play("  - authenticate: a\n  - negotiate: {agents: a}\n", {{.kind = FaultKind::ExpiredToken}},
         short_lived, &pool_);
    EXPECT_THAT(effects(),
                ElementsAre("expired_token: does not renew its token", HasSubstr(" before negotiate")));
    EXPECT_THAT(course(),
                ElementsAre("negotiate 401", "authenticate 200", "authenticate 200", "negotiate 201"));
}

TEST_F(PlayedFault, ExpiredTokenOfOnePhaseIsUsedInThatPhase) {
    const Process short_lived({.session_lifetime = 2s});
    play("  - authenticate: a\n" + kAttest, {{.kind = FaultKind::ExpiredToken, .in_phase = StepKind::Submit}},
         short_lived, &pool_);
    EXPECT_THAT(effects(), ElementsAre("expired_token in submit: does not renew its token",
                                       HasSubstr(" before submit")));
    ASSERT_GE(course().size(), 2U);
    EXPECT_EQ(course()[0], "negotiate 201");
    EXPECT_EQ(course()[1], "submit 401");
}

TEST_F(PlayedFault, AdminCertificateIsShownOnAConnectionOfItsOwn) {
    play(kReady + "  - negotiate: {agents: a, bare: true}\n", {{.kind = FaultKind::AdminCertificate}});
    const auto sent = exchanges("negotiate");
    ASSERT_THAT(sent, SizeIs(1));
    EXPECT_FALSE(sent[0].reused);
    EXPECT_EQ(authorization(sent[0]), "none");
    EXPECT_EQ(shown(sent[0]), "/CN=the tenant");
}

TEST_F(PlayedFault, CertificateAndTokenAreShownTogether) {
    play(kReady + kAttest, {{.kind = FaultKind::CertificateAndToken}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202"));
    for (const auto& one : of<ExchangeSeen>()) {
        EXPECT_EQ(shown(one), "/CN=the tenant");
        EXPECT_THAT(authorization(one), testing::Ne("none"));
        EXPECT_FALSE(one.reused);
    }
}

TEST_F(PlayedFault, WithoutAFaultNoCertificateIsShown) {
    play(kReady + kAttest, {});
    for (const auto& one : of<ExchangeSeen>())
        EXPECT_EQ(shown(one), "nothing");
}

TEST_F(PlayedFault, OtherAgentIdStandsInEveryRequest) {
    play(kReady + "  - attest: {agents: a}\n", {{.kind = FaultKind::OtherAgentId, .of = "b"}});
    const auto sent = of<ExchangeSeen>();
    ASSERT_FALSE(sent.empty());
    for (const auto& one : sent) {
        EXPECT_THAT(one.target.str() + one.request.body, testing::Not(HasSubstr(id_of("a[0]"))));
        EXPECT_THAT(one.target.str() + one.request.body, HasSubstr(id_of("b[0]")));
    }
}

TEST_F(PlayedFault, WrongActivationTagIsRefused) {
    play("  - register: a\n  - activate: {agents: a, bare: true}\n",
         {{.kind = FaultKind::WrongActivationTag}});
    EXPECT_THAT(course(), ElementsAre("activate 400"));
}

TEST_F(PlayedFault, ReregisterRegistersAgainFirst) {
    play(kReady + kAttest, {{.kind = FaultKind::Reregister}});
    EXPECT_THAT(course(),
                ElementsAre("register 200", "register 200", "activate 200", "negotiate 201", "submit 202"));
    EXPECT_THAT(of<history::Cycle>(), SizeIs(1));
}

TEST_F(PlayedFault, ReregisterFromAnotherTpmHasItsKeysUnderTheSameId) {
    play(kReady + kAttest, {{.kind = FaultKind::Reregister, .other_tpm = true}});
    EXPECT_THAT(course(),
                ElementsAre("register 200", "register 200", "activate 200", "negotiate 201", "submit 202"));
    const auto again = exchanges("register").at(1);
    EXPECT_THAT(again.target, HasSubstr(id_of("a[0]")));
    EXPECT_NE(first_of("a[0]", 1, "POST", "/v2.6/agents/").request.body, again.request.body) << "other keys";
    EXPECT_THAT(of<history::Cycle>(), SizeIs(1)) << "of the attestation";
    EXPECT_THAT(effects(), testing::Contains(HasSubstr("reregister from another TPM: reached: activated")));
}

TEST_F(PlayedFault, ReusePopSendsTheProofOfTheSessionBefore) {
    play("  - authenticate: a\n  - authenticate: a\n", {{.kind = FaultKind::ReusePop}});
    const auto proofs = exchanges("authenticate");
    ASSERT_THAT(proofs, SizeIs(2));
    EXPECT_THAT(of<history::TpmOperation>(), IsEmpty()) << "nothing is certified";
    EXPECT_THAT(effects(), ElementsAre("reuse_pop: the proof is that of an earlier session"));
    EXPECT_EQ(proof_in(first_of("a[0]", 1, "PATCH", "/v3.0/sessions/")), proof_in(proofs[1]));
}

TEST_F(PlayedFault, ReusePopOfTheFirstSessionIsAnErrorOfTheScenario) {
    const auto end = play("  - authenticate: a\n", {{.kind = FaultKind::ReusePop}});
    EXPECT_EQ(end.ending, ScenarioEnd::Ending::Failed);
    EXPECT_THAT(end.reason, HasSubstr("no session before"));
    EXPECT_THAT(end.mend, HasSubstr("authenticate"));
}

TEST_F(PlayedFault, ForeignPopIsMadeByTheOthersTpm) {
    // TPMs of their own; in what is certified stands the AK's name.
    play("  - authenticate: [a, b]\n  - authenticate: a\n", {{.kind = FaultKind::ForeignPop, .of = "b"}},
         server_, nullptr);
    std::map<std::string, std::string> name;
    for (const auto& entry : history_.entries) {
        const auto* made = entry.event.get<history::TpmOperation>();
        if (made != nullptr && made->operation == "provision") name[entry.where->agent] = made->ak_name;
    }
    const std::string proof = to_hex(from_base64(proof_in(exchanges("authenticate").at(1))).value());
    EXPECT_THAT(proof, HasSubstr(name["b[0]"]));
    EXPECT_THAT(proof, testing::Not(HasSubstr(name["a[0]"])));
}

// Timing.

TEST_F(PlayedFault, HerdGoesAtOneInstantWithoutWhoNeverGetsThere) {
    // b was refused a negotiation and, bare, makes none.
    const auto end = play(
        "  - authenticate: [a, b]\n"
        "  - negotiate: {agents: b, bare: true, faults: [garbled_token]}\n"
        "  - collect: a\n  - submit: {agents: [a, b], bare: true}\n",
        {{.kind = FaultKind::Delay, .phase = StepKind::Submit, .duration = 100ms},
         {.kind = FaultKind::Herd, .phase = StepKind::Submit}});
    EXPECT_EQ(end.ending, ScenarioEnd::Ending::Ran) << end.reason;
    EXPECT_EQ(of<history::Cycle>("b[0]").at(0).ending, "failed");
    for (const std::string agent : {"a[0]", "a[1]"}) {
        EXPECT_THAT(course(agent), ElementsAre("submit 202"));
        EXPECT_THAT(effects(agent),
                    testing::Contains("herd before submit: waits for the others before submit"));
    }
}

TEST_F(PlayedFault, HerdLetsNobodyGoBeforeTheLastIsThere) {
    play("  - attest: [a, b]\n", {{.kind = FaultKind::Herd, .phase = StepKind::Submit}});
    std::vector<Duration> starts, collected;
    for (const auto& entry : history_.entries) {
        const auto* seen = entry.event.get<ExchangeSeen>();
        if (seen != nullptr && seen->phase == "submit") starts.push_back(seen->start);
        const auto* quoted = entry.event.get<history::TpmOperation>();
        if (quoted != nullptr && quoted->operation == "quote") collected.push_back(entry.t);
    }
    ASSERT_THAT(starts, SizeIs(3));
    ASSERT_THAT(collected, SizeIs(3));
    // Nobody submits before the last has collected.
    EXPECT_THAT(starts, Each(testing::Ge(std::ranges::max(collected))));
}

TEST_F(PlayedFault, ClockSkewIsToldAsTheBootTime) {
    play(kReady + "  - negotiate: {agents: a}\n", {{.kind = FaultKind::ClockSkew, .duration = 24h * 365}});
    const auto json = nlohmann::json::parse(exchanges("negotiate").at(0).request.body.view());
    const auto told =
        from_rfc3339(json["data"]["attributes"]["system_info"]["boot_time"].get<std::string>()).value();
    EXPECT_GT(told - core::SystemClock().wall_now(), 24h * 364);
}

}  // namespace
}  // namespace pushsim::stand_in
