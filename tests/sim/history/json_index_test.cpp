#include "sim/history/json_index.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/history/json_text.hpp"
#include "tests/sim/history/support.hpp"

namespace pushsim::history {
namespace {

bool taken(std::string_view text) {
    return JsonIndex{}.read(text);
}

TEST(JsonIndex, TakesAndRefusesWhatNlohmannDoes) {
    for (const char* text : {"",
                             " ",
                             "{}",
                             "[]",
                             "{",
                             "}",
                             "[1,]",
                             R"({"a":1,})",
                             "01",
                             "-",
                             "-0",
                             "1.",
                             "1.5e+3",
                             "1e",
                             ".5",
                             "+1",
                             "tru",
                             "true",
                             "nullx",
                             "[true]",
                             "\"\\u12\"",
                             "\"\\x\"",
                             "\"\\u00e9\"",
                             "\"\\ud800\"",
                             "\"é\"",
                             "\"\xC3\"",
                             "\"\x01\"",
                             "\"a",
                             R"({"a" : [1 , 2]} )",
                             R"({a:1})",
                             R"({"a"})",
                             "1 2",
                             R"("\")",
                             R"("\\")",
                             "1e999",
                             "1e-999",
                             "-1e999"}) {
        EXPECT_EQ(taken(text), nlohmann::json::accept(text)) << text;
    }
    const std::string line = test::lines_of(test::written({test::an_exchange(403)})).back();
    ASSERT_TRUE(taken(line));
    for (std::size_t at = 0; at < line.size(); ++at) {
        for (const char c : std::string_view{"\"\\{}[],:09-.eu \x01\xC3"}) {
            std::string changed = line;
            changed[at] = c;
            ASSERT_EQ(taken(changed), nlohmann::json::accept(changed)) << changed;
        }
    }
}

TEST(JsonIndex, ContainersAreNestedSoDeepAndNoDeeper) {
    EXPECT_TRUE(taken(std::string(max_json_depth, '[') + std::string(max_json_depth, ']')));
    EXPECT_FALSE(taken(std::string(max_json_depth + 1, '[') + std::string(max_json_depth + 1, ']')));
}

TEST(JsonIndex, GivesMembersAndElementsInTheirOrder) {
    const std::string text = R"({"a":{"x":[1,2]},"b\n":-5,"c":"\u00e9","d":18446744073709551616,"e":-0})";
    JsonIndex index;
    ASSERT_TRUE(index.read(text));
    auto at = index.root().first();
    EXPECT_TRUE(at->is("a"));
    at = at->next();
    EXPECT_EQ(at->raw(), R"({"x":[1,2]})");
    EXPECT_EQ(at->first()->next()->first()->next()->integer(), 2);
    EXPECT_FALSE(at->first()->next()->next());
    at = at->next();
    EXPECT_TRUE(at->is("b\n"));
    at = at->next();
    EXPECT_EQ(at->integer(), -5);
    EXPECT_FALSE(at->whole_number());
    EXPECT_EQ(at->number(), -5.0);
    at = at->next()->next();
    EXPECT_EQ(at->string(), "é");
    at = at->next()->next();
    EXPECT_FALSE(at->whole_number());  // does not fit
    at = at->next()->next();
    EXPECT_FALSE(at->whole_number());
    EXPECT_FALSE(at->next());
}

}  // namespace
}  // namespace pushsim::history
