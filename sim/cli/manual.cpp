// The manual page, in the macros of man(7), from the tree of commands.

#include "sim/cli/manual.hpp"

#include <algorithm>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "sim/cli/command_tree.hpp"

namespace pushsim::cli {
namespace {

/// Text as it is: roff gives a meaning to backslashes, hyphens, and to points and quotes that begin a line.
std::string escaped(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
        const bool begins = escaped.empty() || escaped.back() == '\n';
        if (begins && (c == '.' || c == '\'')) escaped += "\\&";
        if (c == '\\') {
            escaped += "\\e";
        } else if (c == '-') {
            escaped += "\\-";
        } else {
            escaped += c;
        }
    }
    return escaped;
}

/// Lines as they stand, without filling.
std::string as_it_stands(const std::string& text) {
    return ".nf\n" + escaped(text) + "\n.fi\n";
}

/// "TEXT:{text,json}" as "text|json", "FILE" as it is.
std::string value_text(const CLI::Option& option) {
    const auto values = values_of(option);
    if (values.empty()) return option.get_type_name();
    return fmt::format("{}", fmt::join(values, "|"));
}

std::string entry(const std::string& term, const CLI::Option& option) {
    const std::string by_default = option.get_default_str();
    return ".TP\n" + term + '\n' + escaped(option.get_description()) +
           (by_default.empty() ? "" : escaped(fmt::format(" (default {})", by_default))) + '\n';
}

std::string options_text(const CLI::App& command) {
    std::string text;
    for (const CLI::Option* argument : arguments_of(command)) {
        const std::string values = value_text(*argument);
        text +=
            entry("\\fI" + escaped(values.empty() ? argument->get_name(true) : values) + "\\fR", *argument);
    }
    for (const CLI::Option* option : options_of(command)) {
        if (name_of(*option) == "--help") continue;
        text += entry("\\fB" + escaped(name_of(*option)) + "\\fR" +
                          (takes_value(*option) ? " \\fI" + escaped(value_text(*option)) + "\\fR" : ""),
                      *option);
    }
    return text;
}

void add_command(std::string& page, const CLI::App& command) {
    page +=
        fmt::format(".SS pushsim {}\n{}.\n", escaped(path_of(command)), escaped(command.get_description()));
    page += options_text(command);
    if (!command.get_footer().empty()) page += ".PP\n" + as_it_stands(command.get_footer());
    for (const CLI::App* below : commands_of(command))
        add_command(page, *below);
}

}  // namespace

std::string manual_page(const CLI::App& app, const std::string& version) {
    std::string page = fmt::format(".TH PUSHSIM 1 \"\" \"pushsim {}\"\n", version);
    page += ".SH NAME\npushsim \\- " +
            escaped(app.get_description().substr(app.get_description().find(' ') + 1)) + '\n';
    page += ".SH SYNOPSIS\n.B pushsim\n\\fICOMMAND\\fR [\\fIOPTION\\fR]...\n";
    page += ".SH OPTIONS\n" + options_text(app);
    page += ".SH COMMANDS\n";
    for (const CLI::App* command : commands_of(app))
        add_command(page, *command);
    page += ".SH NOTES\n" + as_it_stands(app.get_footer());
    return page;
}

}  // namespace pushsim::cli
