#include "reports/conformance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/conformance_cases.hpp"
#include "reports/conformance_words.hpp"
#include "reports/expected.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* id = "KPM-EVID-007";

h::Conformance scope_of(std::vector<h::Requirement> requirements, std::vector<h::Deviation> deviations = {}) {
    return {.profile = "full", .requirements = std::move(requirements), .deviations = std::move(deviations)};
}

h::Requirement sentence(const std::string& name = id) {
    return {.id = name, .text = "It is refused.", .decided_by = {"late"}};
}

/// Of step 1, the case "held": 202 as a control; of step 2: 403, which decides.
std::vector<h::Expectation> clauses() {
    h::Expectation control;
    control.response = h::ResponseClause{.status = {{202, 202}}};
    control.step = 1;
    control.case_name = "held";
    h::Expectation deciding = control;
    deciding.response->status = {{403, 403}};
    deciding.step = 2;
    deciding.decides = {id};
    return {control, deciding};
}

/// What a known deviation of the second of clauses() looks like.
h::Expectation observed(int status) {
    h::Expectation clause = clauses().at(1);
    clause.response->status = {{status, status}};
    clause.instead_of = 1;
    return clause;
}

/// A play of two submissions that are answered so, as it is assessed.
class Played {
  public:
    Played(const h::Conformance& scope, const std::vector<h::Expectation>& expectations, int first,
           int second, const h::ScenarioEnd& end = {}) {
        Script script;
        script.stack().add({}, scope).begin("late", expectations);
        script.add({"late", 1}, h::StepStart{"attest", {"honest"}, "", "held"});
        script.step(1, "attest").attest(0, first);
        if (first == 202) script.verdict(0, "pass");
        script.add({"late", 2}, h::StepStart{"attest", {"honest"}, "", "held"});
        script.step(2, "attest").attest(1, second, second == 403 ? "challenges_expired" : "");
        if (second == 202) script.verdict(1, "pass");
        history_ = read(script.end_scenario(end).end().text());
        run_ = judge(history_);
        report_ = assess(history_, run_).value();
    }

    const ConformanceReport& report() const { return report_; }
    const h::History& history() const { return history_; }
    const RequirementReport& requirement() const { return report_.requirements.at(0); }
    Standing standing() const { return requirement().standing; }

  private:
    h::History history_;
    RunReport run_;
    ConformanceReport report_;
};

Standing standing_of(int first, int second, const std::vector<h::Deviation>& known = {},
                     const std::vector<h::Expectation>& more = {}) {
    std::vector<h::Expectation> all = clauses();
    all.insert(all.end(), more.begin(), more.end());
    return Played(scope_of({sentence()}, known), all, first, second).standing();
}

/// A play of two attestations: one passes, of the other nobody can see why it fails.
std::string mismatch_with_hidden_reason(const std::vector<h::Expectation>& expectations) {
    Script script;
    script.stack().add({}, scope_of({sentence()})).begin("late", expectations);
    script.add({"late", 1}, h::StepStart{"attest", {"honest"}, "", "held"});
    script.step(1, "attest").attest(0).verdict(0, "pass");
    script.add({"late", 2}, h::StepStart{"attest", {"honest"}, "", "held"});
    script.step(2, "attest").attest(1);
    h::Verdict verdict{.index = 1};
    verdict.record.value = h::RecordVerdict{"verification_complete", "fail"};
    verdict.database.unavailable = "the stack's database is not visible";
    verdict.log.unavailable = "the stack's log is not visible";
    script.add(script.where(), verdict);
    return script.end_scenario().end().text();
}

TEST(Conformance, ARunThatDecidesNothingHasNoAssessment) {
    const h::History history = read(honest_run());
    EXPECT_FALSE(assess(history, judge(history)));
}

