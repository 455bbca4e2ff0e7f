#include "sim/fleet/gate.hpp"

#include <memory>
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/clock.hpp"

namespace pushsim::fleet {
namespace {

using ::testing::ElementsAre;

class GateTest : public testing::Test {
  protected:
    void enter(int number) {
        gate->enter([this, number](Gate::Pass pass) {
            order.push_back(number);
            passes.push_back(std::move(pass));
        });
    }
    void give_back(std::size_t which) {
        passes[which].reset();
        loop.run_once(Duration::zero());
    }

    core::SimulatedClock clock;
    transport::EventLoop loop{clock};
    std::optional<Gate> gate{std::in_place, loop, 2};
    std::vector<int> order;
    std::vector<Gate::Pass> passes;
};

TEST_F(GateTest, LetsSoManyThroughAtOnceAndTheOthersInTheirOrder) {
    for (int number = 1; number <= 5; ++number)
        enter(number);
    EXPECT_THAT(order, ElementsAre(1, 2));
    EXPECT_EQ(gate->waiting(), 3U);
    give_back(1);
    EXPECT_THAT(order, ElementsAre(1, 2, 3));
    give_back(0);
    give_back(2);
    EXPECT_THAT(order, ElementsAre(1, 2, 3, 4, 5));
    EXPECT_EQ(gate->waiting(), 0U);
}

TEST_F(GateTest, NobodyOvertakesOneThatIsAboutToBeLetThrough) {
    for (int number = 1; number <= 3; ++number)
        enter(number);
    passes[0].reset();
    enter(4);
    EXPECT_THAT(order, ElementsAre(1, 2));
    loop.run_once(Duration::zero());
    EXPECT_THAT(order, ElementsAre(1, 2, 3));
    EXPECT_EQ(gate->waiting(), 1U);
}

TEST_F(GateTest, OneThatDoesNotUseItsPassHoldsUpNobody) {
    enter(1);
    enter(2);
    for (int number = 3; number <= 4; ++number)
        gate->enter([](const Gate::Pass&) {});  // its agent is gone
    enter(5);
    give_back(0);
    while (gate->waiting() > 0)
        loop.run_once(Duration::zero());
    EXPECT_THAT(order, ElementsAre(1, 2, 5));
}

TEST_F(GateTest, PassesMayOutliveIt) {
    for (int number = 1; number <= 3; ++number)
        enter(number);
    gate.reset();
    give_back(0);
    EXPECT_THAT(order, ElementsAre(1, 2));
}

}  // namespace
}  // namespace pushsim::fleet
