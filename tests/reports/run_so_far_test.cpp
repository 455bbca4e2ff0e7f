#include "reports/run_so_far.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/report_json.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;

std::string json_of(std::vector<ScenarioReport> scenarios) {
    RunReport run;
    run.scenarios = std::move(scenarios);
    return report_json(run);
}

/// At each end of a scenario, and once more behind it: the same as judge() says of all lines until then.
/// Gives how often that was.
int expect_what_judge_says(const std::string& text) {
    int compared = 0;
    RunSoFar so_far;
    std::string until;
    for (const std::string& line : h::test::lines_of(text)) {
        until += line + '\n';
        h::History history = read(until);
        if (history.entries.empty()) {
            so_far.take(*history.head);
            continue;
        }
        const h::Entry last = history.entries.back();
        so_far.take(std::move(history.entries.back()));
        if (as<h::ScenarioEnd>(&last) == nullptr) continue;
        std::vector<ScenarioReport> all = judged(until).scenarios;
        std::erase_if(all, [&](const ScenarioReport& one) { return one.name != last.where->scenario; });
        EXPECT_EQ(json_of(so_far.scenarios(last.where->scenario)), json_of(all)) << last.where->scenario;
        EXPECT_EQ(json_of(so_far.scenarios(last.where->scenario)), json_of(all)) << "asked again";
        ++compared;
    }
    return compared;
}

void attest_once(Script& script, const std::string& scenario) {
    script.begin(scenario,
                 {{.verdict = h::VerdictClause{"pass"}, .step = 1}, {.check = h::CheckClause{"invariants"}}});
    script.step(1, "attest").enrol(R"({"7":[")" + quoted + R"("]})").session().proof(std::chrono::minutes{3});
    script.attest(0).verdict(0, "pass").status("PASS", 1).end_step("attest").end_scenario();
}

TEST(RunSoFar, SaysOfEachScenarioWhatJudgeSays) {
    Script script;
    script.stack();
    attest_once(script, "one");
    attest_once(script, "other");
    EXPECT_EQ(expect_what_judge_says(script.end().text()), 2);
}

TEST(RunSoFar, AChallengeOfAScenarioThatIsOverIsKnown) {
    Script script;
    script.stack();
    attest_once(script, "one");
    attest_once(script, "other");
    std::string text = script.end().text();
    const std::string member = R"("challenge":")";
    const std::size_t first = text.find(member) + member.size();
    const std::string issued = text.substr(first, text.find('"', first) - first);
    const std::size_t last = text.rfind(member) + member.size();
    text.replace(last, text.find('"', last) - last, issued);
    EXPECT_THAT(judged(text).scenarios.at(1).findings,
                testing::Contains(testing::Field(&Finding::check, "nonces_distinct")));
    EXPECT_EQ(expect_what_judge_says(text), 2);
}

TEST(RunSoFar, TriesOfOneNameAreJoined) {
    Script script;
    script.stack();
    for (int number = 1; number <= 2; ++number) {
        h::ScenarioStart start;
        start.groups = {{"honest", 1}};
        start.expectations = {{.verdict = h::VerdictClause{"fail"}, .step = 1}};
        start.attempt = h::Try{number, 3};
        script.begin_with("chance", start).step(1, "attest").enrol().attest(0);
        script.verdict(0, number == 2 ? "fail" : "pass").end_step("attest").end_scenario();
    }
    EXPECT_EQ(expect_what_judge_says(script.end().text()), 2);
}

TEST(RunSoFar, OfANameThatNobodyBeganItSaysNothing) {
    EXPECT_TRUE(RunSoFar{}.scenarios("absent").empty());
}

}  // namespace
}  // namespace pushsim::reports
