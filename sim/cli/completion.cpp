#include "sim/cli/completion.hpp"

#include <algorithm>
#include <optional>

#include <CLI/CLI.hpp>

#include "sim/cli/command_tree.hpp"
#include "sim/pool/place.hpp"

namespace pushsim::cli {
namespace {

/// "--format", "=", "json" and "--format", "=": as one word each, which is how the other shells have it.
std::vector<std::string> with_equals_joined(const std::vector<std::string>& words) {
    std::vector<std::string> joined;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool value_follows = words[i] == "=" && !joined.empty() && joined.back().starts_with("--");
        if (!value_follows) {
            joined.push_back(words[i]);
            continue;
        }
        joined.back() += '=';
        if (i + 1 < words.size()) joined.back() += words[++i];
    }
    return joined;
}

const CLI::Option* option_named(const CLI::App& command, const std::string& name) {
    for (const CLI::Option* option : options_of(command)) {
        if (name_of(*option) == name) return option;
    }
    return nullptr;
}

/// Finds what the words before the last have led to.
struct Place {
    const CLI::App* command;
    std::size_t arguments = 0;                     ///< that stand already
    const CLI::Option* waits_for_value = nullptr;  ///< the last word before is this option

    void pass(const std::string& word) {
        if (waits_for_value != nullptr) {
            waits_for_value = nullptr;
        } else if (word.starts_with("--") && word.find('=') == std::string::npos) {
            const CLI::Option* option = option_named(*command, word);
            if (option != nullptr && takes_value(*option)) waits_for_value = option;
        } else if (const CLI::App* below = command_named(*command, word)) {
            command = below;
            arguments = 0;
        } else if (!word.starts_with('-')) {
            ++arguments;
        }
    }
};

void add_pools(Completion& completion, const std::string& begun) {
    const auto places = pool::named_places();
    if (!places) return;
    for (const pool::Place& place : *places)
        if (place.name.starts_with(begun)) completion.candidates.push_back({place.name, ""});
}

void add_value(Completion& completion, const CLI::Option& option, const std::string& begun) {
    for (const std::string& value : values_of(option)) {
        if (value.starts_with(begun)) completion.candidates.push_back({value, ""});
    }
    const std::string type = option.get_type_name();
    if (type.starts_with("POOL")) add_pools(completion, begun);
    const auto is = [&](const char* word) {
        const auto at = type.find(word);
        // "@FILE" is a word of its own, which shells do not take for a file.
        return at != std::string::npos && (at == 0 || type[at - 1] != '@');
    };
    completion.files = completion.files || is("FILE") || is("BIN") || is("RUN");
    completion.folders = completion.folders || is("DIR");
}

void add_commands(Completion& completion, const CLI::App& command, const std::string& begun) {
    for (const CLI::App* below : commands_of(command)) {
        if (below->get_name().starts_with(begun))
            completion.candidates.push_back({below->get_name(), below->get_description()});
    }
}

/// The argument that would stand there; the last one may be given more than once.
const CLI::Option* argument_at(const CLI::App& command, std::size_t place) {
    const auto arguments = arguments_of(command);
    if (arguments.empty()) return nullptr;
    if (place < arguments.size()) return arguments[place];
    return arguments.back()->get_items_expected_max() > 1 ? arguments.back() : nullptr;
}

}  // namespace

std::string Completion::text() const {
    std::string text;
    for (const Candidate& candidate : candidates)
        text += candidate.word + (candidate.about.empty() ? "" : '\t' + candidate.about) + '\n';
    // Files include folders.
    if (files) return text + ":files\n";
    return folders ? text + ":folders\n" : text;
}

Completion complete(const CLI::App& app, std::vector<std::string> words) {
    words = with_equals_joined(words);
    if (words.empty()) words.emplace_back();
    const std::string begun = words.back();
    words.pop_back();
    // `help stack u` goes on as `stack u` does, with commands alone.
    const bool help = !words.empty() && words.front() == "help" && !begun.starts_with('-');
    if (help) words.erase(words.begin());

    Place place{&app};
    for (const std::string& word : words)
        place.pass(word);

    Completion completion;
    if (place.waits_for_value != nullptr) {
        add_value(completion, *place.waits_for_value, begun);
    } else if (const auto equals = begun.find('='); begun.starts_with("--") && equals != std::string::npos) {
        const CLI::Option* option = option_named(*place.command, begun.substr(0, equals));
        if (option != nullptr) add_value(completion, *option, begun.substr(equals + 1));
    } else if (begun.starts_with('-')) {
        for (const CLI::Option* option : options_of(*place.command)) {
            if (name_of(*option).starts_with(begun))
                completion.candidates.push_back({name_of(*option), option->get_description()});
        }
    } else {
        add_commands(completion, *place.command, begun);
        const CLI::Option* argument = help ? nullptr : argument_at(*place.command, place.arguments);
        if (argument != nullptr) add_value(completion, *argument, begun);
    }
    return completion;
}

}  // namespace pushsim::cli
