// Values that copies share, and what is kept once.
#include "sim/history/shared.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/history/kept_values.hpp"
#include "sim/history/slim.hpp"

namespace pushsim::history {
namespace {

RC_GTEST_PROP(Text, IsWhatItWasMadeOfHoweverItIsCopied, (const std::string& a, const std::string& b)) {
    const Text made{a};
    Text copy = made;
    Text moved = std::move(copy);
    copy = b;
    moved = Text{moved};
    RC_ASSERT(made.view() == a);
    RC_ASSERT(moved == made);
    RC_ASSERT(copy.str() == b);
    RC_ASSERT((made == copy) == (a == b));
    RC_ASSERT((made < copy) == (a < b));
    RC_ASSERT(made.empty() == a.empty());
    RC_ASSERT(fmt::format("{:>3}", made) == fmt::format("{:>3}", a));
}

TEST(Text, CopiesHaveTheSameCharacters) {
    const Text text{"negotiate"};
    const Text copy = text;  // NOLINT(performance-unnecessary-copy-initialization): that is what is asked
    EXPECT_EQ(text.view().data(), copy.view().data());
}

TEST(Shared, AbsentReadsAsADefaultOne) {
    const Shared<QuoteClock> absent;
    EXPECT_FALSE(absent);
    EXPECT_EQ(absent->clock, 0U);
    EXPECT_NE(absent, Shared<QuoteClock>{QuoteClock{}});
}

TEST(Shared, AnEditChangesNoCopy) {
    Shared<QuoteClock> one{QuoteClock{.clock = 1}};
    const Shared<QuoteClock> two = one;
    EXPECT_EQ(&*one, &*two);
    one.edit().clock = 2;
    EXPECT_EQ(two->clock, 1U);
    EXPECT_EQ(one->clock, 2U);
    const QuoteClock* const own = &*one;
    one.edit().clock = 3;  // no copy has it: in place
    EXPECT_EQ(&*one, own);
}

TEST(Event, HoldsOneKindAndAnEditChangesNoCopy) {
    Event note{Note{"first"}};
    const Event copy = note;
    EXPECT_EQ(note.get<Cycle>(), nullptr);
    EXPECT_EQ(note.edit<Cycle>(), nullptr);
    note.edit<Note>()->text = "second";
    EXPECT_EQ(copy.get<Note>()->text, "first");
    EXPECT_EQ(note.get<Note>()->text, "second");
    int visited = 0;
    note.visit([&]<typename T>(const T&) { visited += std::is_same_v<T, Note> ? 1 : 100; });
    Event{}.visit([&](const auto&) { visited += 1000; });
    EXPECT_EQ(visited, 1);
}

TEST(List, HoldsNothingWhereItIsEmpty) {
    EXPECT_EQ(sizeof(List<Text>), sizeof(void*));
    List<Text> list{std::vector<Text>{}};
    EXPECT_EQ(list, List<Text>{});
    list.edit().emplace_back("one");
    EXPECT_EQ(list, List<Text>{"one"});
}

TEST(KeptValues, WhatIsSaidAgainIsTheSame) {
    KeptValues kept;
    EXPECT_EQ(kept.text("submit").view().data(), kept.text("submit").view().data());
    EXPECT_EQ(&*kept.where({"load", 1, "fleet[0]"}), &*kept.where({"load", 1, "fleet[0]"}));
    EXPECT_EQ(kept.where({"load", {}, "fleet[0]"})->step, std::nullopt);
    EXPECT_EQ(kept.where({"load", 2, "fleet[0]"})->step, 2);
}

RC_GTEST_PROP(KeptValues, WhatIsKeptIsWhatWasAsked, (const std::vector<std::string>& texts)) {
    KeptValues kept;
    for (const std::string& text : texts)
        RC_ASSERT(kept.text(text).view() == text);
}

ExchangeSeen an_exchange() {
    ExchangeSeen exchange{.phase = "submit", .peer = "verifier"};
    exchange.request_id = "0123456789ab";
    exchange.phases = PhasesSeen{.send = std::chrono::microseconds{3}};
    exchange.request.sha256 = exchange.response.sha256 = "aa";
    return exchange;
}

ExchangeSeen slim(ExchangeSeen exchange) {
    Event event{std::move(exchange)};
    Slim{}.take(event);
    return *event.get<ExchangeSeen>();
}

TEST(Slim, LetsGoOfWhatNoReportReads) {
    const ExchangeSeen left = slim(an_exchange());
    EXPECT_TRUE(left.request_id.empty());
    EXPECT_FALSE(left.phases);
    EXPECT_TRUE(left.request.sha256.empty());
    EXPECT_TRUE(left.response.sha256.empty());
}

TEST(Slim, KeepsTheDigestsOfKeptMessagesAndOfRequestsForASession) {
    ExchangeSeen exchange = an_exchange();
    exchange.response.kept = true;
    exchange.target = "/v3.0/sessions";
    const ExchangeSeen left = slim(exchange);
    EXPECT_EQ(left.request.sha256, "aa");
    EXPECT_EQ(left.response.sha256, "aa");
}

TEST(Slim, KeepsTextThatIsNotWhatBelongsThere) {
    ExchangeSeen exchange = an_exchange();
    exchange.request_id = "Bearer 0123456789abcdef";
    exchange.negotiated = NegotiatedSeen{.requested = {"tpm_quote"}, .received_at = "not a time"};
    const ExchangeSeen left = slim(exchange);
    EXPECT_EQ(left.request_id, exchange.request_id);
    EXPECT_EQ(left.negotiated->received_at, "not a time");

    Verdict verdict{.index = -1};
    verdict.database.value = DatabaseVerdict{.evaluation = "pass",
                                             .capabilities_received_at = "2026-11-27T13:42:15Z",
                                             .evidence_received_at = "?"};
    Event event{verdict};
    Slim{}.take(event);
    EXPECT_TRUE(event.get<Verdict>()->database.value->capabilities_received_at.empty());
    EXPECT_EQ(event.get<Verdict>()->database.value->evidence_received_at, "?");
}

TEST(Slim, CyclesAndVerdictsThatAreAlikeAreKeptOnceAndOthersAreNot) {
    Slim slim;
    const auto taken = [&](Event event) {
        slim.take(event);
        return event;
    };
    const Cycle reached{"submit", "reached", 202, "", 7, "evidence accepted"};
    Cycle refused = reached;
    refused.status = 403;
    const Event first = taken(reached);
    EXPECT_EQ(taken(reached).get<Cycle>(), first.get<Cycle>());
    EXPECT_EQ(taken(refused).get<Cycle>()->status, 403);
    Verdict verdict{.index = 7};
    verdict.record.value = RecordVerdict{"verification_complete", "pass"};
    const Event judged = taken(verdict);
    EXPECT_EQ(taken(verdict).get<Verdict>(), judged.get<Verdict>());
    verdict.record.value.edit().evaluation = "fail";
    EXPECT_EQ(taken(verdict).get<Verdict>()->record.value->evaluation, "fail");
    EXPECT_EQ(judged.get<Verdict>()->record.value->evaluation, "pass");
}

}  // namespace
}  // namespace pushsim::history
