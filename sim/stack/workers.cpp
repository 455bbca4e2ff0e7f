#include "sim/stack/workers.hpp"

#include <fmt/core.h>
#include <unistd.h>

namespace pushsim::stack {

int processors() {
    return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
}

Options verifier_options(const LocalStackOptions& options) {
    Options verifier = options.verifier;
    if (options.workers) verifier["max_workers"] = std::to_string(*options.workers);
    return verifier;
}

Result<VerifierStart> verifier_start(const LocalStackOptions& options) {
    const KeylimeInstall& keylime = options.keylime;
    const int wanted = options.workers.value_or(0);
    if (wanted <= processors()) return VerifierStart{keylime.verifier, ""};
    if (keylime.python.empty()) {
        return fail(
            ErrorKind::Config,
            fmt::format("{} workers on {} processors need a changed start, and {} does not tell which "
                        "Python runs it",
                        wanted, processors(), keylime.origin),
            fmt::format("ask for at most {} workers, or for another Keylime", processors()));
    }
    return VerifierStart{{keylime.python, "-c",
                          fmt::format("import multiprocessing; multiprocessing.cpu_count = lambda: {}; "
                                      "from keylime.cmd.verifier import main; main()",
                                      wanted)},
                         fmt::format("verifier started with {} workers on {} processors by a changed start",
                                     wanted, processors())};
}

}  // namespace pushsim::stack
