#include "reports/conformance_junit.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pugixml.hpp>
#include <rapidcheck.h>

#include "tests/reports/generated_assessment.hpp"
#include "tests/reports/junit_schema.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* history_path = "runs/x/history.jsonl";

struct Parsed {
    explicit Parsed(const Assessed& all, const std::string& history = "") {
        text = conformance_junit_xml(all.run, all.report, history);
        well_formed = static_cast<bool>(document.load_string(text.c_str()));
    }
    pugi::xml_node suite(const std::string& name) const {
        return document.child("testsuites").find_child_by_attribute("testsuite", "name", name.c_str());
    }
    pugi::xml_node test_case(const std::string& id) const {
        for (const pugi::xml_node suite : document.child("testsuites")) {
            for (const pugi::xml_node one : suite.children("testcase")) {
                if (std::string(one.attribute("name").value()).starts_with(id)) return one;
            }
        }
        return {};
    }
    std::string text;
    pugi::xml_document document;
    bool well_formed = false;
};

std::string property(const pugi::xml_node& node, const char* name) {
    return node.child("properties")
        .find_child_by_attribute("property", "name", name)
        .attribute("value")
        .value();
}

TEST(ConformanceJUnit, IsAsItWasAccepted) {
    const Assessed all = every_standing();
    expect_golden("junit.xml", conformance_junit_xml(all.run, all.report, history_path));
}

TEST(ConformanceJUnit, IsValidAgainstTheSchema) {
    for (const Assessed& one : {every_standing(), all_pass(), Assessed{}})
        EXPECT_EQ(invalid(conformance_junit_xml(one.run, one.report, history_path)), "");
    const Assessed all = every_standing();
    std::string doctored = conformance_junit_xml(all.run, all.report, "");
    EXPECT_NE(invalid(doctored.replace(doctored.find("<skipped"), 8, "<passed ")), "");
}

TEST(ConformanceJUnit, IsValidWhateverAnAssessmentHas) {
    // xmllint is a process of its own: a few go through it, all through our parser.
    int looked_at = 0;
    EXPECT_TRUE(rc::check([&] {
        const Assessed one = *generated_assessment();
        const Parsed parsed(one);
        RC_ASSERT(parsed.well_formed);
        if (++looked_at % 10 == 0) RC_ASSERT(invalid(parsed.text) == "");
        int tests = 0;
        for (const pugi::xml_node suite : parsed.document.child("testsuites")) {
            tests += suite.attribute("tests").as_int();
            const auto has = [&](const char* name) {
                int count = 0;
                for (const pugi::xml_node test_case : suite.children("testcase"))
                    count += test_case.child(name) ? 1 : 0;
                return count;
            };
            RC_ASSERT(suite.attribute("failures").as_int() == has("failure"));
            RC_ASSERT(suite.attribute("errors").as_int() == has("error"));
            RC_ASSERT(suite.attribute("skipped").as_int() == has("skipped"));
        }
        RC_ASSERT(tests >= static_cast<int>(one.report.requirements.size()));
    }));
}

