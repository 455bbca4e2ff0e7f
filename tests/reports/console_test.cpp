#include "reports/console.hpp"

#include <cstdlib>
#include <sstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "reports/text.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

TEST(Console, LooksAsTheReadmeShows) {
    Script script;
    script.stack().begin("honest-agent", {{.status = h::StatusClause{"PASS"}}}).step(1, "attest").enrol();
    script.attest(0).verdict(0, "pass").status("PASS", 1).end_scenario();
    script.begin("pcr-mismatch", {{.verdict = h::VerdictClause{"fail"}}}).step(1, "attest").enrol();
    script.attest(0).verdict(0, "fail", "policy_violation").status("FAIL", 0).end_scenario();
    const std::string text =
        console_text(judged(script.end().text()), "runs/latest/ (history.jsonl, report.json, junit.xml)", {});
    EXPECT_EQ(
        text,
        R"(pushsim 0.1.0 · seed 4711 · Keylime 7.14.3 on loopback (registrar :41810, verifier :41811 push)
  ok  honest-agent    1 attestation accepted, status PASS                                 0.9 s
  ok  pcr-mismatch    FAIL policy_violation, as expected                                  0.9 s
        cause  PCR 7 (sha256): policy allows 0000…0000, quoted 9b71…c4e2
        mend   If the new value is right, enrol again with {"7": ["9b71…c4e2"]}; deleting first is needed, for Keylime has no update of a TPM policy
2 scenarios: 2 as expected · runs/latest/ (history.jsonl, report.json, junit.xml)
)");
}

TEST(Console, AFailureShowsExpectedActualAndTheExchange) {
    const std::string text = console_text(judged(mismatch_run("pass")), "", {});
    EXPECT_THAT(text, HasSubstr(R"(
FAIL  pcr-mismatch    expected PASS, was FAIL policy_violation                            0.9 s
        cause  PCR 7 (sha256): policy allows 0000…0000, quoted 9b71…c4e2
        mend   If the new value is right, enrol again with {"7": ["9b71…c4e2"]}; deleting first is needed, for Keylime has no update of a TPM policy
        verdict, honest, step 1 (attest)  (scenarios/pcr-mismatch.yaml:12:13)
          expected  PASS
          actual    honest[0]: FAIL policy_violation
          decided by history line 10, exchange in line 8: PATCH /v3.0/agents/id/attestations/0 -> 202 (honest[0], submit)
            {"meta":{"seconds_to_next_attestation":1}}
1 scenario: 1 not as expected
)"));
}

TEST(Console, FindingsAreShownOnce) {
    const std::string text = console_text(judged(without(honest_run(), R"("kind":"verdict")", 2)), "", {});
    EXPECT_THAT(text, HasSubstr("actual    honest[0]: attestation 2 was accepted"));
    EXPECT_THAT(text, Not(HasSubstr("        accounted: ")));
}

TEST(Console, ANarrowTerminalGetsLinesThatFit) {
    const std::string text =
        console_text(judged(mismatch_run("pass")), "runs/latest/", {.width = 60, .wrap = 60});
    EXPECT_THAT(text, HasSubstr(R"(
FAIL  pcr-mismatch  0.9 s
      expected PASS, was FAIL policy_violation
        cause  PCR 7 (sha256): policy allows 0000…0000,
               quoted 9b71…c4e2
        mend   If the new value is right, enrol again with
               {"7": ["9b71…c4e2"]}; deleting first is
               needed, for Keylime has no update of a TPM
               policy
)"));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(columns(line), 60U) << line;
}

TEST(Paragraph, BreaksAtSpacesAndKeepsWordsWhole) {
    EXPECT_EQ(paragraph(2, 4, "one two three", 9), "  one two\n    three\n");
    EXPECT_EQ(paragraph(2, 4, "one two three", 0), "  one two three\n");
    EXPECT_EQ(paragraph(0, 2, "a word-that-is-too-long b", 8), "a\n  word-that-is-too-long\n  b\n");
    EXPECT_EQ(paragraph(0, 2, "ä…ö x", 5), "ä…ö x\n") << "columns, not octets";
    EXPECT_EQ(paragraph(2, 2, "", 8), "  \n");
}

TEST(Console, QuietShowsOnlyWhatIsNotAsExpected) {
    EXPECT_EQ(console_text(judged(honest_run()), "", {.quiet = true}), "1 scenario: 1 as expected\n");
    EXPECT_THAT(console_text(judged(mismatch_run("pass")), "", {.quiet = true}),
                HasSubstr("FAIL  pcr-mismatch"));
}

TEST(Console, VerboseShowsEveryExpectationAndTheAccount) {
    const std::string text = console_text(judged(honest_run()), "", {.verbose = true});
    EXPECT_THAT(text, HasSubstr("holds: verdict, step 1 (attest): honest[0]: PASS"));
    EXPECT_THAT(text, HasSubstr("sent 3 = accepted 3 + refused 0 + failed in transit 0; accepted = passed 3 "
                                "+ failed 0 + pending 0"));
}

TEST(Console, ColourIsForTerminalsThatWantIt) {
    EXPECT_THAT(console_text(judged(honest_run()), "", {}), Not(HasSubstr("\x1b[")));
    EXPECT_THAT(console_text(judged(honest_run()), "", {.colour = true}), HasSubstr("\x1b[32m  ok\x1b[0m"));
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    EXPECT_FALSE(style_for(pipe_ends[1]).colour);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

TEST(Console, ATerminalHasColourUnlessNoColorOrCiIsSet) {
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0) FAIL() << "no pseudo-terminal to be had";
    unsetenv("NO_COLOR");
    unsetenv("CI");
    EXPECT_TRUE(style_for(terminal).colour);
    for (const char* name : {"NO_COLOR", "CI"}) {
        setenv(name, "1", 1);
        EXPECT_FALSE(style_for(terminal).colour) << name;
        unsetenv(name);
    }
    close(terminal);
}

TEST(Console, NothingInAHistoryCanCommandTheTerminal) {
    Script script;
    script.begin("evil\x1b[2J")
        .end_scenario({h::ScenarioEnd::Ending::Failed, "\x1b]0;title\x07\xFF\xC2\x9B", "\r\n"});
    const std::string text = console_text(judged(script.end().text()), "", {});
    for (const char c : text)
        EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << text;
    EXPECT_THAT(text, Not(HasSubstr("\xC2\x9B")));
}

TEST(Console, LongNamesAlignAmongThemselves) {
    Script script;
    script.begin("a-scenario-with-a-long-name").end_scenario().begin("short").end_scenario();
    const std::string text = console_text(judged(script.end().text()), "", {});
    EXPECT_THAT(text, HasSubstr("  ok  a-scenario-with-a-long-name  nothing was attested"));
    EXPECT_THAT(text, HasSubstr("  ok  short                        nothing was attested"));
}

TEST(Text, DigestsAreShortenedAndShortHexIsNot) {
    EXPECT_EQ(shorten_digests("a " + zeros + "."), "a 0000…0000.");
    EXPECT_EQ(shorten_digests("seed deadbeef, face"), "seed deadbeef, face");
}

TEST(Text, PrintableReplacesWhatIsNoText) {
    EXPECT_EQ(printable("a\tb\nc"), "a b c");
    EXPECT_EQ(printable("a\nb", true), "a\nb");
    EXPECT_EQ(printable("é·…😀"), "é·…😀");
    EXPECT_EQ(printable("\xC0\xAF\xED\xA0\x80\xF5"), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(printable("\xE2\x82"), "\uFFFD\uFFFD");
}

}  // namespace
}  // namespace pushsim::reports
