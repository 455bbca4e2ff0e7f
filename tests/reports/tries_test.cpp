// Scenarios of what comes by chance: several tries of one name, one report.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/console.hpp"
#include "reports/junit.hpp"
#include "reports/report_json.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using Ending = h::ScenarioEnd::Ending;
using testing::HasSubstr;

/// Expects TIMEOUT of its agent.
Script& begin_try(Script& script, int number, int of, const std::string& name = "chance") {
    h::ScenarioStart start;
    start.groups = {{"honest", 1}};
    start.expectations = {{.status = h::StatusClause{"TIMEOUT"}}};
    start.attempt = h::Try{number, of};
    return script.begin_with(name, start);
}

/// One try for each status that was seen; an empty one is of a stack that failed.
RunReport tried(const std::vector<std::string>& statuses, int of) {
    Script script;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        begin_try(script, static_cast<int>(i) + 1, of);
        if (statuses[i].empty()) {
            script.end_scenario({Ending::Failed, "the verifier died", ""});
        } else {
            script.status(statuses[i], 1).end_scenario();
        }
    }
    return judged(script.end().text());
}

TEST(Tries, AreReproducedByTheFirstThatIsAsExpected) {
    const RunReport report = tried({"PASS", "TIMEOUT"}, 5);
    ASSERT_EQ(report.scenarios.size(), 1U);
    EXPECT_EQ(report.scenarios[0].outcome, Outcome::Reproduced);
    EXPECT_EQ(report.scenarios[0].tries, (Tries{2, 5, 2}));
    EXPECT_EQ(report.scenarios[0].headline, "reproduced by try 2 of 5: status TIMEOUT");
    EXPECT_EQ(report.scenarios[0].duration, std::chrono::milliseconds{400});
    EXPECT_EQ(report.totals.scenarios, 1);
    EXPECT_EQ(report.totals.reproduced, 1);
    EXPECT_EQ(report.totals.as_expected, 0);
    EXPECT_EQ(report.exit_code, 0);
}

TEST(Tries, OfWhichNoneWasAsExpectedAreNotSeenAndNoFailure) {
    const RunReport report = tried({"PASS", "FAIL", "PASS"}, 3);
    ASSERT_EQ(report.scenarios.size(), 1U);
    EXPECT_EQ(report.scenarios[0].outcome, Outcome::NotSeen);
    EXPECT_EQ(report.scenarios[0].tries, (Tries{3, 3, 0}));
    EXPECT_EQ(report.scenarios[0].reason, "not seen in 3 tries");
    EXPECT_EQ(report.scenarios[0].headline, "not seen in 3 tries; the last: expected TIMEOUT, was PASS");
    EXPECT_EQ(report.totals.not_seen, 1);
    EXPECT_EQ(report.totals.not_as_expected, 0);
    EXPECT_EQ(report.exit_code, 0);
    EXPECT_EQ(tried({"PASS"}, 1).scenarios.at(0).reason, "not seen in 1 try");
}

TEST(Tries, ThatEndInAnErrorAreOne) {
    const RunReport report = tried({"PASS", ""}, 2);
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Error);
    EXPECT_EQ(report.scenarios[0].headline, "the verifier died");
    EXPECT_EQ(report.exit_code, 3);
    EXPECT_EQ(tried({"", "TIMEOUT"}, 2).scenarios.at(0).outcome, Outcome::Reproduced);
}

TEST(Tries, ThatWereInterruptedOrNotAllMadeArePartial) {
    Script script;
    begin_try(script, 1, 3).status("PASS", 1).end_scenario();
    begin_try(script, 2, 3).end_scenario({Ending::Interrupted, "interrupted", ""});
    const RunReport interrupted = judged(script.end({true, "interrupted", {}}).text());
    EXPECT_EQ(interrupted.scenarios.at(0).outcome, Outcome::Partial);
    EXPECT_EQ(interrupted.exit_code, 130);
    const RunReport between = tried({"PASS", "PASS"}, 3);
    EXPECT_EQ(between.scenarios.at(0).outcome, Outcome::Partial);
    EXPECT_EQ(between.scenarios[0].reason, "not seen, and only 2 of 3 tries were made");
    EXPECT_EQ(between.exit_code, 3);
}

