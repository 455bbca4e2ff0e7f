#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/faults/fault.hpp"

namespace pushsim::faults {
namespace {

using scenario::FaultKind;
using testing::Eq;
using testing::Optional;

TEST(OldToken, IsTheOneOfTheSessionBeforeTheNewest) {
    const auto faults = make({{.kind = FaultKind::OldToken}});
    EXPECT_THAT(faults.at(0)->token({"first", "second", "third"}), Optional(Eq("second")));
}

TEST(OldToken, IsNoneWhereThereWasNoSessionBefore) {
    const auto faults = make({{.kind = FaultKind::OldToken}});
    EXPECT_THAT(faults.at(0)->token({"first"}), Eq(std::nullopt));
    EXPECT_THAT(faults.at(0)->token({}), Eq(std::nullopt));
}

TEST(OtherFaults, LeaveTheTokenAsItIs) {
    const auto faults = make({{.kind = FaultKind::Delay}, {.kind = FaultKind::Early}});
    for (const auto& fault : faults)
        EXPECT_THAT(fault->token({"first", "second"}), Eq(std::nullopt));
}

}  // namespace
}  // namespace pushsim::faults
