#pragma once
// The commands and options of the real program.

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "sim/cli/command_line.hpp"
#include "sim/cli/command_tree.hpp"

namespace pushsim::testing {

struct Tree {
    cli::CommandLine line;
    CLI::App app{"pushsim", "pushsim"};
    Tree() { cli::add_commands(app, line); }
};

/// Calls `act` with the words that lead to each command.
template <typename Act>
void for_each_command(const CLI::App& command, const std::vector<std::string>& path, Act act) {
    act(command, path);
    for (const CLI::App* below : cli::commands_of(command)) {
        auto longer = path;
        longer.push_back(below->get_name());
        for_each_command(*below, longer, act);
    }
}

}  // namespace pushsim::testing
