#include "reports/conformance_console.hpp"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "reports/text.hpp"
#include "tests/reports/generated_assessment.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const Assessed& all, const ConsoleStyle& style) {
    return conformance_console(all.run, all.report, "runs/latest/ (report.json, junit.xml)", style);
}

void expect_lines_within(const std::string& text, std::size_t width) {
    std::istringstream lines(text);
    for (std::string one; std::getline(lines, one);) {
        // A word that is longer stands alone.
        if (one.find(' ', one.find_first_not_of(' ')) != std::string::npos) {
            EXPECT_LE(columns(one), width) << one;
        }
    }
}

TEST(ConformanceConsole, IsAsItWasAccepted) {
    const Assessed all = every_standing();
    expect_golden("console.txt", text_of(all, {}));
    expect_golden("console-60.txt", text_of(all, {.width = 60, .wrap = 60}));
    expect_golden("console-verbose.txt", text_of(all, {.verbose = true, .width = 80, .wrap = 80}));
}

TEST(ConformanceConsole, LinesFitTheTerminal) {
    const Assessed all = every_standing();
    for (const int width : {60, 80, 120})
        expect_lines_within(text_of(all, {.verbose = true, .width = width, .wrap = width}),
                            static_cast<std::size_t>(width));
}

TEST(ConformanceConsole, ColoursChangeNothingElse) {
    const Assessed all = every_standing();
    for (const int wrap : {0, 60}) {
        std::string text = text_of(all, {.colour = true, .wrap = wrap});
        EXPECT_THAT(text, HasSubstr(" \x1b[31;1m FAIL\x1b[0m  KPM-NEG-010"));
        while (text.find("\x1b[") != std::string::npos) {
            const std::size_t at = text.find("\x1b[");
            text.erase(at, text.find('m', at) - at + 1);
        }
        EXPECT_EQ(text, text_of(all, {.wrap = wrap}));
    }
}

TEST(ConformanceConsole, WhereAllIsWellThereIsOneLineAnArea) {
    EXPECT_EQ(
        text_of(all_pass(), {}),
        "pushsim 0.1.0 · seed 4711 · Keylime 7.14.3 on loopback (registrar :41810, verifier :41811 push)\n"
        "full: 1 requirement, 2 cases, deviations known from scenarios/deviations/keylime-7.14.yaml\n"
        "NEG   negotiation  1 pass\n"
        "1 requirement: 1 pass · runs/latest/ (report.json, junit.xml)\n");
    EXPECT_EQ(text_of(all_pass(), {.quiet = true}),
              "1 requirement: 1 pass · runs/latest/ (report.json, junit.xml)\n");
}

TEST(ConformanceConsole, WhatACheckFoundIsSaidWhereNoClauseSaysIt) {
    Assessed all = every_standing();
    ConformanceCase& one = all.report.cases.front();
    for (ExpectationResult& clause : one.deciding)
        clause.judgement = Judgement::Holds;
    one.reasons["KPM-NEG-010"] = "status_agrees: a[0]: the status is PASS";
    EXPECT_THAT(text_of(all, {}), HasSubstr("status_agrees: a[0]: the status is PASS"));
}

TEST(ConformanceConsole, AControlIsCalledOne) {
    Assessed all = every_standing();
    all.report.cases.front().controls.push_back(
        {.judgement = Judgement::DoesNotHold, .what = "response, admin"});
    EXPECT_THAT(text_of(all, {}), HasSubstr("a control does not hold, so that the case says nothing else:\n"
                                            "        response, admin"));
}

TEST(ConformanceConsole, QuietLeavesOutWhatIsKnown) {
    const std::string text = text_of(every_standing(), {.quiet = true});
    EXPECT_THAT(text, HasSubstr(" FAIL  KPM-NEG-010"));
    EXPECT_THAT(text, HasSubstr("FIXED  KPM-NEG-012"));
    EXPECT_THAT(text, HasSubstr("  err  KPM-STAT-003"));
    EXPECT_THAT(text, Not(HasSubstr("KPM-NEG-011")));
    EXPECT_THAT(text, Not(HasSubstr("EVID")));
}

TEST(ConformanceConsole, StrictShowsDeviationsAsFailures) {
    Assessed all = every_standing();
    EXPECT_THAT(text_of(all, {.quiet = true}), Not(HasSubstr("--strict")));
    all.report.scope.strict = true;
    EXPECT_THAT(text_of(all, {.quiet = true}), HasSubstr("(--strict: known deviations fail)"));
    EXPECT_THAT(text_of(all, {.quiet = true}), HasSubstr("known  KPM-NEG-011  A member of another type"));
}

TEST(ConformanceConsole, AScenarioThatIsSkippedWasNotPlayedAndItsReasonIsGiven) {
    ScenarioReport scenario;
    scenario.name = "token-lifetime";
    scenario.outcome = Outcome::Skipped;
    scenario.reason = "it wants nonce_lifetime = 4, and verifier.conf says 60";
    EXPECT_EQ(conformance_console_played(scenario, {}),
              "  skipped token-lifetime: it wants nonce_lifetime = 4, and verifier.conf says 60\n");
    scenario.outcome = Outcome::Partial;
    scenario.duration = std::chrono::milliseconds{2800};
    EXPECT_EQ(conformance_console_played(scenario, {.width = 40, .wrap = 40}),
              "  played  token-lifetime: not to its\n          end, 1 case undecided  2.8 s\n");
    scenario.outcome = Outcome::AsExpected;
    EXPECT_THAT(conformance_console_played(scenario, {}),
                testing::StartsWith("  played  token-lifetime: 1 case "));
}

TEST(ConformanceConsole, ShowsNothingOfWhatIsWithheld) {
    Assessed all = every_standing();
    const ConsoleStyle all_of_it{.verbose = true, .evidence = true};
    EXPECT_THAT(text_of(all, all_of_it), Not(HasSubstr(not_public)));
    all.requirement("KPM-VER-020").standing = Standing::Fail;
    EXPECT_THAT(text_of(all, all_of_it), Not(HasSubstr(not_public)));
    EXPECT_THAT(text_of(all, all_of_it), HasSubstr("details withheld"));
}

TEST(ConformanceConsole, NothingInAnAssessmentCanCommandTheTerminal) {
    EXPECT_TRUE(rc::check([] {
        const Assessed one = *generated_assessment();
        const std::string text = text_of(one, {.verbose = true});
        RC_ASSERT(std::ranges::all_of(
            text, [](char c) { return c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F); }));
    }));
}

}  // namespace
}  // namespace pushsim::reports
