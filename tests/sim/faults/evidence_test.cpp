#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/protocol/pcr_blob.hpp"
#include "tests/sim/faults/support.hpp"

namespace pushsim::faults {
namespace {

using lifecycle::Phase;
using scenario::FaultKind;
using test::Someone;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Bytes kChallenge(16, 0xAB);
const tpm::PcrValues kValues{{0, Bytes(32, 1)}, {7, Bytes(32, 2)}};

lifecycle::QuotePcrs asked() {
    return {.challenge = kChallenge, .bank = tpm::HashAlgorithm::Sha256, .pcrs = {0, 7}};
}

tpm::Quote some_quote(const tpm::PcrValues& values = kValues) {
    return {.message = Bytes(40, 3), .signature = Bytes(262, 4), .pcrs = values};
}

/// What the message is, with this fault of evidence of a quote and an IMA log.
HttpRequest evidence(const tpm::Quote& quote = some_quote(), bool log = true) {
    std::vector<protocol::Evidence> all{protocol::make_quote_evidence(quote)};
    if (log) all.emplace_back(protocol::ImaLogEvidence{"10 line\n", 1});
    return protocol::evidence_request("/v3.0/agents/id-1/attestations/3", all, {});
}

/// The body then, or the error.
std::string changed(const scenario::Fault& fault, const HttpRequest& honest = evidence()) {
    Outgoing outgoing{.phase = Phase::Submit, .request = honest};
    Someone someone;
    const auto pcrs = asked();
    auto sender = someone.sender();
    sender.asked = &pcrs;
    const auto faults = make(std::vector{fault});
    const auto effects = send(outgoing, faults, sender);
    if (effects) return outgoing.request.body;
    EXPECT_EQ(effects.error().kind, ErrorKind::Usage);
    EXPECT_EQ(outgoing.request.body, honest.body);
    return effects.error().text();
}

/// What is asked of the TPM then; the error is text.
Result<Quoting> quoting(const scenario::Fault& fault, const Bytes* before = nullptr,
                        lifecycle::QuotePcrs honest = asked()) {
    Someone someone;
    auto sender = someone.sender();
    sender.challenge_before = before;
    Quoting what{std::move(honest)};
    const auto faults = make(std::vector{fault});
    const auto effects = quote(what, faults, sender);
    if (!effects) return fail(effects.error());
    EXPECT_THAT(*effects, SizeIs(1));
    return what;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, what.size(), by);
}

TEST(StaleNonce, IsOfTheNegotiationBefore) {
    const Bytes before(16, 1);
    EXPECT_EQ(quoting({.kind = FaultKind::StaleNonce}, &before)->quote.challenge, before);
    const auto none = quoting({.kind = FaultKind::StaleNonce});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::Usage);
    EXPECT_THAT(none.error().text(), HasSubstr("no challenge of a negotiation before"));
}

TEST(WrongNonce, IsAnotherOfTheSameSize) {
    const Bytes other = quoting({.kind = FaultKind::WrongNonce})->quote.challenge;
    EXPECT_EQ(other.size(), kChallenge.size());
    EXPECT_NE(other, kChallenge);
}

TEST(NonceAsText, IsTheBase64) {
    const Bytes text = quoting({.kind = FaultKind::NonceAsText})->quote.challenge;
    EXPECT_EQ(std::string(text.begin(), text.end()), to_base64(kChallenge));
}

TEST(WrongKeyAndClocks, ChangeNothingElse) {
    const auto key = quoting({.kind = FaultKind::WrongKey});
    EXPECT_TRUE(key->by_another_key);
    const auto back = quoting({.kind = FaultKind::ClockBack});
    EXPECT_EQ(back->clock, Quoting::Clock::BeginsAnew);
    const auto unsafe = quoting({.kind = FaultKind::NotSafe});
    EXPECT_EQ(unsafe->clock, Quoting::Clock::IsNotSafe);
    const auto none = quoting({.kind = FaultKind::NotAQuote});
    EXPECT_TRUE(none->certifies);
    for (const auto& one : {key, back, unsafe, none}) {
        EXPECT_EQ(one->quote.challenge, kChallenge);
        EXPECT_EQ(one->quote.pcrs, (std::vector{0, 7}));
        EXPECT_EQ(one->by_another_key, &one == &key || one->by_another_key);
    }
    for (const FaultKind kind : {FaultKind::WrongKey, FaultKind::ClockBack, FaultKind::NotSafe,
                                 FaultKind::NotAQuote, FaultKind::MeasureBetween})
        EXPECT_EQ(changed({.kind = kind}), evidence().body);
}

