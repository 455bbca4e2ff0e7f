#include "sim/cli/fitted.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/text.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using cli::fitted;
using ::testing::HasSubstr;

TEST(Fitted, WhatIsBrokenGoesOnInItsColumnOfTheTable) {
    const std::string help = "Options:\n  --out DIR    where run folders go, by default\n";
    EXPECT_EQ(fitted(help, 32),
              "Options:\n  --out DIR    where run folders\n               go, by default\n");
    EXPECT_EQ(fitted(help, 0), help);
    EXPECT_EQ(fitted(help, 80), help);
    // A column that leaves too little room is passed over for the one before it.
    EXPECT_EQ(fitted("  ok  verifier's mode       push and nothing else\n", 36),
              "  ok  verifier's mode       push and\n      nothing else\n");
    EXPECT_EQ(fitted("one two three\n", 8), "one two\n  three\n");
    EXPECT_EQ(fitted("a\n\n–––– –––\n", 8), "a\n\n–––– –––\n") << "columns, not octets";
}

/// Runs pushsim at a terminal of 60 columns.
const std::vector<std::string> narrow{
    "python3", "-c",
    "import fcntl, os, pty, struct, sys, termios\n"
    "pid, terminal = pty.fork()\n"
    "if pid == 0:\n"
    "    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 60, 0, 0))\n"
    "    os.execv(sys.argv[1], sys.argv[1:])\n"
    "try:\n"
    "    while some := os.read(terminal, 4096): os.write(1, some.replace(b'\\r', b''))\n"
    "except OSError: pass\n"
    "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"};

TEST(Fitted, ErrorsBreakBetweenWordsAndAHashNowhere) {
    const Place place;
    const Ended wrong =
        Program(place, {"run", "nowhere.yaml", "--pool", "a", "--tpm", "swtpm"}, {{"CI", ""}}, narrow).wait();
    EXPECT_EQ(wrong.out,
              "pushsim: --pool and --tpm swtpm do not go together: an agent\n"
              "  with a swtpm of its own draws no TPM from a pool\n"
              "  mend: leave one of them out\n");
    const Ended made =
        Program(place, {"pool", "make", "a.pool", "--count", "1"}, {{"CI", ""}}, narrow).wait();
    EXPECT_THAT(made.out, ::testing::ContainsRegex("\n  hash  [0-9a-f]{12}…\n"));
}

TEST(Fitted, HelpAndTheDoctorBreakTheirLinesAtANarrowTerminal) {
    const Place place;
    for (const std::vector<std::string>& words : {std::vector<std::string>{"--help"},
                                                  {"help", "tenant", "add"},
                                                  {"doctor", "--keylime", "9.9", "--out", "runs"}}) {
        const Ended ended = Program(place, words, {{"CI", ""}}, narrow).wait();
        EXPECT_EQ(ended.exit_code, words.front() == "doctor" ? 1 : 0) << ended.out << ended.err;
        std::istringstream lines(ended.out);
        std::size_t count = 0;
        for (std::string line; std::getline(lines, line); ++count) {
            const bool one_word = line.find(' ', line.find_first_not_of(' ')) == std::string::npos;
            EXPECT_TRUE(reports::columns(line) <= 60 || one_word) << line;
        }
        EXPECT_GT(count, 20U);
    }
    EXPECT_THAT(pushsim(place, {"--help"}).out, ::testing::ContainsRegex("PUSHSIM_KEYLIME_HOME [^\n]{60}"))
        << "whole where it is no terminal";
}

}  // namespace
}  // namespace pushsim::testing
