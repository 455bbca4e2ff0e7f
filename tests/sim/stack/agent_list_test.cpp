#include "sim/stack/agent_list.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Lists of runs of which some have ended.
class AgentLists : public testing::Test {
  protected:
    AgentLists() {
        address_.kind = "external";
        address_.verifier = {"192.0.2.1", 8881};
    }

    AgentList begin() { return begin(address_); }
    AgentList begin(const StackAddress& address) {
        auto list = AgentList::begin(registry_, address);
        if (!list) throw std::runtime_error(list.error().text());
        return std::move(*list);
    }
    std::vector<std::filesystem::path> files() const {
        std::vector<std::filesystem::path> all;
        for (const auto& entry : std::filesystem::directory_iterator(temporary_.path() / "agents"))
            all.push_back(entry.path());
        return all;
    }
    /// Changes the first line of every list.
    void rewrite_heads(const std::function<void(json&)>& change) const {
        for (const auto& file : files()) {
            const std::string text = read(file);
            const std::size_t end = text.find('\n');
            json head = json::parse(text.substr(0, end));
            change(head);
            write(file, head.dump() + text.substr(end));
        }
    }
    void owner_dies() const {
        rewrite_heads([](json& head) {
            head["owner"]["start_time"] = head["owner"]["start_time"].get<std::uint64_t>() - 1;
        });
    }

    TemporaryFolder temporary_;
    Registry registry_ = *Registry::open(temporary_.path() / "stacks");
    StackAddress address_;
};

TEST_F(AgentLists, OfARunThatLivesIsNotLeft) {
    auto list = begin();
    ASSERT_TRUE(list.add("web-0"));
    EXPECT_THAT(left_agents(registry_), IsEmpty());
    EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(AgentLists, OfARunThatHasEndedNamesItsAgentsAndWhereTheyAre) {
    auto list = begin();
    ASSERT_TRUE(list.add("web-0"));
    ASSERT_TRUE(list.add("web-1"));
    owner_dies();
    const auto left = left_agents(registry_);
    ASSERT_THAT(left, SizeIs(1));
    EXPECT_THAT(left[0].agent_ids, ElementsAre("web-0", "web-1"));
    EXPECT_EQ(left[0].address.verifier.text(), address_.verifier.text());
    EXPECT_THAT(left[0].text(), HasSubstr("2 agents at 192.0.2.1:8881 of a run (process "));
}

TEST_F(AgentLists, HaveThePoliciesThatTheRunHasMade) {
    auto list = begin();
    ASSERT_TRUE(list.add_policy("web"));
    ASSERT_TRUE(list.add("web-0"));
    owner_dies();
    const auto left = left_agents(registry_);
    ASSERT_THAT(left, SizeIs(1));
    EXPECT_THAT(left[0].agent_ids, ElementsAre("web-0"));
    EXPECT_THAT(left[0].policies, ElementsAre("web"));
    EXPECT_THAT(left[0].text(), HasSubstr("1 agent and the policy web at 192.0.2.1:8881"));
}

TEST_F(AgentLists, AnIdThatWasNotWrittenWholeWasNotMadeKnown) {
    auto list = begin();
    ASSERT_TRUE(list.add("web-0"));
    owner_dies();
    write(files()[0], read(files()[0]) + "\"web-");
    EXPECT_THAT(left_agents(registry_)[0].agent_ids, ElementsAre("web-0"));
}

TEST_F(AgentLists, OfAnotherContainerIsNotOursToJudge) {
    auto list = begin();
    ASSERT_TRUE(list.add("web-0"));
    owner_dies();
    rewrite_heads([](json& head) {
        const auto boot = head["boot"].get<std::string>();
        head["boot"] = boot.substr(0, boot.find(' ')) + " pid:[1]";
    });
    EXPECT_THAT(left_agents(registry_), IsEmpty());
    EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(AgentLists, OfAnEarlierBootIsLeftThoughItsProcessNumberMayLiveAgain) {
    auto list = begin();
    ASSERT_TRUE(list.add("web-0"));
    rewrite_heads([](json& head) {
        const auto boot = head["boot"].get<std::string>();
        head["boot"] = "an-earlier-boot" + boot.substr(boot.find(' '));
    });
    const auto left = left_agents(registry_);
    ASSERT_THAT(left, SizeIs(1));
    EXPECT_THAT(left[0].agent_ids, ElementsAre("web-0"));
}

TEST_F(AgentLists, ThatCannotBeReadHidesNoOther) {
    auto list = begin();
    ASSERT_TRUE(list.add("web-0"));
    owner_dies();
    std::filesystem::create_directory(temporary_.path() / "agents" / "a-folder.jsonl");
    write(temporary_.path() / "agents" / "cut.jsonl", "{\"owner\": ");
    EXPECT_THAT(left_agents(registry_), SizeIs(1));
    EXPECT_THAT(files(), SizeIs(3));
}

TEST_F(AgentLists, WithoutAnAgentIsDropped) {
    begin();
    owner_dies();
    EXPECT_THAT(left_agents(registry_), IsEmpty());
    EXPECT_THAT(files(), IsEmpty());
}

TEST_F(AgentLists, OfALocalStackIsDroppedWithTheStack) {
    address_.kind = "local";
    address_.ca_file = temporary_.path() / "ca.pem";
    write(address_.ca_file, "");
    auto list = begin();
    ASSERT_TRUE(list.add("web-0"));
    owner_dies();
    EXPECT_THAT(left_agents(registry_), SizeIs(1));
    std::filesystem::remove(address_.ca_file);
    EXPECT_THAT(left_agents(registry_), IsEmpty());
    EXPECT_THAT(files(), IsEmpty());
}

TEST_F(AgentLists, WhatIsNoListIsLeftAlone) {
    write(temporary_.path() / "agents" / "notes.txt", "mine\n");
    EXPECT_THAT(left_agents(registry_), IsEmpty());
    EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(AgentLists, OfOneRunStandSideBySideAndGoOneByOne) {
    auto first = begin();
    auto second = begin();
    ASSERT_TRUE(first.add("web-0"));
    ASSERT_TRUE(second.add("web-1"));
    EXPECT_THAT(files(), SizeIs(2));
    first.finish();
    owner_dies();
    const auto left = left_agents(registry_);
    ASSERT_THAT(left, SizeIs(1));
    EXPECT_THAT(left[0].agent_ids, ElementsAre("web-1"));
}

}  // namespace
}  // namespace pushsim::stack::test
