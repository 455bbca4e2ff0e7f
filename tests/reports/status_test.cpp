// `status_agrees`: what Keylime's rules make of a history, and a status that is something else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/checks.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> statuses{"PENDING", "PASS", "FAIL", "TIMEOUT"};

/// A reading while a pass and a fail are what the verifier knows of the agent; the quote interval is 1 s.
class Play {
  public:
    explicit Play(const std::string& plan = "") {
        script_.stack();
        h::ScenarioStart start;
        start.groups = {{"honest", 1}};
        start.plan = plan;
        script_.begin_with("status", start).step(1, "attest").enrol();
    }
    Play& attested(const std::string& evaluation) {
        script_.attest(index_).verdict(index_, evaluation, evaluation == "fail" ? "policy_violation" : "");
        ++index_;
        return *this;
    }
    Play& enrolled() {
        index_ = 0;
        script_.enrol();
        return *this;
    }
    Play& tenant(const std::string& act) {
        script_.tenant(act);
        return *this;
    }
    Play& wait(Duration duration) {
        script_.wait(duration);
        return *this;
    }
    Play& step(const std::string& kind) {
        script_.step(2, kind);
        return *this;
    }
    /// The statuses with which a history that ends so has no finding.
    std::vector<std::string> allowed() {
        script_.read_status_act().status("?", 0);
        const std::string text = script_.end_scenario().end().text();
        std::vector<std::string> all;
        for (const std::string& status : statuses) {
            const std::string read = with_line(text, R"("kind":"status_read")", 0,
                                               replacing(R"("status":"?")", R"("status":")" + status + '"'));
            if (findings(judged(read), "status_agrees").empty()) all.push_back(status);
        }
        return all;
    }

  private:
    Script script_;
    int index_ = 0;
};

TEST(Status, IsPendingUntilTheFirstVerdict) {
    EXPECT_THAT(Play().allowed(), ElementsAre("PENDING"));
    EXPECT_THAT(Play().wait(std::chrono::minutes{5}).allowed(), ElementsAre("PENDING"));
}

TEST(Status, IsPassAndAfterFiveIntervalsTimeout) {
    EXPECT_THAT(Play().attested("pass").allowed(), ElementsAre("PASS"));
    EXPECT_THAT(Play().attested("pass").wait(seconds{4}).allowed(), ElementsAre("PASS"));
    for (const int long_enough : {5, 9})
        EXPECT_THAT(Play().attested("pass").wait(seconds{long_enough}).allowed(),
                    ElementsAre("PASS", "TIMEOUT"));
    EXPECT_THAT(Play().attested("pass").wait(seconds{11}).allowed(), ElementsAre("TIMEOUT"));
    EXPECT_THAT(Play().attested("pass").wait(seconds{11}).attested("pass").allowed(), ElementsAre("PASS"));
}

TEST(Status, IsOpenBetweenPassAndTimeoutWhereServersWereStoppedOrTheAgentReactivated) {
    for (const std::string step : {"restart", "stop", "start", "kill", "pause"})
        EXPECT_THAT(Play().attested("pass").step(step).wait(seconds{11}).allowed(),
                    ElementsAre("PASS", "TIMEOUT"));
    EXPECT_THAT(Play().attested("pass").wait(seconds{11}).tenant("reactivate").allowed(),
                ElementsAre("PASS", "TIMEOUT"));
    EXPECT_THAT(Play().step("restart").attested("pass").wait(seconds{11}).allowed(), ElementsAre("TIMEOUT"));
}

TEST(Status, IsFailWhereTheLastVerdictIs) {
    EXPECT_THAT(Play().attested("fail").allowed(), ElementsAre("FAIL"));
    EXPECT_THAT(Play().attested("pass").attested("fail").wait(seconds{11}).allowed(), ElementsAre("FAIL"));
    EXPECT_THAT(Play().attested("fail").tenant("reactivate").allowed(), ElementsAre("FAIL"));
}

TEST(Status, StaysFailUntilTheNextEnrolmentUnlessTheVerifierRecovers) {
    const std::string by_default = "stack:\n  verifier:\n    quote_interval: 1s\n";
    const std::string recovering = by_default + "    auto_recover_attestation_failures: true\n";
    const std::string never = by_default + "    auto_recover_attestation_failures: false\n";
    EXPECT_THAT(Play(by_default).attested("fail").attested("pass").allowed(), ElementsAre("FAIL"));
    EXPECT_THAT(Play(never).attested("fail").attested("pass").allowed(), ElementsAre("FAIL"));
    EXPECT_THAT(Play(recovering).attested("fail").attested("pass").allowed(), ElementsAre("PASS"));
    // Of a stack whose options are not known.
    EXPECT_THAT(Play().attested("fail").attested("pass").allowed(), ElementsAre("PASS", "FAIL"));
    EXPECT_THAT(Play(by_default).attested("fail").tenant("delete").enrolled().allowed(),
                ElementsAre("PENDING"));
    EXPECT_THAT(Play(by_default).attested("fail").tenant("delete").enrolled().attested("pass").allowed(),
                ElementsAre("PASS"));
}

TEST(Status, OfADeletedAgentIsNone) {
    EXPECT_THAT(Play().attested("pass").tenant("delete").allowed(), IsEmpty());
}

TEST(Status, ThatIsWrongIsToldWithWhatItMayBe) {
    const std::string text = with_line(honest_run(), R"("kind":"status_read")", 0, replacing("PASS", "FAIL"));
    EXPECT_THAT(
        findings(judged(text), "status_agrees"),
        ElementsAre("honest[0]: the status is FAIL, what was before allows PASS: the last evidence was "
                    "sent 0.4 s before, with an interval of 1 s"));
    EXPECT_THAT(findings(judged(honest_run()), "status_agrees"), IsEmpty());
    EXPECT_EQ(judged(text).exit_code, 1);
}

TEST(Status, EveryReadingIsLookedAtNotTheLastAlone) {
    Script script;
    script.begin("all")
        .step(1, "attest")
        .enrol()
        .status("PASS", 0)
        .attest(0)
        .verdict(0, "pass")
        .status("PASS", 1);
    EXPECT_THAT(findings(judged(script.end_scenario().end().text()), "status_agrees"),
                ElementsAre(HasSubstr("allows PENDING: nothing was judged")));
}

TEST(Status, BeforeTheVerdictIsKnownNothingIsSaid) {
    Script script;
    script.begin("early").step(1, "attest").enrol().attest(0).status("PENDING", 0).verdict(0, "pass");
    const RunReport report = judged(script.end_scenario().end().text());
    EXPECT_THAT(findings(report, "status_agrees"), IsEmpty());
    EXPECT_THAT(not_checked(report, "status_agrees"),
                ElementsAre("no status was read when it was certain what it must be"));
}

TEST(Status, WhereSomebodyElseEnrolledNothingIsCertain) {
    Script script;
    script.begin("other").step(1, "attest").enrol().attest(0).verdict(0, "fail").read_policy("{}");
    script.status("PASS", 1);
    EXPECT_THAT(findings(judged(script.end_scenario().end().text()), "status_agrees"), IsEmpty());
}

TEST(Status, OfAgentsThatShareAnIdIsOne) {
    Script script;
    script.begin("two", {}, 2).step(1, "attest").enrol().attest(0).verdict(0, "fail").status("FAIL", 0);
    const std::string other = script.attest(1, 202, "", "honest[1]")
                                  .verdict(1, "pass", "", "honest[1]")
                                  .status("FAIL", 1, "honest[1]")
                                  .end_scenario()
                                  .end()
                                  .text();
    // Of its own it would have no enrolment, and nothing to be said about.
    EXPECT_THAT(not_checked(judged(other), "status_agrees"),
                ElementsAre("for 1 of 2 readings it was open what the status must be"));
    std::string shared = other;
    for (std::size_t at = 0; (at = shared.find("/agents/id1", at)) != std::string::npos;)
        shared.erase(at + 10, 1);
    EXPECT_THAT(not_checked(judged(shared), "status_agrees"), IsEmpty());
    EXPECT_THAT(findings(judged(shared), "status_agrees"), IsEmpty());
    EXPECT_THAT(
        findings(judged(with_line(shared, R"("kind":"status_read")", 1, replacing("FAIL", "PENDING"))),
                 "status_agrees"),
        ElementsAre(HasSubstr("honest[1]: the status is PENDING")));
}

}  // namespace
}  // namespace pushsim::reports
