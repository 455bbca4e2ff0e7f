#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/faults/support.hpp"

namespace pushsim::faults {
namespace {

using namespace std::chrono_literals;
using lifecycle::Phase;
using scenario::FaultKind;
using test::negotiation;
using test::session;
using test::Someone;
using test::submission;
using test::through;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string bearer(const Outgoing& outgoing) {
    return std::string(outgoing.request.header("authorization").value_or("none"));
}

TEST(NoToken, LeavesTheHeaderOut) {
    Outgoing outgoing = negotiation();
    EXPECT_EQ(through(outgoing, {.kind = FaultKind::NoToken})->at(0).text, "sends no token");
    EXPECT_FALSE(outgoing.bears_token());
}

TEST(GarbledToken, HasOneOtherCharacterOfTheAgentsDraw) {
    Someone someone;
    const auto faults = make({{.kind = FaultKind::GarbledToken}});
    std::set<std::size_t> places;
    for (int i = 0; i < 50; ++i) {
        Outgoing outgoing = negotiation();
        ASSERT_THAT(*send(outgoing, faults, someone.sender()), SizeIs(1));
        const std::string honest = "Bearer third", garbled = bearer(outgoing);
        ASSERT_EQ(garbled.size(), honest.size());
        const auto first = std::ranges::mismatch(garbled, honest).in1 - garbled.begin();
        places.insert(static_cast<std::size_t>(first));
        EXPECT_EQ(garbled.substr(static_cast<std::size_t>(first) + 1),
                  honest.substr(static_cast<std::size_t>(first) + 1));
    }
    EXPECT_THAT(places, testing::ElementsAre(7, 8, 9, 10, 11));
}

TEST(OldToken, IsTheOneOfTheSessionBeforeTheNewest) {
    Someone someone;
    const auto faults = make({{.kind = FaultKind::Delay}, {.kind = FaultKind::OldToken}});
    for (const std::string header : {"authorization", "Authorization"}) {
        Outgoing outgoing = negotiation();
        outgoing.request.headers = {{header, "Bearer third"}};
        const auto changed = send(outgoing, faults, someone.sender());
        ASSERT_TRUE(changed.has_value());
        ASSERT_THAT(*changed, SizeIs(1));
        EXPECT_EQ(changed->at(0).fault, faults.at(1).get());
        EXPECT_EQ(bearer(outgoing), "Bearer second");
    }
}

TEST(OldToken, IsAnErrorWhereThereWasNoSessionBefore) {
    const auto faults = make({{.kind = FaultKind::OldToken}});
    for (const std::vector<std::string>& tokens : {std::vector<std::string>{}, {"third"}}) {
        Someone someone;
        someone.tokens = tokens;
        Outgoing outgoing = negotiation();
        const auto changed = send(outgoing, faults, someone.sender());
        ASSERT_FALSE(changed.has_value()) << "the good token would go out, and nobody know";
        EXPECT_THAT(changed.error().text(),
                    HasSubstr("fault old_token: the agent had one session, and no token of an earlier one"));
    }
}

TEST(ForeignToken, IsTheOneOfTheOthersAgent) {
    Outgoing outgoing = submission();
    EXPECT_EQ(through(outgoing, {.kind = FaultKind::ForeignToken, .of = "others"})->at(0).text,
              "bears the token of others[0]");
    EXPECT_EQ(bearer(outgoing), "Bearer theirs");
}

TEST(ForeignToken, IsAnErrorWhereTheOtherHasNone) {
    Outgoing outgoing = submission();
    const auto changed = through(outgoing, {.kind = FaultKind::ForeignToken, .of = "new"});
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind, ErrorKind::Usage);
    EXPECT_THAT(changed.error().text(),
                testing::AllOf(HasSubstr("foreign_token of new: new[0] has no token yet"),
                               HasSubstr("let it `authenticate` before")));
}

TEST(WhatIsLacking, IsTheDoingOfServersWhereTheyTurnedTheAgentAway) {
    Outgoing outgoing = submission("0");
    EXPECT_EQ(through(outgoing, {.kind = FaultKind::ForeignToken, .of = "refused"}).error().kind,
              ErrorKind::Protocol);
    Someone someone;
    someone.tokens = {"third"};
    Sender turned_away = someone.sender();
    turned_away.turned_away = true;
    for (const FaultKind kind : {FaultKind::OldToken, FaultKind::OldIndex}) {
        EXPECT_EQ(send(outgoing, make({{.kind = kind}}), turned_away).error().kind, ErrorKind::Protocol);
        EXPECT_EQ(send(outgoing, make({{.kind = kind}}), someone.sender()).error().kind, ErrorKind::Usage);
    }
    const auto of_the_script = make({{.kind = FaultKind::Body, .change = {.remove = {"/data/none"}}}});
    EXPECT_EQ(send(outgoing, of_the_script, turned_away).error().kind, ErrorKind::Usage);
}

TEST(AdminCertificate, IsShownInPlaceOfTheTokenOrBesideIt) {
    Outgoing alone = negotiation();
    EXPECT_THAT(*through(alone, {.kind = FaultKind::AdminCertificate}), SizeIs(1));
    EXPECT_TRUE(alone.shows_admin_certificate);
    EXPECT_FALSE(alone.bears_token());
    Outgoing both = negotiation();
    EXPECT_THAT(*through(both, {.kind = FaultKind::CertificateAndToken}), SizeIs(1));
    EXPECT_TRUE(both.shows_admin_certificate);
    EXPECT_EQ(bearer(both), "Bearer third");
}

TEST(OfTokens, AreNothingToARequestThatBearsNone) {
    for (const FaultKind kind :
         {FaultKind::NoToken, FaultKind::GarbledToken, FaultKind::OldToken, FaultKind::ForeignToken,
          FaultKind::AdminCertificate, FaultKind::CertificateAndToken}) {
        Outgoing outgoing = session();
        EXPECT_THAT(*through(outgoing, {.kind = kind, .of = "others"}), IsEmpty())
            << scenario::to_string(kind);
        EXPECT_THAT(outgoing.request.headers, IsEmpty());
        EXPECT_FALSE(outgoing.shows_admin_certificate);
    }
}

Moment with_token(Phase phase, int begun_before) {
    Moment moment{
        .phase = phase, .now = Instant{1h}, .token_expires = Span{Instant{1h} + 8s, Instant{1h} + 9s}};
    moment.begun.at(static_cast<std::size_t>(Phase::Negotiate)) = begun_before;
    ++moment.begun.at(static_cast<std::size_t>(phase));
    return moment;
}

TEST(ExpiredToken, IsWaitedForBeforeTheFirstRequestThatBearsOne) {
    const auto faults = make({{.kind = FaultKind::ExpiredToken}});
    const Fault& fault = *faults[0];
    EXPECT_EQ(fault.before(with_token(Phase::Negotiate, 0)), 9s + 50ms);
    EXPECT_EQ(fault.before(with_token(Phase::Submit, 0)), 9s + 50ms);
    EXPECT_EQ(fault.before(with_token(Phase::Submit, 1)), 0s) << "the negotiation waited";
    EXPECT_EQ(fault.before(with_token(Phase::Negotiate, 1)), 0s) << "a new token, after the refusal";
    EXPECT_EQ(fault.before(with_token(Phase::Authenticate, 0)), 0s);
    Moment passed = with_token(Phase::Negotiate, 0);
    passed.now += 1min;
    EXPECT_EQ(fault.before(passed), 0s);
    Departure departure{Phase::Submit};
    EXPECT_THAT(depart(departure, faults), SizeIs(1));
    EXPECT_FALSE(departure.course.renews_token);
}

TEST(ExpiredToken, OfOnePhaseIsWaitedForInThatPhase) {
    const auto faults = make({{.kind = FaultKind::ExpiredToken, .in_phase = scenario::StepKind::Submit}});
    EXPECT_EQ(faults[0]->before(with_token(Phase::Submit, 1)), 9s + 50ms) << "the negotiation did not wait";
    Moment again = with_token(Phase::Submit, 1);
    again.begun[static_cast<std::size_t>(Phase::Submit)] = 2;
    EXPECT_EQ(faults[0]->before(again), 0s);
}

TEST(OtherAgentId, StandsInPathAndBody) {
    Outgoing path = submission("3");
    EXPECT_EQ(through(path, {.kind = FaultKind::OtherAgentId, .of = "new"})->at(0).text,
              "names the agent id of new[0]");
    EXPECT_EQ(path.request.target, "/v3.0/agents/id-3/attestations/3");
    Outgoing body = session();
    ASSERT_TRUE(through(body, {.kind = FaultKind::OtherAgentId, .of = "others"}));
    EXPECT_EQ(body.request.body, R"({"agent_id":"id-2"})");
    Outgoing neither{.phase = Phase::Register, .request = {"GET", "/version", {}, ""}};
    EXPECT_THAT(*through(neither, {.kind = FaultKind::OtherAgentId, .of = "others"}), IsEmpty());
    EXPECT_FALSE(through(path, {.kind = FaultKind::OtherAgentId, .of = "nobody"}));
}

TEST(OtherAgentId, IsTakenForTheAgentsOwnInAnswers) {
    Someone someone;
    const auto faults = make({{.kind = FaultKind::OtherAgentId, .of = "others"}});
    HttpResponse answer{201, {{"Location", "/v3.0/agents/id-2/attestations/3"}}, R"({"agent_id":"id-2"})"};
    HttpResponse of_another_phase = answer;
    read(Phase::Negotiate, answer, faults, someone.sender());
    EXPECT_EQ(answer.header("location"), "/v3.0/agents/id-1/attestations/3");
    EXPECT_EQ(answer.body, R"({"agent_id":"id-1"})");
    const auto of_submit =
        make({{.kind = FaultKind::OtherAgentId, .of = "others", .in_phase = scenario::StepKind::Submit}});
    read(Phase::Negotiate, of_another_phase, of_submit, someone.sender());
    EXPECT_EQ(of_another_phase.body, R"({"agent_id":"id-2"})");
}

TEST(WrongActivationTag, IsAnotherOfTheSameForm) {
    Outgoing outgoing{.phase = Phase::Activate,
                      .request = {"PUT", "/v2.6/agents/id-1", {}, R"({"auth_tag":"0af3"})"}};
    ASSERT_THAT(*through(outgoing, {.kind = FaultKind::WrongActivationTag}), SizeIs(1));
    EXPECT_EQ(outgoing.request.body, R"({"auth_tag":"1af3"})");
    Outgoing other = session();
    EXPECT_THAT(*through(other, {.kind = FaultKind::WrongActivationTag}), IsEmpty());
}

TEST(Reregister, IsBeforeAnythingElse) {
    using Registration = Departure::Registration;
    Departure departure{Phase::Submit};
    depart(departure, make({{.kind = FaultKind::Reregister}}));
    EXPECT_EQ(departure.registration, Registration::Again);
    depart(departure, make({{.kind = FaultKind::Reregister, .other_tpm = true}}));
    EXPECT_EQ(departure.registration, Registration::FromAnotherTpm);
}

TEST(Pop, IsMadeByAnotherOrTakenFromBefore) {
    Proving foreign;
    EXPECT_THAT(prove(foreign, make({{.kind = FaultKind::ForeignPop, .of = "others"}})), SizeIs(1));
    EXPECT_EQ(foreign.group, "others");
    EXPECT_FALSE(foreign.repeats);
    Proving reused;
    EXPECT_THAT(prove(reused, make({{.kind = FaultKind::ReusePop}})), SizeIs(1));
    EXPECT_TRUE(reused.repeats);
    Proving honest;
    EXPECT_THAT(prove(honest, make({{.kind = FaultKind::NoToken}, {.kind = FaultKind::Delay}})), IsEmpty());
    EXPECT_FALSE(honest.repeats);
    EXPECT_THAT(honest.group, IsEmpty());
}

TEST(OtherFaults, LeaveTheRequestAsItIs) {
    Someone someone;
    const auto faults =
        make({{.kind = FaultKind::Delay}, {.kind = FaultKind::Early}, {.kind = FaultKind::ReusePop}});
    Outgoing outgoing = negotiation();
    EXPECT_THAT(*send(outgoing, faults, someone.sender()), IsEmpty());
    EXPECT_EQ(bearer(outgoing), "Bearer third");
    EXPECT_EQ(outgoing.copies, 1);
    core::SeededStream untouched{1, {"faults"}};
    EXPECT_EQ(someone.random.next(), untouched.next()) << "a draw without an act";
}

}  // namespace
}  // namespace pushsim::faults
