#include "reports/conformance_markdown.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "reports/issue_markdown.hpp"
#include "reports/run_markdown.hpp"
#include "tests/reports/generated_assessment.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t most = 64 * 1024;
constexpr const char* failing_case = "negotiation-members/no-type";

std::string summary(const Assessed& all) {
    return summary_markdown(all.run, all.report);
}

Result<std::string> issue(const Assessed& all, const std::string& id = failing_case) {
    return issue_markdown(all.history, all.run, all.report, id);
}

/// As much of everything as a big run has, and more.
Assessed big() {
    Assessed all = every_standing();
    const auto few = all.report.requirements;
    ConformanceCase& failing = all.case_named(failing_case);
    failing.deciding.front().actual = std::string(100'000, '@');
    failing.diagnoses.front().cause = std::string(100'000, '<');
    for (int i = 100; i < 900; ++i) {
        for (RequirementReport one : few) {
            one.requirement.id =
                one.requirement.id.substr(0, one.requirement.id.size() - 3) + std::to_string(i);
            one.requirement.text += std::string(1000, '#');
            if (!one.requirement.withheld) failing.standings[one.requirement.id] = one.standing;
            all.report.requirements.push_back(one);
        }
    }
    all.report.scope.selection = all.report.scope.profile = std::string(10'000, '@');
    all.report.scope.deviations_file = std::string(10'000, '`');
    count_again(all.report);
    return all;
}

TEST(SummaryMarkdown, IsAsItWasAccepted) {
    expect_golden("summary.md", summary(every_standing()));
}

TEST(SummaryMarkdown, OfManyRequirementsTellsHowManyAreLeftOut) {
    const std::string text = summary(big());
    EXPECT_LE(text.size(), most);
    EXPECT_THAT(text, testing::ContainsRegex("\nand [0-9]+ more \\(report.json\\)\n"));
    EXPECT_THAT(text, HasSubstr("### No longer deviations"));
    EXPECT_THAT(text, HasSubstr("<details><summary>1602 known deviations</summary>"));
    EXPECT_THAT(text, HasSubstr("</details>"));
    EXPECT_THAT(text, HasSubstr("### Undecided"));
}

TEST(SummaryMarkdown, HasNoMarkupOfOthersAndFits) {
    EXPECT_TRUE(rc::check([] {
        const Assessed one = *generated_assessment();
        const std::string text = summary(one);
        RC_ASSERT(text.size() <= most);
        RC_ASSERT(text.find('\x1b') == std::string::npos);
    }));
}

TEST(SummaryMarkdown, UnderStrictDeviationsAreFailures) {
    Assessed all = every_standing();
    EXPECT_THAT(summary(all), HasSubstr("<details>"));
    all.report.scope.strict = true;
    EXPECT_THAT(summary(all), Not(HasSubstr("<details>")));
    EXPECT_THAT(summary(all),
                HasSubstr("**KPM-NEG-011** (MUST) A member of another type is refused with 4xx.\n\n"
                          "- known deviation: answered 500 (docs/deviations.md, 3)\n"));
}

TEST(SummaryMarkdown, ShowsNothingOfWhatIsWithheld) {
    Assessed all = every_standing();
    EXPECT_THAT(summary(all), Not(HasSubstr(not_public)));
    all.requirement("KPM-VER-020").standing = Standing::Fail;
    EXPECT_THAT(summary(all), Not(HasSubstr(not_public)));
    EXPECT_THAT(summary(all), HasSubstr("details withheld"));
}

TEST(IssueMarkdown, IsAsItWasAccepted) {
    const auto text = issue(every_standing());
    ASSERT_TRUE(text.has_value()) << text.error().text();
    expect_golden("issue.md", *text);
}

TEST(IssueMarkdown, SaysWhatIsKnownOfItsOwnCase) {
    Assessed all = every_standing();
    RequirementReport& requirement = all.requirement("KPM-NEG-010");
    requirement.deviation =
        h::Deviation{.requirement = "KPM-NEG-010", .observed = "of another", .reference = "F1"};
    EXPECT_THAT(issue(all).value(), Not(HasSubstr("known deviation")));
    all.report.cases.front().known["KPM-NEG-010"] =
        h::Deviation{.requirement = "KPM-NEG-010", .observed = "answered 500", .reference = "F2"};
    EXPECT_THAT(issue(all).value(), HasSubstr("- known deviation: answered 500 (F2)\n"));
    EXPECT_THAT(issue(all).value(), Not(HasSubstr("of another")));
}

TEST(IssueMarkdown, OfARequirementIsThatOfItsCaseAndBeginsWithIt) {
    Assessed all = every_standing();
    auto& standings = all.report.cases.front().standings;
    const std::string second = "KPM-NEG-011";
    ASSERT_FALSE(all.requirement(second).requirement.withheld);
    standings[second] = Standing::Fail;
    all.requirement(second).cases = {all.report.cases.front().id};
    EXPECT_THAT(issue(all, second).value(),
                testing::StartsWith("## Does not hold: " + all.requirement(second).requirement.text));
    EXPECT_THAT(issue(all, "KPM-NEG-010").value(),
                testing::StartsWith("## Does not hold: A negotiation without"));
}

TEST(IssueMarkdown, WhereACheckAloneFoundItThatIsWhatWasSeen) {
    Assessed all = every_standing();
    ConformanceCase& one = all.report.cases.front();
    for (ExpectationResult& clause : one.deciding)
        clause.judgement = Judgement::Holds;
    one.reason = "status_agrees: a[0]: the status is PASS, what was before allows FAIL";
    EXPECT_THAT(issue(all).value(),
                HasSubstr("and what was seen\n\n`status_agrees: a[0]: the status is PASS"));
}

TEST(IssueMarkdown, AControlIsCalledOne) {
    Assessed all = every_standing();
    ConformanceCase& one = all.report.cases.front();
    one.controls.push_back(
        {.judgement = Judgement::DoesNotHold, .what = "response, admin, step 2 (request)"});
    EXPECT_THAT(issue(all).value(),
                HasSubstr("`response, admin, step 2 (request)` (a control: where it does not"));
}

TEST(IssueMarkdown, ABodyStaysWithinItsFence) {
    const std::string text = issue(every_standing()).value();
    EXPECT_THAT(text, HasSubstr("`````http\nHTTP 500\n"));
    EXPECT_THAT(text, HasSubstr(hostile_body + "\n`````\n"));
}

TEST(IssueMarkdown, OfAMessageThatWasNotKeptTellsTheSize) {
    Assessed all = every_standing();
    for (h::Entry& line : all.history.entries) {
        if (auto* seen = line.event.edit<h::ExchangeSeen>()) {
            seen->response.kept = false;
            seen->response.size = 4711;
            seen->request.cut = true;
            seen->request.size = 70'000;
        }
    }
    const std::string text = issue(all).value();
    EXPECT_THAT(text, Not(HasSubstr("@everyone")));
    EXPECT_THAT(text, HasSubstr("(4711 octets, not kept: --bodies all keeps them)"));
    EXPECT_THAT(text, HasSubstr("(70000 octets in all)"));
}

TEST(IssueMarkdown, IsBounded) {
    Assessed all = big();
    for (h::Entry& line : all.history.entries) {
        if (auto* seen = line.event.edit<h::ExchangeSeen>()) {
            seen->response.body = std::string(60'000, '`');
            seen->response.headers = HttpHeaders(1000, {"X-Long", std::string(1000, 'x')});
        }
    }
    const auto text = issue(all);
    ASSERT_TRUE(text.has_value());
    EXPECT_LE(text->size(), most);
}

TEST(IssueMarkdown, IsOnlyOfWhatMayBeShownAndIsWrong) {
    const Assessed all = every_standing();
    const auto withheld = issue(all, "verdict-of-policy/one");
    ASSERT_FALSE(withheld.has_value());
    EXPECT_EQ(withheld.error().text(),
              "verdict-of-policy/one: details withheld\n  mend: it is no matter for a public issue");
    const auto unknown = issue(all, "no-such-case");
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().text(),
              "there is no case no-such-case in this run\n  mend: cases that show "
              "something wrong: negotiation-members/no-type");
    Assessed well = every_standing();
    well.case_named(failing_case).standings = {{"KPM-NEG-001", Standing::Pass}};
    EXPECT_EQ(issue(well).error().text(),
              "negotiation-members/no-type shows nothing wrong\n  mend: no case of "
              "this run shows anything wrong");
}

TEST(IssueMarkdown, OfAnAnswer500HasTheEndOfWhatTheServerLogged) {
    const Assessed all = every_standing();
    const auto with_log = [&](int lines) {
        return issue_markdown(all.history, all.run, all.report, failing_case,
                              [&](const std::string& id) {
                                  EXPECT_FALSE(id.empty());
                                  return std::vector<std::string>(static_cast<std::size_t>(lines),
                                                                  "  raise KeyError");
                              })
            .value();
    };
    EXPECT_THAT(with_log(1), HasSubstr("The server's log has of it:\n\n```\n  raise KeyError\n```\n"));
    EXPECT_THAT(with_log(13), HasSubstr("The server's log has of it, at the end:\n"));
    EXPECT_EQ(with_log(0), issue(all).value());
}

TEST(IssueMarkdown, IsMadeOfWhateverAnAssessmentHas) {
    EXPECT_TRUE(rc::check([] {
        const Assessed one = *generated_assessment();
        for (const ConformanceCase& each : one.report.cases) {
            const auto text = issue_markdown(one.history, one.run, one.report, each.id);
            RC_ASSERT(!text || (text->size() <= most && !each.withheld));
        }
    }));
}

TEST(RunMarkdown, IsAsItWasAccepted) {
    expect_golden("run.md", run_markdown(judged(mismatch_run("pass"))));
}

TEST(RunMarkdown, IsBoundedAndHasNoMarkupOfOthers) {
    RunReport run = judged(mismatch_run("pass"));
    run.scenarios.front().headline = "| <b> @you\n# x";
    EXPECT_THAT(run_markdown(run), HasSubstr("| \\| &lt;b&gt; @<!-- -->you #<!-- --> x |"));
    run.scenarios.resize(2000, run.scenarios.front());
    run.findings.resize(2000, {.check = "accounted", .text = std::string(300, '@')});
    EXPECT_LE(run_markdown(run).size(), most);
    EXPECT_THAT(run_markdown(run), testing::ContainsRegex("and [0-9]+ more \\(report.json\\)"));
}

}  // namespace
}  // namespace pushsim::reports
