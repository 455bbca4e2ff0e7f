#include "sim/faults/rendezvous.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::faults {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Meeting : public testing::Test {
  protected:
    void arrive(const std::string& agent) {
        place.arrive(agent, [this, agent] { gone.push_back(agent); });
    }

    Rendezvous place;
    std::vector<std::string> gone;
};

TEST_F(Meeting, AllGoWhenTheLastIsThere) {
    place.expect({"a", "b", "c"});
    arrive("b");
    arrive("a");
    EXPECT_THAT(gone, IsEmpty());
    arrive("c");
    EXPECT_THAT(gone, ElementsAre("b", "a", "c"));
}

TEST_F(Meeting, WhoLeavesIsNotWaitedFor) {
    place.expect({"a", "b", "c"});
    arrive("a");
    place.leave("b");
    EXPECT_THAT(gone, IsEmpty());
    place.leave("c");
    EXPECT_THAT(gone, ElementsAre("a"));
}

TEST_F(Meeting, WhoLeavesWhileItWaitsDoesNotGo) {
    place.expect({"a", "b"});
    arrive("a");
    place.leave("a");
    arrive("b");
    EXPECT_THAT(gone, ElementsAre("b"));
}

TEST_F(Meeting, TheNextTimeAllAreExpectedAgain) {
    place.expect({"a", "b"});
    arrive("a");
    arrive("b");
    arrive("a");
    EXPECT_THAT(gone, ElementsAre("a", "b"));
    arrive("b");
    EXPECT_THAT(gone, ElementsAre("a", "b", "a", "b"));
}

TEST_F(Meeting, WhoIsNotExpectedGoesAtOnce) {
    place.expect({"a"});
    arrive("stranger");
    EXPECT_THAT(gone, ElementsAre("stranger"));
}

TEST_F(Meeting, WhoGoesMayLeaveOrComeBackBeforeTheOthersAreGone) {
    place.expect({"a", "b"});
    place.arrive("a", [this] {
        gone.emplace_back("a");
        place.leave("a");
        arrive("b");
    });
    place.arrive("b", [this] { gone.emplace_back("b"); });
    EXPECT_THAT(gone, ElementsAre("a", "b", "b"));
}

}  // namespace
}  // namespace pushsim::faults