TEST(Conformance, ARequirementPassesWhereItsClausesAndControlsHold) {
    const Played played(scope_of({sentence()}), clauses(), 202, 403);
    EXPECT_EQ(played.standing(), Standing::Pass) << played.requirement().reason;
    EXPECT_THAT(played.requirement().cases, ElementsAre("late/held"));
    const ConformanceCase& one = played.report().cases.at(0);
    EXPECT_THAT(one.controls, SizeIs(1));
    EXPECT_THAT(one.deciding, SizeIs(1));
    EXPECT_THAT(one.lines, Not(IsEmpty()));
    const auto instant = [&](std::uint64_t n) {
        return std::ranges::find(played.history().entries, n, &h::Entry::n)->t;
    };
    EXPECT_GT(one.duration, Duration::zero());
    EXPECT_EQ(one.duration, instant(one.lines.back()) - instant(one.lines.front()));
    EXPECT_EQ(one.again, "pushsim conformance late/held");
    EXPECT_EQ(played.report().totals, (Counts{{Standing::Pass, 1}}));
    EXPECT_EQ(played.report().by_area.at("EVID").at("MUST"), (Counts{{Standing::Pass, 1}}));
    EXPECT_EQ(played.report().exit_code, 0);
}

TEST(Conformance, AVerifierThatRefusesEverythingDoesNotPass) {
    const Played played(scope_of({sentence()}), clauses(), 403, 403);
    EXPECT_EQ(played.standing(), Standing::Fail);
    EXPECT_THAT(played.requirement().reason, HasSubstr("a control does not hold"));
    EXPECT_EQ(played.report().exit_code, 1);
}

TEST(Conformance, AVerifierThatAcceptsEverythingDoesNotPass) {
    EXPECT_EQ(standing_of(202, 202), Standing::Fail);
}

TEST(Conformance, AKnownDeviationIsOneOnlyAsItWasObserved) {
    const std::vector<h::Deviation> known{{.requirement = id, .observed = "500", .reference = "F10"}};
    EXPECT_EQ(standing_of(202, 500, known, {observed(500)}), Standing::Deviation);
    EXPECT_EQ(standing_of(202, 404, known, {observed(500)}), Standing::Fail) << "something else";
    EXPECT_EQ(standing_of(202, 403, known, {observed(500)}), Standing::Fixed);
    EXPECT_EQ(standing_of(500, 500, known, {observed(500)}), Standing::Fail) << "the control";
    const Played played(scope_of({sentence()}, known), {clauses()[0], clauses()[1], observed(500)}, 202, 500);
    EXPECT_EQ(played.report().exit_code, 0);
    EXPECT_EQ(played.requirement().deviation->reference, "F10");
    EXPECT_THAT(played.requirement().reason, HasSubstr("500"));
    const Played other(scope_of({sentence()}, known), {clauses()[0], clauses()[1], observed(500)}, 202, 404);
    EXPECT_THAT(other.requirement().reason, HasSubstr("; what is known of this version: 500"));
}

TEST(Conformance, OfOtherCasesADeviationSaysNothing) {
    const std::vector<h::Deviation> known{{.requirement = id, .case_id = "late/other", .reference = "F10"}};
    EXPECT_EQ(standing_of(202, 403, known), Standing::Pass);
    EXPECT_EQ(standing_of(202, 500, known), Standing::Fail);
    const std::vector<h::Deviation> pattern{{.requirement = id, .case_id = "late/h*", .reference = "F10"}};
    EXPECT_EQ(standing_of(202, 403, pattern), Standing::Fixed);
}

TEST(Conformance, WhatComesByChanceIsNotFixedWhereItIsNotSeen) {
    const std::vector<h::Deviation> known{{.requirement = id, .reference = "F3", .intermittent = true}};
    EXPECT_EQ(standing_of(202, 403, known), Standing::Pass);
    EXPECT_EQ(standing_of(202, 500, known, {observed(500)}), Standing::Deviation);
}

TEST(Conformance, WhatCouldNotBeJudgedOfAPassIsSaid) {
    h::Expectation holds = clauses().at(0);
    holds.decides = {id};
    h::Expectation reason;  // no source that is visible here tells reasons
    reason.verdict = h::VerdictClause{"fail", "policy_violation"};
    reason.step = 2;
    reason.case_name = "held";
    reason.decides = {id};
    const std::string text = mismatch_with_hidden_reason({holds, reason});
    const h::History history = read(text);
    const RunReport run = judge(history);
    const auto report = assess(history, run).value();
    EXPECT_EQ(report.requirements.at(0).standing, Standing::Pass) << report.requirements.at(0).reason;
    EXPECT_THAT(report.requirements.at(0).reason, HasSubstr("in part: "));
}

