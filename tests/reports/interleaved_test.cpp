// Scenarios of one run may run side by side: their lines stand among one another, each with its scenario's
// name.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reports/run_checks.hpp"
#include "reports/view.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;

/// The lines of a run of two scenarios, with agents of the same names: "passes" and "fails".
struct TwoScenarios {
    std::vector<std::string> before, passes, fails, after;

    TwoScenarios() {
        Script script;
        script.stack();
        script.begin("passes", {{.verdict = h::VerdictClause{"pass"}, .step = 1},
                                {.check = h::CheckClause{"accounted"}}});
        script.step(1, "attest")
            .enrol(R"({"7":[")" + quoted + R"("]})")
            .session()
            .proof(std::chrono::minutes{3});
        script.attest(0)
            .verdict(0, "pass")
            .attest(1)
            .verdict(1, "pass")
            .status("PASS", 2)
            .end_step("attest")
            .end_scenario();
        script.begin("fails", {{.verdict = h::VerdictClause{"pass"}, .step = 1}});
        script.step(1, "attest").enrol().attest(0).verdict(0, "fail", "policy_violation").status("FAIL", 0);
        script.end_step("attest").end_scenario();
        for (std::string& line : h::test::lines_of(script.end().text())) {
            std::vector<std::string>& part = line.find(R"("scenario":"passes")") != std::string::npos ? passes
                                             : line.find(R"("scenario":"fails")") != std::string::npos ? fails
                                             : passes.empty() ? before
                                                              : after;
            part.push_back(line);
        }
    }

    /// `order` says whose line is the next, as long as both have one.
    std::string text(const std::vector<bool>& order) const {
        std::vector<std::string> lines = before;
        auto one = passes.begin();
        auto other = fails.begin();
        for (const bool first : order) {
            if (one == passes.end() || other == fails.end()) break;
            lines.push_back(first ? *one++ : *other++);
        }
        lines.insert(lines.end(), one, passes.end());
        lines.insert(lines.end(), other, fails.end());
        lines.insert(lines.end(), after.begin(), after.end());
        std::string text;
        for (std::size_t n = 0; n < lines.size(); ++n)
            text += fmt::format("{{\"n\":{}{}\n", n, lines[n].substr(lines[n].find(',')));
        return text;
    }
};

const ScenarioReport& named(const RunReport& report, const std::string& name) {
    return *std::ranges::find(report.scenarios, name, &ScenarioReport::name);
}

/// What a report says, without the numbers of lines.
std::string said(const ScenarioReport& report) {
    std::string text = fmt::format("{} {} {} ms {} {} {} {}\n", to_string(report.outcome), report.headline,
                                   report.duration / std::chrono::milliseconds{1}, report.account.sent,
                                   report.account.passed, report.account.failed, report.failed_agents);
    for (const ExpectationResult& result : report.expectations)
        text += fmt::format("{} {} {}\n", to_string(result.judgement), result.what, result.actual);
    for (const Finding& finding : report.findings)
        text += fmt::format("{} {}\n", finding.check, finding.text);
    for (const NotChecked& what : report.not_checked)
        text += fmt::format("{} {}\n", what.check, what.reason);
    for (const Diagnosis& one : report.diagnoses)
        text += one.rule + ' ' + one.cause + '\n';
    return text;
}

RC_GTEST_PROP(Interleaved, ScenariosAreJudgedAsIfEachWereAlone, ()) {
    static const TwoScenarios scenarios;
    static const RunReport apart = judged(scenarios.text({}));
    RC_ASSERT(named(apart, "passes").outcome == Outcome::AsExpected);
    RC_ASSERT(named(apart, "fails").outcome == Outcome::NotAsExpected);
    const RunReport together =
        judged(scenarios.text(*rc::gen::container<std::vector<bool>>(40, rc::gen::arbitrary<bool>())));
    RC_ASSERT(together.scenarios.size() == 2U);
    for (const char* name : {"passes", "fails"})
        RC_ASSERT(said(named(together, name)) == said(named(apart, name)));
    RC_ASSERT(together.exit_code == apart.exit_code);
}

TEST(Interleaved, AScenarioThatHasNotEndedTakesNothingOfTheOther) {
    const TwoScenarios scenarios;
    ASSERT_LT(scenarios.fails.size(), scenarios.passes.size());
    std::vector<bool> in_turn;
    for (std::size_t i = 0; i < 2 * scenarios.fails.size(); ++i)
        in_turn.push_back(i % 2 == 0);
    const std::string text = scenarios.text(in_turn);
    const std::size_t first_end = text.find(R"("kind":"scenario_end")");
    const RunReport report = judged(text.substr(0, text.find('\n', first_end) + 1));
    EXPECT_EQ(named(report, "fails").outcome, Outcome::NotAsExpected);
    EXPECT_EQ(named(report, "fails").account.failed, 1U);
    EXPECT_EQ(named(report, "passes").outcome, Outcome::Partial);
}

}  // namespace
}  // namespace pushsim::reports
