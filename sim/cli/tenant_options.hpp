#pragma once

namespace CLI {
class App;
}

namespace pushsim::cli {

struct CommandLine;

/// `tenant` and what is below it.
void add_tenant(CLI::App& app, CommandLine& line);
void add_verify(CLI::App& app, CommandLine& line);

}  // namespace pushsim::cli
