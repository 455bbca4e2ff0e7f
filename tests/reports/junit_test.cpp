#include "reports/junit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pugixml.hpp>

#include "tests/reports/golden.hpp"
#include "tests/reports/junit_schema.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::HasSubstr;

RunReport every_outcome() {
    Script script;
    script.stack();
    script.begin("ok", {{.status = h::StatusClause{"PASS"}}}).status("PASS", 1).end_scenario();
    script.begin("wrong", {{.status = h::StatusClause{"PASS"}}}).status("FAIL", 1).end_scenario();
    script.begin("skipped").end_scenario({h::ScenarioEnd::Ending::Skipped, "needs <a> & \"b\"", ""});
    script.begin("failed").end_scenario({h::ScenarioEnd::Ending::Failed, "no \x01 verifier\nat all", "mend"});
    h::ScenarioStart by_chance;
    by_chance.groups = {{"honest", 1}};
    by_chance.expectations = {{.status = h::StatusClause{"PASS"}}};
    by_chance.attempt = h::Try{1, 1};
    script.begin_with("reproduced", by_chance).status("PASS", 1).end_scenario();
    script.begin_with("not seen", by_chance).status("FAIL", 1).end_scenario();
    script.begin("partial");
    return judged(script.text());
}

TEST(JUnit, EveryOutcomeIsValidAgainstTheSchema) {
    EXPECT_EQ(invalid(junit_xml(every_outcome(), "runs/x/history.jsonl")), "");
    EXPECT_EQ(invalid(junit_xml(judged(honest_run()), "")), "");
    EXPECT_EQ(invalid(junit_xml(judged(""), "")), "");
}

TEST(JUnit, TheSchemaRefusesWhatReadersDoNotKnow) {
    std::string xml = junit_xml(every_outcome(), "");
    EXPECT_NE(invalid(std::string{xml}.replace(xml.find("<failure"), 8, "<failed ")), "");
    EXPECT_NE(invalid(std::string{xml}.replace(xml.find("tests="), 6, "tries=")), "");
}

TEST(JUnit, CountsNamesAndElementsAreThoseOfTheReport) {
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(junit_xml(every_outcome(), "runs/x/history.jsonl").c_str()));
    const pugi::xml_node suite = document.child("testsuites").child("testsuite");
    EXPECT_EQ(suite.attribute("tests").as_int(), 7);
    EXPECT_EQ(suite.attribute("failures").as_int(), 1);
    EXPECT_EQ(suite.attribute("errors").as_int(), 2);
    EXPECT_EQ(suite.attribute("skipped").as_int(), 2);
    EXPECT_STREQ(suite.attribute("timestamp").value(), "2023-11-14T22:13:20");
    const auto test_case = [&](const char* name) {
        return suite.find_child_by_attribute("testcase", "name", name);
    };
    EXPECT_FALSE(test_case("ok").child("failure"));
    EXPECT_THAT(test_case("wrong").child("failure").text().get(),
                HasSubstr("expected: PASS\n  actual: honest[0]: FAIL"));
    EXPECT_STREQ(test_case("skipped").child("skipped").attribute("message").value(), "needs <a> & \"b\"");
    EXPECT_THAT(test_case("failed").child("error").text().get(), HasSubstr("mend: mend"));
    EXPECT_TRUE(test_case("partial").child("error"));
    EXPECT_THAT(test_case("ok").child("system-out").text().get(), HasSubstr("history: runs/x/history.jsonl"));
    const auto property = [&](const char* name) {
        return std::string{suite.child("properties")
                               .find_child_by_attribute("property", "name", name)
                               .attribute("value")
                               .value()};
    };
    EXPECT_EQ(property("pushsim.seed"), "4711");
    EXPECT_EQ(property("keylime.version"), "7.14.3");
}

TEST(JUnit, ARunThatFailedOutsideItsScenariosIsNotGreen) {
    const std::string whole = honest_run();
    const std::string xml =
        junit_xml(judged(whole.substr(0, whole.find(R"({"n":)", whole.find("scenario_end")))), "");
    EXPECT_THAT(xml, HasSubstr(R"(<testcase name="the run")"));
    EXPECT_THAT(xml, HasSubstr(R"(errors="1")"));
    EXPECT_EQ(invalid(xml), "");
}

}  // namespace
}  // namespace pushsim::reports
