#include "agent/base/json_depth.hpp"

#include <string>

#include <gtest/gtest.h>

namespace pushsim {
namespace {

TEST(JsonDepth, CountsContainersWithinOneAnotherAtTheLimitAndBeyond) {
    EXPECT_FALSE(json_deeper_than("{\"a\": [1, {\"b\": []}]}", 4));
    EXPECT_TRUE(json_deeper_than("{\"a\": [1, {\"b\": []}]}", 3));
    EXPECT_FALSE(json_deeper_than("[[], [], []]", 2));
    EXPECT_TRUE(json_deeper_than(std::string(100'000, '['), 64));
}

TEST(JsonDepth, BracketsInTextsDoNotCount) {
    EXPECT_FALSE(json_deeper_than(R"(["[[[[", "\"[[[", "\\"])", 1));
    EXPECT_TRUE(json_deeper_than(R"(["\\", [[]]])", 2));
    EXPECT_FALSE(json_deeper_than("]]]][", 1));
}

}  // namespace
}  // namespace pushsim
