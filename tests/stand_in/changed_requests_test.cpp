// What faults of the wire and of the evidence put on the wire, beside what is honest.

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/base/bytes.hpp"
#include "agent/boot/boot_state.hpp"
#include "agent/protocol/pcr_blob.hpp"
#include "agent/tpm/quote_check.hpp"
#include "tests/stand_in/played_fault.hpp"

namespace pushsim::stand_in {
namespace {

using history::ExchangeSeen;
using history::ScenarioEnd;
using scenario::Fault;
using scenario::FaultKind;
using scenario::Make;
using scenario::StepKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::ordered_json;

class ChangedRequest : public PlayedFault {
  protected:
    ScenarioEnd play_logged(const std::string& script, const std::vector<Fault>& faults) {
        return play(script, faults, server_, &pool_,
                    "{a: {ak: primary, enrol: false, boot: {extend: {7: ['text:x']}, ima: {entries: 3}}}}");
    }
    static std::string header(const ExchangeSeen& exchange, const std::string& name) {
        return std::string(find_header(exchange.request.headers, name).value_or("none"));
    }

    /// Of a[0] in a step.
    ExchangeSeen submission(int step) const { return first_of("a[0]", step, "PATCH", "/v3.0/agents/"); }
    Json items(int step) const {
        return Json::parse(submission(step).request.body)["data"]["attributes"]["evidence_collected"];
    }
    Bytes challenge(int step) const {
        const auto seen = first_of("a[0]", step, "POST", "/v3.0/agents/");
        const auto body = Json::parse(seen.response.body);
        const auto& asked = body["data"]["attributes"]["evidence_requested"][0]["chosen_parameters"];
        return from_base64(asked["challenge"].get<std::string>()).value();
    }
    tpm::Quote quote(int step) const {
        const Json data = items(step).at(0)["data"];
        const auto member = [&](const char* name) {
            return from_base64(data[name].get<std::string>()).value();
        };
        const auto blob = protocol::read_pcr_blob(member("subject_data"));
        return {.message = member("message"),
                .signature = member("signature"),
                .bank = blob.value().bank,
                .pcrs = blob.value().pcrs};
    }
    /// What a careful verifier makes of a step's quote, were it to be over this challenge.
    std::string judged(int step, const Bytes& over) const {
        const auto registered = first_of("a[0]", 1, "POST", "/v2.6/agents/");
        const auto ak = from_base64(Json::parse(registered.request.body)["aik_tpm"].get<std::string>());
        const auto good = tpm::check_quote(quote(step), over, ak.value());
        return good ? "good" : good.error().message;
    }
    std::string judged(int step) const { return judged(step, challenge(step)); }
    static std::set<int> pcrs_of(const auto& values) {
        std::set<int> pcrs;
        for (const auto& [pcr, value] : values)
            pcrs.insert(pcr);
        return pcrs;
    }
    /// What was quoted in a step, by the history.
    history::TpmOperation quoted(int step) const {
        for (const auto& entry : history_.entries) {
            const auto* made = entry.event.get<history::TpmOperation>();
            if (made != nullptr && made->operation == "quote" && entry.where->agent == "a[0]" &&
                entry.where->step == step)
                return *made;
        }
        throw std::runtime_error("no quote in step " + std::to_string(step));
    }
    /// All but the quote is as in an honest submission.
    void expect_else_honest(int step) const {
        Json honest = Json::parse(submission(1).request.body),
             other = Json::parse(submission(step).request.body);
        for (Json* body : {&honest, &other})
            (*body)["data"]["attributes"]["evidence_collected"][0].erase("data");
        EXPECT_EQ(other, honest);
    }
};

const std::string kReady = "  - authenticate: a\n";
const std::string kNegotiate = "  - negotiate: a\n";
const std::string kAttest = "  - attest: a\n";

// The wire.

TEST_F(ChangedRequest, BodyIsTheHonestOneButForTheMember) {
    play(kNegotiate + kNegotiate,
         {{.kind = FaultKind::Body, .change = {.at = "/data/attributes/system_info", .make = Make::Null}}});
    Json expected = Json::parse(first_of("a[0]", 1, "POST", "/v3.0/agents/").request.body);
    expected["data"]["attributes"]["system_info"] = nullptr;
    EXPECT_EQ(exchanges("negotiate").at(0).request.body, expected.dump());
    EXPECT_THAT(effects(), ElementsAre(HasSubstr("POST with another body")));
}

TEST_F(ChangedRequest, BodyThatHasNoSuchMemberIsAnErrorOfTheScenario) {
    const auto end =
        play(kReady + kNegotiate, {{.kind = FaultKind::Body, .change = {.remove = {"/data/no"}}}});
    EXPECT_EQ(end.ending, ScenarioEnd::Ending::Failed);
    EXPECT_THAT(end.reason, HasSubstr("the honest body has no /data/no"));
    EXPECT_THAT(exchanges("negotiate"), IsEmpty());
}

TEST_F(ChangedRequest, BodyOfAProofIsTheSecondRequests) {
    play(kReady + kReady,
         {{.kind = FaultKind::Body, .change = {.remove = {"/data/attributes/authentication_provided"}}}});
    const auto sent = exchanges("authenticate");
    EXPECT_THAT(sent.at(0).request.body, HasSubstr("authentication_supported"));
    EXPECT_THAT(sent.at(1).request.body, testing::Not(HasSubstr("authentication_provided")));
}

TEST_F(ChangedRequest, BodyOfARegistrationIsChanged) {
    play("  - register: a\n", {{.kind = FaultKind::Body, .change = {.set = {{"/ip", "\"10.0.0.1\""}}}}});
    EXPECT_THAT(exchanges("register").at(1).request.body, HasSubstr(R"("ip":"10.0.0.1")"));
}

TEST_F(ChangedRequest, HeadersAndContentTypeAreThoseOfThePhase) {
    play(kReady + kAttest,
         {{.kind = FaultKind::Header, .change = {.remove = {"Accept"}, .set = {{"X-New", "one"}}}},
          {.kind = FaultKind::ContentType, .text = "text/plain", .in_phase = StepKind::Submit}});
    const auto negotiation = exchanges("negotiate").at(0), submitted = exchanges("submit").at(0);
    EXPECT_EQ(header(negotiation, "x-new"), "one");
    EXPECT_EQ(header(submitted, "x-new"), "one");
    EXPECT_EQ(header(submitted, "accept"), "none");
    EXPECT_EQ(header(negotiation, "content-type"), "application/vnd.api+json");
    EXPECT_EQ(header(submitted, "content-type"), "text/plain");
}

// The evidence.

TEST_F(ChangedRequest, HonestEvidenceIsGood) {
    play_logged(kAttest + kAttest, {});
    EXPECT_EQ(judged(2), "good");
    expect_else_honest(2);
    EXPECT_EQ(items(2).size(), 2U);
}

TEST_F(ChangedRequest, StaleNonceIsThatOfTheNegotiationBefore) {
    play_logged(kAttest + kAttest, {{.kind = FaultKind::StaleNonce}});
    EXPECT_EQ(judged(2), "the quote is over another challenge");
    EXPECT_EQ(judged(2, challenge(1)), "good");
    expect_else_honest(2);
}

TEST_F(ChangedRequest, StaleNonceNeedsANegotiationBefore) {
    const auto end = play(kReady + kAttest, {{.kind = FaultKind::StaleNonce}});
    EXPECT_THAT(end.reason, HasSubstr("no challenge of a negotiation before"));
    EXPECT_THAT(exchanges("submit"), IsEmpty());
}

TEST_F(ChangedRequest, WrongNonceIsNobodys) {
    play_logged(kAttest + kAttest, {{.kind = FaultKind::WrongNonce}});
    EXPECT_EQ(judged(2), "the quote is over another challenge");
    EXPECT_EQ(judged(2, challenge(1)), "the quote is over another challenge");
    expect_else_honest(2);
}

TEST_F(ChangedRequest, NonceAsTextIsTheBase64) {
    play_logged(kAttest + kAttest, {{.kind = FaultKind::NonceAsText}});
    const std::string text = to_base64(challenge(2));
    EXPECT_EQ(judged(2, Bytes(text.begin(), text.end())), "good");
    expect_else_honest(2);
}

TEST_F(ChangedRequest, WrongKeySignsWhatTheAkWould) {
    play_logged(kAttest + kAttest, {{.kind = FaultKind::WrongKey}});
    EXPECT_EQ(judged(2), "the quote is not signed by that key");
    EXPECT_EQ(quote(2).pcrs, quote(1).pcrs);
    expect_else_honest(2);
}

TEST_F(ChangedRequest, SignatureIsAnother) {
    play_logged(kAttest + kAttest, {{.kind = FaultKind::Signature}});
    EXPECT_EQ(judged(2), "the quote is not signed by that key");
    expect_else_honest(2);
}

TEST_F(ChangedRequest, SelectionIsWhatTheHistorySays) {
    play_logged(kAttest + kAttest, {{.kind = FaultKind::Selection}});
    EXPECT_EQ(pcrs_of(quote(2).pcrs), (std::set{0, 7}));
    EXPECT_EQ(pcrs_of(quoted(2).quote->pcrs), (std::set{1, 7}));
    EXPECT_EQ(judged(2), "good");
    expect_else_honest(2);
}

TEST_F(ChangedRequest, PcrValueIsNotTheQuotedOne) {
    play_logged(kAttest + kAttest, {{.kind = FaultKind::PcrValue, .pcr = 7}});
    EXPECT_EQ(judged(2), "the quote is over other PCR values");
    EXPECT_EQ(quote(2).pcrs.at(0), quote(1).pcrs.at(0));
    EXPECT_NE(quote(2).pcrs.at(7), quote(1).pcrs.at(7));
    EXPECT_EQ(quoted(2).quote->pcrs, quoted(1).quote->pcrs) << "what was quoted";
    expect_else_honest(2);
}

TEST_F(ChangedRequest, ExtraPcrIsQuotedAndSent) {
    play_logged(kAttest + kAttest, {{.kind = FaultKind::ExtraPcr, .pcr = 9}});
    EXPECT_EQ(judged(2), "good");
    EXPECT_EQ(pcrs_of(quote(2).pcrs), (std::set{0, 7, 9}));
    EXPECT_EQ(pcrs_of(quoted(2).quote->pcrs), (std::set{0, 7, 9}));
    expect_else_honest(2);
}

TEST_F(ChangedRequest, ItemsAreLeftOutSwappedOrPadded) {
    const auto sent = [&](const Fault& fault) {
        std::filesystem::remove(folder_.path() / "history.jsonl");
        play_logged(kAttest + kAttest, {fault});
        return items(2);
    };
    Json missing = sent({.kind = FaultKind::MissingItem});
    ASSERT_EQ(missing.size(), 1U);
    EXPECT_EQ(missing[0]["evidence_type"], "tpm_quote");
    EXPECT_EQ(judged(2), "good");
    Json swapped = sent({.kind = FaultKind::SwapItems});
    EXPECT_EQ(swapped[0], items(1)[1]);
    EXPECT_EQ(swapped[1]["evidence_type"], "tpm_quote");
    EXPECT_EQ(sent({.kind = FaultKind::EmptyList}).size(), 0U);
    Json padded = sent({.kind = FaultKind::HugeItem, .size = 8 * 1024});
    EXPECT_EQ(padded[1].dump().size(), 8U * 1024);
    padded[1]["data"].erase("padding");
    EXPECT_EQ(padded[1], items(1)[1]);
    const Json bad = sent({.kind = FaultKind::NotBase64, .member = "message"});
    EXPECT_FALSE(from_base64(bad[0]["data"]["message"].get<std::string>()).has_value());
    expect_else_honest(2);
}

TEST_F(ChangedRequest, ErrorResourceHasAnEmptyList) {
    play(kAttest, {{.kind = FaultKind::ErrorResource}});
    EXPECT_EQ(submission(1).request.body,
              R"({"data":{"type":"error","attributes":{"evidence_collected":[]}}})");
}

TEST_F(ChangedRequest, ClockBackIsLowerAndSafe) {
    play_logged("  - authenticate: a\n  - wait: 1s\n  - attest: a\n  - attest: a\n",
                {{.kind = FaultKind::ClockBack}});
    EXPECT_LT(quoted(4).clock->clock, quoted(3).clock->clock);
    EXPECT_TRUE(quoted(4).clock->safe);
    EXPECT_EQ(judged(4), "good") << "by the same AK";
    EXPECT_EQ(quoted(4).quote->pcrs, quoted(3).quote->pcrs);
}

TEST_F(ChangedRequest, ClockBackNeedsAQuoteBefore) {
    const auto end = play(kReady + kAttest, {{.kind = FaultKind::ClockBack}});
    EXPECT_THAT(end.reason, HasSubstr("has not quoted yet"));
    EXPECT_THAT(exchanges("submit"), IsEmpty());
}

TEST_F(ChangedRequest, NotSafeSaysSoAndIsNoLower) {
    play_logged(kAttest + kAttest, {{.kind = FaultKind::NotSafe}});
    EXPECT_FALSE(quoted(2).clock->safe);
    EXPECT_GE(quoted(2).clock->clock, quoted(1).clock->clock);
    EXPECT_TRUE(quoted(1).clock->safe);
    EXPECT_EQ(judged(2), "good");
    EXPECT_EQ(quoted(2).quote->pcrs, quoted(1).quote->pcrs) << "measured again";
    expect_else_honest(2);
}

TEST_F(ChangedRequest, NotAQuoteIsSignedByTheAkOverTheChallenge) {
    play_logged(kAttest + kAttest, {{.kind = FaultKind::NotAQuote}});
    EXPECT_EQ(judged(2), "the quote is none that a TPM made") << "its signature is good";
    EXPECT_THAT(to_hex(quote(2).message), HasSubstr(to_hex(challenge(2))));
    EXPECT_EQ(quote(2).pcrs, quote(1).pcrs);
    expect_else_honest(2);
}

TEST_F(ChangedRequest, OtherChoiceIsWhatTheAgentGoesBy) {
    const Fault fault{.kind = FaultKind::OtherChoice, .member = "signature_scheme", .text = "rsapss"};
    play(kReady + kAttest, {fault});
    EXPECT_THAT(of<history::Cycle>().back().reason, HasSubstr("asks for signature scheme 'rsapss', which"));
    EXPECT_THAT(exchanges("submit"), IsEmpty());
}

TEST_F(ChangedRequest, OtherChoiceIsNoneWhereTheVerifierChoseIt) {
    const Fault fault{.kind = FaultKind::OtherChoice, .member = "signature_scheme", .text = "rsassa"};
    play(kReady + kAttest, {fault});
    EXPECT_THAT(of<history::Cycle>().back().reason, HasSubstr("the verifier chose rsassa itself"));
    EXPECT_THAT(exchanges("submit"), IsEmpty());
}

std::string log_in(const Json& items) {
    return items.at(1)["data"]["entries"];
}
std::string last_line(const std::string& log) {
    return log.substr(log.rfind('\n', log.size() - 2) + 1);
}
/// What the log leads to, in hexadecimal.
std::string pcr_10(const std::string& log) {
    Bytes value(32, 0);
    std::istringstream lines(log);
    for (std::string pcr, digest_sha1, form, digest, path;
         lines >> pcr >> digest_sha1 >> form >> digest >> path;) {
        const boot::ImaFile file{path, from_hex(digest.substr(std::string("sha256:").size())).value()};
        value = boot::extend(tpm::HashAlgorithm::Sha256, value,
                             tpm::hash(tpm::HashAlgorithm::Sha256, boot::ima_template_data(file)));
    }
    return to_hex(value);
}
const Fault kWithPcr10{.kind = FaultKind::ExtraPcr, .pcr = 10};

TEST_F(ChangedRequest, MeasuredBetweenLogAndQuoteIsQuotedAlone) {
    play_logged(kAttest + kAttest, {kWithPcr10, {.kind = FaultKind::MeasureBetween, .first = "log"}});
    EXPECT_EQ(judged(2), "good");
    const std::string log = log_in(items(1));
    EXPECT_EQ(log_in(items(2)), log);
    EXPECT_EQ(quoted(2).quote->pcrs.at(10), pcr_10(log + last_line(log)));
}

TEST_F(ChangedRequest, MeasuredBetweenQuoteAndLogIsLoggedAlone) {
    play_logged(kAttest + kAttest, {kWithPcr10, {.kind = FaultKind::MeasureBetween, .first = "quote"}});
    EXPECT_EQ(judged(2), "good");
    const std::string log = log_in(items(1));
    EXPECT_EQ(log_in(items(2)), log + last_line(log));
    EXPECT_EQ(quoted(2).quote->pcrs.at(10), pcr_10(log));
}

TEST_F(ChangedRequest, MeasuredBetweenIsInLogAndQuoteFromThenOn) {
    for (const std::string first : {"log", "quote"}) {
        std::filesystem::remove(folder_.path() / "history.jsonl");
        play_logged(kAttest + "  - attest: { agents: a, faults: [ measure_between: { first: " + first +
                        " } ] }\n" + kAttest,
                    {kWithPcr10});
        const std::string before = log_in(items(1)), log = log_in(items(3));
        EXPECT_EQ(log, before + last_line(before)) << first;
        EXPECT_EQ(quoted(3).quote->pcrs.at(10), pcr_10(log)) << first;
    }
}

TEST_F(ChangedRequest, MeasuredBetweenNeedsALog) {
    const auto end = play(kReady + kAttest, {{.kind = FaultKind::MeasureBetween, .first = "log"}});
    EXPECT_THAT(end.reason, HasSubstr("has no IMA log"));
    EXPECT_THAT(exchanges("submit"), IsEmpty());
}

TEST_F(ChangedRequest, EvidenceThatWasCollectedBeforeHasNoOtherQuote) {
    const auto end = play(kReady + "  - collect: a\n  - submit: {agents: a, bare: true}\n",
                          {{.kind = FaultKind::WrongNonce}});
    EXPECT_THAT(end.reason, HasSubstr("no quote was made in this step"));
    EXPECT_THAT(exchanges("submit"), IsEmpty());
}

}  // namespace
}  // namespace pushsim::stand_in
