// A sample of broken files that was read by people, with the messages that it must get.

#include <fstream>

#include <gtest/gtest.h>

#include "tests/sim/scenario/broken.hpp"
#include "tests/sim/scenario/generated.hpp"

namespace pushsim::scenario {
namespace {

struct Sample {
    std::string about;
    std::vector<std::string> lines;
    std::string problems;  ///< one a line
    int line = 0;          ///< in the file of samples
};

/// "# about", lines of the scenario, "=> problem" for each, and an empty line.
std::vector<Sample> samples() {
    std::ifstream in(PUSHSIM_FIXTURES "/scenarios/broken.txt");
    EXPECT_TRUE(in.is_open());
    std::vector<Sample> all;
    int number = 0;
    bool in_head = true;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (line.empty()) {
            in_head = false;
        } else if (in_head) {
            continue;
        } else if (line.starts_with("# ")) {
            all.push_back({.about = line.substr(2), .line = number});
        } else if (line.starts_with("=> ")) {
            all.back().problems += (all.back().problems.empty() ? "" : "\n") + line.substr(3);
        } else {
            all.back().lines.push_back(line);
        }
    }
    return all;
}

TEST(BrokenSample, GetsTheMessagesThatWereReviewed) {
    const std::vector<Sample> all = samples();
    EXPECT_GE(all.size(), 100U);
    for (const Sample& sample : all) {
        EXPECT_FALSE(sample.problems.empty()) << sample.about;
        EXPECT_EQ(problems_of(text_with(sample.lines)), sample.problems)
            << "fixtures/scenarios/broken.txt:" << sample.line << ": " << sample.about << "\n"
            << text_with(sample.lines);
    }
}

}  // namespace
}  // namespace pushsim::scenario
