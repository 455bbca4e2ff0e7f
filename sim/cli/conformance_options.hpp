#pragma once

namespace CLI {
class App;
}

namespace pushsim::cli {

struct CommandLine;

void add_conformance(CLI::App& app, CommandLine& line);
void add_report(CLI::App& app, CommandLine& line);

}  // namespace pushsim::cli
