// What steps and faults of a script mean, played against the stand-in. Times are compared with those that the
// script asks for, from below alone: a slow machine is later, never sooner.

#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "reports/report.hpp"
#include "sim/scenario/draws.hpp"
#include "tests/stand_in/staged.hpp"

namespace pushsim::stand_in {
namespace {

using namespace std::chrono_literals;
using history::ExchangeSeen;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class PlayedScript : public testing::Test {
  protected:
    history::ScenarioEnd play(const std::string& rest, const Process& server) {
        Staged staged(server, &pool_, folder_.path());
        scenario_ = staged.load(
            "scenario: played\nagents: { a: { count: 4, ak: primary, enrol: false }, b: { ak: primary, "
            "enrol: false } }\n" +
            rest + "expect: [ accounted ]\n");
        const auto end = staged.play(scenario_, {});
        history_ = history::read_history(staged.file()).value();
        return end;
    }
    history::ScenarioEnd play(const std::string& rest) { return play(rest, server_); }

    /// Lines of a kind, of one step where it is given and of one agent where that is.
    template <typename Record>
    std::vector<const history::Entry*> lines(std::optional<int> step = {},
                                             const std::string& agent = "") const {
        std::vector<const history::Entry*> found;
        for (const history::Entry& entry : history_.entries) {
            if ((entry.event.get<Record>() != nullptr) && (!step || entry.where->step == step) &&
                (agent.empty() || entry.where->agent == agent))
                found.push_back(&entry);
        }
        return found;
    }
    std::vector<ExchangeSeen> exchanges(int step, const std::string& agent, const std::string& phase) const {
        std::vector<ExchangeSeen> found;
        for (const history::Entry* line : lines<ExchangeSeen>(step, agent)) {
            const auto& one = *line->event.get<ExchangeSeen>();
            if (one.phase == phase) found.push_back(one);
        }
        return found;
    }
    Duration begin_of(int step) const { return lines<history::StepStart>(step).at(0)->t; }
    Duration end_of(int step) const { return lines<history::StepEnd>(step).at(0)->t; }

    const Process server_{{.session_lifetime = 2s}};
    const stack::test::TemporaryFolder folder_;
    const pool::Pool pool_ = pool_of_one(folder_.path(), 5);
    scenario::Scenario scenario_;
    history::History history_;
};

TEST_F(PlayedScript, CyclesThatAreDueBeginWhenTheyAreAndAsDrawn) {
    play(
        "script:\n  - register: a\n  - attest: { agents: a, times: 3, every: 300ms, spread: 400ms, jitter: { "
        "uniform: [50ms, "
        "100ms] } }\n");
    const scenario::Draws draws = scenario::Draws::of(scenario_, 0).value();
    const scenario::Step& step = scenario_.script.at(1);
    for (int agent = 0; agent < 4; ++agent) {
        const std::string name = scenario::agent_name("a", agent);
        const Duration start = draws.duration(scenario::start_of(step), name, "2 spread", 0);
        const auto begun = exchanges(2, name, "negotiate");
        ASSERT_THAT(begun, SizeIs(3)) << name;
        EXPECT_GE(begun[0].start, begin_of(2) + start);
        // The jitter of the cycle that has ended counts for the next.
        for (int cycle = 1; cycle < 3; ++cycle) {
            const Duration jitter =
                draws.duration(step.jitter, name, "2 jitter", static_cast<std::size_t>(cycle));
            EXPECT_GE(jitter, 50ms);
            EXPECT_GE(begun[static_cast<std::size_t>(cycle)].start,
                      begin_of(2) + start + cycle * 300ms + jitter);
        }
    }
}

TEST_F(PlayedScript, CyclesOfStagesAreDueAtOneRateAfterTheOther) {
    play(
        "script:\n  - register: b\n  - attest: { agents: b, stages: [ { every: 400ms, for: 500ms }, "
        "{ every: 50ms, for: 100ms } ] }\n");
    const auto begun = exchanges(2, "b[0]", "negotiate");
    ASSERT_THAT(begun, SizeIs(4));
    const Duration begin = begin_of(2);
    EXPECT_GE(begun[1].start, begin + 400ms);
    EXPECT_GE(begun[2].start, begin + 500ms);
    EXPECT_GE(begun[3].start, begin + 550ms);
}

TEST_F(PlayedScript, StepsSideBySideDoNotWaitForEachOther) {
    play(
        "script:\n  - together:\n      - wait: 800ms\n      - authenticate: b\n        after: 100ms\n  - "
        "wait: 1ms\n");
    EXPECT_GE(begin_of(3), begin_of(2) + 100ms);
    EXPECT_LT(begin_of(3), end_of(2)) << "the second begins while the first lasts";
    EXPECT_GE(begin_of(4), end_of(2));
    EXPECT_GE(begin_of(4), end_of(3)) << "what follows waits for both";
}

TEST_F(PlayedScript, StepsAreRepeated) {
    play("script:\n  - repeat: { times: 3, steps: [ authenticate: b, wait: 1ms ] }\n");
    EXPECT_THAT(lines<history::StepStart>(2), SizeIs(3));
    EXPECT_THAT(lines<history::StepEnd>(3), SizeIs(3));
}

TEST_F(PlayedScript, StepsThatEndAtOnceAreRepeatedAsOftenAsTheLanguageAllows) {
    // Each within the one before it would need more stack than there is.
    const auto end = play("script:\n  - repeat: { times: 100000, steps: [ restart_agent: b ] }\n");
    EXPECT_EQ(end.reason, "");
    EXPECT_THAT(lines<history::StepEnd>(2), SizeIs(100000));
}

TEST_F(PlayedScript, WaitsUntilAnInstantOfTheVerifier) {
    play("script:\n  - authenticate: b\n  - wait: { agents: b, until: token_expires_at + 50ms }\n");
    const auto proof = exchanges(1, "b[0]", "authenticate").back();
    EXPECT_GE(end_of(2), proof.start + 2s + 50ms);
}

TEST_F(PlayedScript, InstantThatNobodyHasIsAnErrorOfTheScenario) {
    const auto end = play("script:\n  - wait: { agents: b, until: challenges_expire_at }\n");
    EXPECT_EQ(end.ending, history::ScenarioEnd::Ending::Failed);
    EXPECT_THAT(end.reason, HasSubstr("b[0]: there is no challenges_expire_at to wait for"));
}

TEST_F(PlayedScript, AgentIsStoppedInTheMidstOfAnExchangeAndBeginsAnew) {
    const Process mute("PATCH */attestations/*");
    const auto end = play(
        "script:\n  - together:\n      - attest: b\n      - stop_agent: b\n        after: 700ms\n"
        "  - attest: b\n  - restart_agent: b\n  - authenticate: b\n",
        mute);
    EXPECT_EQ(end.reason, "");
    const auto given_up = exchanges(2, "b[0]", "submit");
    ASSERT_THAT(given_up, SizeIs(1));
    EXPECT_FALSE(given_up[0].status);
    EXPECT_EQ(given_up[0].failure, "cancelled");
    EXPECT_THAT(exchanges(4, "b[0]", "negotiate"), SizeIs(0)) << "a stopped agent does nothing";
    EXPECT_THAT(exchanges(6, "b[0]", "register"), testing::Not(SizeIs(0))) << "it begins anew";
    EXPECT_EQ(exchanges(6, "b[0]", "authenticate").back().status, 200);
}

TEST_F(PlayedScript, SubmitGoesOnWithTheNegotiationBefore) {
    play("script:\n  - negotiate: b\n  - submit: b\n  - submit: b\n");
    EXPECT_THAT(exchanges(2, "b[0]", "negotiate"), SizeIs(0));
    EXPECT_EQ(exchanges(2, "b[0]", "submit").at(0).index, 0);
    EXPECT_THAT(exchanges(3, "b[0]", "negotiate"), SizeIs(1)) << "that one is used up";
    EXPECT_EQ(exchanges(3, "b[0]", "submit").at(0).index, 1);
}

TEST_F(PlayedScript, FaultsAreForTheAgentsAndTheTimeThatTheyName) {
    play(
        "script:\n  - attest: { agents: [a, b], times: 2 }\n"
        "faults:\n  - { duplicate_submit: ~, agents: b }\n"
        "  - { never_submit: ~, agents: a, from: 1h }\n"
        "  - { no_token: ~, agents: a, phase: submit, until: 1us }\n");
    EXPECT_THAT(exchanges(1, "b[0]", "submit"), SizeIs(4));
    EXPECT_THAT(exchanges(1, "a[0]", "submit"), SizeIs(2));
    std::set<std::string> agents;
    for (const auto* line : lines<history::FaultEffect>())
        agents.insert(line->where->agent);
    EXPECT_THAT(agents, ElementsAre("b[0]"));
}

TEST_F(PlayedScript, FaultInOnePhaseLeavesTheOthers) {
    play(
        "script:\n  - authenticate: b\n  - attest: { agents: b, faults: [ { no_token: ~, phase: submit } ] "
        "}\n");
    EXPECT_EQ(exchanges(2, "b[0]", "negotiate").at(0).status, 201) << "with its token";
    EXPECT_NE(exchanges(2, "b[0]", "submit").at(0).status, 202);
}

TEST_F(PlayedScript, ChanceIsThatOfThePlanAndStandsInTheHistory) {
    play(
        "script:\n  - attest: { agents: a, times: 6, faults: [ { duplicate_submit: ~, probability: 50% } ] "
        "}\n");
    const scenario::Draws draws = scenario::Draws::of(scenario_, 0).value();
    std::size_t all = 0;
    for (int agent = 0; agent < 4; ++agent) {
        const std::string name = scenario::agent_name("a", agent);
        std::vector<std::string> planned;
        for (std::size_t cycle = 0; cycle < 6; ++cycle) {
            const int chance = draws.chance(name, "1 faults[0] probability", cycle);
            if (scenario::happens(0.5, chance))
                planned.push_back(fmt::format("{:.4f}% of 50%", chance / 1e4));
        }
        std::vector<std::string> seen;
        for (const auto* line : lines<history::FaultEffect>(1, name))
            seen.push_back((*line->event.get<history::FaultEffect>()).draw);
        EXPECT_EQ(seen, planned) << name;
        all += seen.size();
    }
    EXPECT_GT(all, 0U);
    EXPECT_LT(all, 24U);
}

TEST_F(PlayedScript, SwizzleStopsAsManyAsItSays) {
    play(
        "script:\n  - activate: a\n  - attest: { agents: a, faults: [ swizzle: { share: 50%, every: 300ms } "
        "] }\n");
    std::set<std::string> stopped;
    for (const auto* line : lines<history::FaultEffect>(2))
        stopped.insert(line->where->agent);
    // One is stopped at once, another after 300 ms, where it has not come to its end by then.
    EXPECT_GE(stopped.size(), 1U);
    EXPECT_LE(stopped.size(), 2U);
    EXPECT_GE(end_of(2), begin_of(2) + 2 * 300ms) << "the first is let go when all were stopped";
}

TEST_F(PlayedScript, RawRequestsComeFromWhomTheySay) {
    play(
        "script:\n  - authenticate: b\n  - request: { by: b, path: "
        "\"/v3.0/agents/${b.id}/x/${b.session_id}\" }\n"
        "  - request: { by: nobody, method: POST, path: /v3.0/sessions, connections: 3, times: 2, body: { "
        "id: \"${b.id}\", n: 1 } "
        "}\n");
    const auto by_agent = exchanges(2, "b[0]", "request").at(0);
    const std::string session = exchanges(1, "b[0]", "authenticate").back().target;
    EXPECT_THAT(by_agent.target, testing::EndsWith("/x/" + session.substr(session.rfind('/') + 1)));
    EXPECT_THAT(by_agent.target, testing::Not(HasSubstr("${")));
    EXPECT_THAT(by_agent.request.headers,
                testing::Contains(testing::Pair("authorization", HasSubstr("Bearer fp:"))));
    for (const char* nobody : {"nobody[0]", "nobody[1]", "nobody[2]"}) {
        const auto sent = exchanges(3, nobody, "request");
        ASSERT_THAT(sent, SizeIs(2)) << nobody;
        EXPECT_THAT(sent[0].request.body, HasSubstr(",\"n\":1}"));
        EXPECT_THAT(sent[0].request.headers,
                    testing::Contains(testing::Pair("content-type", "application/vnd.api+json")));
    }
}

TEST_F(PlayedScript, ARawRequestMayAnswerTheRegistrarAsTheAgentDid) {
    play(
        "script:\n  - activate: b\n  - request: { to: registrar_http, method: POST, path: "
        "\"/v2.5/agents/${b.id}/activate\", body: { auth_tag: \"${b.auth_tag}\" } }\n");
    const auto tag_of = [](const ExchangeSeen& sent) {
        return nlohmann::json::parse(sent.request.body.str()).at("auth_tag").get<std::string>();
    };
    const auto again = exchanges(2, "nobody[0]", "request").at(0);
    EXPECT_THAT(tag_of(again), HasSubstr("fp:")) << "it is a secret";
    EXPECT_EQ(tag_of(again), tag_of(exchanges(1, "b[0]", "activate").back()));
}

TEST_F(PlayedScript, RequestOfAnAgentThatHasNoTokenIsAnErrorOfTheScenario) {
    const auto end = play("script:\n  - register: b\n  - request: { by: b, path: /v3.0/x }\n");
    EXPECT_EQ(end.ending, history::ScenarioEnd::Ending::Failed);
    EXPECT_THAT(end.reason, HasSubstr("b[0] has no token yet to send with its request"));
}

TEST_F(PlayedScript, WhatServersDidNotGiveAnAgentDoesNotEndThePlay) {
    const Process refuses(Process::Options{.lie = "no"});
    const auto end = play(
        "script:\n  - authenticate: b\n  - request: { by: b, path: /v3.0/x }\n"
        "  - request: { by: nobody, path: \"/v3.0/sessions/${b.session_id}\" }\n"
        "  - wait: { agents: b, until: token_expires_at + 1ms }\n  - register: a\n",
        refuses);
    EXPECT_EQ(end.reason, "");
    EXPECT_THAT(lines<ExchangeSeen>(2), SizeIs(0));
    EXPECT_THAT(lines<history::Note>(2, "b[0]"), SizeIs(1));
    EXPECT_THAT(exchanges(5, "a[0]", "register"), testing::Not(testing::IsEmpty())) << "the script goes on";
}

TEST_F(PlayedScript, WhatAScriptForgotIsAnErrorAndSaysNothingOfTheVerifier) {
    const auto end = play("script:\n  - authenticate: b\n  - submit: { agents: b, bare: true }\n");
    EXPECT_EQ(end.ending, history::ScenarioEnd::Ending::Failed);
    EXPECT_THAT(end.reason, HasSubstr("b[0]: submit: nothing was negotiated, negotiate first"));
    EXPECT_THAT(end.mend, HasSubstr("in a step before"));
}

TEST_F(PlayedScript, WhatServersRefusedLeavesLaterStepsWithoutAnAnswer) {
    const Process refuses(Process::Options{.lie = "no"});
    const auto end = play(
        "script:\n  - authenticate: b\n  - submit: { agents: b, bare: true }\n"
        "    expect: { response: { status: 202 } }\n",
        refuses);
    EXPECT_EQ(end.ending, history::ScenarioEnd::Ending::Ran) << end.reason;
    EXPECT_THAT(lines<history::Note>(2, "b[0]"), SizeIs(1));
    const auto report = reports::judge(history_);
    const auto& clause = report.scenarios.at(0).expectations.at(0);
    EXPECT_EQ(clause.judgement, reports::Judgement::DoesNotHold);
    EXPECT_THAT(clause.actual, HasSubstr("no answer: submit: no token at hand"));
}

TEST_F(PlayedScript, RequestOfAnAgentMayHaveATokenOfItsOwn) {
    const auto end =
        play("script:\n  - request: { by: b, path: /v3.0/x, headers: { Authorization: Bearer mine } }\n");
    EXPECT_EQ(end.reason, "");
}

TEST_F(PlayedScript, RequestIsSentWithoutHeadersThatAreToBeAbsent) {
    play(
        "script:\n  - authenticate: b\n  - request: { by: b, method: PUT, path: /v3.0/x, body: { n: 1 }, "
        "headers: { "
        "Authorization: absent, content-type: absent } }\n    case: bare\n");
    const auto sent = exchanges(2, "b[0]", "request");
    ASSERT_THAT(sent, SizeIs(1));
    EXPECT_EQ(sent[0].request.body, "{\"n\":1}");
    for (const auto& [name, value] : sent[0].request.headers)
        EXPECT_THAT(name, testing::Not(testing::AnyOf("authorization", "Authorization", "content-type")))
            << value;
    EXPECT_EQ(lines<history::StepStart>(2).at(0)->event.get<history::StepStart>()->case_name, "bare");
    EXPECT_EQ(lines<history::StepStart>(1).at(0)->event.get<history::StepStart>()->case_name, "");
}

TEST_F(PlayedScript, DrawsAreForCyclesAsPlannedWhateverWasDone) {
    play(
        "script:\n  - stop_agent: b\n  - attest: { agents: b, times: 3 }\n  - restart_agent: b\n"
        "  - attest: { agents: b, times: 6 }\nfaults:\n  - { duplicate_submit: ~, probability: 50% }\n");
    const scenario::Draws draws = scenario::Draws::of(scenario_, 0).value();
    std::vector<std::string> planned;
    for (std::size_t cycle = 3; cycle < 9; ++cycle) {
        const int chance = draws.chance("b[0]", "faults[0] probability", cycle);
        if (scenario::happens(0.5, chance)) planned.push_back(fmt::format("{:.4f}% of 50%", chance / 1e4));
    }
    ASSERT_FALSE(planned.empty());
    std::vector<std::string> seen;
    for (const auto* line : lines<history::FaultEffect>(4, "b[0]"))
        seen.push_back((*line->event.get<history::FaultEffect>()).draw);
    EXPECT_EQ(seen, planned);
}

TEST_F(PlayedScript, EarlyStandsInTheHistory) {
    play("script:\n  - attest: { agents: b, times: 2, every: 3s, faults: [ early: { by: 200ms } ] }\n");
    std::vector<std::string> seen;
    for (const auto* line : lines<history::FaultEffect>(1))
        seen.push_back((*line->event.get<history::FaultEffect>()).effect);
    EXPECT_THAT(seen, ElementsAre("attests 200ms before it is due")) << "the last cycle has none after it";
}

TEST_F(PlayedScript, AgentsThatHaveAHerdInACycleMeetInThatCycle) {
    // Some are later than others, or they would meet without it.
    play(
        "script:\n  - activate: a\n  - attest: { agents: a, times: 4, every: 50ms, faults: [\n"
        "      { herd: { before: submit }, probability: 50% },\n"
        "      delay: { before: negotiate, for: { uniform: [0s, 300ms] } } ] }\n");
    const scenario::Draws draws = scenario::Draws::of(scenario_, 0).value();
    std::vector<Duration> last_negotiated(4);
    std::vector<Duration> first_submitted(4, Duration::max());
    for (int agent = 0; agent < 4; ++agent) {
        const std::string name = scenario::agent_name("a", agent);
        std::vector<std::string> planned;
        for (std::size_t cycle = 0; cycle < 4; ++cycle) {
            const int chance = draws.chance(name, "2 faults[0] probability", cycle);
            if (!scenario::happens(0.5, chance)) continue;
            planned.push_back(fmt::format("{:.4f}% of 50%", chance / 1e4));
            const auto negotiated = exchanges(2, name, "negotiate").at(cycle);
            last_negotiated[cycle] = std::max(last_negotiated[cycle], negotiated.start);
            first_submitted[cycle] =
                std::min(first_submitted[cycle], exchanges(2, name, "submit").at(cycle).start);
        }
        std::vector<std::string> seen;
        for (const auto* line : lines<history::FaultEffect>(2, name)) {
            const auto& effect = (*line->event.get<history::FaultEffect>());
            if (effect.fault.starts_with("herd")) seen.push_back(effect.draw);
        }
        EXPECT_EQ(seen, planned) << name;
    }
    for (std::size_t cycle = 0; cycle < 4; ++cycle)
        EXPECT_LT(last_negotiated[cycle], first_submitted[cycle]) << "cycle " << cycle;
}

TEST_F(PlayedScript, ChangeOfAPolicyThatIsRefusedIsAnAnswerLikeAnyOther) {
    Staged staged(server_, &pool_, folder_.path());
    const auto end = staged.play(
        "scenario: refused\n"
        "agents: { a: { ak: primary, enrol: { runtime_policy_name: p } } }\n"
        "script:\n"
        "  - change_policy: { runtime_policy_name: p, runtime_policy: { json: '{}' } }\n"
        "    expect: [ { response: { status: 200 } }, { response: { status: 400 } } ]\n"
        "  - wait: 1ms\n",
        {});
    EXPECT_EQ(end.ending, history::ScenarioEnd::Ending::Ran) << end.reason;
    const auto report = reports::judge(history::read_history(staged.file()).value());
    const auto& clauses = report.scenarios.at(0).expectations;
    ASSERT_THAT(clauses, SizeIs(2));
    EXPECT_EQ(clauses[0].judgement, reports::Judgement::DoesNotHold);
    EXPECT_THAT(clauses[0].actual, HasSubstr("admin[0]: 400"));
    ASSERT_TRUE(clauses[0].exchange);
    EXPECT_EQ(clauses[0].exchange->method, "PUT");
    EXPECT_EQ(clauses[1].judgement, reports::Judgement::Holds);
}

TEST_F(PlayedScript, ReferenceToWhatIsNotThereYetIsAnErrorOfTheScenario) {
    const auto end = play("script:\n  - request: { by: nobody, path: \"/v3.0/sessions/${b.session_id}\" }\n");
    EXPECT_EQ(end.ending, history::ScenarioEnd::Ending::Failed);
    EXPECT_THAT(end.reason, HasSubstr("`${b.session_id}`: there is none yet"));
}

}  // namespace
}  // namespace pushsim::stand_in
