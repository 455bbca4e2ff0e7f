#include "sim/cli/command_tree.hpp"

#include <sstream>

#include <CLI/CLI.hpp>

namespace pushsim::cli {
namespace {

/// CLI11 keeps option groups as commands without a name.
template <typename Act>
void for_each_app_below(const CLI::App& command, Act act) {
    for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; }))
        act(*below);
}

std::vector<const CLI::Option*> all_options(const CLI::App& command, bool by_place) {
    std::vector<const CLI::Option*> options;
    for (const CLI::Option* option : command.get_options()) {
        if (option->get_positional() == by_place) options.push_back(option);
    }
    for_each_app_below(command, [&](const CLI::App& group) {
        if (!group.get_name().empty()) return;
        for (const CLI::Option* option : all_options(group, by_place)) {
            if (option != group.get_help_ptr()) options.push_back(option);
        }
    });
    return options;
}

}  // namespace

std::string path_of(const CLI::App& command) {
    const CLI::App* above = command.get_parent();
    if (above == nullptr) return "";
    const std::string path = path_of(*above);
    return path.empty() ? command.get_name() : path + ' ' + command.get_name();
}

std::vector<const CLI::App*> commands_of(const CLI::App& command) {
    std::vector<const CLI::App*> commands;
    for_each_app_below(command, [&](const CLI::App& below) {
        if (!below.get_name().empty()) commands.push_back(&below);
    });
    return commands;
}

const CLI::App* command_named(const CLI::App& command, const std::string& name) {
    for (const CLI::App* below : commands_of(command)) {
        if (below->get_name() == name) return below;
    }
    return nullptr;
}

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
    return all_options(command, false);
}

std::vector<const CLI::Option*> arguments_of(const CLI::App& command) {
    return all_options(command, true);
}

std::string name_of(const CLI::Option& option) {
    return option.get_lnames().empty() ? option.get_name() : "--" + option.get_lnames().front();
}

bool takes_value(const CLI::Option& option) {
    return option.get_items_expected_max() > 0;
}

std::vector<std::string> values_of(const CLI::Option& option) {
    // one_of() tells its words in the name of the type alone: "TEXT:{text,json}".
    const std::string type = option.get_type_name();
    const auto begin = type.find('{');
    const auto end = type.find('}', begin);
    if (begin == std::string::npos || end == std::string::npos) return {};
    std::istringstream members(type.substr(begin + 1, end - begin - 1));
    std::vector<std::string> values;
    for (std::string member; std::getline(members, member, ',');)
        values.push_back(member);
    return values;
}

}  // namespace pushsim::cli
