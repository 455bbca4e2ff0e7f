#include "sim/stack/server_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Recorded: a verifier whose port was taken.
constexpr const char* kPortTaken = R"(Traceback (most recent call last):
  File "/v/lib/python3.11/site-packages/tornado/netutil.py", line 163, in bind_sockets
    sock.bind(sockaddr)
OSError: [Errno 98] Address already in use
)";

// Recorded: no tpm2-tools.
constexpr const char* kNoTools = R"(Traceback (most recent call last):
  File "/usr/lib/python3.11/subprocess.py", line 1901, in _execute_child
    raise child_exception_type(errno_num, err_msg, err_filename)
FileNotFoundError: [Errno 2] No such file or directory: 'tpm2_startup'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/v/lib/python3.11/site-packages/keylime/mba/mba.py", line 81, in load_imports
    raise ValueError from e
ValueError
)";

TEST(ServerLog, TakenPortIsKnownByItsNumberedError) {
    EXPECT_TRUE(says_port_taken(kPortTaken));
    EXPECT_FALSE(says_port_taken(kNoTools));
    EXPECT_EQ(exception_line(kPortTaken), "OSError: [Errno 98] Address already in use");
    EXPECT_THAT(diagnose(kPortTaken).cause, HasSubstr("its port is taken"));
}

TEST(ServerLog, MissingToolsAreNamedAlthoughTheLastExceptionIsBare) {
    EXPECT_EQ(exception_line(kNoTools), "ValueError");
    const auto diagnosis = diagnose(kNoTools);
    EXPECT_THAT(diagnosis.cause, HasSubstr("tpm2-tools are missing"));
    EXPECT_THAT(diagnosis.mend, HasSubstr("scripts/setup"));
}

TEST(ServerLog, UnknownTroubleIsToldInItsOwnWords) {
    EXPECT_EQ(diagnose("x\nTraceback (most recent call last):\nkeylime.odd.OddError: so it is\n").cause,
              "keylime.odd.OddError: so it is");
    EXPECT_EQ(diagnose("one\ntwo\n\n").cause, "two");
    EXPECT_EQ(diagnose("").cause, "it wrote nothing to its log");
}

TEST(ServerLog, ModuleThatIsMissingLeadsToSetup) {
    const auto diagnosis = diagnose("ModuleNotFoundError: No module named 'tornado'\n");
    EXPECT_THAT(diagnosis.cause, HasSubstr("'tornado'"));
    EXPECT_THAT(diagnosis.mend, HasSubstr("scripts/setup"));
}

TEST(ServerLog, LastLinesSkipBlankOnesAndKeepOrder) {
    EXPECT_THAT(last_lines("one\n\ntwo\n  \nthree\n", 2), ElementsAre("two", "three"));
    EXPECT_THAT(last_lines("", 2), ElementsAre());
}

TEST(ServerLog, OfARequestHasItsLinesAloneAndNothingSecret) {
    const std::string log =
        "2026 - 1 - keylime.web - INFO - (reqid=abc) POST /v3.0/sessions\n"
        "2026 - 1 - keylime.web - INFO -  GET /v2.6/agents\n"
        "2026 - 1 - keylime.web - ERROR - (reqid=abcd) of another\n"
        "2026 - 1 - keylime.web - ERROR - (reqid=abc)   File \"/v/lib/python3.11/site-packages/keylime/web/"
        "base/action_handler.py\", line 7, in act\n"
        "2026 - 1 - keylime.web - ERROR - (reqid=abc)     if not self._a_name_that_is_long_for_a_name():\n"
        "2026 - 1 - keylime.web - ERROR - (reqid=abc)            ^^^^^^~~~\n"
        "2026 - 1 - keylime.web - ERROR - (reqid=abc) ValueError: b3BlbiBzZXNhbWUgYW5kIG1vcmUgb2Y= is bad\n";
    EXPECT_THAT(
        lines_of_request(log, "abc"),
        ElementsAre("POST /v3.0/sessions", "  File \"keylime/web/base/action_handler.py\", line 7, in act",
                    "    if not self._a_name_that_is_long_for_a_name():", "ValueError: … is bad"));
    EXPECT_THAT(lines_of_request(log, ""), ElementsAre());
    EXPECT_THAT(lines_of_request("(reqid=a) " + std::string(1'000'000, 'x'), "a"),
                ElementsAre(testing::SizeIs(1000)));
}

TEST(LogReader, GoesOnBehindWhatItReadByWholeLines) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "log";
    LogReader reader(file);
    EXPECT_THAT(reader.last(2), testing::IsEmpty());
    write(file, "one\n\ntwo\nthree\nfo");
    EXPECT_THAT(reader.last(2), testing::ElementsAre("two", "three"));
    EXPECT_THAT(reader.more(), testing::IsEmpty());
    write(file, "one\n\ntwo\nthree\nfour\n\nfive\n");
    EXPECT_THAT(reader.more(), testing::ElementsAre("four", "", "five"));
    write(file, "anew\n");
    EXPECT_THAT(reader.more(), testing::ElementsAre("anew")) << "a file that was made anew is shorter";
}

TEST(LogReader, OfALongLogReadsTheEnd) {
    const TemporaryFolder folder;
    std::string text;
    while (text.size() < 2 * 1024 * 1024)
        text += "line " + std::to_string(text.size()) + "\n";
    write(folder.path() / "log", text + "last\n");
    const auto lines = LogReader(folder.path() / "log").last(1'000'000);
    ASSERT_FALSE(lines.empty());
    EXPECT_THAT(lines.front(), testing::StartsWith("line "));
    EXPECT_EQ(lines.back(), "last");
    EXPECT_LT(lines.size(), 100'000U);
}

TEST(ServerLog, ListeningIsALineOfTheServerItself) {
    EXPECT_TRUE(says_listening(
        "2026-11-24 00:31:08.123 - 7 - keylime.web - INFO -  Listening on https://127.0.0.1:8881\n"));
    EXPECT_FALSE(says_listening("Setting up TLS...\n"));
}

TEST(ServerLog, TailOfAFileIsItsEnd) {
    const TemporaryFolder folder;
    write(folder.path() / "log", "0123456789");
    EXPECT_EQ(read_tail(folder.path() / "log", 4), "6789");
    EXPECT_EQ(read_tail(folder.path() / "log", 400), "0123456789");
    EXPECT_EQ(read_tail(folder.path() / "none", 4), "");
}

}  // namespace
}  // namespace pushsim::stack::test
