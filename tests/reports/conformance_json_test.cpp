#include "reports/conformance_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>

#include "reports/badge.hpp"
#include "reports/conformance_words.hpp"
#include "tests/json_schema.hpp"
#include "tests/reports/assessment.hpp"
#include "tests/reports/generated_assessment.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string schema_text() {
    return h::test::content(PUSHSIM_SOURCE_DIR "/reports/conformance.schema.json");
}

const JsonSchema& schema() {
    static const JsonSchema published(schema_text());
    return published;
}
const JsonSchema& closed_schema() {
    static const JsonSchema all(closed(schema_text()));
    return all;
}

json document() {
    const Assessed all = every_standing();
    return json::parse(conformance_json(all.run, all.report));
}

TEST(ConformanceJson, IsAsItWasAccepted) {
    const Assessed all = every_standing();
    expect_golden("conformance.json", conformance_json(all.run, all.report));
}

TEST(ConformanceJson, TheSchemaNamesEveryMember) {
    for (const Assessed& one : {every_standing(), all_pass(), Assessed{}})
        EXPECT_EQ(closed_schema().problems(conformance_json(one.run, one.report)), "");
}

TEST(ConformanceJson, IsValidWhateverAnAssessmentHas) {
    EXPECT_TRUE(rc::check([] {
        const Assessed one = *generated_assessment();
        const std::string text = conformance_json(one.run, one.report);
        RC_ASSERT(closed_schema().problems(text) == "");
    }));
}

TEST(ConformanceJson, AReaderOfThisFormatPassesOverMembersThatCameLater) {
    json later = document();
    later["later"] = 1;
    later["cases"][0]["later"] = {1, 2};
    EXPECT_EQ(schema().problems(later.dump()), "");
    EXPECT_NE(closed_schema().problems(later.dump()), "");
}

TEST(ConformanceJson, TheSchemaRefusesWhatIsDoctored) {
    const std::vector<std::pair<const char*, json>> changes = {
        {"/format", 2},
        {"/kind", "pushsim-report"},
        {"/totals/pass", -1},
        {"/totals/pass", "1"},
        {"/areas/0/levels/MUST", json::object()},
        {"/requirements/0/id", "NEG-1"},
        {"/requirements/0/standing", "passed"},
        {"/requirements/0/level", "must"},
        {"/requirements/10/reason", "what was seen"},
        {"/requirements/10/deviation", {{"intermittent", false}}},
        {"/cases/0/deciding/0/judgement", "pass"},
        {"/cases/0/standings/KPM-NEG-010", "failed"},
        {"/cases/0/lines/0", -1},
        {"/cases/1/title", "what it is"},
        {"/cases/1/deciding", json::array()},
    };
    for (const auto& [where, value] : changes) {
        json doctored = document();
        doctored[json::json_pointer(where)] = value;
        EXPECT_NE(schema().problems(doctored.dump()), "") << where;
    }
    for (const char* needed : {"format", "scope", "totals", "requirements", "cases", "exit_code"}) {
        json doctored = document();
        doctored.erase(needed);
        EXPECT_NE(schema().problems(doctored.dump()), "") << needed;
    }
    json doctored = document();
    doctored["cases"][0].erase("deciding");
    EXPECT_NE(schema().problems(doctored.dump()), "") << "each case has it";
}

TEST(ConformanceJson, SharesItsDefinitionsWithTheReportOfARun) {
    const json run = json::parse(h::test::content(PUSHSIM_SOURCE_DIR "/reports/report.schema.json"));
    const json own = json::parse(schema_text());
    int shared = 0;
    for (const auto& [name, definition] : own["definitions"].items()) {
        if (!run["definitions"].contains(name)) continue;
        ++shared;
        EXPECT_EQ(run["definitions"][name], definition) << name;
    }
    EXPECT_GE(shared, 7);
}

TEST(ConformanceJson, ACaseThatIsWithheldIsLeftOut) {
    Assessed all = every_standing();
    EXPECT_THAT(conformance_json(all.run, all.report), Not(HasSubstr(not_public)));
    all.report.cases[1].withheld = false;  // its requirement says so as well
    EXPECT_THAT(conformance_json(all.run, all.report), Not(HasSubstr(not_public)));
    all.requirement("KPM-VER-020").requirement.withheld = false;
    EXPECT_THAT(conformance_json(all.run, all.report), HasSubstr(not_public));
}

TEST(ConformanceJson, AnOpenRequirementTellsNothingOfAWithheldCaseThatDecidesIt) {
    Assessed all = every_standing();
    RequirementReport& open = all.requirement("KPM-NEG-010");
    open.cases = {"verdict-of-policy/one"};
    open.reason = not_public;
    EXPECT_THAT(conformance_json(all.run, all.report), Not(HasSubstr(not_public)));
}

std::string badge_of(std::vector<Standing> standings, bool strict = false, int exit_code = 0) {
    ConformanceReport report;
    report.scope.strict = strict;
    for (const Standing standing : standings) {
        report.requirements.emplace_back().standing = standing;
        ++report.totals[standing];
    }
    report.exit_code = exit_code;
    const json badge = json::parse(badge_json(report));
    EXPECT_EQ(badge["schemaVersion"], 1);
    EXPECT_EQ(badge["label"], "push attestation conformance");
    return badge["message"].get<std::string>() + " | " + badge["color"].get<std::string>();
}

TEST(Badge, CountsPassesAmongAllThatWereSelected) {
    using enum Standing;
    EXPECT_EQ(badge_of({Pass, Pass}), "2 of 2 | brightgreen");
    EXPECT_EQ(badge_of({Pass, Undecided}), "1 of 2, 1 undecided | green");
    EXPECT_EQ(badge_of({Pass, Deviation, Deviation}), "1 of 3, 2 known deviations | yellowgreen");
    EXPECT_EQ(badge_of({Pass, Deviation}, true, 1), "1 of 2, 1 known deviation | red");
    EXPECT_EQ(badge_of({Pass, Deviation, Undecided, Undecided}),
              "1 of 4, 1 known deviation, 2 undecided | yellowgreen");
    EXPECT_EQ(badge_of({Pass, Fail, Fixed}, false, 1), "1 of 3, 2 failures | red");
    EXPECT_EQ(badge_of({Pass, Error}, false, 3), "1 of 2, not complete | orange");
    EXPECT_EQ(badge_of({Pass, Undecided}, false, 130), "1 of 2, 1 undecided, not complete | orange");
    EXPECT_EQ(badge_of({Undecided}, false, 4), "0 of 1, 1 undecided, not complete | lightgrey");
    EXPECT_EQ(badge_of({}, false, 4), "0 of 0, not complete | lightgrey");
}

TEST(Badge, APassInPartIsNoneInFull) {
    ConformanceReport report;
    report.requirements = {{.standing = Standing::Pass}, {.standing = Standing::Pass, .in_part = true}};
    report.totals = {{Standing::Pass, 2}};
    const auto badge = nlohmann::json::parse(badge_json(report));
    EXPECT_EQ(badge.at("message"), "2 of 2 (1 in part)");
    EXPECT_EQ(badge.at("color"), "green");
    EXPECT_EQ(totals_text(report), "2 pass (1 of them in part)");
    EXPECT_THAT(verdict_sentence({}, report), HasSubstr("obeys 2 of 2 requirements (1 in part)."));
}

}  // namespace
}  // namespace pushsim::reports
