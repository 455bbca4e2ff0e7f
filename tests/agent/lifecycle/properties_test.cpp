// For arbitrary servers: the machine ends, in bounded time, and gives nothing away.

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "play.hpp"

namespace pushsim::lifecycle {
namespace {

using transport::FailureKind;

constexpr int kRetries = 3;

/// What a server may do with one request. Half of the answers are honest, so that runs get far.
transport::Outcome some_outcome(StandIn& peer, const HttpRequest& request) {
    transport::Outcome outcome;
    const int choice = *rc::gen::inRange(0, 14);
    if (choice < 7) {
        outcome.response = peer.answer(request);
        return outcome;
    }
    if (choice < 9) {
        if (*rc::gen::arbitrary<bool>()) peer.answer(request);
        outcome.failure = {*rc::gen::element(FailureKind::ConnectRefused, FailureKind::ConnectFailed,
                                             FailureKind::Certificate, FailureKind::Tls, FailureKind::Timeout,
                                             FailureKind::Closed, FailureKind::Reset, FailureKind::Malformed,
                                             FailureKind::TooLarge, FailureKind::Cancelled),
                           "here is a token: " + peer.token};
        return outcome;
    }
    HttpHeaders headers;
    if (*rc::gen::arbitrary<bool>()) {
        headers.emplace_back("Retry-After",
                             *rc::gen::element<std::string>("0", "1", "3600", "100000", "-1", "soon"));
    }
    const int status =
        *rc::gen::element(200, 201, 202, 204, 302, 400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 503);
    HttpResponse answer;
    switch (choice) {
        case 9:
        case 10:
            answer = refusal(
                status,
                *rc::gen::element<std::string>("challenges_expired", "evidence_immutable", "conflict"),
                headers);
            break;
        case 11:
            answer = refusal_without_code(status, "your token " + peer.token, headers);
            break;
        case 12:
            answer = bare_status(status, headers);
            break;
        default:
            // An honest answer with one octet changed, under some status.
            answer = peer.answer(request);
            if (!answer.body.empty()) {
                const auto at = *rc::gen::inRange<std::size_t>(0, answer.body.size());
                answer.body[at] = *rc::gen::arbitrary<char>();
            }
            if (*rc::gen::arbitrary<bool>()) answer.status = status;
            break;
    }
    outcome.response = std::move(answer);
    return outcome;
}

struct Seen {
    int wants = 0;
    Duration paused{};
    bool negotiated = false;
    std::vector<std::string> tokens;  ///< that the machine was given
};

void one_goal(Machine& machine, core::SimulatedClock& clock, StandIn& peer, Phase goal, bool bare,
              Seen& seen) {
    // At most: three requests for the registrar, two for a session and two for a cycle, each with its
    // retries, each retry of the cycle with a session of its own, and a pause or a TPM operation with each.
    constexpr int kMostWants = 60 + 40 * kRetries;
    // Seven calls with their retries, each told to wait at most an hour, and one pause after a refusal.
    constexpr Duration kMostPaused = std::chrono::hours{7 * kRetries + 1};
    auto& tokens = seen.tokens;
    seen.wants = 0;
    seen.paused = {};
    Want want = machine.begin(goal, bare);
    for (;;) {
        RC_ASSERT(++seen.wants <= kMostWants);
        RC_ASSERT(seen.paused <= kMostPaused);
        const auto shows_a_token = [&](const std::string& text) {
            return std::any_of(tokens.begin(), tokens.end(),
                               [&](const auto& token) { return text.find(token) != std::string::npos; });
        };
        if (const auto* finished = std::get_if<Finished>(&want)) {
            RC_ASSERT(!finished->reason.empty());
            RC_ASSERT(!shows_a_token(finished->reason));
            RC_ASSERT(!shows_a_token(finished->code.value_or("")));
            if (finished->ending == Finished::Ending::Reached) RC_ASSERT(finished->phase == goal);
            if (bare) RC_ASSERT(finished->ending != Finished::Ending::Stopped || seen.wants <= 2);
            RC_ASSERT_THROWS_AS(machine.on_pause_over(), std::logic_error);
            return;
        }
        if (const auto* pause = std::get_if<Pause>(&want)) {
            RC_ASSERT(!bare);
            RC_ASSERT(!shows_a_token(pause->reason));
            RC_ASSERT(pause->duration >= Duration::zero());
            RC_ASSERT_THROWS_AS(machine.begin(goal), std::logic_error);
            seen.paused += pause->duration;
            clock.advance(pause->duration);
            want = machine.on_pause_over();
        } else if (const auto* use = std::get_if<UseTpm>(&want)) {
            RC_ASSERT_THROWS_AS(machine.begin(goal), std::logic_error);
            Result<TpmAnswer> answer = peer.use(*use);
            if (*rc::gen::inRange(0, 40) == 0) answer = fail(ErrorKind::Tpm, "TPM_RC_FAILURE");
            want = machine.on_tpm(answer);
        } else {
            const auto& send = std::get<SendRequest>(want);
            RC_ASSERT_THROWS_AS(machine.begin(goal), std::logic_error);
            RC_ASSERT(send.attempt >= 1);
            const Call call = call_in(send.request);
            const bool to_registrar = call <= Call::Activate;
            RC_ASSERT((send.peer == Peer::Registrar) == to_registrar);
            for (const auto& [name, value] : send.request.headers) {
                constexpr std::string_view kScheme = "Bearer ";
                if (name == "authorization") tokens.push_back(value.substr(kScheme.size()));
                const bool carries = name == "authorization" || shows_a_token(value);
                RC_ASSERT(!carries || call >= Call::Negotiate);
            }
            RC_ASSERT(!shows_a_token(send.request.body));
            RC_ASSERT(!shows_a_token(send.request.target));
            if (call == Call::Submit) RC_ASSERT(seen.negotiated);
            clock.advance(std::chrono::milliseconds{10});
            const transport::Outcome outcome = some_outcome(peer, send.request);
            if (call == Call::Negotiate && outcome.response && outcome.response->status == 201)
                seen.negotiated = true;
            want = machine.on_response(outcome);
            const std::string member = "\"token\":\"" + peer.token + "\"";
            const bool showed_token = call == Call::Prove && outcome.response &&
                                      outcome.response->status == 200 &&
                                      outcome.response->body.find(member) != std::string::npos;
            if (showed_token) {
                const auto* finished = std::get_if<Finished>(&want);
                if (finished != nullptr) RC_ASSERT(finished->reason.find(peer.token) == std::string::npos);
                const bool was_taken = finished == nullptr || finished->ending == Finished::Ending::Reached;
                if (was_taken) tokens.push_back(peer.token);
            }
        }
    }
}

TEST(Properties, ForAnyServerTheMachineEndsInBoundedTimeAndGivesNothingAway) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed, bool asks_for_evidence, bool enrolled) {
        core::SimulatedClock clock;
        core::SeededStream random(seed, {"property"});
        Settings settings;
        settings.agent_id = kAgent;
        settings.habits.requests.retries = kRetries;
        settings.habits.sessions.retries = kRetries;
        Machine machine(settings, clock, random);
        StandIn peer{clock};
        peer.asks_for_evidence = asks_for_evidence;
        peer.enrolled = enrolled;
        Seen seen;
        const int goals = *rc::gen::inRange(1, 6);
        for (int n = 0; n < goals; ++n) {
            const Phase goal =
                *rc::gen::element(Phase::Register, Phase::Activate, Phase::Authenticate, Phase::Negotiate,
                                  Phase::Collect, Phase::Submit, Phase::Submit, Phase::Submit);
            const bool bare = *rc::gen::inRange(0, 4) == 0;
            one_goal(machine, clock, peer, goal, bare, seen);
        }
    }));
}

