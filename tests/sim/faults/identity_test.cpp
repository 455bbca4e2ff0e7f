#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/faults/fault.hpp"

namespace pushsim::faults {
namespace {

using scenario::FaultKind;
using testing::HasSubstr;
using testing::IsEmpty;

HttpRequest negotiation(const std::string& header) {
    return {"POST", "/v3.0/agents/id/attestations", {{header, "Bearer third"}}, "{}"};
}

TEST(OldToken, IsTheOneOfTheSessionBeforeTheNewest) {
    const auto faults = make({{.kind = FaultKind::Delay}, {.kind = FaultKind::OldToken}});
    for (const std::string header : {"authorization", "Authorization"}) {
        HttpRequest request = negotiation(header);
        const auto changed = change_token(request, faults, {"first", "second", "third"});
        ASSERT_TRUE(changed.has_value());
        EXPECT_EQ(*changed, faults.at(1).get());
        EXPECT_EQ(request.header("authorization"), "Bearer second");
    }
}

TEST(OldToken, IsAnErrorWhereThereWasNoSessionBefore) {
    const auto faults = make({{.kind = FaultKind::OldToken}});
    for (const std::vector<std::string>& tokens : {std::vector<std::string>{}, {"third"}}) {
        HttpRequest request = negotiation("authorization");
        const auto changed = change_token(request, faults, tokens);
        ASSERT_FALSE(changed.has_value()) << "the good token would go out, and nobody know";
        EXPECT_THAT(changed.error().text(),
                    HasSubstr("fault old_token: the agent had one session, and no token of an earlier one"));
    }
}

TEST(OldToken, IsNothingToARequestThatBearsNone) {
    const auto faults = make({{.kind = FaultKind::OldToken}});
    HttpRequest request{"POST", "/v3.0/sessions", {}, "{}"};
    EXPECT_EQ(change_token(request, faults, {"first"}).value(), nullptr);
    EXPECT_THAT(request.headers, IsEmpty());
}

TEST(OtherFaults, LeaveTheTokenAsItIs) {
    const auto faults = make({{.kind = FaultKind::Delay}, {.kind = FaultKind::Early}});
    HttpRequest request = negotiation("authorization");
    EXPECT_EQ(change_token(request, faults, {"first", "second"}).value(), nullptr);
    EXPECT_EQ(request.header("authorization"), "Bearer third");
}

}  // namespace
}  // namespace pushsim::faults