TEST(Conformance, FixedAndStrictDecideTheExitCode) {
    const std::vector<h::Deviation> known{{.requirement = id, .reference = "F10"}};
    const std::vector<h::Expectation> all{clauses()[0], clauses()[1], observed(500)};
    h::Conformance scope = scope_of({sentence()}, known);
    EXPECT_EQ(Played(scope, all, 202, 403).report().exit_code, 1);
    scope.strict = true;
    EXPECT_EQ(Played(scope, all, 202, 500).report().exit_code, 1);
}

TEST(Conformance, WhatIsPlannedExcludedOrNotPlayedIsNotDecided) {
    h::Requirement planned = sentence("KPM-IMA-001");
    planned.decided_by.clear();
    planned.planned = "ima_gap";
    h::Conformance scope =
        scope_of({sentence(), sentence("KPM-EVID-008"), sentence("KPM-EVID-009"), planned});
    scope.excluded = {{"KPM-EVID-008", "by hand"}};
    const Played played(scope, clauses(), 202, 403);
    const auto& all = played.report().requirements;
    EXPECT_EQ(all[0].standing, Standing::Pass);
    EXPECT_EQ(all[1].standing, Standing::Excluded);
    EXPECT_EQ(all[1].reason, "by hand");
    EXPECT_EQ(all[2].standing, Standing::Undecided);
    EXPECT_EQ(all[2].reason, "what decides it was not played");
    EXPECT_EQ(all[3].standing, Standing::Undecided);
    EXPECT_THAT(all[3].reason, HasSubstr("waits for ima_gap"));
    EXPECT_EQ(played.report().exit_code, 0);
}

TEST(Conformance, AnEarlyEndDecidesNothing) {
    using Ending = h::ScenarioEnd::Ending;
    const auto after = [&](Ending ending) {
        return Played(scope_of({sentence()}), clauses(), 202, 403, {ending, "why", ""});
    };
    EXPECT_EQ(after(Ending::Failed).standing(), Standing::Error);
    EXPECT_EQ(after(Ending::Failed).report().exit_code, 3);
    EXPECT_EQ(after(Ending::Skipped).standing(), Standing::Skip);
    EXPECT_EQ(after(Ending::Skipped).report().exit_code, 4);
    EXPECT_EQ(after(Ending::Skipped).requirement().reason, "why");
    EXPECT_EQ(after(Ending::Interrupted).standing(), Standing::Undecided);
}

TEST(Conformance, WhatAFailureMeansIsSaidByWhatWasExpectedAndSeen) {
    const auto meaning = [](int first, int second) {
        const Played played(scope_of({sentence()}), clauses(), first, second);
        return meaning_text(played.report().cases.at(0), played.requirement());
    };
    EXPECT_EQ(meaning(202, 202), "The verifier accepted what it has to refuse.");
    EXPECT_THAT(meaning(202, 500), HasSubstr("An error inside the verifier"));
    EXPECT_EQ(meaning(202, 404), "") << "refused, in another way: no word fits";
    EXPECT_THAT(meaning(404, 403), HasSubstr("A control does not hold"));
    EXPECT_EQ(meaning(202, 403), "");
    const auto of_verdicts = [](const std::string& expected, const std::string& actual) {
        const Played played(scope_of({sentence()}), clauses(), 202, 202);
        ConformanceCase one = played.report().cases.at(0);
        one.deciding.at(0).expected = expected;
        one.deciding.at(0).actual = actual;
        return meaning_text(one, played.requirement());
    };
    EXPECT_EQ(of_verdicts("PASS", "late[0]: FAIL broken_evidence_chain"),
              "The verifier failed evidence that has to pass.");
    EXPECT_EQ(of_verdicts("FAIL", "late[0]: PASS"), "The verifier passed evidence that has to fail.");
    EXPECT_EQ(of_verdicts("not PASS", "late[0]: PASS"), "The verifier passed evidence that has to fail.");
}

TEST(Conformance, WhatShowsItAgainHasWhatTheRunWasToldToo) {
    h::Conformance scope = scope_of({sentence()});
    EXPECT_EQ(again_of(scope, "late/held"), "pushsim conformance late/held");
    scope.again = "pushsim conformance {} --keylime ../keylime --strict";
    EXPECT_EQ(again_of(scope, "late/held"), "pushsim conformance late/held --keylime ../keylime --strict");
    const Played played(scope, clauses(), 202, 500);
    EXPECT_EQ(played.report().cases.at(0).again,
              "pushsim conformance late/held --keylime ../keylime --strict");
}

