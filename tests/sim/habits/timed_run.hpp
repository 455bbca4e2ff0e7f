#pragma once
// A Rust-like agent against the scripted peer, in simulated time, and what it sent as one line of text.

#include <string>

#include "tests/agent/lifecycle/play.hpp"
#include "tests/sim/habits/real_tpm.hpp"

namespace pushsim::habits {

/// The habits as they were observed: an interval of 5 s, three retries from 1 s on.
lifecycle::Habits observed_habits();

/// "N 1s N= S E O P …": a letter for each request (V version, R register, A activate, O open session, P
/// prove, N negotiate, S submit, E submit an error), with "=" where request id, target and body are those of
/// the one of its kind before ("!" where the id alone is), and pauses from half a second on, to the half
/// second.
class TimedRun {
  public:
    explicit TimedRun(lifecycle::Habits habits = observed_habits())
        : play(4711, {.agent_id = lifecycle::kAgent, .boot_time = {}, .habits = habits}) {}

    TimedRun& with(RealTpm& tpm);  ///< in place of the peer's stand-in
    TimedRun& registered();        ///< from here on is told
    TimedRun& authenticated();     ///< from here on is told
    /// So many cycles of its life, each when it is due.
    std::string cycles(int number, lifecycle::Phase goal = lifecycle::Phase::Submit);
    std::string transcript() const;
    /// How each cycle ended: "reached failed".
    const std::string& endings() const { return endings_; }

    lifecycle::Play play;

  private:
    std::string endings_;
};

}  // namespace pushsim::habits
