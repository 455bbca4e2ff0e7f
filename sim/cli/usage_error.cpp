#include "sim/cli/usage_error.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "sim/scenario/language.hpp"

namespace pushsim::cli {
namespace {

/// The innermost command that was named.
const CLI::App& meant(const CLI::App& app) {
    const auto named = app.get_subcommands();
    return named.empty() ? app : meant(*named.back());
}

/// " stack up"; empty for pushsim itself.
std::string path_of(const CLI::App& command) {
    const CLI::App* above = command.get_parent();
    return above == nullptr ? "" : path_of(*above) + ' ' + command.get_name();
}

std::vector<std::string> commands_of(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::App* one : command.get_subcommands([](const CLI::App*) { return true; })) {
        if (!one->get_name().empty()) names.push_back(one->get_name());
    }
    return names;
}

std::vector<std::string> options_of(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames())
            names.push_back("--" + name);
    }
    for (const CLI::App* group : command.get_subcommands([](const CLI::App*) { return true; })) {
        if (!group->get_name().empty()) continue;  // option groups are commands without a name
        for (std::string& name : options_of(*group))
            names.push_back(std::move(name));
    }
    return names;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
    const auto near = scenario::nearest(word, {known.begin(), known.end()});
    return near ? fmt::format("; did you mean '{}'?", *near) : "";
}

std::string sentence(const CLI::App& command, const CLI::ParseError& error) {
    const auto commands = commands_of(command);
    const auto unread = command.remaining();
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !commands.empty()) {
        if (unread.empty()) return fmt::format("a command is missing: one of {}", fmt::join(commands, ", "));
        return fmt::format("there is no '{}', only {}{}", unread.front(), fmt::join(commands, ", "),
                           did_you_mean(unread.front(), commands));
    }
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !unread.empty()) {
        const std::string& word = unread.front();
        if (!word.starts_with('-')) return fmt::format("nothing is to be done with '{}'", word);
        const std::string name = word.substr(0, word.find('='));
        return fmt::format("there is no option '{}'{}", name, did_you_mean(name, options_of(command)));
    }
    return error.what();
}

}  // namespace

Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App& command = meant(app);
    const std::string path = path_of(command);
    const std::string where = path.empty() ? "" : path.substr(1) + ": ";
    return {ErrorKind::Usage, where + sentence(command, error), "pushsim" + path + " --help"};
}

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
    const auto check = [least, most](std::string& text) -> std::string {
        std::uint64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto [last, bad] = std::from_chars(text.data(), end, number);
        if (bad != std::errc{} || last != end || number < least || number > most)
            return fmt::format("expected a number from {} to {}, found '{}'", least, most, text);
        text = std::to_string(number);  // without leading zeros
        return "";
    };
    return {check, ""};
}

}  // namespace pushsim::cli
