#include "agent/lifecycle/backoff.hpp"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "sim/core/random.hpp"

namespace pushsim::lifecycle {
namespace {

using std::chrono::seconds;

constexpr Pace kPace{.initial = seconds{1}, .longest = seconds{30}, .retries = 5, .jitter = true};

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
        EXPECT_EQ(backoff(kPace, retry, smallest), Duration{seconds{full[n]}} / 2);
        const Duration longest = backoff(kPace, retry, largest);
        EXPECT_LE(longest, seconds{full[n]});
        EXPECT_GT(longest, Duration{seconds{full[n]}} * 99 / 100);
    }
}

TEST(Backoff, WithoutJitterIsTheWholeOfItEachTime) {
    Constant largest{~std::uint64_t{0}};
    const Pace pace{.initial = seconds{10}, .longest = seconds{300}, .retries = 7};
    const std::vector<int> full = {10, 20, 40, 80, 160, 300, 300};
    for (std::size_t n = 0; n < full.size(); ++n)
        EXPECT_EQ(backoff(pace, static_cast<int>(n) + 1, largest), Duration{seconds{full[n]}});
}

TEST(Backoff, StaysWithinItsBoundsForAnySettings) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        const auto initial = Duration{*rc::gen::inRange<Duration::rep>(0, Duration::max().count())};
        const auto longest = Duration{*rc::gen::inRange<Duration::rep>(0, Duration::max().count())};
        const int retry = *rc::gen::inRange(1, 1'000'000);
        core::SeededStream random(seed, {"backoff"});
        const bool jitter = *rc::gen::arbitrary<bool>();
        const Duration drawn =
            backoff({.initial = initial, .longest = longest, .retries = 5, .jitter = jitter}, retry, random);
        RC_ASSERT(drawn >= Duration::zero());
        RC_ASSERT(drawn <= longest);
    }));
}

TEST(Backoff, AgentsThatFailTogetherDoNotComeBackTogether) {
    std::set<Duration::rep> drawn;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        core::SeededStream random(seed, {"jitter"});
        drawn.insert(backoff(kPace, 1, random).count());
    }
    EXPECT_EQ(drawn.size(), 1000U);
}

TEST(RequestId, IsAsLongAsWanted) {
    core::SeededStream random(4711, {"ids"});
    EXPECT_EQ(make_request_id(random, 6).size(), 6U);
}

TEST(RequestId, IsTwelveLowerCaseLettersAndDigitsAndDoesNotRepeat) {
    core::SeededStream random(4711, {"ids"});
    std::set<std::string> ids;
    for (int n = 0; n < 100'000; ++n) {
        const std::string id = make_request_id(random, 12);
        ASSERT_EQ(id.size(), 12U);
        ASSERT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos) << id;
        ids.insert(id);
    }
    EXPECT_EQ(ids.size(), 100'000U);
}

}  // namespace
}  // namespace pushsim::lifecycle
