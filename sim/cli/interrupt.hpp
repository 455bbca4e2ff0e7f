#pragma once

#include <span>

#include <sys/types.h>

namespace pushsim::cli {

/// Ctrl-C, SIGTERM and SIGHUP: the first asks to stop in order, a second Ctrl-C or SIGTERM ends at once. "At
/// once" kills the process groups named here and leaves with status 130; nothing is written any more (the
/// history is whole up to there anyway). A terminal that closes often sends SIGHUP twice, by the kernel and
/// by the shell, so a further one asks for no more. For commands that start servers; others
/// end at the first.
class Interrupt {
  public:
    /// Installs the handlers. One instance a process. A SIGHUP that is ignored already (nohup) stays so.
    /// `lost` is what a person is told when a second signal ends it; it must live as long as the process.
    explicit Interrupt(const char* lost = "what was recorded so far stays, no report is written");

    /// True since the first signal. Safe to call from any thread.
    static bool asked();

    /// The groups (at most 512) that a second signal kills; replaces those named before.
    static void kill_on_second(std::span<const pid_t> groups);
};

}  // namespace pushsim::cli