TEST(Conformance, WhatShowsItAgainHasTheSeedWhereChanceHasAPart) {
    const auto again = [](const std::string& plan) {
        Script script;
        script.stack().add({}, scope_of({sentence()}));
        script.begin_with("late",
                          {.plan = plan, .groups = {{"honest", 1}}, .expectations = {clauses().at(1)}});
        script.add({"late", 2}, h::StepStart{"attest", {"honest"}, "", "held"});
        script.step(2, "attest").attest(0, 403, "challenges_expired");
        const h::History history = read(script.end_scenario().end().text());
        return assess(history, judge(history)).value().cases.at(0).again;
    };
    EXPECT_EQ(again("faults:\n  - probability: 100%\n"), "pushsim conformance late/held");
    EXPECT_EQ(again("faults:\n  - probability: 30%\n"), "pushsim conformance late/held --seed 4711");
    EXPECT_EQ(again("wait: {uniform: [1s, 2s]}\n"), "pushsim conformance late/held --seed 4711");
}

TEST(Conformance, ACaseSaysWhatItDoesAndWithWhichServers) {
    Script script;
    script.stack().add({}, scope_of({sentence()}));
    script.begin_with("late",
                      {.plan = "scenario: late\nstack:\n  verifier:\n    raw: false\n    mode: ~\n"
                               "    quote_interval: 1s\n  registrar:\n    raw: false\n  database: sqlite\n"
                               "  workers: 3\n  fresh: true\nagents:\n  honest:\n    count: 1\n",
                       .groups = {{"honest", 1}},
                       .expectations = {clauses().at(1)}});
    script.add({"late", 2}, h::StepStart{"attest", {"honest"}, "", "held"});
    script.step(2, "attest")
        .add(script.where(), h::FaultEffect{"body '/data/type' made null", "another body"});
    script.attest(0, 403, "challenges_expired");
    const h::History history = read(script.end_scenario().end().text());
    const ConformanceCase one = assess(history, judge(history)).value().cases.at(0);
    EXPECT_EQ(one.does, "submit, body '/data/type' made null → 403");
    EXPECT_EQ(one.servers,
              "verifier: mode left out, quote_interval 1s; database sqlite; workers 3; servers of its own");
}

/// One case, which decides two requirements by two clauses.
TEST(Conformance, OfSeveralRequirementsOfACaseEachHasItsOwnReason) {
    const std::string other = "KPM-EVID-008";
    std::vector<h::Expectation> all = clauses();
    all.push_back(all[1]);
    all[2].response->status = {{404, 404}};
    all[2].decides = {other};
    const Played played(scope_of({sentence(), sentence(other)}), all, 202, 500);
    const auto& reasons = played.report().cases.at(0).reasons;
    EXPECT_THAT(reasons.at(id), HasSubstr("expected 403, seen honest[0]: 500"));
    EXPECT_THAT(reasons.at(other), HasSubstr("expected 404, seen honest[0]: 500"));
    EXPECT_EQ(played.report().requirements.at(1).reason, reasons.at(other));
    h::Requirement withheld = sentence();
    withheld.withheld = true;
    EXPECT_THAT(Played(scope_of({withheld}), clauses(), 202, 500).report().cases.at(0).reasons, IsEmpty());
}

TEST(Conformance, WhoMayAndDoesNotIsNoFailure) {
    h::Requirement may = sentence();
    may.level = "MAY";
    const Played played(scope_of({may}), clauses(), 202, 202);
    EXPECT_EQ(played.standing(), Standing::Skip);
    EXPECT_THAT(played.requirement().reason, HasSubstr("it may, and does not: "));
    EXPECT_NE(played.report().exit_code, 1);
    EXPECT_EQ(Played(scope_of({may}), clauses(), 202, 403).standing(), Standing::Pass);
    EXPECT_EQ(Played(scope_of({may}), clauses(), 403, 403).standing(), Standing::Fail)
        << "a control says more";
}

TEST(Conformance, WhatIsForALaterKeylimeIsSkipped) {
    h::Requirement later = sentence();
    later.since = "9.1";
    const Played played(scope_of({later}), clauses(), 202, 500);
    EXPECT_EQ(played.standing(), Standing::Skip);
    EXPECT_THAT(played.requirement().reason, HasSubstr("from 9.1 on"));
}

