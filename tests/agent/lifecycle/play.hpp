#pragma once
// A machine played to its end in simulated time, and what happened on the way.

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "agent/lifecycle/machine.hpp"
#include "peer.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"

namespace pushsim::lifecycle {

class Play {
  public:
    explicit Play(std::uint64_t seed = 4711, Settings settings = {.agent_id = kAgent, .boot_time = {}})
        : random(seed, {"lifecycle"}), machine(std::move(settings), clock, random) {}

    /// The next request of this kind gets this answer and does not reach the peer.
    void next(Call call, HttpResponse answer, int times = 1);
    /// The next request of this kind gets what this makes of it.
    void next(Call call, std::function<HttpResponse(const HttpRequest&)> answer);
    /// The next request of this kind fails and does not reach the peer.
    void next_fails(Call call, transport::FailureKind kind, int times = 1);
    /// The next request of this kind reaches the peer; its answer is lost.
    void next_answer_is_lost(Call call, transport::FailureKind kind = transport::FailureKind::Closed);
    void tpm_fails_next(Error error) { tpm_error_ = std::move(error); }

    Finished pursue(Phase goal, bool bare = false, const Course& course = {});
    /// From an unregistered agent to one that is ready for cycles; the record is cleared afterwards.
    void prepare();

    int sent(Call call) const;
    std::vector<HttpRequest> requests(Call call) const;
    Duration paused() const;
    void clear_record();
    std::string transcript() const;

    core::SimulatedClock clock;
    core::SeededStream random;
    StandIn peer{clock};
    Machine machine;
    /// What the machine's wants of the TPM go to.
    std::function<Result<TpmAnswer>(const UseTpm&)> tpm = [this](const UseTpm& use) { return peer.use(use); };

    std::vector<SendRequest> sent_requests;
    std::vector<Instant> sent_at;  ///< of the same
    std::vector<Pause> pauses;
    std::vector<UseTpm> tpm_uses;

  private:
    using Script = std::function<transport::Outcome(const HttpRequest&)>;
    void note(const std::string& line);

    std::map<Call, std::deque<Script>> scripts_;
    std::optional<Error> tpm_error_;
    std::vector<std::string> lines_;
};

/// Prints the transcript of a test that failed.
class Lifecycle : public testing::Test {
  protected:
    void TearDown() override;
    Play play;
};

}  // namespace pushsim::lifecycle
