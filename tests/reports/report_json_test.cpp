#include "reports/report_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/console.hpp"
#include "reports/junit.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using nlohmann::json;

TEST(ReportJson, SaysWhatTheReportSays) {
    const json report = json::parse(report_json(judged(mismatch_run("pass"))));
    EXPECT_EQ(report["kind"], "pushsim-report");
    EXPECT_EQ(report["format"], 1);
    EXPECT_EQ(report["seed"], 4711);
    EXPECT_EQ(report["started"], "2023-11-14T22:13:20.000000Z");
    EXPECT_EQ(report["stacks"][0]["keylime_version"], "7.14.3");
    EXPECT_EQ(report["exit_code"], 1);
    EXPECT_EQ(report["totals"]["not_as_expected"], 1);
    const json& scenario = report["scenarios"][0];
    EXPECT_EQ(scenario["outcome"], "not_as_expected");
    EXPECT_EQ(scenario["account"]["accepted"], 1);
    EXPECT_EQ(scenario["duration"], 0.9);
    const json& expectation = scenario["expectations"][0];
    EXPECT_EQ(expectation["judgement"], "does_not_hold");
    EXPECT_EQ(expectation["expected"], "PASS");
    EXPECT_EQ(expectation["actual"], "honest[0]: FAIL policy_violation");
    EXPECT_EQ(expectation["source"], "scenarios/pcr-mismatch.yaml:12:13");
    EXPECT_EQ(expectation["exchange"]["status"], 202);
}

TEST(ReportJson, ThatTpmsTakeTurnsByBlobsIsNamedInEveryReport) {
    RunReport report = judged(honest_run());
    EXPECT_EQ(console_head(report, {}).find("blobs"), std::string::npos);
    report.head->facts = {{history::facts::tpms_by_blobs, "libtpms has no symbols"}};
    EXPECT_EQ(json::parse(report_json(report)).at("facts").at("tpms_by_blobs"), "libtpms has no symbols");
    EXPECT_NE(junit_xml(report, "").find(R"(name="pushsim.tpms_by_blobs" value="libtpms has no symbols")"),
              std::string::npos);
    EXPECT_NE(console_head(report, {}).find(" · TPMs by state blobs (slower)"), std::string::npos);
}

TEST(ReportJson, AcceleratorsAreNamedInEveryReport) {
    RunReport report = judged(honest_run());
    EXPECT_FALSE(json::parse(report_json(report)).contains("facts"));
    EXPECT_EQ(console_head(report, {}).find("TPMs with"), std::string::npos);
    report.head->facts = {{history::facts::accelerators, "rsa-factors"}, {"libtpms", "0.9.2"}};
    EXPECT_EQ(json::parse(report_json(report))["facts"],
              (json{{"accelerators", "rsa-factors"}, {"libtpms", "0.9.2"}}));
    EXPECT_NE(console_head(report, {}).find(" · TPMs with rsa-factors"), std::string::npos);
    EXPECT_NE(junit_xml(report, "").find(R"(name="pushsim.accelerators" value="rsa-factors")"),
              std::string::npos);
}

TEST(ReportJson, DigestsAreInFull) {
    const json report = json::parse(report_json(judged(mismatch_run())));
    EXPECT_EQ(report["scenarios"][0]["diagnoses"][0]["cause"],
              "PCR 7 (sha256): policy allows " + zeros + ", quoted " + quoted);
}

TEST(ReportJson, PointersLeadToLinesOfTheHistory) {
    const std::string text = mismatch_run("pass");
    const json report = json::parse(report_json(judged(text)));
    const std::size_t n = report["scenarios"][0]["expectations"][0]["exchange"]["n"];
    EXPECT_NE(h::test::lines_of(text).at(n).find(R"("phase":"submit")"), std::string::npos);
}

TEST(ReportJson, FindingsAndWhatWasNotCheckedAreThere) {
    const json report = json::parse(report_json(judged(without(honest_run(), R"("kind":"status_read")"))));
    EXPECT_EQ(report["scenarios"][0]["not_checked"][0]["check"], "accounted");
    const json wrong = json::parse(report_json(judged(without(honest_run(), R"("kind":"verdict")"))));
    EXPECT_EQ(wrong["scenarios"][0]["findings"][0]["severity"], "wrong");
}

}  // namespace
}  // namespace pushsim::reports