TEST(Conformance, OfWhatIsWithheldItIsKnownThatItDoesNotHoldAndNoMore) {
    h::Requirement withheld = sentence();
    withheld.withheld = true;
    const Played unknown(scope_of({withheld}), clauses(), 202, 500);
    EXPECT_EQ(unknown.standing(), Standing::Fail);
    EXPECT_EQ(unknown.requirement().reason, "details withheld");
    EXPECT_TRUE(unknown.requirement().cases.empty()) << "their names say what was done";
    EXPECT_TRUE(unknown.report().cases.at(0).withheld);
    EXPECT_EQ(unknown.report().cases.at(0).again, std::string("pushsim conformance ") + id);

    const h::Deviation known{.requirement = id, .reference = "F1", .withheld = true};
    const auto standing = [&](int first, int second) {
        return Played(scope_of({withheld}, {known}), clauses(), first, second).standing();
    };
    const Played as_known(scope_of({withheld}, {known}), clauses(), 202, 500);
    EXPECT_EQ(as_known.standing(), Standing::Deviation);
    EXPECT_EQ(as_known.report().cases.at(0).standings.at(id), Standing::Deviation);
    EXPECT_THAT(as_known.report().cases.at(0).known, IsEmpty());
    EXPECT_EQ(standing(202, 404), Standing::Deviation);
    EXPECT_EQ(standing(202, 403), Standing::Fixed);
    EXPECT_EQ(standing(500, 500), Standing::Fail) << "the control";
    EXPECT_EQ(standing(500, 403), Standing::Fail) << "the control alone";
}

/// In place of the deciding clause, from that place of the file of deviations.
h::Expectation observed_at(int status, const std::string& source) {
    h::Expectation clause = observed(status);
    clause.source = source;
    return clause;
}

TEST(Conformance, WhatACheckFindsBesideAKnownDeviationIsNew) {
    // The evidence that the verifier answers with 503 is accounted for, and no_5xx finds it.
    h::Deviation known{.requirement = id, .observed = "503", .reference = "F10"};
    const auto standing = [&](const h::Deviation& one) {
        std::vector<h::Expectation> all{clauses()[0], clauses()[1], observed(503)};
        h::Expectation check;
        check.check = h::CheckClause{"no_5xx"};
        Script script;
        script.stack().add({}, scope_of({sentence()}, {one})).begin("late", all);
        script.add({"late", 1}, h::StepStart{"attest", {"honest"}, "", "held"});
        script.step(1, "attest").attest(0, 202).verdict(0, "pass");
        script.add({"late", 2}, h::StepStart{"attest", {"honest"}, "", "held"});
        script.step(2, "attest").attest(1, 503).negotiate(0);
        const h::History history = read(script.end_scenario().end().text());
        const RunReport run = judge(history);
        const auto report = assess(history, run).value();
        return std::pair{report.requirements.at(0).standing, report.requirements.at(0).reason};
    };
    const auto [unknown, reason] = standing(known);
    EXPECT_EQ(unknown, Standing::Fail);
    EXPECT_THAT(reason, HasSubstr("indexes_monotonic: honest[0]: the index 0 was given before"));
    known.checks = {"indexes_monotonic"};
    EXPECT_EQ(standing(known).first, Standing::Deviation) << standing(known).second;
}

TEST(Conformance, WhatWasLeftOutIsSaid) {
    const auto played = [](const h::InPart& in_part, int second = 403) {
        h::Conformance scope = scope_of({sentence()});
        scope.in_part = {in_part};
        return Played(scope, clauses(), 202, second);
    };
    const Played excluded = played({id, 1, 3, 2});
    EXPECT_EQ(excluded.standing(), Standing::Excluded);
    EXPECT_EQ(excluded.requirement().reason, "2 of 3 cases that decide it were left out by --exclude");
    EXPECT_EQ(excluded.report().exit_code, 4);
    EXPECT_EQ(played({id, 1, 3, 2}, 404).standing(), Standing::Fail);
    const Played named = played({id, 1, 3, 0});
    EXPECT_EQ(named.standing(), Standing::Pass);
    EXPECT_TRUE(named.requirement().in_part);
    EXPECT_EQ(named.requirement().reason, "in part: 1 of 3 cases that decide it was asked for");
    const Played whole(scope_of({sentence()}), clauses(), 202, 403);
    EXPECT_FALSE(whole.requirement().in_part);
    EXPECT_EQ(whole.requirement().reason, "");
}

