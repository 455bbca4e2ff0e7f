#pragma once

namespace CLI {
class App;
}

namespace pushsim::cli {

struct CommandLine;

/// `pool` and what is below it.
void add_pool(CLI::App& app, CommandLine& line);

}  // namespace pushsim::cli