TEST(ConformanceJUnit, EachStandingIsWhatReadersKnow) {
    const Parsed parsed(every_standing(), history_path);
    EXPECT_STREQ(parsed.suite("conformance.NEG").attribute("tests").value(), "4");
    EXPECT_STREQ(parsed.suite("conformance.NEG").attribute("failures").value(), "2");
    EXPECT_STREQ(parsed.suite("conformance.STAT").attribute("errors").value(), "1");
    EXPECT_STREQ(parsed.suite("conformance.EVID").attribute("skipped").value(), "3");
    EXPECT_EQ(property(parsed.suite("conformance.NEG"), "keylime.version"), "7.14.3");
    // Of a case that decides both.
    EXPECT_STREQ(parsed.test_case("KPM-NEG-010").attribute("time").value(), "1.500");
    EXPECT_STREQ(parsed.test_case("KPM-NEG-001").attribute("time").value(), "1.500");
    EXPECT_STREQ(parsed.suite("conformance.NEG").attribute("time").value(), "3.000");
    EXPECT_STREQ(parsed.test_case("KPM-VER-020").attribute("time").value(), "0.000") << "is withheld";

    const pugi::xml_node failed = parsed.test_case("KPM-NEG-010");
    EXPECT_STREQ(failed.attribute("name").value(),
                 "KPM-NEG-010 A negotiation without `type` is refused with 4xx.");
    EXPECT_STREQ(failed.attribute("classname").value(), "conformance.NEG");
    const std::string body = failed.child("failure").text().get();
    for (const char* part :
         {"expected: status 400-499\n  actual: honest[0]: 500\n", "POST /v3.0/agents/id/attestations -> 500",
          "cause: the verifier looks into `data`", "mend: nothing on this side",
          "again: pushsim conformance negotiation-members/no-type", "source: docs/rest_apis/3_0"})
        EXPECT_THAT(body, HasSubstr(part));
    EXPECT_THAT(failed.child("system-out").text().get(), HasSubstr("history: runs/x/history.jsonl"));

    EXPECT_STREQ(parsed.test_case("KPM-NEG-012").child("failure").attribute("message").value(),
                 "unexpected pass: remove it from scenarios/deviations/keylime-7.14.yaml");
    EXPECT_FALSE(parsed.test_case("KPM-NEG-001").child("failure"));
    EXPECT_FALSE(parsed.test_case("KPM-NEG-011").child("failure"));
    EXPECT_EQ(property(parsed.test_case("KPM-NEG-011"), "deviation"), "answered 500 (docs/deviations.md, 3)");
    EXPECT_STREQ(parsed.test_case("KPM-STAT-003").child("error").attribute("message").value(),
                 "error: the verifier died");
    for (const auto& [id, message] : std::vector<std::pair<const char*, const char*>>{
             {"KPM-STAT-001", "skip: the stack's log is not visible"},
             {"KPM-STAT-002", "excluded: it takes too long here"},
             {"KPM-EVID-001", "undecided: nothing decides it yet: it waits for slow_read"}})
        EXPECT_STREQ(parsed.test_case(id).child("skipped").attribute("message").value(), message);
}

TEST(ConformanceJUnit, DeviationsFailUnderStrict) {
    Assessed all = every_standing();
    all.report.scope.strict = true;
    const Parsed parsed(all);
    EXPECT_THAT(parsed.test_case("KPM-NEG-011").child("failure").attribute("message").value(),
                StartsWith("deviation: answered 500"));
    EXPECT_STREQ(parsed.suite("conformance.NEG").attribute("failures").value(), "3");
}

TEST(ConformanceJUnit, ShowsNothingOfWhatIsWithheld) {
    Assessed all = every_standing();
    EXPECT_THAT(Parsed(all).text, Not(HasSubstr(not_public)));
    all.report.scope.strict = true;
    EXPECT_THAT(Parsed(all).text, Not(HasSubstr(not_public)));
    all.requirement("KPM-VER-020").standing = Standing::Fail;
    EXPECT_THAT(Parsed(all).text, Not(HasSubstr(not_public)));
    EXPECT_STREQ(Parsed(all).test_case("KPM-VER-020").child("failure").attribute("message").value(),
                 "fail: details withheld");
}

TEST(ConformanceJUnit, ARunThatFailedOutsideItsRequirementsIsNotGreen) {
    Assessed all = all_pass();
    all.run.reason = "interrupted";
    all.report.exit_code = 130;
    const Parsed parsed(all);
    EXPECT_STREQ(parsed.test_case("the run").child("error").attribute("message").value(), "interrupted");
    EXPECT_EQ(invalid(parsed.text), "");
    EXPECT_FALSE(Parsed(every_standing()).test_case("the run")) << "a requirement says it already";
}

TEST(ConformanceJUnit, TextsAreBounded) {
    Assessed all = every_standing();
    ConformanceCase& failing = all.case_named("negotiation-members/no-type");
    failing.deciding.front().actual = std::string(1'000'000, 'x');
    failing.diagnoses.front().cause = std::string(1'000'000, 'y');
    for (int i = 0; i < 1000; ++i) {
        failing.deciding.push_back(failing.deciding.front());
        failing.decides.push_back(failing.decides.front());
    }
    EXPECT_LT(Parsed(all).text.size(), 100'000U);
    EXPECT_THAT(Parsed(all).text, HasSubstr("and 996 clauses more"));
}

}  // namespace
}  // namespace pushsim::reports
