#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/faults/support.hpp"

namespace pushsim::faults {
namespace {

using lifecycle::Phase;
using scenario::FaultKind;
using test::negotiation;
using test::session;
using test::submission;
using test::through;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Again = Outgoing::Again;

TEST(SkipNegotiation, IsACourseWithoutIt) {
    const auto faults = make({{.kind = FaultKind::SkipNegotiation}});
    Departure departure{Phase::Submit};
    EXPECT_EQ(depart(departure, faults).at(0).text, "does not negotiate");
    EXPECT_FALSE(departure.course.negotiates);
    EXPECT_EQ(departure.goal, Phase::Submit);
    Departure nothing_to_skip{Phase::Negotiate};
    EXPECT_THAT(depart(nothing_to_skip, faults), IsEmpty());
    EXPECT_TRUE(nothing_to_skip.course.negotiates);
}

TEST(SkipNegotiation, HasSomethingToGoOnWithBeforeAnyNegotiation) {
    const auto supposed = never_negotiated("id-1");
    EXPECT_EQ(supposed.target, "/v3.0/agents/id-1/attestations/0");
    EXPECT_EQ(supposed.index, 0);
    ASSERT_THAT(supposed.evidence_requested, SizeIs(1));
    EXPECT_THAT(std::get<protocol::QuoteRequest>(supposed.evidence_requested[0]).pcrs(),
                testing::ElementsAre(0));
}

TEST(NeverSubmit, EndsACycleAfterCollect) {
    const auto faults = make({{.kind = FaultKind::NeverSubmit}});
    Departure departure{Phase::Submit};
    EXPECT_EQ(depart(departure, faults).at(0).text, "ends after collect");
    EXPECT_EQ(departure.goal, Phase::Collect);
    Departure shorter{Phase::Negotiate};
    EXPECT_THAT(depart(shorter, faults), IsEmpty());
    EXPECT_EQ(shorter.goal, Phase::Negotiate);
}

TEST(OldIndex, IsTheOneBefore) {
    Outgoing outgoing = submission("3");
    EXPECT_EQ(through(outgoing, {.kind = FaultKind::OldIndex})->at(0).text,
              "submits to attestation 2, not 3");
    EXPECT_EQ(outgoing.request.target, "/v3.0/agents/id-1/attestations/2");
}

TEST(OldIndex, IsAnErrorWhereThereIsNoneBefore) {
    Outgoing outgoing = submission("0");
    const auto changed = through(outgoing, {.kind = FaultKind::OldIndex});
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind, ErrorKind::Usage);
    EXPECT_THAT(changed.error().text(),
                testing::AllOf(HasSubstr("fault old_index: the attestation is the agent's first"),
                               HasSubstr("let it attest before")));
}

TEST(FutureIndex, IsTheOneAfter) {
    Outgoing outgoing = submission("3");
    ASSERT_TRUE(through(outgoing, {.kind = FaultKind::FutureIndex}));
    EXPECT_EQ(outgoing.request.target, "/v3.0/agents/id-1/attestations/4");
}

TEST(ToLatest, HasTheWordForTheNumber) {
    Outgoing outgoing = submission("3");
    EXPECT_EQ(through(outgoing, {.kind = FaultKind::ToLatest})->at(0).text,
              "submits to attestation latest, not 3");
    EXPECT_EQ(outgoing.request.target, "/v3.0/agents/id-1/attestations/latest");
}

TEST(OtherIndex, IsAnErrorWhereTheVerifierGaveNoNumber) {
    for (const std::string index : {"latest", "", "1234567890"}) {
        Outgoing outgoing = submission(index);
        EXPECT_FALSE(through(outgoing, {.kind = FaultKind::FutureIndex})) << index;
    }
}

TEST(SubmitAgain, IsOfSubmissionsAlone) {
    for (const auto& [kind, again] : {std::pair{FaultKind::DuplicateSubmit, Again::AfterAnswer},
                                      std::pair{FaultKind::ResubmitAfterVerdict, Again::AfterVerdict}}) {
        Outgoing outgoing = submission();
        EXPECT_THAT(*through(outgoing, {.kind = kind}), SizeIs(1));
        EXPECT_EQ(outgoing.again, again);
        EXPECT_EQ(outgoing.copies, 1);
        Outgoing other = negotiation();
        EXPECT_THAT(*through(other, {.kind = kind}), IsEmpty());
        EXPECT_EQ(other.again, Again::No);
    }
}

TEST(AtOnce, AreSoManyOfTheRequest) {
    Outgoing outgoing = submission();
    EXPECT_EQ(through(outgoing, {.kind = FaultKind::ConcurrentSubmit, .count = 3})->at(0).text,
              "sends the request on 3 connections at once");
    EXPECT_EQ(outgoing.copies, 3);
    Outgoing negotiating = negotiation();
    EXPECT_THAT(*through(negotiating, {.kind = FaultKind::ConcurrentSubmit, .count = 3}), IsEmpty());
    EXPECT_EQ(negotiating.copies, 1);
    EXPECT_THAT(*through(negotiating, {.kind = FaultKind::ConcurrentNegotiate, .count = 5}), SizeIs(1));
    EXPECT_EQ(negotiating.copies, 5);
}

TEST(OrderFaults, LeaveSessionsAlone) {
    for (const FaultKind kind :
         {FaultKind::OldIndex, FaultKind::FutureIndex, FaultKind::ToLatest, FaultKind::DuplicateSubmit,
          FaultKind::ConcurrentSubmit, FaultKind::ConcurrentNegotiate, FaultKind::ResubmitAfterVerdict,
          FaultKind::SkipNegotiation, FaultKind::NeverSubmit}) {
        Outgoing outgoing = session();
        EXPECT_THAT(*through(outgoing, {.kind = kind}), IsEmpty()) << scenario::to_string(kind);
    }
}

}  // namespace
}  // namespace pushsim::faults
