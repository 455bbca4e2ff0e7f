#pragma once
// How far a long piece of work is.

#include <cstddef>
#include <string>

#include "agent/base/time.hpp"

namespace pushsim::cli {

/// On standard error: one live line on a terminal, else a line for each tenth, where those take longer than
/// two seconds. One thread at a time.
class Progress {
  public:
    /// "pushsim: making 12 of 500 TPMs, 1m10s left": `what` is "making {} of {} TPMs". The clock outlives it.
    Progress(std::string what, const Clock& clock);
    /// The live line is gone.
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void at(std::size_t done, std::size_t total);
    /// Takes the live line away, so that something else can be said.
    void clear();

  private:
    std::string text(std::size_t done, std::size_t total) const;

    std::string what_;
    const Clock& clock_;
    Instant began_;
    Instant told_at_;
    std::size_t told_tenth_ = 0;
    bool live_;
    bool shown_ = false;  ///< a live line
};

}  // namespace pushsim::cli
