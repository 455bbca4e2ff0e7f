// What the real servers answer to each fault. Where Keylime's answer is not the specified one, the test says
// so by its number in the list of known faults or by its words.

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/stack/live_support.hpp"
#include "tests/stand_in/staged.hpp"

namespace pushsim::faults {
namespace {

using namespace std::chrono_literals;
using history::ExchangeSeen;
using scenario::Fault;
using scenario::FaultKind;
using scenario::StepKind;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// A stack whose sessions live for so long.
class Servers {
  public:
    explicit Servers(const std::string& session_lifetime) {
        auto options = place_.options();
        options.verifier = {{"quote_interval", "1"},
                            {"session_lifetime", session_lifetime},
                            {"session_create_rate_limit_per_ip", "10000"}};
        auto started = stack::LocalStack::start(options, place_.registry, place_.clock);
        if (!started) throw std::runtime_error(started.error().text());
        stack_ = std::move(*started);
    }
    const stack::StackAddress& address() const { return stack_->address(); }

  private:
    stack::test::Place place_;
    std::unique_ptr<stack::LocalStack> stack_;
};

class LiveFault : public testing::Test {
  protected:
    static void SetUpTestSuite() { servers_ = std::make_unique<Servers>("180"); }
    static void TearDownTestSuite() { servers_.reset(); }

    /// An agent of a and one of b, enrolled, do as the script says, with this fault in its last step.
    void play(const std::string& script, const std::vector<Fault>& faults,
              const Servers& servers = *servers_) {
        const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
        stand_in::Staged staged(servers.address(), nullptr, folder_.path());
        const std::string kind =
            "{ak: primary, boot: {extend: {7: ['text:x']}}, enrol: {tpm_policy: {from_boot: [7]}}}";
        const std::string scenario = "scenario: s" + std::to_string(std::hash<std::string>{}(name)) +
                                     "\ntitle: T\nagents:\n  a: " + kind + "\n  b: " + kind + "\nscript:\n" +
                                     script + "expect: [accounted]\n";
        auto loaded = staged.load(scenario);
        loaded.script.back().faults = faults;
        last_step_ = loaded.script.back().number;
        end_ = staged.play(loaded, {});
        auto read = history::read_history(staged.file());
        if (!read) throw std::runtime_error(read.error().text());
        history_ = std::move(*read);
    }
    /// Of a[0] in the last step: "submit 403 evidence_immutable".
    std::vector<std::string> course() const {
        std::vector<std::string> found;
        for (const auto& entry : history_.entries) {
            const auto* seen = entry.event.get<ExchangeSeen>();
            if (seen == nullptr || entry.where->agent != "a[0]" || entry.where->step != last_step_) continue;
            found.push_back(seen->phase + " " +
                            (seen->status ? std::to_string(*seen->status) : seen->failure.str()) +
                            (seen->code.empty() ? "" : " " + seen->code));
        }
        return found;
    }
    /// What the verifier made of a[0]'s evidence, in the whole run: "0 pass".
    std::vector<std::string> verdicts() const {
        std::vector<std::string> found;
        for (const auto& entry : history_.entries) {
            const auto* verdict = entry.event.get<history::Verdict>();
            if (verdict == nullptr || entry.where->agent != "a[0]") continue;
            found.push_back(
                std::to_string(verdict->index) + " " +
                (verdict->record.value ? verdict->record.value->evaluation : verdict->record.unavailable));
        }
        return found;
    }
    void TearDown() override {
        if (HasFailure() && end_.reason.empty()) std::printf("%s\n", last_body().c_str());
        if (HasFailure()) std::printf("%s\n", end_.reason.c_str());
    }
    /// That a[0] was sent.
    std::string last_body() const {
        std::string body;
        for (const auto& entry : history_.entries) {
            const auto* seen = entry.event.get<ExchangeSeen>();
            if (seen != nullptr && entry.where->agent == "a[0]") body = seen->response.body;
        }
        return body;
    }