TEST(OtherChoice, IsReadInTheAnswerAndNamedInTheQuote) {
    const scenario::Fault plan{
        .kind = FaultKind::OtherChoice, .member = "signature_scheme", .text = "rsassa"};
    Someone someone;
    const auto reading = [&](const std::string& chosen, HttpResponse answer = {.status = 201}) {
        const Faults faults = make(std::vector{plan});
        if (!chosen.empty()) {
            answer.body = R"({"data":{"attributes":{"evidence_requested":[{"chosen_parameters":{)"
                          R"("hash_algorithm":"sha256","signature_scheme":")" +
                          chosen + R"("}},{"chosen_parameters":{"starting_offset":0}}]}}})";
        }
        const std::string before = answer.body;
        read(Phase::Negotiate, answer, faults, someone.sender());
        EXPECT_EQ(answer.body, chosen.empty() ? before : replaced(before, chosen, "rsassa"));
        Quoting what{.quote = asked()};
        auto effects = quote(what, faults, someone.sender());
        EXPECT_EQ(what.quote.challenge, kChallenge);
        return effects;
    };
    const auto other = reading("rsapss");
    ASSERT_TRUE(other);
    EXPECT_EQ(other->at(0).text, "signs by signature_scheme rsassa, where the verifier chose rsapss");
    const auto same = reading("rsassa");
    ASSERT_FALSE(same);
    EXPECT_THAT(same.error().text(), HasSubstr("the verifier chose rsassa itself"));
    EXPECT_EQ(same.error().kind, ErrorKind::Protocol);
    for (const char* body : {"", "no JSON", R"({"errors":[]})",
                             R"({"data":{"attributes":{"evidence_requested":[{}, 1, null]}}})"}) {
        const auto none = reading("", {.status = 201, .body = body});
        ASSERT_FALSE(none) << body;
        EXPECT_THAT(none.error().text(), HasSubstr("no signature_scheme was chosen in this step"));
    }
}

TEST(OtherChoice, OfAHashLeavesTheBank) {
    Someone someone;
    const scenario::Fault plan{.kind = FaultKind::OtherChoice, .member = "hash_algorithm", .text = "sha256"};
    const Faults faults = make(std::vector{plan});
    const auto chosen = [](const std::string& hash, const std::string& subjects) {
        return HttpResponse{
            .status = 201,
            .body =
                R"({"data":{"attributes":{"evidence_requested":[{"chosen_parameters":{"hash_algorithm":")" +
                hash + R"(","selected_subjects":{)" + subjects + "}}}]}}}"};
    };
    HttpResponse answer = chosen("sha384", R"("sha384":[0,7])");
    read(Phase::Negotiate, answer, faults, someone.sender());
    EXPECT_EQ(answer.body, chosen("sha256", R"("sha384":[0,7],"sha256":[0,7])").body);
    Quoting what{.quote = asked()};
    ASSERT_TRUE(quote(what, faults, someone.sender()));
    EXPECT_EQ(what.quote.bank, tpm::HashAlgorithm::Sha384);
    answer = chosen("md5", "");
    read(Phase::Negotiate, answer, faults, someone.sender());
    const auto unknown = quote(what, faults, someone.sender());
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().text(), HasSubstr("no PCR bank 'md5'"));
}

TEST(MeasureBetween, IsOnOneSideOfTheQuote) {
    const auto measured = [](const char* first) {
        return quoting({.kind = FaultKind::MeasureBetween, .first = first})->measured;
    };
    EXPECT_EQ(measured("log"), Quoting::Measured::BeforeQuote);
    EXPECT_EQ(measured("quote"), Quoting::Measured::AfterQuote);
}

TEST(ExtraPcr, IsQuotedBesideThoseAskedFor) {
    EXPECT_EQ(quoting({.kind = FaultKind::ExtraPcr, .pcr = 9})->quote.pcrs, (std::vector{0, 7, 9}));
    const auto asked_for = quoting({.kind = FaultKind::ExtraPcr, .pcr = 7});
    ASSERT_FALSE(asked_for);
    EXPECT_THAT(asked_for.error().text(), HasSubstr("the verifier asks for PCR 7"));
}

TEST(Selection, IsAnotherUnderTheSameNumbers) {
    EXPECT_EQ(quoting({.kind = FaultKind::Selection})->quote.pcrs, (std::vector{1, 7}));
    const HttpRequest honest = evidence(some_quote({{1, Bytes(32, 1)}, {7, Bytes(32, 2)}}));
    EXPECT_EQ(changed({.kind = FaultKind::Selection}, honest), evidence().body);
    lifecycle::QuotePcrs all = asked();
    all.pcrs.clear();
    for (int pcr = 0; pcr < 24; ++pcr)
        all.pcrs.push_back(pcr);
    ASSERT_FALSE(quoting({.kind = FaultKind::Selection}, nullptr, all));
}

