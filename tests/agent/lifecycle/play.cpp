#include "play.hpp"

#include <iostream>
#include <stdexcept>

#include <fmt/format.h>

namespace pushsim::lifecycle {
namespace {

transport::Outcome answered(HttpResponse answer) {
    transport::Outcome outcome;
    outcome.response = std::move(answer);
    return outcome;
}

transport::Outcome failed(transport::FailureKind kind) {
    transport::Outcome outcome;
    outcome.failure = transport::Failure{kind, "127.0.0.1:41811"};
    return outcome;
}

}  // namespace

void Play::next(Call call, HttpResponse answer, int times) {
    for (int n = 0; n < times; ++n) {
        scripts_[call].push_back([answer](const HttpRequest&) { return answered(answer); });
    }
}

void Play::next(Call call, std::function<HttpResponse(const HttpRequest&)> answer) {
    scripts_[call].push_back(
        [answer = std::move(answer)](const HttpRequest& request) { return answered(answer(request)); });
}

void Play::next_fails(Call call, transport::FailureKind kind, int times) {
    for (int n = 0; n < times; ++n) {
        scripts_[call].push_back([kind](const HttpRequest&) { return failed(kind); });
    }
}

void Play::next_answer_is_lost(Call call, transport::FailureKind kind) {
    scripts_[call].push_back([this, kind](const HttpRequest& request) {
        peer.answer(request);
        return failed(kind);
    });
}

Finished Play::pursue(Phase goal, bool bare, const Course& course) {
    constexpr int kTooMany = 1000;
    note(fmt::format("== {}{}", to_string(goal), bare ? ", bare" : ""));
    Want want = machine.begin(goal, bare, course);
    for (int wants = 0; wants < kTooMany; ++wants) {
        if (auto* finished = std::get_if<Finished>(&want)) {
            note(fmt::format("{} in {}: {}", to_string(finished->ending), to_string(finished->phase),
                             finished->reason));
            return *finished;
        }
        if (auto* pause = std::get_if<Pause>(&want)) {
            note(fmt::format("{} pauses {} ({})", to_string(pause->phase), to_text(pause->duration),
                             pause->reason));
            pauses.push_back(*pause);
            clock.advance(pause->duration);
            want = machine.on_pause_over();
        } else if (auto* use = std::get_if<UseTpm>(&want)) {
            note(fmt::format("{} uses the TPM ({})", to_string(use->phase), use->operation.index()));
            tpm_uses.push_back(*use);
            clock.advance(std::chrono::milliseconds{2});
            Result<TpmAnswer> answer = tpm(*use);
            if (tpm_error_) answer = fail(*std::exchange(tpm_error_, std::nullopt));
            want = machine.on_tpm(answer);
        } else {
            const auto& request = std::get<SendRequest>(want);
            note(fmt::format("{} -> {} {} {} (attempt {})", to_string(request.phase), to_string(request.peer),
                             request.request.method, request.request.target, request.attempt));
            sent_requests.push_back(request);
            sent_at.push_back(clock.now());
            clock.advance(std::chrono::milliseconds{10});
            auto& script = scripts_[call_in(request.request)];
            transport::Outcome outcome;
            if (script.empty()) {
                outcome = answered(peer.answer(request.request));
            } else {
                outcome = script.front()(request.request);
                script.pop_front();
            }
            note(outcome.response ? fmt::format("  <- {}", outcome.response->status) : "  <- no answer");
            want = machine.on_response(outcome);
        }
    }
    throw std::runtime_error("the machine does not end");
}

void Play::prepare() {
    const Finished ready = pursue(Phase::Authenticate);
    if (ready.ending != Finished::Ending::Reached) throw std::runtime_error("not ready: " + ready.reason);
    clear_record();
}

int Play::sent(Call call) const {
    return static_cast<int>(requests(call).size());
}

std::vector<HttpRequest> Play::requests(Call call) const {
    std::vector<HttpRequest> found;
    for (const auto& sent : sent_requests) {
        if (call_in(sent.request) == call) found.push_back(sent.request);
    }
    return found;
}

Duration Play::paused() const {
    Duration sum{};
    for (const auto& pause : pauses)
        sum += pause.duration;
    return sum;
}

void Play::clear_record() {
    sent_requests.clear();
    sent_at.clear();
    pauses.clear();
    tpm_uses.clear();
}

void Play::note(const std::string& line) {
    lines_.push_back(fmt::format("{:>12} {}", to_text(clock.now().time_since_epoch()), line));
}

std::string Play::transcript() const {
    std::string text;
    for (const auto& line : lines_)
        text += line + "\n";
    return text;
}

void Lifecycle::TearDown() {
    if (HasFailure()) std::cout << play.transcript();
}

}  // namespace pushsim::lifecycle