    static std::unique_ptr<Servers> servers_;
    const stack::test::TemporaryFolder folder_;
    history::History history_;
    history::ScenarioEnd end_;
    int last_step_ = 0;
};
std::unique_ptr<Servers> LiveFault::servers_;

const std::string kReady = "  - authenticate: [a, b]\n";
const std::string kAttest = "  - attest: a\n";
const std::string kOnce = "  - wait: 1500ms\n";
const std::string kNegotiate = "  - negotiate: {agents: a, bare: true}\n";

TEST_F(LiveFault, None) {
    play(kReady + kAttest, {});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202"));
    EXPECT_THAT(verdicts(), ElementsAre("0 pass"));
}

TEST_F(LiveFault, SkipNegotiationBeforeAny) {
    play(kReady + kAttest, {{.kind = FaultKind::SkipNegotiation}});
    EXPECT_THAT(course(), ElementsAre("submit 404 not_found"));
}
TEST_F(LiveFault, SkipNegotiationAfterOne) {
    play(kAttest + kOnce + kAttest, {{.kind = FaultKind::SkipNegotiation}});
    EXPECT_THAT(course(), ElementsAre("submit 403 evidence_immutable"));
}
TEST_F(LiveFault, OldIndex) {
    play(kAttest + kOnce + kAttest, {{.kind = FaultKind::OldIndex}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 403 old_attestation"));
}
TEST_F(LiveFault, FutureIndex) {
    play(kReady + kAttest, {{.kind = FaultKind::FutureIndex}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 403 old_attestation"));
}
TEST_F(LiveFault, ToLatest) {
    play(kReady + kAttest, {{.kind = FaultKind::ToLatest}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202"));
    EXPECT_THAT(verdicts(), ElementsAre("0 pass"));
}
TEST_F(LiveFault, DuplicateSubmit) {
    play(kReady + kAttest, {{.kind = FaultKind::DuplicateSubmit}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202", "submit 403 evidence_immutable"));
    EXPECT_THAT(verdicts(), ElementsAre("0 pass"));
}
TEST_F(LiveFault, ConcurrentSubmit) {
    play(kReady + kAttest, {{.kind = FaultKind::ConcurrentSubmit, .count = 4}});
    EXPECT_THAT(course(), AllOf(SizeIs(5), Contains("submit 202")));
    EXPECT_THAT(verdicts(), ElementsAre("0 pass"));
}
TEST_F(LiveFault, ConcurrentNegotiate) {
    play(kReady + kAttest, {{.kind = FaultKind::ConcurrentNegotiate, .count = 4}});
    EXPECT_THAT(course(), AllOf(SizeIs(5), Contains("negotiate 201"), Contains("submit 202")));
}
TEST_F(LiveFault, NeverSubmit) {
    play(kReady + kAttest, {{.kind = FaultKind::NeverSubmit}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201"));
}
TEST_F(LiveFault, ResubmitAfterVerdict) {
    play(kReady + kAttest, {{.kind = FaultKind::ResubmitAfterVerdict}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202", "submit 403 evidence_immutable"));
}

TEST_F(LiveFault, NoToken) {
    play(kReady + kNegotiate, {{.kind = FaultKind::NoToken}});
    EXPECT_THAT(course(), ElementsAre("negotiate 403"));
    EXPECT_THAT(last_body(), HasSubstr("requires agent authentication (PoP token)"));
}
TEST_F(LiveFault, GarbledToken) {
    play(kReady + kNegotiate, {{.kind = FaultKind::GarbledToken}});
    EXPECT_THAT(course(), ElementsAre("negotiate 401"));
}
TEST_F(LiveFault, OldToken) {
    play(kReady + kReady + kNegotiate, {{.kind = FaultKind::OldToken}});
    EXPECT_THAT(course(), ElementsAre("negotiate 401"));
}
TEST_F(LiveFault, ForeignToken) {
    play(kReady + kNegotiate, {{.kind = FaultKind::ForeignToken, .of = "b"}});
    EXPECT_THAT(course(), ElementsAre("negotiate 403"));
    EXPECT_THAT(last_body(), HasSubstr("(ownership required)"));
}
TEST_F(LiveFault, AdminCertificate) {
    play(kReady + kNegotiate, {{.kind = FaultKind::AdminCertificate}});
    EXPECT_THAT(course(), ElementsAre("negotiate 403"));
}
TEST_F(LiveFault, CertificateAndToken) {
    play(kReady + kAttest, {{.kind = FaultKind::CertificateAndToken}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202"));
}
TEST_F(LiveFault, OtherAgentIdInAttestations) {
    play(kReady + kNegotiate, {{.kind = FaultKind::OtherAgentId, .of = "b"}});
    EXPECT_THAT(course(), ElementsAre("negotiate 403"));
}
TEST_F(LiveFault, OtherAgentIdInSessions) {
    play(kReady + "  - authenticate: {agents: a, bare: true}\n",
         {{.kind = FaultKind::OtherAgentId, .of = "b"}});
    EXPECT_THAT(course(), ElementsAre("authenticate 200", "authenticate 401"));
}
TEST_F(LiveFault, OtherAgentIdInRegistration) {
    play(kReady + "  - register: {agents: a, bare: true}\n", {{.kind = FaultKind::OtherAgentId, .of = "b"}});
    EXPECT_THAT(course(), ElementsAre("register 200", "register 403"));
}
TEST_F(LiveFault, WrongActivationTag) {
    play("  - register: a\n  - activate: {agents: a, bare: true}\n",
         {{.kind = FaultKind::WrongActivationTag}});
    EXPECT_THAT(course(), ElementsAre("activate 400"));
}
TEST_F(LiveFault, ReregisterFromTheSameTpm) {
    play(kReady + kAttest, {{.kind = FaultKind::Reregister}});
    EXPECT_THAT(course(),
                ElementsAre("register 200", "register 200", "activate 200", "negotiate 201", "submit 202"));
}
TEST_F(LiveFault, ReregisterFromAnotherTpm) {
    play(kReady + kAttest, {{.kind = FaultKind::Reregister, .other_tpm = true}});
    EXPECT_THAT(course(), ElementsAre("register 200", "register 403", "negotiate 201", "submit 202"));
}
TEST_F(LiveFault, ForeignPop) {
    play(kReady + "  - authenticate: {agents: a, bare: true}\n",
         {{.kind = FaultKind::ForeignPop, .of = "b"}});
    EXPECT_THAT(course(), ElementsAre("authenticate 200", "authenticate 401"));
}
TEST_F(LiveFault, ReusePop) {
    play(kReady + "  - authenticate: {agents: a, bare: true}\n", {{.kind = FaultKind::ReusePop}});
    EXPECT_THAT(course(), ElementsAre("authenticate 200", "authenticate 401"));
}

TEST_F(LiveFault, HerdOfTwo) {
    play(kReady + "  - attest: [a, b]\n", {{.kind = FaultKind::Herd, .phase = StepKind::Submit}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202"));
}
TEST_F(LiveFault, ClockSkewOfOneHourAhead) {
    // By its clock the token is over.
    play(kReady + kAttest, {{.kind = FaultKind::ClockSkew, .duration = 1h}});
    EXPECT_THAT(course(), ElementsAre("authenticate 200", "authenticate 200", "negotiate 201", "submit 202"));
}

class LiveShortSessions : public LiveFault {
  protected:
    static void SetUpTestSuite() { servers_ = std::make_unique<Servers>("3"); }
};

TEST_F(LiveShortSessions, ExpiredToken) {
    play(kReady + kNegotiate, {{.kind = FaultKind::ExpiredToken}});
    EXPECT_THAT(course(), ElementsAre("negotiate 401"));
    EXPECT_THAT(last_body(), HasSubstr("Authentication token expired"));
}
TEST_F(LiveShortSessions, ExpiredTokenAfterAPass) {
    play(kAttest + kOnce + kNegotiate, {{.kind = FaultKind::ExpiredToken}});
    EXPECT_THAT(course(), ElementsAre("negotiate 401"));
}
TEST_F(LiveShortSessions, EvidenceHeldUntilTheTokenHasExpired) {
    play("  - negotiate: a\n  - collect: {agents: a, bare: true}\n  - submit: {agents: a, bare: true}\n",
         {{.kind = FaultKind::HoldEvidence,
           .until = {.name = scenario::InstantName::TokenExpiresAt, .offset = 50ms}}});
    EXPECT_THAT(course(), ElementsAre("submit 401"));
}
TEST_F(LiveShortSessions, EvidenceHeldUntilJustBeforeTheTokenExpires) {
    play("  - negotiate: a\n  - collect: {agents: a, bare: true}\n  - submit: {agents: a, bare: true}\n",
         {{.kind = FaultKind::HoldEvidence,
           .until = {.name = scenario::InstantName::TokenExpiresAt, .offset = -500ms}}});
    EXPECT_THAT(course(), ElementsAre("submit 202"));
}

// The wire.

const std::string kOneNegotiation = "  - negotiate: a\n";

TEST_F(LiveFault, BodyWithoutAMember) {
    play(kReady + kOneNegotiation,
         {{.kind = FaultKind::Body, .change = {.remove = {"/data/attributes/evidence_supported"}}}});
    EXPECT_THAT(course(), ElementsAre("negotiate 422 invalid_resource_data"));
}
TEST_F(LiveFault, BodyWithAMemberOfAnotherType) {
    play(kReady + kOneNegotiation,
         {{.kind = FaultKind::Body,
           .change = {.at = "/data/attributes/evidence_supported", .make = scenario::Make::WrongType}}});
    EXPECT_THAT(course(), ElementsAre("negotiate 422 invalid_resource_data"));
}
TEST_F(LiveFault, BodyThatIsNoJson) {
    play(kReady + kOneNegotiation, {{.kind = FaultKind::Body, .change = {.raw = "{"}}});
    EXPECT_THAT(course(), ElementsAre("negotiate 400"));
}
TEST_F(LiveFault, BodyOfAProofWithoutItsEvidence) {
    play(kReady + "  - authenticate: {agents: a, bare: true}\n",
         {{.kind = FaultKind::Body,
           .change = {.remove = {"/data/attributes/authentication_provided"}, .request = 2}}});
    EXPECT_THAT(course(), ElementsAre("authenticate 200", "authenticate 401"));
}
TEST_F(LiveFault, HeaderAcceptRemoved) {
    play(kReady + kAttest, {{.kind = FaultKind::Header, .change = {.remove = {"accept"}}}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202"));
}
TEST_F(LiveFault, ContentTypeOfPlainText) {
    play(kReady + kOneNegotiation, {{.kind = FaultKind::ContentType, .text = "text/plain"}});
    EXPECT_THAT(course(), ElementsAre("negotiate 415"));
}

// The evidence.

const std::string kTwice = kAttest + kOnce + kAttest;

TEST_F(LiveFault, StaleNonce) {
    play(kTwice, {{.kind = FaultKind::StaleNonce}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202"));
    EXPECT_THAT(verdicts(), ElementsAre("0 pass", "1 fail"));
}
TEST_F(LiveFault, WrongNonce) {
    play(kAttest, {{.kind = FaultKind::WrongNonce}});
    EXPECT_THAT(verdicts(), ElementsAre("0 fail"));
}
TEST_F(LiveFault, NonceAsText) {
    play(kAttest, {{.kind = FaultKind::NonceAsText}});
    EXPECT_THAT(verdicts(), ElementsAre("0 pass")) << "F16";
}
TEST_F(LiveFault, WrongKey) {
    play(kAttest, {{.kind = FaultKind::WrongKey}});
    EXPECT_THAT(verdicts(), ElementsAre("0 fail"));
}
TEST_F(LiveFault, Signature) {
    play(kAttest, {{.kind = FaultKind::Signature}});
    EXPECT_THAT(verdicts(), testing::Not(Contains("0 pass")));
}
TEST_F(LiveFault, PcrValue) {
    play(kAttest, {{.kind = FaultKind::PcrValue, .pcr = 7}});
    EXPECT_THAT(verdicts(), ElementsAre("0 fail"));
}
TEST_F(LiveFault, ExtraPcr) {
    play(kAttest, {{.kind = FaultKind::ExtraPcr, .pcr = 9}});
    EXPECT_THAT(course(), testing::Contains("submit 202"));
    EXPECT_THAT(verdicts(), ElementsAre("0 pass"));
}
TEST_F(LiveFault, MissingItem) {
    play(kReady + kAttest, {{.kind = FaultKind::MissingItem}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 422 invalid_resource_data"));
    EXPECT_THAT(verdicts(), SizeIs(0));
}
TEST_F(LiveFault, SwapItemsOfOne) {
    play(kReady + kAttest, {{.kind = FaultKind::SwapItems}});
    EXPECT_EQ(end_.ending, history::ScenarioEnd::Ending::Failed);
    EXPECT_THAT(end_.reason, HasSubstr("two are needed to swap them"));
}
TEST_F(LiveFault, NotBase64Message) {
    play(kReady + kAttest, {{.kind = FaultKind::NotBase64, .member = "message"}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 422 invalid_resource_data"));
}
TEST_F(LiveFault, NotBase64Signature) {
    play(kReady + kAttest, {{.kind = FaultKind::NotBase64, .member = "signature"}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 422 invalid_resource_data"));
}
TEST_F(LiveFault, NotBase64SubjectData) {
    play(kReady + kAttest, {{.kind = FaultKind::NotBase64, .member = "subject_data"}});
    // Answered 500, which the agent tries again.
    const auto seen = course();
    ASSERT_GE(seen.size(), 2U);
    EXPECT_EQ(seen[0], "negotiate 201");
    EXPECT_EQ(seen[1], "submit 500");
}
TEST_F(LiveFault, EmptyList) {
    play(kReady + kAttest, {{.kind = FaultKind::EmptyList}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 422 invalid_resource_data"));
    EXPECT_THAT(verdicts(), SizeIs(0));
}
TEST_F(LiveFault, HugeItem) {
    play(kReady + kAttest, {{.kind = FaultKind::HugeItem, .size = 1024 * 1024}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 202"));
}
TEST_F(LiveFault, ErrorResource) {
    play(kReady + kAttest, {{.kind = FaultKind::ErrorResource}});
    EXPECT_THAT(course(), ElementsAre("negotiate 201", "submit 400 invalid_request"));
}
TEST_F(LiveFault, ClockBack) {
    play(kOnce + kTwice, {{.kind = FaultKind::ClockBack}});
    EXPECT_THAT(verdicts(), ElementsAre("0 pass", "1 fail"));
}
TEST_F(LiveFault, NotAQuote) {
    play(kTwice, {{.kind = FaultKind::NotAQuote}});
    EXPECT_THAT(verdicts(), ElementsAre("0 pass", "1 fail"));
}
TEST_F(LiveFault, NotSafe) {
    play(kTwice, {{.kind = FaultKind::NotSafe}});
    EXPECT_THAT(verdicts(), ElementsAre("0 pass", "1 fail"));
}

}  // namespace
}  // namespace pushsim::faults
