#include "sim/fleet/job_lines.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pushsim::fleet {
namespace {

constexpr std::size_t most = 3;

/// Lines are named by addresses of these.
constexpr char names[] = "abcdef";

struct Done {
    std::size_t line;
    int number;  ///< in its line
};

/// Jobs that write down when they ran.
class Waiting {
  public:
    void push(std::size_t line) {
        const int number = pushed_[line]++;
        lines_.push(names + line, [this, line, number] { done_.push_back({line, number}); });
    }
    Done pop() {
        lines_.pop()();
        return done_.back();
    }
    std::string letters(std::size_t count) {
        std::string text;
        while (count-- > 0)
            text += names[pop().line];
        return text;
    }
    std::size_t size() const { return lines_.size(); }
    bool empty() const { return lines_.empty(); }
    int left(std::size_t line) const {
        int ran = 0;
        for (const Done& done : done_)
            ran += done.line == line ? 1 : 0;
        const auto pushed = pushed_.find(line);
        return pushed == pushed_.end() ? 0 : pushed->second - ran;
    }

  private:
    JobLines lines_{most};
    std::map<std::size_t, int> pushed_;
    std::vector<Done> done_;
};

TEST(JobLines, OneLineIsAQueue) {
    Waiting waiting;
    for (int i = 0; i < 10; ++i)
        waiting.push(0);
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(waiting.pop().number, i);
    EXPECT_TRUE(waiting.empty());
}

TEST(JobLines, ALineKeepsItsTurnWhileItHasJobs) {
    Waiting waiting;
    for (const std::size_t line : {0, 1, 0, 1, 0})
        waiting.push(line);
    EXPECT_EQ(waiting.letters(5), "aaabb");
}

TEST(JobLines, AJobOfTheLineWhoseTurnItIsGoesBeforeOthersThatWait) {
    Waiting waiting;
    waiting.push(0);
    waiting.push(1);
    EXPECT_EQ(waiting.letters(1), "a");
    waiting.push(0);
    EXPECT_EQ(waiting.letters(2), "ab");
}

TEST(JobLines, ButNotForMoreThanSoManyInARow) {
    Waiting waiting;
    for (int i = 0; i < 8; ++i)
        waiting.push(0);
    waiting.push(1);
    EXPECT_EQ(waiting.letters(9), "aaabaaaaa") << "with nobody waiting there is no bound";
}

TEST(JobLines, LinesHaveTheirTurnsInTheOrderInWhichTheyCame) {
    Waiting waiting;
    for (const std::size_t line : {2, 0, 1})
        waiting.push(line);
    EXPECT_EQ(waiting.letters(3), "cab");
}

RC_GTEST_PROP(JobLines, NothingIsLostAndNobodyWaitsForLong, ()) {
    // Each entry: a push into a line (0 to 5), or a pop.
    const auto acts = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 9));
    Waiting waiting;
    std::map<std::size_t, int> ran;                  // in each line
    std::map<std::size_t, std::size_t> passed_over;  // jobs of others since it had its turn or came
    std::size_t pending = 0;
    const auto pop = [&] {
        const Done done = waiting.pop();
        --pending;
        RC_ASSERT(done.number == ran[done.line]++);
        passed_over[done.line] = 0;
        for (std::size_t line = 0; line < 6; ++line) {
            if (line == done.line || waiting.left(line) == 0) continue;
            RC_ASSERT(++passed_over[line] <= 5 * most);
        }
    };
    for (const int act : acts) {
        if (act < 6) {
            const auto line = static_cast<std::size_t>(act);
            if (waiting.left(line) == 0) passed_over[line] = 0;
            waiting.push(line);
            ++pending;
        } else if (pending > 0) {
            pop();
        }
        RC_ASSERT(waiting.size() == pending);
    }
    while (pending > 0)
        pop();
    RC_ASSERT(waiting.empty());
}

}  // namespace
}  // namespace pushsim::fleet
