#include "sim/cli/enrolment_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::cli {
namespace {

using StatusSeen = fleet::TenantDesk::StatusSeen;

const std::string policy = R"({"7":["00"]})";

StatusSeen seen(std::int64_t count, std::int64_t last_quote = 0, const std::string& tpm_policy = policy) {
    StatusSeen status;
    status.status.attestation_count = count;
    status.status.last_received_quote = last_quote;
    status.tpm_policy = tpm_policy;
    return status;
}

StatusSeen unreadable() {
    StatusSeen status;
    status.status.error = "the verifier does not answer";
    return status;
}

StatusSeen unknown() {
    StatusSeen status = unreadable();
    status.known = false;
    return status;
}

TEST(EnrolmentWatch, SeesAnEnrolmentWithAnotherAkThoughNothingWasAttested) {
    EnrolmentWatch watch;
    StatusSeen with = seen(0);
    with.act.ak_name = "000b11";
    EXPECT_TRUE(watch.read(with));
    EXPECT_FALSE(watch.read(seen(0))) << "a reading without it says nothing of it";
    EXPECT_FALSE(watch.read(with));
    with.act.ak_name = "000b22";
    EXPECT_TRUE(watch.read(with));
}

TEST(EnrolmentWatch, SeesAnEnrolmentOnce) {
    EnrolmentWatch watch;
    EXPECT_TRUE(watch.read(seen(0)));
    EXPECT_EQ(watch.policy(), policy);
    EXPECT_FALSE(watch.read(seen(0)));
    EXPECT_FALSE(watch.read(seen(1, 100)));
}

TEST(EnrolmentWatch, SeesAnotherPolicyAndAnEnrolmentWithTheSame) {
    EnrolmentWatch watch;
    watch.read(seen(3, 100));
    EXPECT_TRUE(watch.read(seen(0, 0, R"({"4":["00"]})")));
    EXPECT_FALSE(watch.read(seen(2, 200, R"({"4":["00"]})")));
    EXPECT_TRUE(watch.read(seen(0, 0, R"({"4":["00"]})"))) << "the count went back";
}

TEST(EnrolmentWatch, SeesAnEnrolmentWithTheSamePolicyWhereNothingPassed) {
    EnrolmentWatch watch;
    watch.read(seen(0));
    EXPECT_FALSE(watch.read(seen(0, 100))) << "one has failed";
    EXPECT_TRUE(watch.read(seen(0, 0))) << "and nothing was received of this one";
}

TEST(EnrolmentWatch, SeesAnEnrolmentByTheIndexesThatBeginAnew) {
    EnrolmentWatch watch;
    watch.read(seen(0));
    watch.attested(0);
    watch.attested(1);
    EXPECT_FALSE(watch.read(seen(0)));
    watch.attested(0);
    EXPECT_TRUE(watch.read(seen(0)));
}

TEST(EnrolmentWatch, TakesAnAgentThatWasDeletedForOneThatIsNew) {
    EnrolmentWatch watch;
    watch.read(seen(0));
    EXPECT_FALSE(watch.read(unknown()));
    EXPECT_EQ(watch.policy(), "");
    EXPECT_TRUE(watch.read(seen(0)));
}

TEST(EnrolmentWatch, LearnsNothingOfWhatCannotBeRead) {
    EnrolmentWatch watch;
    StatusSeen first = seen(3, 100);
    first.runtime_policy = true;
    watch.read(first);
    EXPECT_FALSE(watch.read(unreadable()));
    EXPECT_EQ(watch.policy(), policy);
    EXPECT_EQ(watch.log_policies(), " --runtime-policy FILE");
    EXPECT_FALSE(watch.read(first)) << "it is the same enrolment still";
}

TEST(EnrolmentWatch, ShowsAPassByTheCountAlone) {
    EnrolmentWatch watch;
    EXPECT_FALSE(watch.shows_a_pass(seen(5))) << "no count is known that it could be more than";
    watch.read(seen(3));
    EXPECT_FALSE(watch.shows_a_pass(seen(3)));
    EXPECT_FALSE(watch.shows_a_pass(unreadable()));
    EXPECT_TRUE(watch.shows_a_pass(seen(4)));
    watch.passed();
    EXPECT_FALSE(watch.shows_a_pass(seen(4)));
}

}  // namespace
}  // namespace pushsim::cli
