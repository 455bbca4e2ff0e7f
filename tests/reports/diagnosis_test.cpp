#include "reports/diagnosis.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reports/diagnosis_cases.hpp"

namespace pushsim::reports::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names(const std::vector<Diagnosis>& diagnoses) {
    std::vector<std::string> all;
    for (const Diagnosis& one : diagnoses)
        all.push_back(one.rule);
    return all;
}

const std::vector<Case>& cases() {
    static const std::vector<Case> all = [] {
        std::vector<Case> of_all_themes;
        for (const auto& theme : {pcr_cases, clock_cases, challenges_cases, sessions_cases, rate_limits_cases,
                                  enrolment_cases, status_cases, ima_cases})
            std::ranges::move(theme(), std::back_inserter(of_all_themes));
        return of_all_themes;
    }();
    return all;
}

std::string history_of(const Case& one) {
    Script script;
    script.begin("case").step(1, "attest");
    one.play(script);
    return script.end_scenario().end().text();
}

class Diagnosing : public testing::TestWithParam<Case> {};

// Every rule looks at every history: what is not named must stay silent.
TEST_P(Diagnosing, FindsWhatIsThereAndNothingElse) {
    const auto found = judged(history_of(GetParam())).scenarios.at(0).diagnoses;
    ASSERT_EQ(names(found), GetParam().rules);
    if (found.empty()) return;
    EXPECT_THAT(cause_text(found[0]), HasSubstr(GetParam().cause));
    for (const Diagnosis& one : found) {
        EXPECT_FALSE(one.mend.empty());
        EXPECT_THAT(one.agents, ElementsAre(agent));
    }
}

