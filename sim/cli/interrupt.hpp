#pragma once

#include <functional>
#include <span>
#include <string>

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

    /// What a person is told from now on, in place of that. Once a process: the text is never freed, for the
    /// handler may be at it.
    static void loses(const std::string& text);

    /// True since the first signal. Safe to call from any thread.
    static bool asked();

    /// A function that takes the groups that a second signal kills, in place of those that it took before;
    /// groups that other such functions took stay. At most 512 in all. Safe to call from any thread.
    static std::function<void(std::span<const pid_t> groups)> killer();
};

}  // namespace pushsim::cli
