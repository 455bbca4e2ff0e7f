// The agents' cluster as kubectl tells of it.

#include "sim/kind/agents.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::kind {
namespace {

using ::testing::IsEmpty;

const std::string running = R"({
  "metadata": {"name": "agent-b"},
  "status": {"phase": "Running", "containerStatuses": [
    {"name": "agent", "restartCount": 1, "state": {"running": {}}},
    {"name": "swtpm", "restartCount": 2, "state": {"running": {}}}]}})";
const std::string crashing = R"({
  "metadata": {"name": "agent-a"},
  "status": {"phase": "Running", "containerStatuses": [
    {"name": "agent", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}})";
const std::string ending = R"({
  "metadata": {"name": "agent-c", "deletionTimestamp": "2026-11-28T12:00:00Z"},
  "status": {"phase": "Running"}})";
const std::string new_one = R"({"metadata": {"name": "agent-d"}, "status": {"phase": "Pending"}})";

std::string list(const std::vector<std::string>& pods) {
    std::string items;
    for (const std::string& pod : pods)
        items += (items.empty() ? "" : ",") + pod;
    return "{\"items\": [" + items + "]}";
}

TEST(AgentPods, AreInTheOrderOfTheirNames) {
    const auto pods = parse_agent_pods(list({running, crashing, new_one}));
    ASSERT_TRUE(pods) << pods.error().message;
    ASSERT_EQ(pods->size(), 3U);
    EXPECT_EQ(pods->at(0).name, "agent-a");
    EXPECT_EQ(pods->at(0).state, "CrashLoopBackOff");
    EXPECT_EQ(pods->at(0).restarts, 4);
    EXPECT_FALSE(pods->at(0).runs());
    EXPECT_TRUE(pods->at(1).runs());
    EXPECT_EQ(pods->at(1).restarts, 3);
    EXPECT_EQ(pods->at(2).state, "Pending");
}

TEST(AgentPods, ThatAreAboutToEndAreNotMeant) {
    EXPECT_THAT(*parse_agent_pods(list({ending})), IsEmpty());
}

TEST(AgentPods, WarningsBeforeTheListAreNoPartOfIt) {
    EXPECT_EQ(parse_agent_pods("Warning: old\n" + list({running}))->size(), 1U);
}

TEST(AgentPods, WhatIsNoListIsSaid) {
    for (const char* text : {"", "error", "{}", R"({"items": [{}]})"})
        EXPECT_FALSE(parse_agent_pods(text)) << text;
}

}  // namespace
}  // namespace pushsim::kind
