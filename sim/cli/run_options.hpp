#pragma once

#include <string>

namespace CLI {
class App;
}

namespace pushsim::cli {

struct CommandLine;
struct RunOptions;

/// What the exit codes mean, for the help of commands that judge.
extern const char* const kExitCodes;

/// The same for what they mean to TPMs.
extern const char* const kAccelerators;

/// What `run`, `replay` and `conformance` have in common: how it is played, not what.
void add_manner(CLI::App& command, RunOptions& options, std::string& time_limit);
/// False, and the exit code is set, where it is none.
bool take_time_limit(CommandLine& line, RunOptions& options);

void add_run(CLI::App& app, CommandLine& line);
void add_replay(CLI::App& app, CommandLine& line);
void add_shard(CLI::App& app, CommandLine& line);

}  // namespace pushsim::cli
