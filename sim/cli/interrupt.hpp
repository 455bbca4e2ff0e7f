#pragma once

#include <span>

#include <sys/types.h>

namespace pushsim::cli {

/// Ctrl-C and SIGTERM: the first asks to stop in order, the second ends at once. "At once" kills the process
/// groups named here and leaves with status 130; nothing is written any more (the history is whole up to
/// there anyway).
class Interrupt {
  public:
    /// Installs the handlers. One instance a process.
    Interrupt();

    /// True since the first signal. Safe to call from any thread.
    static bool asked();

    /// The groups (at most 8) that a second signal kills; replaces those named before.
    static void kill_on_second(std::span<const pid_t> groups);
};

}  // namespace pushsim::cli
