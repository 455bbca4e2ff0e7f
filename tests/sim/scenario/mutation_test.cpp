// Random edits of valid files: never a crash, every problem inside the file, and what loads, loads again as
// itself.

#include <algorithm>
#include <fstream>
#include <iterator>

#include <rapidcheck.h>

#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines{""};
    for (const char c : text) {
        if (c == '\n') {
            lines.emplace_back();
        } else {
            lines.back() += c;
        }
    }
    return lines;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines)
        text += line + "\n";
    return text;
}

const std::vector<std::string>& valid_files() {
    static const std::vector<std::string> files = [] {
        std::vector<std::string> texts;
        for (const char* name :
             {PUSHSIM_SCENARIOS "/honest-agent", PUSHSIM_SCENARIOS "/reproduce/pcr-mismatch",
              PUSHSIM_FIXTURES "/scenarios/whole-language"}) {
            std::ifstream in(std::string(name) + ".yaml");
            texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
            texts.push_back(resolved(load_text(texts.back(), name).scenarios.at(0)));
        }
        return texts;
    }();
    return files;
}

/// One edit: of a character, of a line, or a piece of YAML put in.
std::string edited(const std::string& text) {
    static const std::vector<std::string> pieces{
        ": ", "- ", "[",   "]",     "{",    "}",    "&x ",  "*x",      "\"",    "'", "\n",
        "  ", "\t", "#",   "~",     "null", "!!",   "|\n",  "? ",      "---\n", "7", "99",
        "-1", "1s", "yes", "wait:", "<<:",  "\xC3", "${x}", "sha256:", "\r",    ", "};
    std::vector<std::string> lines = lines_of(text);
    const auto line = *rc::gen::inRange<std::size_t>(0, lines.size());
    const auto other = *rc::gen::inRange<std::size_t>(0, lines.size());
    const auto column = *rc::gen::inRange<std::size_t>(0, lines[line].size() + 1);
    switch (*rc::gen::inRange(0, 7)) {
        case 0:
            lines[line].erase(column, 1);
            break;
        case 1:
            lines[line].insert(column, *rc::gen::elementOf(pieces));
            break;
        case 2:
            lines[line].insert(column, 1, static_cast<char>(*rc::gen::inRange(0, 256)));
            break;
        case 3:
            lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(line));
            break;
        case 4:
            std::swap(lines[line], lines[other]);
            break;
        case 5:
            lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(line), lines[other]);
            break;
        case 6:
            lines[line].insert(0, "  ");
            break;
    }
    return joined(lines);
}

bool inside(const Position& position, const std::string& text) {
    const std::vector<std::string> lines = lines_of(text);
    return position.line >= 1 && static_cast<std::size_t>(position.line) <= lines.size() &&
           position.column >= 1 &&
           static_cast<std::size_t>(position.column) <=
               lines[static_cast<std::size_t>(position.line) - 1].size() + 1;
}

TEST(EditedFiles, AreLoadedOrExplained) {
    int loaded = 0;
    int refused = 0;
    const auto check_one = [&] {
        std::string text = *rc::gen::elementOf(valid_files());
        for (int edits = *rc::gen::inRange(1, 5); edits > 0; --edits)
            text = edited(text);
        const LoadResult result = load_text(text, "f");
        RC_ASSERT(result.ok() == result.problems.empty());
        for (const Problem& problem : result.problems) {
            RC_ASSERT(inside(problem.position, text));
            RC_ASSERT(!problem.message.empty());
            RC_ASSERT(problem.message.find('\n') == std::string::npos);
        }
        RC_ASSERT(std::is_sorted(result.problems.begin(), result.problems.end(),
                                 [](const Problem& a, const Problem& b) {
                                     return std::pair(a.position.line, a.position.column) <
                                            std::pair(b.position.line, b.position.column);
                                 }));
        for (const Scenario& scenario : result.scenarios) {
            const LoadResult again = load_text(resolved(scenario), "again");
            RC_ASSERT(again.ok());
            RC_ASSERT(same_plan(scenario, again.scenarios[0]));
        }
        (result.ok() ? loaded : refused) += 1;
    };
    EXPECT_TRUE(rc::check([&] {
        for (int i = 0; i < 20; ++i)
            check_one();
    }));
    // Both must have happened, or the test has tested nothing.
    EXPECT_GT(loaded, 0);
    EXPECT_GT(refused, 0);
}

TEST(AnyOctets, AreLoadedOrExplained) {
    EXPECT_TRUE(rc::check([](const std::string& octets) {
        const LoadResult result = load_text(octets, "f");
        RC_ASSERT(!result.problems.empty());
        RC_ASSERT(inside(result.problems[0].position, octets));
    }));
}

}  // namespace
}  // namespace pushsim::scenario