TEST(Conformance, OfTwoKnownDeviationsOfACaseEachHasToBeSeen) {
    const h::Deviation first{.requirement = id, .observed = "500", .reference = "F10"};
    const h::Deviation second{.requirement = id, .observed = "404", .reference = "F11"};
    h::Deviation by_chance = second;
    by_chance.intermittent = true;
    const std::vector<h::Expectation> looks{observed_at(500, "a"), observed_at(404, "b")};
    EXPECT_EQ(standing_of(202, 500, {first, second}, looks), Standing::Fixed);
    EXPECT_EQ(standing_of(202, 500, {first, by_chance}, looks), Standing::Deviation);
    const Played played(scope_of({sentence()}, {first, second}),
                        {clauses()[0], clauses()[1], looks[0], looks[1]}, 202, 500);
    EXPECT_EQ(played.requirement().deviation->reference, "F11");
    EXPECT_EQ(played.requirement().reason, "a known deviation is no more, beside another that is: 404");
    EXPECT_THAT(played.report().cases.at(0).known_seen, IsEmpty());
    const h::Deviation same{.requirement = id, .observed = "500 too", .reference = "F12"};
    const Played both(scope_of({sentence()}, {first, same}),
                      {clauses()[0], clauses()[1], observed_at(500, "a"), observed_at(500, "b")}, 202, 500);
    EXPECT_THAT(both.report().cases.at(0).known_seen.at(id), ElementsAre(first, same));
    EXPECT_EQ(standing_of(202, 500, {first, same}, {observed_at(500, "a"), observed_at(500, "b")}),
              Standing::Deviation);
}

TEST(Conformance, OfSeveralDeviationsTheOneThatWasSeenIsSaid) {
    const h::Deviation one{.requirement = id, .observed = "500", .reference = "F10"};
    const h::Deviation another{
        .requirement = id, .case_id = "late/held", .observed = "404", .reference = "F9"};
    const std::vector<h::Expectation> all{clauses()[0], clauses()[1], observed_at(500, "d.yaml:2:5"),
                                          observed_at(404, "d.yaml:6:5")};
    const auto known = [&](const h::Deviation& first, int second) {
        const Played played(scope_of({sentence()}, {first, another}), all, 202, second);
        const auto& of_case = played.report().cases.at(0).known;
        const auto& deviation = played.requirement().deviation;
        EXPECT_EQ(deviation.has_value(), of_case.contains(id));
        if (deviation) {
            EXPECT_EQ(of_case.at(id), *deviation);
        }
        return std::string(to_string(played.standing())) + (deviation ? " " + deviation->reference : "");
    };
    h::Deviation by_chance = one;
    by_chance.intermittent = true;
    EXPECT_EQ(known(by_chance, 404), "deviation F9");
    EXPECT_EQ(known(one, 404), "fixed F10") << "beside the other";
    EXPECT_EQ(known(one, 429), "fail");
    EXPECT_EQ(known(one, 403), "fixed F10");
    EXPECT_EQ(known(by_chance, 403), "fixed F9") << "that one does not come by chance";
}

TEST(Conformance, WhatIsKnownOfAnotherRequirementExplainsNothing) {
    const std::string beside = "KPM-EVID-008";
    std::vector<h::Expectation> all{clauses()[0], clauses()[1], observed_at(500, "d.yaml:2:5"),
                                    observed_at(404, "d.yaml:6:5")};
    all[1].decides.push_back(beside);
    const Played played(
        scope_of({sentence(), sentence(beside)},
                 {{.requirement = id, .reference = "F10"}, {.requirement = beside, .reference = "F8"}}),
        all, 202, 404);
    EXPECT_EQ(played.standing(), Standing::Fail);
    EXPECT_EQ(played.report().requirements.at(1).standing, Standing::Deviation);
    EXPECT_EQ(played.report().requirements.at(1).deviation->reference, "F8");
}

TEST(Conformance, AllThatADeviationLooksLikeIsSeen) {
    const std::vector<h::Deviation> known{{.requirement = id, .reference = "F10"}};
    const h::Expectation seen = observed_at(500, "d.yaml:2:5");
    const h::Expectation not_seen = observed_at(404, "d.yaml:2:5");
    EXPECT_EQ(standing_of(202, 500, known, {seen, seen}), Standing::Deviation);
    EXPECT_EQ(standing_of(202, 500, known, {seen, not_seen}), Standing::Fail);
}

