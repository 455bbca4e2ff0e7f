#pragma once

namespace CLI {
class App;
}

namespace pushsim::cli {

struct CommandLine;

/// What the exit codes mean, for the help of commands that judge.
extern const char* const kExitCodes;

void add_run(CLI::App& app, CommandLine& line);
void add_replay(CLI::App& app, CommandLine& line);

}  // namespace pushsim::cli
