#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "sim/cli/command_line.hpp"
#include "sim/cli/completion.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/usage_error.hpp"
#include "sim/cli/version.hpp"

namespace pushsim::cli {
namespace {

std::string words_of(int argc, char** argv) {
    std::string line = "pushsim";
    for (int i = 1; i < argc; ++i)
        line += std::string(" ") + argv[i];
    return line;
}

int run_command_line(int argc, char** argv) {
    CommandLine line;
    CLI::App app(
        "pushsim: agents with real TPMs against the real Keylime registrar and verifier, in push mode.",
        "pushsim");
    app.set_version_flag("--version", std::string("pushsim ") + kVersion);
    line.run.command_line = line.conformance.run.command_line = line.agent.command_line =
        words_of(argc, argv);
    add_commands(app, line);

    if (argc > 1 && argv[1] == std::string_view(kComplete)) {
        fmt::print("{}", complete(app, {argv + 2, argv + argc}).text());
        return kAsExpected;
    }
    if (argc == 1) {
        fmt::print(stderr, "{}", app.help());
        return kUsage;
    }
    // tpm2-tss writes to standard error by itself what our errors say.
    ::setenv("TSS2_LOG", "all+NONE", 0);
    std::vector<std::string> words(argv + 1, argv + argc);
    if (words.front() == "help") {
        // `help stack up` is `stack up --help`.
        words.erase(words.begin());
        if (const auto unknown = no_command(app, words)) return report_error(*unknown);
        words.emplace_back("--help");
    }
    // CLI11 would go on to look for a command in the words after it.
    if (const auto unknown = no_command(app, std::span(words).first(1))) return report_error(*unknown);
    std::ranges::reverse(words);  // as CLI11 wants them
    // A reader that goes away must not end us before the servers are stopped.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        app.parse(words);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() != 0) return report_error(usage_error(app, error));
        std::ostringstream said;  // --help, --version
        const int exit = app.exit(error, said, said);
        print_fitted(said.str());
        return exit;
    }
    return line.exit;
}

/// Ends as a program does whose reader is gone (SIGPIPE is ignored only so that servers are stopped first).
int end_without_a_reader() {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
    return kFailed;
}

bool has_reader(int descriptor) {
    pollfd look{.fd = descriptor, .events = POLLOUT, .revents = 0};
    return ::poll(&look, 1, 0) < 0 || (look.revents & (POLLERR | POLLHUP)) == 0;
}

int output_lost(const std::string& why) {
    say_error("pushsim: the output could not be written" + why);
    return kFailed;
}

/// `exit`, where all that was said could be written. A reader that is gone wants no more, and is no failure.
int with_output_written(int exit) {
    const std::string why = std::fflush(stdout) == 0 ? "" : ": " + std::generic_category().message(errno);
    return std::ferror(stdout) == 0 || !has_reader(STDOUT_FILENO) ? exit : output_lost(why);
}

}  // namespace
}  // namespace pushsim::cli

int main(int argc, char** argv) {
    try {
        return pushsim::cli::with_output_written(pushsim::cli::run_command_line(argc, argv));
    } catch (const std::exception& error) {
        const auto* system = dynamic_cast<const std::system_error*>(&error);
        if (system != nullptr && system->code() == std::errc::broken_pipe) {
            return pushsim::cli::end_without_a_reader();
        }
        if (system != nullptr && std::ferror(stdout) != 0)
            return pushsim::cli::output_lost(": " + system->code().message());
        // What arrives here else is a bug or a machine without memory.
        std::fprintf(stderr, "pushsim: internal error: %s\n", error.what());
        return pushsim::cli::kFailed;
    }
}
