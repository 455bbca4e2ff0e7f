#include "agent/lifecycle/backoff.hpp"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "sim/core/random.hpp"

namespace pushsim::lifecycle {
namespace {

using std::chrono::seconds;

/// Always the smallest or the largest draw.
class Constant final : public RandomStream {
  public:
    explicit Constant(std::uint64_t value) : value_(value) {}
    std::uint64_t next() override { return value_; }

  private:
    std::uint64_t value_;
};

TEST(Backoff, DoublesUpToItsLongestAndDrawsTheUpperHalf) {
    Constant smallest{0};
    Constant largest{~std::uint64_t{0}};
    const std::vector<int> full = {1, 2, 4, 8, 16, 30, 30};
    for (std::size_t n = 0; n < full.size(); ++n) {
        const int retry = static_cast<int>(n) + 1;
        EXPECT_EQ(backoff(seconds{1}, seconds{30}, retry, smallest), Duration{seconds{full[n]}} / 2);
        const Duration longest = backoff(seconds{1}, seconds{30}, retry, largest);
        EXPECT_LE(longest, seconds{full[n]});
        EXPECT_GT(longest, Duration{seconds{full[n]}} * 99 / 100);
    }
}

TEST(Backoff, StaysWithinItsBoundsForAnySettings) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        const auto initial = Duration{*rc::gen::inRange<Duration::rep>(0, Duration::max().count())};
        const auto longest = Duration{*rc::gen::inRange<Duration::rep>(0, Duration::max().count())};
        const int retry = *rc::gen::inRange(1, 1'000'000);
        core::SeededStream random(seed, {"backoff"});
        const Duration drawn = backoff(initial, longest, retry, random);
        RC_ASSERT(drawn >= Duration::zero());
        RC_ASSERT(drawn <= longest);
    }));
}

TEST(Backoff, AgentsThatFailTogetherDoNotComeBackTogether) {
    std::set<Duration::rep> drawn;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        core::SeededStream random(seed, {"jitter"});
        drawn.insert(backoff(seconds{1}, seconds{30}, 1, random).count());
    }
    EXPECT_EQ(drawn.size(), 1000U);
}

TEST(RequestId, IsTwelveLowerCaseLettersAndDigitsAndDoesNotRepeat) {
    core::SeededStream random(4711, {"ids"});
    std::set<std::string> ids;
    for (int n = 0; n < 100'000; ++n) {
        const std::string id = make_request_id(random);
        ASSERT_EQ(id.size(), 12U);
        ASSERT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos) << id;
        ids.insert(id);
    }
    EXPECT_EQ(ids.size(), 100'000U);
}

}  // namespace
}  // namespace pushsim::lifecycle
