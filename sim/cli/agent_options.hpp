#pragma once

namespace CLI {
class App;
}

namespace pushsim::cli {

struct CommandLine;

/// `agent` and what is below it.
void add_agent(CLI::App& app, CommandLine& line);

}  // namespace pushsim::cli
