#include <algorithm>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"
#include "sim/scenario/version_range.hpp"

namespace pushsim::scenario {
namespace {

std::vector<std::string_view> words_of(std::span<const OptionName> options) {
    std::vector<std::string_view> words;
    for (const OptionName& option : options) {
        if (option.kind != OptionKind::Ours) words.push_back(option.name);
    }
    return words;
}

/// Seconds as Keylime writes them: "2", "0.25".
std::string in_seconds(Duration duration) {
    const long long micros = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    std::string text = fmt::format("{}.{:06}", micros / 1'000'000, micros % 1'000'000);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

std::optional<std::string> read_seconds(Report& report, const Node& node, std::string_view name, bool whole) {
    const auto duration = read_duration(report, node, name);
    if (!duration) return std::nullopt;
    if (whole && *duration % std::chrono::seconds{1} != Duration::zero()) {
        report.add(node,
                   fmt::format("`{}`: Keylime takes whole seconds only; found '{}' (`raw: true` beside it "
                               "hands it over as it is)",
                               name, node.text));
        return std::nullopt;
    }
    return in_seconds(*duration);
}

/// The value in Keylime's text.
std::optional<std::string> read_value(Report& report, const Node& node, const OptionName& option) {
    switch (option.kind) {
        case OptionKind::WholeSeconds:
            return read_seconds(report, node, option.name, true);
        case OptionKind::Seconds:
            return read_seconds(report, node, option.name, false);
        case OptionKind::Size: {
            const auto size = read_size(report, node, option.name);
            return size ? std::optional(fmt::format("{}", *size)) : std::nullopt;
        }
        case OptionKind::Count: {
            const auto count = read_integer(report, node, option.name, 0, 1'000'000'000);
            return count ? std::optional(fmt::format("{}", *count)) : std::nullopt;
        }
        case OptionKind::Boolean: {
            const auto value = read_boolean(report, node, option.name);
            return value ? std::optional<std::string>(*value ? "True" : "False") : std::nullopt;
        }
        case OptionKind::Text:
        case OptionKind::Ours:
            break;
    }
    auto text = read_text(report, node, option.name);
    if (text && !is_one_line(*text)) {
        report.expected(node, option.name, "one line");
        return std::nullopt;
    }
    return text;
}

/// With `raw: true`: a duration in seconds, whole or not; anything else as it is written.
std::optional<std::string> read_raw_value(Report& report, const Node& node, std::string_view name) {
    if (!node.is(Node::Kind::Scalar) || !is_one_line(node.text)) {
        report.expected(node, name, "a text of one line");
        return std::nullopt;
    }
    const auto duration = node.quoted ? std::nullopt : parse_duration(node.text);
    return duration ? in_seconds(*duration) : node.text;
}

bool is_option_name(std::string_view text) {
    return !text.empty() &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

void read_server(Report& report, const Node& node, const std::string& server,
                 std::span<const OptionName> known, ServerOptions& options, bool& raw) {
    const std::string place = "`" + server + "`";
    const Entries entries = read_entries(
        report, node, place, server == "verifier" ? "{ quote_interval: 2s }" : "{ max_workers: 4 }");
    for (const auto& [key, value] : entries) {
        if (key->text == "raw") raw = read_boolean(report, *value, "raw").value_or(false);
    }
    for (const auto& [key, value] : entries) {
        const std::string& name = key->text;
        if (name == "raw") continue;
        const auto option = std::ranges::find_if(known, [&](const OptionName& o) { return o.name == name; });
        if (option != known.end() && option->kind == OptionKind::Ours) {
            report.add(*key, fmt::format("option `{}` of the {} is set by pushsim itself", name, server));
        } else if (option == known.end() && (!raw || !is_option_name(name))) {
            const auto near = nearest(name, words_of(known));
            const bool is_verifier = server == "verifier";
            const auto other = is_verifier ? registrar_options() : verifier_options();
            const bool of_other = std::ranges::find(other, name, &OptionName::name) != other.end();
            report.add(*key, fmt::format("unknown option `{}` of the {}; {}", shown(name), server,
                                         of_other ? fmt::format("the {} has it",
                                                                is_verifier ? "registrar" : "verifier")
                                         : near   ? fmt::format("did you mean `{}`?", *near)
                                                  : "`pushsim list options` shows all"));
        } else if (value->is(Node::Kind::Null)) {
            options[name] = std::nullopt;
        } else if (auto text =
                       raw ? read_raw_value(report, *value, name) : read_value(report, *value, *option)) {
            options[name] = std::move(*text);
        }
    }
}

}  // namespace

StackOptions read_stack(Report& report, const Node& node) {
    StackOptions stack;
    const MapReader map(report, node, "`stack`", stack_keys());
    if (const Node* verifier = map.get("verifier")) {
        read_server(report, *verifier, "verifier", verifier_options(), stack.verifier, stack.verifier_raw);
    }
    if (const Node* registrar = map.get("registrar")) {
        read_server(report, *registrar, "registrar", registrar_options(), stack.registrar,
                    stack.registrar_raw);
    }
    stack.database = map.word("database").value_or(stack.database);
    stack.workers = map.integer("workers");
    stack.needs = map.words("needs");
    if (const auto versions = map.text("keylime")) {
        stack.keylime = *versions;
        if (!parse_version_range(*versions))
            report.expected(*map.get("keylime"), "keylime", "a comparison with a version, like \">=7.14\"");
    }
    stack.fresh = map.boolean("fresh").value_or(false);
    return stack;
}

}  // namespace pushsim::scenario
