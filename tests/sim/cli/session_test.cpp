#include "sim/cli/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/clock.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using cli::StackSession;
using ::testing::HasSubstr;

TEST(Session, ServersThatAreNotOfThisRunAreNotActedOnAndTheReasonIsGiven) {
    const Place place;
    const auto registry = *stack::Registry::open(place.path() / "registry");
    const core::SystemClock clock;
    cli::RunOptions options;
    options.stack.stack = "external";
    StackSession session(options, place.path() / "run", registry, clock);
    EXPECT_EQ(session.why_not_acted_on(), "an external stack is not ours to stop and start");
    const auto done = session.act(stack::ServerAct::Pause, stack::ServerName::Verifier);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::Usage);
    EXPECT_THAT(done.error().message, HasSubstr("cannot pause the verifier: an external stack"));
    EXPECT_THAT(done.error().mend, HasSubstr("fresh: true"));
    options.stack.stack = "local";
    EXPECT_EQ(session.why_not_acted_on(), "no stack runs") << "nothing was prepared";
}

}  // namespace
}  // namespace pushsim::testing
