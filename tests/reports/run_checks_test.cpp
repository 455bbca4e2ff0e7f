#include "reports/run_checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/checks.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Result = CheckOfRun::Result;

std::vector<CheckOfRun> checked(const std::string& text, const std::vector<std::string>& asked = {}) {
    return check_run(read(text), asked);
}

/// A session, a token, and an attestation that passes.
Script& an_attestation(Script& script, const std::string& scenario) {
    script.begin(scenario).step(1, "attest").enrol().session().proof(std::chrono::minutes{3});
    return script.attest(0).verdict(0, "pass").status("PASS", 1).end_scenario();
}

std::string honest() {
    Script script;
    return an_attestation(script, "honest").end().text();
}

TEST(RunChecks, OfAnHonestRunAllHold) {
    const auto checks = checked(honest());
    std::vector<std::string> names;
    for (const CheckOfRun& check : checks) {
        names.push_back(check.check);
        EXPECT_EQ(check.result, Result::Holds) << check.check;
        EXPECT_THAT(check.not_checked, IsEmpty()) << check.check;
    }
    EXPECT_EQ(names, check_names());
    EXPECT_THAT(checks_text(checks),
                testing::StartsWith("ok           accounted\nok           verdict_sources_agree\n"));
}

TEST(RunChecks, EachIsSeenToFindWhatItIsFor) {
    using Change = std::function<std::string()>;
    const auto change = [](const char* line, const char* from, const char* to) {
        return [=] { return with_line(honest(), line, 0, replacing(from, to)); };
    };
    const std::map<std::string, Change> changes{
        {"accounted", [] { return without(honest(), R"("kind":"verdict")"); }},
        {"verdict_sources_agree",
         change(R"("kind":"verdict")", R"("verdict":"pass")", R"("verdict":"fail")")},
        {"status_agrees", change(R"("kind":"status_read")", "PASS", "FAIL")},
        {"no_5xx", change("/v3.0/sessions", R"("status":200)", R"("status":503)")},
        {"nonces_distinct", change(R"("phase":"negotiate")", "challenge-1", "challenge-0")},
        {"tokens_secret", change(R"("kind":"step_start")", R"("attest")", R"("Bearer 0123456789abcdef")")},
        {"indexes_monotonic", change(R"("phase":"negotiate")", R"("index":0)", R"("index":4)")},
        {"stages_legal", change(R"("kind":"verdict")", "verification_complete", "awaiting_evidence")}};
    for (const std::string& name : check_names()) {
        ASSERT_TRUE(changes.contains(name)) << name;
        const auto checks = checked(changes.at(name)(), {name});
        ASSERT_EQ(checks.size(), 1U);
        EXPECT_EQ(checks[0].result, Result::Findings) << name;
        ASSERT_FALSE(checks[0].findings.empty());
        EXPECT_EQ(checks[0].findings[0].scenario, "honest");
        EXPECT_TRUE(checks[0].findings[0].n) << name;
    }
}

TEST(RunChecks, SayWhoAndWhereInTextAndJson) {
    const auto checks = checked(with_line(honest(), R"("kind":"status_read")", 0, replacing("PASS", "FAIL")),
                                {"status_agrees"});
    EXPECT_EQ(checks[0].findings.at(0).agent, "honest[0]");
    EXPECT_THAT(checks_text(checks),
                testing::MatchesRegex(
                    "FOUND        status_agrees: 1 finding\n"
                    "             honest: honest\\[0\\]: the status is FAIL, .* \\(history line 12\\)\n"));
    const auto json = nlohmann::json::parse(checks_json(checks, "runs/latest/history.jsonl"));
    EXPECT_EQ(json.at("kind"), "pushsim-check");
    EXPECT_EQ(json.at("checks").at(0).at("result"), "findings");
    EXPECT_EQ(json.at("checks").at(0).at("findings").at(0).at("agent"), "honest[0]");
    EXPECT_EQ(json.at("checks").at(0).at("findings").at(0).at("n"), 11);
}

TEST(RunChecks, ThatHadNothingToLookAtSaySoByScenario) {
    Script script;
    an_attestation(script, "first").begin("second").step(1, "wait").end_scenario();
    const auto some = checked(script.end().text(), {"stages_legal"});
    EXPECT_EQ(some[0].result, Result::Holds);
    EXPECT_EQ(checks_text(some),
              "ok           stages_legal, not in full: second: no stage of an attestation was read\n");
    Script idle;
    const auto none =
        checked(idle.begin("idle").step(1, "wait").end_scenario().end().text(), {"stages_legal"});
    EXPECT_EQ(none[0].result, Result::NotChecked);
    EXPECT_EQ(checks_text(none), "not checked  stages_legal: no stage of an attestation was read\n");
    Script many;
    for (const char* name : {"one", "two", "three", "four"})
        many.begin(name).step(1, "wait").end_scenario();
    EXPECT_EQ(checks_text(checked(many.end().text(), {"stages_legal"})),
              "not checked  stages_legal: one: no stage of an attestation was read; two: no stage of an "
              "attestation was read; and 2 more (--format json)\n");
    Script empty;
    EXPECT_THAT(checks_text(checked(empty.end().text(), {"accounted"})),
                HasSubstr("not checked  accounted: the history has no scenario"));
}

TEST(RunChecks, OfARunThatEndedEarlyLeaveOpenWhatIsOpen) {
    const std::string whole = honest();
    const std::string killed = whole.substr(0, whole.find(R"({"n":)", whole.find(R"("kind":"cycle")")));
    for (const CheckOfRun& check : checked(killed))
        EXPECT_NE(check.result, Result::Findings) << check.check;
    EXPECT_EQ(checked(killed, {"accounted"})[0].result, Result::NotChecked);
}

TEST(RunChecks, LookForTokensOutsideTheScenariosToo) {
    const std::string in_head = with_line(
        honest(), R"("kind":"head")", 0, replacing("pushsim run", "pushsim --token Bearer 0123456789abcdef"));
    EXPECT_THAT(checks_text(checked(in_head, {"tokens_secret"})),
                HasSubstr("\n             the head shows a bearer token\n"));
    Script script;
    script.add({}, h::Note{"ABC"});
    const std::string between = with_line(an_attestation(script, "x").end().text(), "ABC", 0,
                                          replacing("ABC", "-----BEGIN PRIVATE KEY-----"));
    EXPECT_THAT(checks_text(checked(between, {"tokens_secret"})),
                HasSubstr("the line shows a private key: note (history line 2)"));
}

}  // namespace
}  // namespace pushsim::reports
