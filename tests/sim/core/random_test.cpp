#include "sim/core/random.hpp"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace pushsim::core {
namespace {

TEST(SeededStream, GivesTheSameDrawsOnEveryMachine) {
    // Golden values from a second implementation, in Python: a change here changes every recorded run.
    SeededStream stream(4711, {"honest-agent", "honest[0]", "jitter"});
    const std::array<std::uint64_t, 3> drawn{stream.next(), stream.next(), stream.next()};
    EXPECT_EQ(drawn,
              (std::array<std::uint64_t, 3>{0xdc363cc73abb8da8, 0xc188b5bb86b07d07, 0x04532c46ca192459}));
}

TEST(SeededStream, OtherNamesAreOtherStreams) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        std::set<std::uint64_t> first;
        first.insert(SeededStream(seed, {"ab", "c"}).next());
        first.insert(SeededStream(seed, {"a", "bc"}).next());
        first.insert(SeededStream(seed, {"abc"}).next());
        first.insert(SeededStream(seed + 1, {"abc"}).next());
        RC_ASSERT(first.size() == 4U);
    }));
}

TEST(SeededStream, UniformStaysBelowOneAndSpreads) {
    SeededStream stream(1, {"uniform"});
    double sum = 0;
    for (int i = 0; i < 10'000; ++i) {
        const double x = stream.uniform();
        ASSERT_GE(x, 0.0);
        ASSERT_LT(x, 1.0);
        sum += x;
    }
    EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(Uuid, HasVersionFourAndItsVariant) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        SeededStream stream(seed, {"id"});
        const std::string uuid = make_uuid(stream);
        RC_ASSERT(uuid.size() == 36U);
        RC_ASSERT(uuid[14] == '4');
        RC_ASSERT(std::string("89ab").find(uuid[19]) != std::string::npos);
        RC_ASSERT((uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' && uuid[23] == '-'));
    }));
}

}  // namespace
}  // namespace pushsim::core