TEST(Properties, ForAnyServerTheSameSeedGivesTheSameWants) {
    EXPECT_TRUE(
        rc::check([](std::uint64_t seed, const std::vector<std::pair<std::uint8_t, std::uint8_t>>& script) {
            const auto played = [&] {
                Play play{seed};
                for (const auto& [call, kind] : script) {
                    const auto where = static_cast<Call>(call % kCalls);
                    switch (kind % 5) {
                        case 0:
                            play.next(where, bare_status(500));
                            break;
                        case 1:
                            play.next(where, bare_status(401));
                            break;
                        case 2:
                            play.next(where, bare_status(429, {{"Retry-After", "1"}}));
                            break;
                        case 3:
                            play.next_fails(where, FailureKind::Timeout);
                            break;
                        default:
                            play.next(where, refusal(403, "challenges_expired"));
                            break;
                    }
                }
                play.pursue(Phase::Submit);
                play.pursue(Phase::Submit);
                std::string text = play.transcript();
                for (const auto& sent : play.sent_requests) {
                    for (const auto& [name, value] : sent.request.headers)
                        text += name + value;
                    text += sent.request.body;
                }
                return text;
            };
            RC_ASSERT(played() == played());
        }));
}

}  // namespace
}  // namespace pushsim::lifecycle
