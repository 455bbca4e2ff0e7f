#include "agent/lifecycle/machine.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "agent/lifecycle/state.hpp"
#include "agent/protocol/credential.hpp"

namespace pushsim::lifecycle {

const char* to_string(Phase phase) {
    switch (phase) {
        case Phase::Register:
            return "register";
        case Phase::Activate:
            return "activate";
        case Phase::Authenticate:
            return "authenticate";
        case Phase::Negotiate:
            return "negotiate";
        case Phase::Collect:
            return "collect";
        case Phase::Submit:
            return "submit";
    }
    return "?";
}

const char* to_string(Peer peer) {
    return peer == Peer::Registrar ? "registrar" : "verifier";
}

const char* to_string(Finished::Ending ending) {
    switch (ending) {
        case Finished::Ending::Reached:
            return "reached";
        case Finished::Ending::Refused:
            return "refused";
        case Finished::Ending::Stopped:
            return "stopped";
        case Finished::Ending::Failed:
            return "failed";
    }
    return "?";
}

Phase phase_of(Step step) {
    switch (step) {
        case Step::AskVersion:
        case Step::DescribeToRegister:
        case Step::Register:
            return Phase::Register;
        case Step::DecryptCredential:
        case Step::Activate:
            return Phase::Activate;
        case Step::OpenSession:
        case Step::Certify:
        case Step::Prove:
            return Phase::Authenticate;
        case Step::DescribeToNegotiate:
        case Step::Negotiate:
            return Phase::Negotiate;
        case Step::Quote:
            return Phase::Collect;
        case Step::Submit:
            return Phase::Submit;
    }
    return Phase::Register;
}

Call call_of(Step step) {
    switch (step) {
        case Step::AskVersion:
            return Call::AskVersion;
        case Step::Register:
            return Call::Register;
        case Step::Activate:
            return Call::Activate;
        case Step::OpenSession:
            return Call::OpenSession;
        case Step::Prove:
            return Call::Prove;
        case Step::Negotiate:
            return Call::Negotiate;
        case Step::Submit:
            return Call::Submit;
        default:
            throw std::logic_error("lifecycle: a TPM operation is no call");
    }
}

namespace {

Step first_step_of(Phase goal) {
    return goal == Phase::Authenticate ? Step::OpenSession : Step::AskVersion;
}

}  // namespace

Want Machine::State::begin(Phase goal, bool bare, const Course& course) {
    run = Run{};
    run.goal = goal;
    run.bare = bare;
    run.course = course;
    if (bare) return start_bare();
    const bool is_cycle = goal >= Phase::Negotiate;
    if ((is_cycle || settings.habits.interval) && clock.now() < hold_off_until) {
        run.step = is_cycle ? Step::DescribeToNegotiate : first_step_of(goal);
        return pause(hold_off_until - clock.now(), hold_off_reason, std::nullopt);
    }
    return first_step();
}

Want Machine::State::first_step() {
    if (run.goal == Phase::Register) return go(Step::AskVersion);
    if (!registered || run.goal == Phase::Activate) {
        const bool challenge_is_open = credential.has_value() && !registered;
        return go(challenge_is_open ? Step::DecryptCredential : Step::AskVersion);
    }
    if (run.goal == Phase::Authenticate || token_is_due()) return authenticate(std::nullopt);
    return start_cycle();
}

Want Machine::State::start_cycle() {
    if (run.course.negotiates || run.goal == Phase::Negotiate) return go(Step::DescribeToNegotiate);
    if (!negotiation) return missing(Step::Quote, "nothing was negotiated, negotiate first");
    return go(Step::Quote);
}

Want Machine::State::missing(Step step, const char* what) {
    run.step = step;
    Want want = finish(Finished::Ending::Failed, {}, std::string(to_string(run.goal)) + ": " + what);
    std::get<Finished>(want).begun = false;
    return want;
}

Want Machine::State::start_bare() {
    switch (run.goal) {
        case Phase::Register:
            return go(Step::AskVersion);
        case Phase::Activate:
            if (!credential)
                return missing(Step::Activate, "no challenge of the registrar at hand, register first");
            return go(Step::DecryptCredential);
        case Phase::Authenticate:
            return authenticate(std::nullopt);
        case Phase::Negotiate:
            if (!token) return missing(Step::Negotiate, "no token at hand, authenticate first");
            return go(Step::DescribeToNegotiate);
        case Phase::Collect:
            if (!negotiation) return missing(Step::Quote, "nothing was negotiated, negotiate first");
            return go(Step::Quote);
        case Phase::Submit:
            if (!token) return missing(Step::Submit, "no token at hand, authenticate first");
            if (!negotiation) return missing(Step::Submit, "nothing was negotiated, negotiate first");
            if (!evidence && !run.course.negotiates) return go(Step::Quote);
            if (!evidence) return missing(Step::Submit, "no evidence at hand, collect first");
            return go(Step::Submit);
    }
    throw std::logic_error("lifecycle: no such phase");
}

Want Machine::State::enter(Step step) {
    const bool needs_token = step == Step::Negotiate || step == Step::Submit;
    if (needs_token && !run.bare && token_is_due()) return authenticate(step);
    return go(step);
}

Want Machine::State::go(Step step) {
    run.step = step;
    switch (step) {
        case Step::AskVersion:
            return ask_version();
        case Step::DescribeToRegister:
        case Step::DescribeToNegotiate:
            return use_tpm(DescribeTpm{});
        case Step::Register:
            return register_agent();
        case Step::DecryptCredential:
            if (ek_lost) {
                credential.reset();
                return finish(Finished::Ending::Failed, {},
                              "activate: the EK was flushed before an activation that failed; only a restart "
                              "of the agent loads it again");
            }
            return use_tpm(ActivateCredential{credential->id_object, credential->encrypted_secret});
        case Step::Activate:
            return activate();
        case Step::OpenSession:
            return open_session();
        case Step::Certify:
            return use_tpm(CertifyAk{run.session->challenge});
        case Step::Prove:
            return prove();
        case Step::Negotiate:
            return negotiate();
        case Step::Quote:
            return collect();
        case Step::Submit:
            return submit();
    }
    throw std::logic_error("lifecycle: no such step");
}

Want Machine::State::after(Phase phase, const Grounds& grounds, std::string reason,
                           std::optional<Duration> next) {
    if (phase == Phase::Authenticate && run.after_authentication) {
        return go(*std::exchange(run.after_authentication, std::nullopt));
    }
    if (phase == run.goal) return finish(Finished::Ending::Reached, grounds, reason, next);
    switch (phase) {
        case Phase::Register:
            return go(Step::DecryptCredential);
        case Phase::Activate:
            if (run.goal == Phase::Authenticate || token_is_due()) return authenticate(std::nullopt);
            return start_cycle();
        case Phase::Authenticate:
            return start_cycle();
        case Phase::Negotiate:
            return go(Step::Quote);
        case Phase::Collect:
            return enter(Step::Submit);
        case Phase::Submit:
            break;
    }
    throw std::logic_error("lifecycle: nothing comes after submit");
}

Want Machine::State::accept(const HttpResponse& answer) {
    switch (call_of(run.step)) {
        case Call::AskVersion:
            return take_versions(answer);
        case Call::Register:
            return take_registration(answer);
        case Call::Activate:
            return take_activation(answer);
        case Call::OpenSession:
            return take_session(answer);
        case Call::Prove:
            return take_verdict(answer);
        case Call::Negotiate:
            return take_negotiation(answer);
        case Call::Submit:
            return take_submission(answer);
    }
    throw std::logic_error("lifecycle: no such call");
}

Want Machine::State::send(Peer peer, HttpRequest request) {
    awaiting = Awaiting::Response;
    run.call = protocol::call_name(request);
    const auto call = static_cast<std::size_t>(call_of(run.step));
    const int attempt = ++run.sent.at(call);
    // Of layered retries each request has its own, also where a session comes between.
    if (settings.habits.layered_retries && !run.again.test(call) && run.step != Step::Prove) {
        run.waits.at(call) = 0;
        run.backoffs.at(call) = 0;
    }
    run.again.reset(call);
    return SendRequest{phase_of(run.step), peer, std::move(request), attempt};
}

Want Machine::State::use_tpm(decltype(UseTpm::operation) operation) {
    awaiting = Awaiting::Tpm;
    return UseTpm{phase_of(run.step), std::move(operation)};
}

Want Machine::State::take_tpm_answer(const TpmAnswer& answer) {
    switch (run.step) {
        case Step::DescribeToRegister:
            description = std::get<tpm::Description>(answer);
            return go(Step::Register);
        case Step::DecryptCredential:
            secret = std::get<Bytes>(answer);
            return go(Step::Activate);
        case Step::Certify: {
            const auto& proof = std::get<tpm::Certification>(answer);
            run.proof_message = proof.message;
            run.proof_signature = proof.signature;
            return go(Step::Prove);
        }
        case Step::DescribeToNegotiate:
            description = std::get<tpm::Description>(answer);
            return enter(Step::Negotiate);
        case Step::Quote:
            return take_quote(std::get<tpm::Quote>(answer));
        default:
            throw std::logic_error("lifecycle: no TPM operation was wanted");
    }
}

void Machine::State::forget_process() {
    awaiting = Awaiting::Nothing;
    run = Run{};
    drop_token();
    tokens_seen.clear();
    credential.reset();
    secret.clear();
    offered.reset();
    negotiation.reset();
    evidence.reset();
    nothing_collected = false;
    ek_lost = false;
    may_have_arrived.reset();
    refused_in_a_row = 0;
    hold_off_until = Instant{};
}

Machine::Machine(Settings settings, const Clock& clock, RandomStream& random)
    : state_(std::make_unique<State>(std::move(settings), clock, random)) {}
Machine::~Machine() = default;
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;

namespace {

template <typename Awaiting>
void expect(Awaiting found, Awaiting expected, const char* call) {
    if (found != expected) throw std::logic_error(std::string("lifecycle: ") + call + " was not due");
}

}  // namespace

Want Machine::begin(Phase goal, bool bare, const Course& course) {
    expect(state_->awaiting, State::Awaiting::Nothing, "begin");
    return state_->begin(goal, bare, course);
}

Want Machine::on_response(const transport::Outcome& outcome) {
    expect(std::exchange(state_->awaiting, State::Awaiting::Nothing), State::Awaiting::Response,
           "on_response");
    if (outcome.response) return state_->judge(*outcome.response);
    const transport::Failure unexplained{transport::FailureKind::Closed, "no answer, and no reason given"};
    return state_->judge(outcome.failure.value_or(unexplained));
}

Want Machine::cannot_send(const std::string& reason) {
    expect(std::exchange(state_->awaiting, State::Awaiting::Nothing), State::Awaiting::Response,
           "cannot_send");
    return state_->finish(Finished::Ending::Failed, {},
                          std::string(to_string(phase_of(state_->run.step))) + ": " + reason);
}

Want Machine::on_tpm(const Result<TpmAnswer>& answer) {
    expect(std::exchange(state_->awaiting, State::Awaiting::Nothing), State::Awaiting::Tpm, "on_tpm");
    if (answer) return state_->take_tpm_answer(*answer);
    const Phase phase = phase_of(state_->run.step);
    if (phase == Phase::Collect && state_->settings.habits.reports_errors) return state_->report_error();
    if (phase == Phase::Activate)
        state_->credential.reset();  // made for another TPM: register anew next time
    return state_->finish(Finished::Ending::Failed, {},
                          std::string(to_string(phase)) + ": " + answer.error().line());
}

Want Machine::on_pause_over() {
    expect(std::exchange(state_->awaiting, State::Awaiting::Nothing), State::Awaiting::PauseOver,
           "on_pause_over");
    const auto then = std::exchange(state_->run.after_pause, std::nullopt);
    return then ? state_->enter(*then) : state_->first_step();
}

bool Machine::registered() const {
    return state_->registered;
}

std::optional<std::string> Machine::token() const {
    return state_->token ? std::optional(state_->token->text) : std::nullopt;
}

std::optional<std::string> Machine::auth_tag() const {
    if (state_->secret.empty()) return std::nullopt;
    return protocol::auth_tag(state_->settings.agent_id, state_->secret);
}

bool Machine::authenticated() const {
    const auto& token = state_->token;
    return token && (!token->expires_at || state_->clock.wall_now() < *token->expires_at);
}

std::optional<int> Machine::attestation_index() const {
    return state_->index();
}

std::optional<Bytes> Machine::challenge() const {
    if (!state_->negotiation) return std::nullopt;
    for (const auto& request : state_->negotiation->evidence_requested) {
        if (const auto* quote = std::get_if<protocol::QuoteRequest>(&request)) return quote->challenge;
    }
    return std::nullopt;
}

std::optional<Duration> Machine::challenge_lifetime() const {
    const auto& negotiation = state_->negotiation;
    if (!negotiation || !negotiation->capabilities_received_at || !negotiation->challenges_expire_at)
        return std::nullopt;
    return *negotiation->challenges_expire_at - *negotiation->capabilities_received_at;
}

std::optional<Duration> Machine::token_lifetime() const {
    return state_->token ? state_->token->lifetime : std::nullopt;
}

void Machine::suppose(protocol::Negotiation negotiation) {
    expect(state_->awaiting, State::Awaiting::Nothing, "suppose");
    state_->negotiation = std::move(negotiation);
    state_->evidence.reset();
    state_->nothing_collected = false;
}

void Machine::set_boot_time(WallTime boot_time) {
    state_->settings.boot_time = boot_time;
}

void Machine::restart(WallTime boot_time) {
    state_->forget_process();
    state_->registered = false;  // an agent registers at every start
    state_->settings.boot_time = boot_time;
}

}  // namespace pushsim::lifecycle
