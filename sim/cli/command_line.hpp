#pragma once
// All commands and their options: what pushsim understands on its command line.

#include <string>
#include <vector>

#include "sim/cli/commands.hpp"

namespace CLI {
class App;
}

namespace pushsim::cli {

/// What was said, and what came of it. Filled while `app` is parsed, which also runs the command.
struct CommandLine {
    RunOptions run;
    ReplayOptions replay;
    ConformanceOptions conformance;
    ReportOptions report;
    std::string time_limit = "10m";
    StackOptions stack;
    AgentOptions agent;
    std::string agent_every;
    std::string shard_clock;
    TenantOptions tenant;
    VerifyOptions verify;
    std::string verify_within;
    PoolOptions pool;
    DoctorOptions doctor;
    CheckOptions check;
    std::vector<std::string> list_paths;
    std::string list_format = "text";
    bool list_all = false;
    std::vector<std::string> explained;
    std::string shell;
    std::vector<std::string> helped;
    int exit = kAsExpected;
};

/// `line` must outlive `app`.
void add_commands(CLI::App& app, CommandLine& line);

}  // namespace pushsim::cli