/// A play of the cases "one" and "another", both refused, and of a step that is of neither.
class TwoCases {
  public:
    TwoCases() {
        std::vector<h::Expectation> expectations;
        for (int step = 1; step <= 2; ++step) {
            h::Expectation deciding;
            deciding.response = h::ResponseClause{.status = {{403, 403}}};
            deciding.step = step;
            deciding.case_name = step == 1 ? "one" : "another";
            deciding.decides = {id};
            expectations.push_back(deciding);
        }
        Script script;
        script.stack().add({}, scope_of({sentence()})).begin("late", expectations);
        script.step(0, "attest").attest(0);
        script.add({"late", 1}, h::StepStart{"attest", {"honest"}, "", "one"});
        script.step(1, "attest").attest(1);
        script.add({"late", 2}, h::StepStart{"attest", {"honest"}, "", "another"});
        script.step(2, "attest").attest(2);
        history_ = read(script.end_scenario().end().text());
        views_ = split(history_);
        scenario_ = judge(history_).scenarios.at(0);
    }

    /// The submission of that step, which decides.
    std::uint64_t line_of(int step) const {
        return std::ranges::find_if(history_.entries,
                                    [&](const h::Entry& line) {
                                        return line.where->step == step && as_submission(&line) != nullptr;
                                    })
            ->n;
    }
    /// Another line of that step.
    std::uint64_t other_line_of(int step) const { return line_of(step) - 1; }
    /// Whether a cause with that evidence is said of the cases: "one another".
    std::string said_of(std::vector<std::uint64_t> evidence) {
        scenario_.diagnoses = {
            {.rule = "a-rule", .cause = "x", .evidence = std::move(evidence), .agents = {agent}}};
        std::string names;
        for (const ConformanceCase& one : cases_of(scenario_, &views_.at(0))) {
            if (!one.diagnoses.empty()) names += (names.empty() ? "" : " ") + one.id.substr(5);
        }
        return names;
    }

  private:
    h::History history_;
    std::vector<ScenarioView> views_;
    ScenarioReport scenario_;
};

TEST(Conformance, WhatItTakesSeveralCasesToSeeIsTheCauseOfNone) {
    TwoCases played;
    const std::uint64_t before = played.line_of(0), one = played.line_of(1), another = played.line_of(2);
    EXPECT_EQ(played.said_of({one}), "one");
    EXPECT_EQ(played.said_of({another}), "another");
    EXPECT_EQ(played.said_of({one, before}), "one") << "what is of no case is of all";
    EXPECT_EQ(played.said_of({one, another}), "");
    EXPECT_EQ(played.said_of({another, before, one}), "");
    EXPECT_EQ(played.said_of({before}), "");
    EXPECT_EQ(played.said_of({played.other_line_of(1)}), "") << "what went before, and did not decide";
}

TEST(Conformance, EachCaseIsWrittenWithTheReferenceOfItsOwnDeviation) {
    ConformanceReport report;
    RequirementReport& of = report.requirements.emplace_back();
    of.requirement = sentence();
    of.standing = Standing::Deviation;
    of.cases = {"late/one", "late/another", "late/new"};
    of.deviation = h::Deviation{.requirement = id, .reference = "F1"};
    for (const std::string& name : of.cases) {
        ConformanceCase& one = report.cases.emplace_back();
        one.id = name;
        one.decides = {{id}};
        one.deciding.emplace_back().judgement = Judgement::DoesNotHold;
        one.deciding.back().came_to = {"submit answered 500"};
    }
    report.cases[0].known[id] = *of.deviation;
    report.cases[1].known[id] = h::Deviation{.requirement = id, .reference = "F2"};
    const std::string yaml = expected_yaml({}, report);
    const auto reference_after = [&](const std::string& name) {
        const auto at = yaml.find("reference: ", yaml.find(name));
        return yaml.substr(at, yaml.find('\n', at) - at);
    };
    EXPECT_EQ(reference_after("late/one"), "reference: \"F1\"");
    EXPECT_EQ(reference_after("late/another"), "reference: \"F2\"");
    EXPECT_EQ(reference_after("late/new"), "reference: \"not looked into yet\"");
}

}  // namespace
}  // namespace pushsim::reports::test
