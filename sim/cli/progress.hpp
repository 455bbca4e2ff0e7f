#pragma once
// How far a long piece of work is.

#include <cstddef>
#include <string>

#include "agent/base/time.hpp"
#include "sim/fleet/runner.hpp"

namespace pushsim::cli {

/// A line on a terminal's standard error that is written over; elsewhere there is none.
class LiveLine {
  public:
    LiveLine();
    /// The line is gone.
    ~LiveLine();
    LiveLine(const LiveLine&) = delete;
    LiveLine& operator=(const LiveLine&) = delete;

    bool there_is() const { return columns_ > 0; }
    bool shown() const { return shown_; }
    /// Cut to what the terminal has room for.
    void show(const std::string& text);
    /// Takes it away, so that something else can be said.
    void clear();

  private:
    int columns_;
    bool shown_ = false;
};

/// On standard error: one live line on a terminal, else a line for each tenth, where those take longer than
/// two seconds. One thread at a time.
class Progress {
  public:
    /// "pushsim: making 12 of 500 TPMs, 1m10s left": `what` is "making {} of {} TPMs". The clock outlives it.
    Progress(std::string what, const Clock& clock);
    void at(std::size_t done, std::size_t total);
    /// Takes the live line away, so that something else can be said.
    void clear() { line_.clear(); }

  private:
    std::string text(std::size_t done, std::size_t total) const;

    std::string what_;
    const Clock& clock_;
    Instant began_;
    Instant told_at_;
    std::size_t told_tenth_ = 0;
    LiveLine line_;
};

/// Where the agents of a scenario are while it is played: a live line on a terminal, elsewhere a line every
/// half minute.
class StandingLine {
  public:
    /// The clock outlives it.
    StandingLine(std::string scenario, const Clock& clock);
    void at(const fleet::Standing& standing);

  private:
    std::string scenario_;
    const Clock& clock_;
    Instant began_;
    Instant told_at_;
    LiveLine line_;
};

/// `scenario` may have a number before it: "3/27 fleet". "fleet, step 1 attest, 1m3s: 12 of 200 done, 143
/// registered, 96 enrolled"; of one agent the first half alone.
std::string standing_text(const std::string& scenario, const fleet::Standing& standing, Duration taken);

}  // namespace pushsim::cli
