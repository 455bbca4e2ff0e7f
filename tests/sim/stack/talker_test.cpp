// Programs that are read and written while they go on.

#include "sim/stack/talker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/base/files.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::stack {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TalkerTest : public ::testing::Test {
  protected:
    Talker::Options script(const std::string& text) const {
        return {
            .command = {"/bin/sh", "-c", text}, .environment = {{"PATH", "/usr/bin:/bin"}}, .errors = errors};
    }

    const test::TemporaryFolder temporary;
    const std::filesystem::path errors = temporary.path() / "errors";
};

TEST_F(TalkerTest, ProgramAnswersLineByLineAndItsEndIsSeen) {
    auto talker = Talker::start(script("read a; echo \"<$a>\"; echo bad >&2"));
    ASSERT_TRUE(talker);
    EXPECT_TRUE(talker->write("one\n"));
    std::string all;
    for (auto text = talker->read(seconds{5}); text; text = talker->read(seconds{5}))
        all += *text;
    EXPECT_EQ(all, "<one>\n");
    EXPECT_FALSE(talker->write("two\n")) << "nobody reads, and no signal ends us";
    EXPECT_EQ(read_file(errors), "bad\n");
}

TEST_F(TalkerTest, ProgramEndsWithItsObject) {
    pid_t pid = 0;
    {
        auto talker = Talker::start(script("echo $$; exec sleep 100"));
        ASSERT_TRUE(talker);
        pid = std::stoi(*talker->read(seconds{5}));
    }
    EXPECT_FALSE(process_now(pid));
}

TEST_F(TalkerTest, OneThatIsGivenTimeEndsByItselfWhenItsInputDoes) {
    Talker::Options options =
        script("trap 'echo killed >&2; exit' TERM; cat >/dev/null; sleep 0.3; echo by itself >&2");
    options.patience = seconds{20};
    { const auto talker = Talker::start(options); }
    EXPECT_EQ(read_file(errors), "by itself\n");
}

TEST_F(TalkerTest, OneThatTakesNoSignalIsKilled) {
    Talker::Options options = script("trap '' TERM; echo $$; while :; do sleep 0.1; done");
    options.patience = milliseconds{100};
    pid_t pid = 0;
    {
        auto talker = Talker::start(options);
        ASSERT_TRUE(talker);
        pid = std::stoi(*talker->read(seconds{5}));
    }
    EXPECT_FALSE(process_now(pid));
}

TEST(Lines, AreWholeHoweverTheyCome) {
    Lines lines;
    EXPECT_THAT(*lines.feed("on"), ElementsAre());
    EXPECT_THAT(*lines.feed("e\ntwo\nthr"), ElementsAre("one", "two"));
    EXPECT_THAT(*lines.feed("ee\n\n"), ElementsAre("three", ""));
}

TEST(Lines, OneWithoutEndIsRefused) {
    Lines lines(10);
    EXPECT_TRUE(lines.feed("0123456789"));
    const auto more = lines.feed("0");
    ASSERT_FALSE(more);
    EXPECT_THAT(more.error().message, HasSubstr("a line of more than 10 octets"));
}

}  // namespace
}  // namespace pushsim::stack