TEST(Tries, ThatWereAllSkippedAreSkipped) {
    Script script;
    for (const int number : {1, 2})
        begin_try(script, number, 2).end_scenario({Ending::Skipped, "needs a stack of its own", ""});
    const RunReport report = judged(script.end().text());
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Skipped);
    EXPECT_EQ(report.exit_code, 4);
}

TEST(Tries, OfOneNameAreOneSeriesAndBeginAnewWithTheFirst) {
    Script script;
    begin_try(script, 1, 2, "a").status("PASS", 1).end_scenario();
    script.begin("b", {{.status = h::StatusClause{"PASS"}}}).status("PASS", 1).end_scenario();
    begin_try(script, 2, 2, "a").status("TIMEOUT", 1).end_scenario();
    begin_try(script, 1, 2, "a").status("TIMEOUT", 1).end_scenario();
    const RunReport report = judged(script.end().text());
    ASSERT_EQ(report.scenarios.size(), 3U);
    EXPECT_EQ(report.scenarios[0].tries, (Tries{2, 2, 2}));
    EXPECT_EQ(report.scenarios[1].outcome, Outcome::AsExpected);
    EXPECT_EQ(report.scenarios[2].tries, (Tries{1, 2, 1}));
}

TEST(Tries, KeepWhatChecksFoundInTheOthers) {
    Script script;
    begin_try(script, 1, 2).step(1, "attest").enrol().attest(0).status("PASS", 1).end_scenario();
    begin_try(script, 2, 2).status("TIMEOUT", 1).end_scenario();
    const RunReport report = judged(script.end().text());
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Reproduced);
    EXPECT_THAT(findings(report, "accounted"),
                testing::Contains(HasSubstr("in try 1: honest[0]: attestation 0 was")));
}

TEST(Tries, AreToldApartInEveryReport) {
    Script script;
    begin_try(script, 1, 2, "seen").status("TIMEOUT", 1).end_scenario();
    for (const int number : {1, 2})
        begin_try(script, number, 2, "unseen").status("PASS", 1).end_scenario();
    const RunReport report = judged(script.end().text());
    const std::string text = console_text(report, "", {});
    EXPECT_THAT(text, HasSubstr("  ok  seen            reproduced by try 1 of 2: status TIMEOUT"));
    EXPECT_THAT(text,
                HasSubstr("none  unseen          not seen in 2 tries; the last: expected TIMEOUT, was PASS"));
    EXPECT_THAT(text, HasSubstr("\n2 scenarios: 1 reproduced, 1 not seen\n"));
    const std::string quiet = console_text(report, "", {.quiet = true});
    EXPECT_THAT(quiet, testing::Not(HasSubstr("reproduced by")));
    EXPECT_THAT(quiet, HasSubstr("none  unseen"));
    const std::string xml = junit_xml(report, "");
    EXPECT_THAT(xml, HasSubstr(R"(tests="2" failures="0" errors="0" skipped="1")"));
    EXPECT_THAT(xml, HasSubstr(R"(<skipped message="not seen in 2 tries" />)"));
    const auto json = nlohmann::json::parse(report_json(report));
    EXPECT_EQ(json.at("totals").at("reproduced"), 1);
    EXPECT_EQ(json.at("totals").at("not_seen"), 1);
    EXPECT_EQ(json.at("scenarios").at(0).at("tries"),
              (nlohmann::json{{"made", 1}, {"of", 2}, {"reproduced", 1}}));
    EXPECT_EQ(json.at("scenarios").at(1).at("outcome"), "not_seen");
    EXPECT_FALSE(json.at("scenarios").at(1).at("tries").contains("reproduced"));
}

}  // namespace
}  // namespace pushsim::reports
