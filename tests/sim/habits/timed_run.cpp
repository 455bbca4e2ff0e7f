#include "tests/sim/habits/timed_run.hpp"

#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/stand_in/challenge.hpp"

namespace pushsim::habits {

using lifecycle::Call;
using lifecycle::Finished;
using lifecycle::Phase;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

char letter(Call call) {
    constexpr std::string_view kLetters = "VRAOPNS";
    return kLetters[static_cast<std::size_t>(call)];
}

std::string pause_text(Duration pause) {
    constexpr int kMillisecondsOfHalf = 500;
    const auto halves = (pause + milliseconds{kMillisecondsOfHalf / 2}) / milliseconds{kMillisecondsOfHalf};
    if (halves == 0) return "";
    return halves % 2 == 0 ? fmt::format("{}s ", halves / 2) : fmt::format("{}.5s ", halves / 2);
}

}  // namespace

lifecycle::Habits observed_habits() {
    lifecycle::Habits habits = lifecycle::rust_agent_habits();
    habits.interval = seconds{5};
    habits.requests.initial = seconds{1};
    habits.requests.retries = 3;
    return habits;
}

TimedRun& TimedRun::with(RealTpm& tpm) {
    play.tpm = [&tpm](const lifecycle::UseTpm& use) { return tpm.use(use); };
    play.peer.challenge = stand_in::challenge_for;
    return *this;
}

TimedRun& TimedRun::registered() {
    if (play.pursue(Phase::Activate).ending != Finished::Ending::Reached)
        throw std::runtime_error("not registered");
    play.clear_record();
    return *this;
}

TimedRun& TimedRun::authenticated() {
    play.prepare();
    return *this;
}

std::string TimedRun::cycles(int number, Phase goal) {
    for (int n = 1; n <= number; ++n) {
        const Finished finished = play.pursue(goal);
        endings_ += (endings_.empty() ? "" : " ") + std::string(lifecycle::to_string(finished.ending));
        if (n < number) play.clock.advance(finished.next_attestation.value_or(Duration{}));
    }
    return transcript();
}

std::string TimedRun::transcript() const {
    std::string text;
    std::map<Call, const HttpRequest*> last;
    for (std::size_t n = 0; n < play.sent_requests.size(); ++n) {
        const HttpRequest& request = play.sent_requests[n].request;
        if (n > 0) text += " " + pause_text(play.sent_at[n] - play.sent_at[n - 1]);
        const bool is_error = request.body.find(R"("type":"error")") != std::string::npos;
        text += is_error ? 'E' : letter(lifecycle::call_in(request));
        const auto* before = std::exchange(last[lifecycle::call_in(request)], &request);
        const auto id = request.header("x-request-id");
        if (before == nullptr || !id || id != before->header("x-request-id")) continue;
        text += request.target == before->target && request.body == before->body ? '=' : '!';
    }
    return text;
}

}  // namespace pushsim::habits