TEST_P(Diagnosing, SaysNothingWithoutTheLineThatDecides) {
    expect_causes_rest_on_their_lines(history_of(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Histories, Diagnosing, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

// It had not done its part: something held it up within the step.
TEST(Silent, WithinItsStepDoesNotWaitForOthers) {
    Script script;
    script.begin("case").step(1, "attest").enrol(list(quoted)).attest(0).verdict(0, "pass").wait(seconds{6});
    script.session(200, "slow[0]").status("TIMEOUT", 1).session();
    const auto found = judged(script.end_scenario().end().text()).scenarios.at(0).diagnoses;
    ASSERT_EQ(names(found), std::vector<std::string>{"no_evidence_for_too_long"});
    EXPECT_THAT(found[0].cause, testing::EndsWith("(1 s) without any"));
    EXPECT_THAT(found[0].mend, HasSubstr("why the agent is silent"));
}

TEST(PassThoughSilent, ShowsTheRestart) {
    Script script;
    script.begin("case").step(1, "attest").enrol(list(quoted)).attest(0).verdict(0, "pass");
    script.restart_verifier().wait(seconds{11}).status("PASS", 1);
    const auto found = judged(script.end_scenario().end().text()).scenarios.at(0).diagnoses;
    ASSERT_EQ(names(found), std::vector<std::string>{"pass_though_silent"});
    EXPECT_THAT(found[0].shown, testing::Contains(testing::EndsWith(": the verifier was restarted")));
}

/// Mends of what is found where the policy is this one, and PCR 0 and 7 are quoted.
std::vector<std::string> mends(const std::string& policy, const std::string& evaluation) {
    Script script;
    script.begin("case").step(1, "attest").enrol(policy).quoting({"sha256", {{0, old_value}, {7, quoted}}});
    script.attest(0).verdict(0, evaluation, evaluation == "fail" ? "policy_violation" : "");
    std::vector<std::string> all;
    const RunReport report = judged(script.end_scenario().end().text());
    for (const Diagnosis& one : report.scenarios.at(0).diagnoses)
        all.push_back(one.mend);
    return all;
}

TEST(EnrolAgain, HasWhatWasQuotedForEveryPcrThatWouldFail) {
    const std::string right =
        R"(enrol again with {"0": [")" + old_value + R"("], "7": [")" + quoted + R"("]})";
    EXPECT_THAT(mends(R"({"0":[")" + zeros + R"("],"7":[")" + zeros + R"("]})", "fail"),
                testing::Each(HasSubstr(right)));
    EXPECT_THAT(mends(R"({"0":[")" + old_value + R"("],"7":[")" + zeros + R"("]})", "fail"),
                ElementsAre(HasSubstr(right)));
}

TEST(EnrolAgain, HasWhatWasQuotedWhereATextBecomesAList) {
    EXPECT_THAT(mends(R"({"0":")" + zeros + R"(","7":[")" + zeros + R"("]})", "fail"),
                ElementsAre(HasSubstr(R"({"0": [")" + old_value + R"("], "7": [")" + quoted + R"("]})")));
}

TEST(EnrolAgain, OfACauseThatComesBackIsTheLastOne) {
    Script script;
    const std::string both = R"({"0":[")" + old_value + R"("],"7":[")" + zeros + R"("]})";
    script.begin("case").step(1, "attest").enrol(both);
    script.quoting({"sha256", {{0, old_value}, {7, quoted}}})
        .attest(0)
        .verdict(0, "fail", "policy_violation");
    script.quoting({"sha256", {{0, zeros}, {7, quoted}}}).attest(1).verdict(1, "fail", "policy_violation");
    const auto found = judged(script.end_scenario().end().text()).scenarios.at(0).diagnoses;
    ASSERT_THAT(found, testing::SizeIs(2)) << "PCR 7, and PCR 0 from the second on";
    for (const Diagnosis& one : found)
        EXPECT_THAT(one.mend, HasSubstr(R"({"0": [")" + zeros + R"("], "7": [")" + quoted + R"("]})"));
}

TEST(EnrolAgain, KeepsListsThatHoldAndLeavesOutWhatHasNoValue) {
    const std::string policy =
        R"({"0":[")" + zeros + R"(",")" + old_value + R"("],"4":[],"7":[")" + zeros + R"("]})";
    EXPECT_THAT(mends(policy, "fail").back(), HasSubstr(R"(with {"0": [")" + zeros + R"(", ")" + old_value +
                                                        R"("], "7": [")" + quoted + R"("]})"));
}

TEST(EnrolAgain, OfAPolicyThatIsNotEnforcedKeepsItsOwnValue) {
    EXPECT_THAT(mends(R"({"7":")" + zeros + R"("})", "pass"),
                ElementsAre(HasSubstr(R"(enrol again with {"7": [")" + zeros + R"("]})")));
}

TEST(Rules, EachHasAHistoryThatShowsItAndNamesOfItsOwn) {
    std::vector<std::string> shown;
    for (const Case& one : cases())
        shown.insert(shown.end(), one.rules.begin(), one.rules.end());
    std::vector<std::string> known;
    for (const Rule& rule : rules()) {
        EXPECT_THAT(shown, testing::Contains(rule.name));
        EXPECT_THAT(known, testing::Not(testing::Contains(rule.name)));
        known.emplace_back(rule.name);
    }
}

TEST(SessionLimits, AreThoseOfThePlan) {
    const auto cause = [](const std::string& plan, Duration between) -> std::string {
        h::ScenarioStart start;
        start.groups = {{"honest", 1}};
        start.plan = plan;
        Script script;
        script.begin_with("one", start).step(1, "authenticate");
        for (int i = 0; i < 3; ++i)
            script.session().wait(between);
        const auto found = judged(script.session(429).end_scenario().end().text()).scenarios.at(0).diagnoses;
        return found.empty() ? "" : found[0].cause;
    };
    const std::string plan =
        "stack:\n  verifier:\n    session_create_rate_limit_per_agent: 3\n"
        "    session_create_rate_limit_window_agent: 10s\n";
    EXPECT_THAT(cause(plan, seconds{2}), HasSubstr("The agent took 3 sessions within 10s, and"));
    EXPECT_EQ(cause(plan, seconds{4}), "") << "one of the three is older than ten seconds";
    EXPECT_EQ(cause("", seconds{2}), "") << "Keylime's own limit is 15";
    EXPECT_THAT(cause("session_create_rate_limit_per_agent: 3\n"
                      "session_create_rate_limit_window_agent: 1m30s\n",
                      seconds{20}),
                HasSubstr("3 sessions within 1m30s"));
    EXPECT_EQ(cause("about: \"of session_create_rate_limit_per_agent: 3\"\n", seconds{2}), "");
}

}  // namespace
}  // namespace pushsim::reports::test
