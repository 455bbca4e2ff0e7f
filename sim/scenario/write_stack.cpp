#include <algorithm>
#include <chrono>
#include <span>

#include <fmt/format.h>
#include <yaml-cpp/emitter.h>

#include "sim/scenario/language.hpp"
#include "sim/scenario/writing.hpp"

namespace pushsim::scenario {
namespace {

void write_server(YAML::Emitter& out, const ServerOptions& options, bool raw,
                  std::span<const OptionName> known) {
    out << YAML::BeginMap;
    key(out, "raw") << raw;
    for (const auto& [name, value] : options) {
        key(out, name);
        const auto option = std::ranges::find(known, std::string_view(name), &OptionName::name);
        const OptionKind kind = option == known.end() || raw ? OptionKind::Text : option->kind;
        if (!value) {
            out << YAML::Null;
        } else if (kind == OptionKind::WholeSeconds || kind == OptionKind::Seconds) {
            // "0.25" is 250ms: Keylime's text has at most six decimals.
            out << to_text(std::chrono::round<std::chrono::microseconds>(
                std::chrono::duration<double>(std::stod(*value))));
        } else if (kind == OptionKind::Size) {
            out << fmt::format("{}KiB", std::stoll(*value) / 1024);
        } else if (kind == OptionKind::Boolean) {
            out << (*value == "True");
        } else if (kind == OptionKind::Count) {
            out << *value;
        } else {
            quoted(out, *value);
        }
    }
    out << YAML::EndMap;
}

}  // namespace

void write_stack(YAML::Emitter& out, const StackOptions& stack) {
    key(out, "stack") << YAML::BeginMap;
    key(out, "verifier");
    write_server(out, stack.verifier, stack.verifier_raw, verifier_options());
    key(out, "registrar");
    write_server(out, stack.registrar, stack.registrar_raw, registrar_options());
    key(out, "database") << stack.database;
    if (stack.workers) key(out, "workers") << *stack.workers;
    if (!stack.needs.empty()) write_texts(out, "needs", stack.needs);
    if (!stack.keylime.empty()) {
        key(out, "keylime");
        quoted(out, stack.keylime);
    }
    key(out, "fresh") << stack.fresh;
    out << YAML::EndMap;
}

}  // namespace pushsim::scenario
