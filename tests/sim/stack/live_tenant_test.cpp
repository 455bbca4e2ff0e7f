// The tenant's acts and the places of a verdict, against real servers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/stack/stack.hpp"
#include "tests/sim/stack/live_support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

class LiveTenant : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        place_ = std::make_unique<Place>();
        auto started = LocalStack::start(place_->options(), place_->registry, place_->clock);
        if (!started) throw std::runtime_error(started.error().text());
        stack_ = std::move(*started);
    }
    static void TearDownTestSuite() {
        stack_.reset();
        place_.reset();
    }

    /// Any key does: the verifier looks at it when an agent authenticates.
    static protocol::Enrolment enrolment() {
        protocol::Enrolment enrolment;
        enrolment.ak_public = Bytes(284, 0x01);
        enrolment.tpm_policy = protocol::tpm_policy_text({{0, {std::string(64, '0')}}});
        return enrolment;
    }

    static std::unique_ptr<Place> place_;
    static std::unique_ptr<LocalStack> stack_;
    Tenant tenant_{stack_->address(), place_->clock};
};
std::unique_ptr<Place> LiveTenant::place_;
std::unique_ptr<LocalStack> LiveTenant::stack_;

TEST_F(LiveTenant, EnrolsReadsAndDeletesAnAgent) {
    const std::string id = "honest-1";
    const auto enrolled = tenant_.enrol(id, enrolment());
    ASSERT_TRUE(enrolled.result) << enrolled.result.error().text();
    EXPECT_EQ(enrolled.call.request.method, "POST");
    EXPECT_EQ(enrolled.call.outcome.response->status, 200);
    EXPECT_GT(enrolled.call.outcome.timings.total, Duration::zero());

    const auto status = tenant_.status(id);
    ASSERT_TRUE(status.result) << status.result.error().text();
    EXPECT_EQ(status.result->attestation_status, "PENDING");
    EXPECT_EQ(status.result->attestation_count, 0U);
    EXPECT_TRUE(status.call.outcome.reused_connection);
    EXPECT_THAT(*tenant_.list().result, testing::ElementsAre(id));
    EXPECT_TRUE(tenant_.reactivate(id).result);

    EXPECT_TRUE(tenant_.remove(id).result);
    const auto gone = tenant_.status(id);
    ASSERT_FALSE(gone.result);
    EXPECT_EQ(gone.result.error().kind, ErrorKind::Protocol);
    EXPECT_THAT(gone.result.error().message, HasSubstr("404"));
}

TEST_F(LiveTenant, ANamedPolicyIsThereUntilItIsRemovedWhichItCannotBeWhileAnAgentHasIt) {
    EXPECT_FALSE(*tenant_.has_runtime_policy("web").result);
    protocol::Enrolment named = enrolment();
    named.runtime_policy = protocol::runtime_policy_text({{"/usr/bin/tool", {std::string(64, 'a')}}});
    named.runtime_policy_name = "web";
    const auto enrolled = tenant_.enrol("named-1", named);
    ASSERT_TRUE(enrolled.result) << enrolled.result.error().text();
    EXPECT_TRUE(*tenant_.has_runtime_policy("web").result);
    const auto in_use = tenant_.remove_runtime_policy("web");
    ASSERT_FALSE(in_use.result);
    EXPECT_THAT(in_use.result.error().message, HasSubstr("409"));
    EXPECT_TRUE(tenant_.remove("named-1").result);
    EXPECT_TRUE(tenant_.remove_runtime_policy("web").result);
    EXPECT_FALSE(*tenant_.has_runtime_policy("web").result);
    EXPECT_TRUE(tenant_.remove_runtime_policy("web").result) << "gone already";
}

TEST_F(LiveTenant, EnrollingTwiceIsRefusedWithTheServersWords) {
    ASSERT_TRUE(tenant_.enrol("twice", enrolment()).result);
    const auto again = tenant_.enrol("twice", enrolment());
    ASSERT_FALSE(again.result);
    EXPECT_THAT(again.result.error().message, HasSubstr("409"));
    EXPECT_TRUE(tenant_.remove("twice").result);
}

TEST_F(LiveTenant, AgentThatNeverRegisteredIsUnknownToTheRegistrar) {
    EXPECT_THAT(*tenant_.list_registered().result, testing::IsEmpty());
    const auto agent = tenant_.registered("nobody");
    ASSERT_FALSE(agent.result);
    EXPECT_THAT(agent.result.error().message, HasSubstr("404"));
    const auto removed = tenant_.remove_registered("nobody");
    ASSERT_FALSE(removed.result);
    EXPECT_THAT(removed.result.error().message, HasSubstr("404"));
}

TEST_F(LiveTenant, WithoutTheAdministratorsCertificateNothingIsAllowed) {
    const StackAddress& address = stack_->address();
    AdminClient nobody(address.verifier,
                       TlsIdentity{.ca_file = address.ca_file, .certificate = {}, .key = {}}, place_->clock);
    const auto call = nobody.exchange(protocol::list_request(address.api_version));
    ASSERT_TRUE(call.outcome.response) << call.outcome.failure->message;
    EXPECT_EQ(call.outcome.response->status, 403);
}

TEST_F(LiveTenant, VerdictOnAnAttestationThatNeverWasIsAbsentEverywhere) {
    VerdictReader reader(stack_->address(), place_->clock);
    const auto verdict = reader.read("nobody", 0);
    EXPECT_EQ(verdict.record.state, Source<RecordVerdict>::State::Absent) << verdict.record.why_not;
    EXPECT_EQ(verdict.database.state, Source<DatabaseVerdict>::State::Absent) << verdict.database.why_not;
    EXPECT_EQ(verdict.log.state, Source<LogVerdict>::State::Absent) << verdict.log.why_not;
    EXPECT_FALSE(verdict.settled());
    EXPECT_EQ(verdict.record_call.outcome.response->status, 404);
}

}  // namespace
}  // namespace pushsim::stack::test
