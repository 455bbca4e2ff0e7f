// reports/report.schema.json against what real runs and made ones come to.

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/report_json.hpp"
#include "tests/json_schema.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using nlohmann::json;
namespace fs = std::filesystem;

std::string schema_text() {
    return h::test::content(PUSHSIM_SOURCE_DIR "/reports/report.schema.json");
}

const JsonSchema& closed_schema() {
    static const JsonSchema all(closed(schema_text()));
    return all;
}

TEST(ReportSchema, NamesEveryMemberOfTheReportsOfAllRecordedHistories) {
    int reports = 0;
    for (const auto& entry : fs::directory_iterator(PUSHSIM_SOURCE_DIR "/fixtures/histories")) {
        if (entry.path().extension() != ".jsonl") continue;
        const std::string text = report_json(judged(h::test::content(entry.path())));
        EXPECT_EQ(closed_schema().problems(text), "") << entry.path();
        ++reports;
    }
    EXPECT_GE(reports, 20);
}

TEST(ReportSchema, AcceptsRunsThatCameToNoEndOrToNothing) {
    const std::string whole = honest_run();
    for (const std::string& text : {std::string{}, whole, whole.substr(0, whole.size() / 2),
                                    mismatch_run("pass"), without(whole, R"("kind":"verdict")")})
        EXPECT_EQ(closed_schema().problems(report_json(judged(text))), "");
}

TEST(ReportSchema, AcceptsTriesOfWhatComesByChance) {
    Script script;
    h::ScenarioStart start;
    start.groups = {{"honest", 1}};
    start.expectations = {{.status = h::StatusClause{"PASS"}}};
    start.attempt = h::Try{1, 3};
    script.begin_with("by-chance", start).status("PASS", 1).end_scenario();
    const std::string text = report_json(judged(script.end().text()));
    EXPECT_TRUE(json::parse(text)["scenarios"][0]["tries"].contains("reproduced"));
    EXPECT_EQ(closed_schema().problems(text), "");
}

TEST(ReportSchema, RefusesWhatIsDoctored) {
    const json report = json::parse(report_json(judged(mismatch_run("pass"))));
    const JsonSchema published(schema_text());
    json later = report;
    later["scenarios"][0]["later"] = true;
    EXPECT_EQ(published.problems(later.dump()), "") << "readers pass over what came later";
    EXPECT_NE(closed_schema().problems(later.dump()), "");
    for (const auto& [where, value] :
         std::vector<std::pair<const char*, json>>{{"/format", 2},
                                                   {"/scenarios/0/outcome", "fine"},
                                                   {"/scenarios/0/duration", -1},
                                                   {"/scenarios/0/expectations/0/judgement", "pass"},
                                                   {"/scenarios/0/diagnoses/0/evidence/0", "10"},
                                                   {"/scenarios/0/account/sent", 1.5},
                                                   {"/totals/scenarios", nullptr},
                                                   {"/stacks/0", "7.14.3"}}) {
        json doctored = report;
        doctored[json::json_pointer(where)] = value;
        EXPECT_NE(published.problems(doctored.dump()), "") << where;
    }
}

}  // namespace
}  // namespace pushsim::reports
