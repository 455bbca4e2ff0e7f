// Sessions: challenge, proof of possession, token.

#include <algorithm>
#include <utility>

#include "agent/base/text.hpp"
#include "agent/lifecycle/state.hpp"

namespace pushsim::lifecycle {
namespace {

/// That an answer is about what was asked about.
Result<void> expect_same(const std::string& call, const char* pointer, const std::string& found,
                         const std::string& expected) {
    if (found == expected) return {};
    return fail(ErrorKind::Protocol, call + ": " + pointer + ": '" + escaped(found, kLongestWord) +
                                         "', expected '" + expected + "'");
}

}  // namespace

Want Machine::State::authenticate(std::optional<Step> then) {
    run.after_authentication = then;
    run.sent[static_cast<std::size_t>(Call::OpenSession)] = 0;
    run.sent[static_cast<std::size_t>(Call::Prove)] = 0;
    return go(Step::OpenSession);
}

Want Machine::State::open_session() {
    run.session.reset();
    return send(Peer::Verifier, protocol::session_request(settings.agent_id, headers()));
}

Want Machine::State::take_session(const HttpResponse& answer) {
    auto session = protocol::parse_session(answer, run.call);
    if (!session) return malformed(answer, session.error());
    const auto ours =
        expect_same(run.call, "/data/attributes/agent_id", session->agent_id, settings.agent_id);
    if (!ours) return malformed(answer, ours.error());
    run.session = *std::move(session);
    return go(Step::Certify);
}

Want Machine::State::prove() {
    return send(Peer::Verifier, protocol::proof_request(run.session->session_id, settings.agent_id,
                                                        run.proof_message, run.proof_signature, headers()));
}

Want Machine::State::take_verdict(const HttpResponse& answer) {
    const auto verdict = protocol::parse_proof(answer, run.call);
    if (!verdict) return malformed(answer, verdict.error());
    const auto ours =
        expect_same(run.call, "/data/id", verdict->session_id, run.session->session_id).and_then([&] {
            return expect_same(run.call, "/data/attributes/agent_id", verdict->agent_id, settings.agent_id);
        });
    if (!ours) return malformed(answer, ours.error());
    const WallTime now = clock.wall_now();
    if (!verdict->passed) {
        // The verifier's own clock where it tells it, for ours may differ.
        const WallTime judged_at = verdict->response_received_at.value_or(now);
        const bool expired = judged_at >= verdict->challenges_expire_at;
        return judge_verdict(answer, expired ? Condition::ChallengeExpired : Condition::ProofFailed);
    }
    drop_token();
    token = Token{verdict->token, verdict->token_expires_at, std::nullopt, std::nullopt};
    if (verdict->token_expires_at && verdict->response_received_at)
        token->lifetime = *verdict->token_expires_at - *verdict->response_received_at;
    constexpr std::size_t kRemembered = 64;
    if (tokens_seen.size() == kRemembered) tokens_seen.erase(tokens_seen.begin());
    tokens_seen.push_back(verdict->token);
    // The verifier extends a token with every attestation that passes and never says so: its last known end
    // is the only one to rely on. A token that has ended already when it comes shows that the clocks
    // disagree; it is used until it is refused. One that lives for less than twice the margin is used for
    // half its life.
    const auto& renew_before = settings.habits.renew_before_expiry;
    if (renew_before && token->expires_at && *token->expires_at > now) {
        const auto margin = std::min<Duration>(*renew_before, (*token->expires_at - now) / 2);
        token->renew_at = *token->expires_at - std::chrono::duration_cast<WallTime::duration>(margin);
    }
    Grounds grounds;
    grounds.status = answer.status;
    return after(Phase::Authenticate, grounds, "authenticated");
}

bool Machine::State::token_is_due() const {
    const bool renews = run.course.renews_token && token && token->renew_at;
    return !token || (renews && clock.wall_now() >= *token->renew_at);
}

void Machine::State::drop_token() {
    token.reset();
}

}  // namespace pushsim::lifecycle
