#pragma once
// Inside of Machine. One struct, its functions in a file per concern: machine.cpp (order of the steps),
// registration.cpp, session.cpp, attestation.cpp (messages), retry.cpp (answers that are no success,
// endings).

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/boot/ima_log.hpp"
#include "agent/lifecycle/machine.hpp"
#include "agent/lifecycle/rules.hpp"
#include "agent/protocol/protocol.hpp"

namespace pushsim::lifecycle {

/// Of a server's word (a code, an algorithm, a version) in a reason, in characters.
inline constexpr std::size_t kLongestWord = 100;

/// What the machine does at one time: a request or a TPM operation.
enum class Step {
    AskVersion,
    DescribeToRegister,
    Register,
    DecryptCredential,
    Activate,
    OpenSession,
    Certify,
    Prove,
    DescribeToNegotiate,
    Negotiate,
    Quote,
    Submit,
};
Phase phase_of(Step step);
Call call_of(Step step);  ///< of a step that sends a request

struct Machine::State {
    State(Settings settings_, const Clock& clock_, RandomStream& random_)
        : settings(std::move(settings_)), clock(clock_), random(random_) {}

    Settings settings;
    const Clock& clock;
    RandomStream& random;

    // What was achieved, kept from one goal to the next.

    struct Token {
        std::string text;
        std::optional<WallTime> expires_at;
        std::optional<WallTime> renew_at;
        std::optional<Duration> lifetime;
    };

    bool registered = false;
    std::string registrar_version;
    tpm::Description description;
    std::optional<protocol::CredentialBlob> credential;  ///< the registrar's challenge
    Bytes secret;                                        ///< decrypted from it
    std::optional<Token> token;
    std::vector<std::string> tokens_seen;  ///< to keep them out of reasons
    std::optional<protocol::Capabilities> offered;
    std::optional<protocol::Negotiation> negotiation;
    std::optional<std::vector<protocol::Evidence>> evidence;
    bool nothing_collected = false;        ///< an error is submitted in place of evidence
    bool ek_lost = false;                  ///< Habits::loses_ek has come about
    std::bitset<kCalls> may_have_arrived;  ///< by Call: was sent, and its answer did not come
    int refused_in_a_row = 0;
    Instant hold_off_until{};
    std::string hold_off_reason;

    // The pursuit of one goal.

    enum class Awaiting { Nothing, Response, Tpm, PauseOver };

    struct Run {
        Phase goal = Phase::Register;
        bool bare = false;
        Course course;
        Step step = Step::AskVersion;
        std::optional<Step> after_pause;           ///< nothing: the first step
        std::optional<Step> after_authentication;  ///< nothing: the next phase
        std::array<int, kCalls> sent{};            ///< by Call
        std::array<int, kCalls> waits{};           ///< by Call, Retry-After obeyed; Prove is OpenSession's
        std::array<int, kCalls> backoffs{};        ///< the same, of back-offs
        std::bitset<kCalls> again;                 ///< by Call: the next of it was sent before
        std::array<std::string, kCalls> request_id{};  ///< by Call: of the last one
        std::bitset<64> met;                           ///< rules met before, by index
        bool negotiated = false;                       ///< in this run
        std::string call;                              ///< "POST /v3.0/sessions", the last request's name
        std::optional<protocol::SessionChallenge> session;
        Bytes proof_message;
        Bytes proof_signature;
    };
    Awaiting awaiting = Awaiting::Nothing;
    Run run;

    /// The answer that decides, and how to speak of it.
    struct Grounds {
        std::optional<int> status;
        std::optional<std::string> code;
        std::optional<Duration> told_to_wait;
        std::optional<transport::FailureKind> failure;
        std::string brief;  ///< "429 premature_attestation"
        std::string text;   ///< the same with the server's words
    };

    // machine.cpp
    Want begin(Phase goal, bool bare, const Course& course);
    Want first_step();
    Want start_bare();
    Want start_cycle();
    Want missing(Step step, const char* what);  ///< it cannot be begun
    Want enter(Step step);  ///< go, with a token that is good for a while where the step needs one
    Want go(Step step);
    Want after(Phase phase, const Grounds& grounds, std::string reason, std::optional<Duration> next = {});
    Want accept(const HttpResponse& answer);
    Want send(Peer peer, HttpRequest request);
    Want use_tpm(decltype(UseTpm::operation) operation);
    Want take_tpm_answer(const TpmAnswer& answer);
    void forget_process();

    // registration.cpp
    Want ask_version();
    Want take_versions(const HttpResponse& answer);
    Want assume_newest_version();
    Want register_agent();
    Want take_registration(const HttpResponse& answer);
    Want activate();
    Want take_activation(const HttpResponse& answer);

    // session.cpp
    Want authenticate(std::optional<Step> then);
    Want open_session();
    Want take_session(const HttpResponse& answer);
    Want prove();
    Want take_verdict(const HttpResponse& answer);
    bool token_is_due() const;
    void drop_token();

    // attestation.cpp
    Result<void> offer();
    Want negotiate();
    Want take_negotiation(const HttpResponse& answer);
    Want collect();
    Want take_quote(const tpm::Quote& quote);
    const boot::ImaLog* ima_log() const;  ///< null: there is none
    protocol::ImaLogEvidence read_ima_log(const protocol::ImaLogRequest& request) const;
    Want report_error();
    Want submit();
    Want take_submission(const HttpResponse& answer);
    bool nothing_asked() const;
    std::optional<int> index() const;

    // retry.cpp
    Want judge(const HttpResponse& answer);
    Want judge(const transport::Failure& failure);
    Want judge_verdict(const HttpResponse& answer, Condition verdict);
    Want apply(Answer seen, const Grounds& grounds, const HttpResponse& answer);
    Want react(Reaction reaction, const Grounds& grounds, const std::string& meaning);
    Want retry(Reaction reaction, const Grounds& grounds, const std::string& reason);
    Want pause(Duration duration, const std::string& reason, std::optional<Step> then);
    Want malformed(const HttpResponse& answer, const Error& error);
    const Pace& pace() const;
    bool waited_enough() const;
    Want finish(Finished::Ending ending, const Grounds& grounds, const std::string& reason,
                std::optional<Duration> next = {});
    protocol::CallHeaders headers(bool with_token = false);
    std::string presentable(std::string_view text) const;  ///< printable, bounded, without tokens
};

}  // namespace pushsim::lifecycle
