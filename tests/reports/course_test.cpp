#include "reports/course.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/console.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string policy(const std::string& value) {
    return R"({"7":[")" + value + R"("]})";
}

/// Of an agent whose PCR 7 changes, until it is enrolled anew.
std::string broken_and_mended(bool ended = true) {
    Script script;
    script.stack().begin_by_hand().read_policy(policy(quoted));
    for (int i = 0; i < 3; ++i)
        script.attest(i).verdict(i, "pass");
    script.extend(7).quoting({"sha256", {{7, zeros}}});
    for (int i = 3; i < 5; ++i)
        script.attest(i).verdict(i, "fail", "policy_violation");
    script.read_policy(policy(zeros)).attest(5).verdict(5, "pass");
    if (ended) script.end_scenario().end();
    return script.text();
}

std::vector<std::string> texts(const RunReport& report) {
    std::vector<std::string> all;
    for (const CourseLine& line : report.scenarios.at(0).course)
        all.push_back(line.text);
    return all;
}

TEST(Course, SaysWhatHappenedAndWhatRepeatsOnce) {
    const RunReport report = judged(broken_and_mended());
    EXPECT_THAT(texts(report),
                ElementsAre("enrolled with policy " + policy(quoted), "attestations 0 to 2: PASS",
                            "PCR 7 extended: text:x", "attestations 3 to 4: FAIL policy_violation",
                            "enrolled with policy " + policy(zeros), "attestation 5: PASS"));
    EXPECT_EQ(report.scenarios[0].headline, "verdicts: 4 PASS, 2 FAIL policy_violation");
    EXPECT_EQ(report.scenarios[0].outcome, Outcome::NotAsExpected);
}

TEST(Course, HasTheTimeOfTheFirstOfARow) {
    const RunReport report = judged(broken_and_mended());
    const auto& course = report.scenarios.at(0).course;
    // The head's time, and every line of the history takes 100 ms.
    EXPECT_EQ(course.at(0).time, report.head->started + std::chrono::milliseconds{300});
    EXPECT_EQ(course.at(1).time, report.head->started + std::chrono::milliseconds{800});
}

TEST(Course, StandsInTheReportInPlaceOfTheFinding) {
    const std::string text = console_text(judged(broken_and_mended()), "", ConsoleStyle{});
    EXPECT_THAT(text, HasSubstr("attestations 3 to 4: FAIL policy_violation\n"));
    EXPECT_THAT(text, HasSubstr("cause  PCR 7"));
    EXPECT_THAT(text, Not(HasSubstr("goal_reached")));
}

TEST(Course, OfAnAgentThatStillRunsIsNotSaidToHaveEnded) {
    const RunReport report = judged(broken_and_mended(false));
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Partial);
    EXPECT_EQ(report.scenarios[0].reason, "it has not ended, or was killed");
}

TEST(Course, IsOfAgentsByHandAlone) {
    EXPECT_THAT(judged(honest_run()).scenarios.at(0).course, IsEmpty());
}

}  // namespace
}  // namespace pushsim::reports
