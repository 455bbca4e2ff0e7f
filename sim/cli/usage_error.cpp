#include "sim/cli/usage_error.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "agent/tpm/tcti_name.hpp"
#include "sim/cli/command_tree.hpp"
#include "sim/scenario/group.hpp"
#include "sim/scenario/language.hpp"

namespace pushsim::cli {
namespace {

/// The innermost command that was named.
const CLI::App& meant(const CLI::App& app) {
    const auto named = app.get_subcommands();
    return named.empty() ? app : meant(*named.back());
}

std::vector<std::string> names_of_commands(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::App* one : commands_of(command))
        names.push_back(one->get_name());
    return names;
}

std::vector<std::string> names_of_options(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : options_of(command))
        names.push_back(name_of(*option));
    return names;
}

std::string help_of(const CLI::App& command) {
    const std::string path = path_of(command);
    return "pushsim" + (path.empty() ? "" : ' ' + path) + " --help";
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
    const auto near = scenario::nearest(word, {known.begin(), known.end()});
    return near ? fmt::format("; did you mean '{}'?", *near) : "";
}

std::string no_such_command(const std::string& word, const std::vector<std::string>& commands) {
    return fmt::format("there is no '{}', only {}{}", word, fmt::join(commands, ", "),
                       did_you_mean(word, commands));
}

std::string sentence(const CLI::App& command, const CLI::ParseError& error) {
    const auto commands = names_of_commands(command);
    const auto unread = command.remaining();
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !commands.empty()) {
        if (unread.empty()) return fmt::format("a command is missing: one of {}", fmt::join(commands, ", "));
        return no_such_command(unread.front(), commands);
    }
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !unread.empty()) {
        const std::string& word = unread.front();
        if (!word.starts_with('-') && !commands.empty()) return no_such_command(word, commands);
        if (!word.starts_with('-')) return fmt::format("one word too many: '{}'", word);
        const std::string name = word.substr(0, word.find('='));
        return fmt::format("there is no option '{}'{}", name, did_you_mean(name, names_of_options(command)));
    }
    return error.what();
}

}  // namespace

Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App& command = meant(app);
    const std::string path = path_of(command);
    const std::string where = path.empty() ? "" : path + ": ";
    return {ErrorKind::Usage, where + sentence(command, error), help_of(command)};
}

std::optional<Error> no_command(const CLI::App& app, std::span<const std::string> words) {
    const CLI::App* command = &app;
    for (const std::string& word : words) {
        if (word.starts_with('-')) break;
        const auto names = names_of_commands(*command);
        const CLI::App* below = command_named(*command, word);
        if (below == nullptr) {
            return Error{ErrorKind::Usage,
                         names.empty() ? fmt::format("{} has no commands", path_of(*command))
                                       : no_such_command(word, names),
                         help_of(*command)};
        }
        command = below;
    }
    return std::nullopt;
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

CLI::Validator one_of(const std::vector<std::string>& words) {
    const auto check = [words](const std::string& text) -> std::string {
        if (std::ranges::find(words, text) != words.end()) return "";
        return fmt::format("expected {} or {}, found '{}'{}",
                           fmt::join(words.begin(), std::prev(words.end()), ", "), words.back(), text,
                           did_you_mean(text, words));
    };
    return {check, fmt::format("{{{}}}", fmt::join(words, ","))};
}

CLI::Validator agent_id() {
    const auto check = [](std::string& text) -> std::string {
        if (scenario::is_agent_id(text)) return "";
        return fmt::format("'{}' is no agent id: letters, digits, '_', '.' and '-', at most 80 of them",
                           text);
    };
    return {check, ""};
}

CLI::Validator tcti_name() {
    const auto check = [](std::string& text) -> std::string {
        const auto usable = tpm::check_tcti_name(text);
        return usable ? "" : fmt::format("{}; {}", usable.error().message, usable.error().mend);
    };
    return {check, ""};
}

}  // namespace pushsim::cli
