#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/checks.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* negotiation = R"("phase":"negotiate")";

std::vector<std::string> of_index(const std::string& text) {
    return findings(judged(text), "indexes_monotonic");
}

TEST(Indexes, OfAnHonestRunGrow) {
    EXPECT_THAT(of_index(honest_run()), IsEmpty());
    EXPECT_THAT(not_checked(judged(honest_run()), "indexes_monotonic"), IsEmpty());
}

TEST(Indexes, ThatComeAgainOrFallAreFound) {
    const std::string again =
        with_line(honest_run(), negotiation, 2, replacing(R"("index":2)", R"("index":1)"));
    EXPECT_THAT(of_index(again), ElementsAre("honest[0]: the index 1 was given before"));
    EXPECT_EQ(judged(again).exit_code, 1);
    Script script;
    script.begin("falls").step(1, "attest").enrol().negotiate(0).negotiate(4);
    script.wait(std::chrono::seconds{1}).negotiate(2);
    EXPECT_THAT(of_index(script.end_scenario().end().text()),
                ElementsAre("honest[0]: the index 2 came after 4"));
}

TEST(Indexes, BeginAnewWithEachEnrolmentAndMustDoSo) {
    const auto twice = [](int first_of_second) {
        Script script;
        script.begin("again").step(1, "attest").enrol().negotiate(0).negotiate(1).tenant("delete").enrol();
        return of_index(script.negotiate(first_of_second).end_scenario().end().text());
    };
    EXPECT_THAT(twice(0), IsEmpty());
    EXPECT_THAT(twice(2), ElementsAre("honest[0]: the first index after the enrolment is 2"));
}

TEST(Indexes, BeginAnewAfterADeletionHoweverItIsEnrolledThen) {
    Script script;
    script.begin("raw").step(1, "attest").enrol().negotiate(0).negotiate(1).tenant("delete").negotiate(0);
    EXPECT_THAT(of_index(script.end_scenario().end().text()), IsEmpty());
}

TEST(Indexes, MayBeginLaterWhereAnAnswerWasLost) {
    Script script;
    script.begin("lost").step(1, "attest").enrol().negotiate_in_vain(502).negotiate(1);
    EXPECT_THAT(of_index(script.end_scenario().end().text()), IsEmpty());
}

TEST(Indexes, OfNegotiationsThatOverlapMayComeInAnyOrder) {
    const auto answered = [](Duration start_of_second) {
        Script script;
        script.begin("together").step(1, "attest").enrol();
        for (const int index : {1, 0}) {
            h::Exchange negotiate = h::test::an_exchange(201, "{}");
            negotiate.phase = "negotiate";
            negotiate.request = {"POST", "/v3.0/agents/id/attestations", {}, "{}"};
            negotiate.index = index;
            negotiate.outcome.timings.start = Instant{index == 1 ? Duration::zero() : start_of_second};
            negotiate.outcome.timings.total = std::chrono::milliseconds{50};
            script.add(script.where(), negotiate);
        }
        return of_index(script.end_scenario().end().text());
    };
    EXPECT_THAT(answered(std::chrono::milliseconds{10}), IsEmpty());
    EXPECT_THAT(answered(std::chrono::milliseconds{60}),
                ElementsAre(HasSubstr("first index after the enrolment is 1"),
                            HasSubstr("the index 0 came after 1")));
}

TEST(Indexes, OfAnAgentByHandMayBeginAnew) {
    Script script;
    script.begin_by_hand().enrol().negotiate(0).negotiate(1).negotiate(0);
    EXPECT_THAT(of_index(script.end_scenario().end().text()), IsEmpty());
}

std::vector<std::string> of_stage(const std::string& text) {
    return findings(judged(text), "stages_legal");
}

TEST(Stages, OfAnHonestRunAreLegal) {
    EXPECT_THAT(of_stage(honest_run()), IsEmpty());
    EXPECT_THAT(of_stage(mismatch_run()), IsEmpty());
    EXPECT_THAT(not_checked(judged(honest_run()), "stages_legal"), IsEmpty());
}

TEST(Stages, AndEvaluationMustGoTogether) {
    const auto with = [](const std::string& from, const std::string& to) {
        return of_stage(with_line(honest_run(), R"("kind":"verdict")", 1, replacing(from, to)));
    };
    EXPECT_THAT(
        with(R"("evaluation":"pass")", R"("evaluation":"pending")"),
        ElementsAre("honest[0]: attestation 1: the record says verification_complete pending, which do "
                    "not go together"));
    EXPECT_THAT(with("verification_complete", "evaluating_evidence"),
                ElementsAre(HasSubstr("evaluating_evidence pass, which do not go together")));
    EXPECT_THAT(with("verification_complete", "verification_begun"),
                ElementsAre(HasSubstr("verification_begun pass, which is no stage")));
}

/// What one place says of an attestation whose evidence was accepted, one reading after the other.
std::vector<std::string> read(const std::vector<std::pair<std::string, std::string>>& readings) {
    Script script;
    script.begin("stages").step(1, "attest").enrol().attest(0);
    for (const auto& [stage, evaluation] : readings) {
        h::Verdict verdict{.index = 0};
        verdict.database.value = h::DatabaseVerdict{stage, evaluation};
        script.add(script.where(), verdict);
    }
    return of_stage(script.end_scenario().end().text());
}

TEST(Stages, OnlyGoForward) {
    EXPECT_THAT(read({{"evaluating_evidence", "pending"}, {"verification_complete", "pass"}}), IsEmpty());
    EXPECT_THAT(
        read({{"verification_complete", "pass"}, {"evaluating_evidence", "pending"}}),
        ElementsAre(HasSubstr("the database says evaluating_evidence pending, after verification_complete")));
    EXPECT_THAT(read({{"verification_complete", "pass"}, {"verification_complete", "fail"}}),
                ElementsAre(HasSubstr("verification_complete fail, after pass")));
    EXPECT_THAT(read({{"awaiting_evidence", "pending"}}),
                ElementsAre(HasSubstr("awaiting_evidence pending, although its evidence was accepted")));
}

TEST(Stages, EvidenceIsAcceptedOnce) {
    Script script;
    script.begin("twice").step(1, "attest").enrol().attest(0).verdict(0, "pass").submit_in_vain(0, 202);
    EXPECT_THAT(
        of_stage(script.end_scenario().end().text()),
        ElementsAre("honest[0]: attestation 0: its evidence was accepted a second time, first in line 7"));
    Script late;
    late.begin("late").step(1, "attest").enrol().verdict(0, "pass").attest(0);
    EXPECT_THAT(of_stage(late.end_scenario().end().text()),
                ElementsAre(HasSubstr("its evidence was accepted after its verification was complete")));
}

TEST(Stages, BeginAnewWithEachEnrolment) {
    Script script;
    script.begin("again").step(1, "attest").enrol().attest(0).verdict(0, "pass").tenant("delete").enrol();
    script.attest(0).verdict(0, "fail");
    EXPECT_THAT(of_stage(script.end_scenario().end().text()), IsEmpty());
}

}  // namespace
}  // namespace pushsim::reports