TEST(FaultsOfTheQuote, AreAnErrorWhereNoQuoteIsMade) {
    for (const FaultKind kind :
         {FaultKind::StaleNonce, FaultKind::WrongNonce, FaultKind::NonceAsText, FaultKind::WrongKey,
          FaultKind::ExtraPcr, FaultKind::Selection, FaultKind::ClockBack, FaultKind::NotSafe,
          FaultKind::NotAQuote, FaultKind::OtherChoice, FaultKind::MeasureBetween}) {
        Outgoing outgoing{.phase = Phase::Submit, .request = evidence()};
        const auto effects = test::through(outgoing, {.kind = kind});
        ASSERT_FALSE(effects) << scenario::to_string(kind);
        EXPECT_THAT(effects.error().text(), HasSubstr("no quote was made in this step"));
        Outgoing other{.phase = Phase::Negotiate, .request = evidence()};
        EXPECT_THAT(*test::through(other, {.kind = kind}), IsEmpty());
    }
}

TEST(Signature, HasOneOtherBit) {
    Bytes other(262, 4);
    other.back() ^= 1U;
    EXPECT_EQ(changed({.kind = FaultKind::Signature}),
              replaced(evidence().body, to_base64(Bytes(262, 4)), to_base64(other)));
}

TEST(PcrValue, IsAnotherInTheBlobAlone) {
    tpm::PcrValues other = kValues;
    other[7].front() ^= 1U;
    EXPECT_EQ(changed({.kind = FaultKind::PcrValue, .pcr = 7}), evidence(some_quote(other)).body);
    EXPECT_THAT(changed({.kind = FaultKind::PcrValue, .pcr = 8}), HasSubstr("PCR 8 is not in the evidence"));
}

TEST(NotBase64, IsOneMemberOfTheQuote) {
    EXPECT_EQ(changed({.kind = FaultKind::NotBase64, .member = "message"}),
              replaced(evidence().body, to_base64(Bytes(40, 3)), "not base64"));
    for (const char* member : {"signature", "subject_data"}) {
        EXPECT_THAT(changed({.kind = FaultKind::NotBase64, .member = member}),
                    HasSubstr(std::string("\"") + member + "\":\"not base64\""));
    }
}

TEST(Items, AreLeftOutOrSwapped) {
    const std::string quote_alone = evidence(some_quote(), false).body;
    EXPECT_EQ(changed({.kind = FaultKind::MissingItem}), quote_alone);
    EXPECT_EQ(changed({.kind = FaultKind::EmptyList}), protocol::evidence_request("/x", {}, {}).body);
    EXPECT_THAT(changed({.kind = FaultKind::SwapItems}, evidence(some_quote(), false)),
                HasSubstr("the evidence has 1 items"));
    const std::string swapped = changed({.kind = FaultKind::SwapItems});
    EXPECT_EQ(swapped.size(), evidence().body.size());
    EXPECT_LT(swapped.find("ima_log"), swapped.find("tpm_quote"));
}

TEST(HugeItem, HasTheSize) {
    const std::string honest = evidence().body;
    const std::string padded = changed({.kind = FaultKind::HugeItem, .size = 64 * 1024});
    const auto begin = honest.find(R"({"evidence_class":"log")");
    const std::string item = honest.substr(begin, honest.find('}', begin) + 2 - begin);
    EXPECT_EQ(padded.size(), honest.size() - item.size() + 64 * 1024);
    EXPECT_THAT(changed({.kind = FaultKind::HugeItem, .size = 16}), HasSubstr("octets already"));
}

TEST(ErrorResource, IsThatOfTheRustAgent) {
    EXPECT_EQ(changed({.kind = FaultKind::ErrorResource}), protocol::evidence_error_request("/x", {}).body);
}

TEST(FaultsOfItems, AreAnErrorWhereThereAreNone) {
    const HttpRequest none = protocol::evidence_request("/x", {}, {});
    for (const FaultKind kind : {FaultKind::Signature, FaultKind::PcrValue, FaultKind::NotBase64,
                                 FaultKind::MissingItem, FaultKind::SwapItems, FaultKind::HugeItem}) {
        EXPECT_THAT(changed({.kind = kind}, none), HasSubstr("fault ")) << scenario::to_string(kind);
    }
}

}  // namespace
}  // namespace pushsim::faults
