#include "sim/cli/configured.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sim/kind/infra.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/values.hpp"
#include "sim/stack/workers.hpp"

namespace pushsim::cli {
namespace {

using scenario::OptionKind;
using scenario::OptionName;

template <typename Number>
std::optional<Number> number(const std::string& text) {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// As Python's configparser takes it.
std::optional<bool> truth(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto is_one_of = [&text](std::initializer_list<const char*> words) {
        return std::ranges::find(words, text) != words.end();
    };
    if (is_one_of({"1", "yes", "true", "on"})) return true;
    if (is_one_of({"0", "no", "false", "off"})) return false;
    return std::nullopt;
}

/// Keylime's config.get() takes blanks and double quotes off a text.
std::string bare(const std::string& text) {
    const auto begin = text.find_first_not_of("\" ");
    if (begin == std::string::npos) return "";
    return text.substr(begin, text.find_last_not_of("\" ") - begin + 1);
}

template <typename Value>
bool same(const std::optional<Value>& one, const std::optional<Value>& other) {
    return one && one == other;
}

/// Whether Keylime reads the same out of both; what is not of the kind is compared as text.
bool same_value(OptionKind kind, const std::string& one, const std::string& other) {
    if (one == other) return true;
    switch (kind) {
        case OptionKind::WholeSeconds:
        case OptionKind::Size:
        case OptionKind::Count:
            return same(number<long long>(one), number<long long>(other));
        case OptionKind::Seconds:
            return same(number<double>(one), number<double>(other));
        case OptionKind::Boolean:
            return same(truth(one), truth(other));
        case OptionKind::Text:
        case OptionKind::Ours:
            break;
    }
    return bare(one) == bare(other);
}

struct Server {
    std::string name;    ///< also the section of its file
    std::string option;  ///< that names its file
    std::span<const OptionName> known;
};

/// For after the name of the file.
std::string what_it_says(const stack::FoundConfig::Value* there, bool is_known) {
    if (there == nullptr) return "leaves it out";
    // What is not in the table may be a password.
    if (!is_known) return "says otherwise";
    return there->text.empty() ? "gives it no value" : "says " + scenario::shown(there->text);
}

/// Why the server is another than wanted; the first option that differs.
std::optional<std::string> why_another(const Server& server, const std::optional<stack::FoundConfig>& config,
                                       const stack::Options& wanted) {
    if (wanted.empty()) return std::nullopt;
    if (!config) {
        return fmt::format(
            "it wants options of the {}, and an external stack is taken as it is; {} says how "
            "that one is configured",
            server.name, server.option);
    }
    for (const auto& [name, value] : wanted) {
        const auto known = std::ranges::find(server.known, name, &OptionName::name);
        const bool is_known = known != server.known.end();
        const OptionKind kind = is_known ? known->kind : OptionKind::Text;
        const auto* there = config->find(stack::section_of(server.name, name), name);
        if (value ? there != nullptr && same_value(kind, *value, there->text) : there == nullptr) continue;
        return fmt::format("it wants {}, and {} {}", value ? name + " = " + *value : name + " left out",
                           there == nullptr ? config->first_file().string() : there->file.string(),
                           what_it_says(there, is_known));
    }
    return std::nullopt;
}

Result<std::optional<stack::FoundConfig>> read(const Server& server, const std::vector<std::string>& files) {
    if (files.empty()) return std::nullopt;
    auto config = stack::read_config(server.option, server.name, files);
    if (!config) return fail(config.error());
    return std::move(*config);
}

Server verifier() {
    return {"verifier", "--verifier-conf", scenario::verifier_options()};
}
Server registrar() {
    return {"registrar", "--registrar-conf", scenario::registrar_options()};
}

}  // namespace

Result<Configured> configured_servers(const StackChoice& choice) {
    auto verifier_conf = choice.verifier_conf, registrar_conf = choice.registrar_conf;
    if (choice.stack == "kind" && verifier_conf.empty() && registrar_conf.empty()) {
        const auto state = kind::InfraState::open();
        if (!state) return fail(state.error());
        verifier_conf = {(kind::infra_conf(*state) / "verifier").string()};
        registrar_conf = {(kind::infra_conf(*state) / "registrar").string()};
    }
    auto of_verifier = read(verifier(), verifier_conf);
    if (!of_verifier) return fail(of_verifier.error());
    auto of_registrar = read(registrar(), registrar_conf);
    if (!of_registrar) return fail(of_registrar.error());
    return Configured{std::move(*of_verifier), std::move(*of_registrar)};
}

std::optional<std::string> why_not_as_wanted(const Configured& configured,
                                             const scenario::StackOptions& wanted) {
    stack::LocalStackOptions asked;  // what a local stack would be started with
    asked.verifier = {wanted.verifier.begin(), wanted.verifier.end()};
    asked.workers = wanted.workers;
    if (auto why = why_another(verifier(), configured.verifier, stack::verifier_options(asked))) return why;
    return why_another(registrar(), configured.registrar, {wanted.registrar.begin(), wanted.registrar.end()});
}

}  // namespace pushsim::cli
