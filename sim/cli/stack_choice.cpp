#include "sim/cli/stack_choice.hpp"

#include <charconv>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/kind/cluster.hpp"
#include "sim/kind/infra.hpp"
#include "sim/stack/control.hpp"

namespace pushsim::cli {
namespace {

std::optional<std::uint16_t> asked_port(std::uint16_t port) {
    return port == 0 ? std::nullopt : std::optional(port);
}

/// The file's name in any folder, as a shell reads it.
std::string quoted_path(const std::string& file) {
    std::error_code unknown;
    const auto absolute = std::filesystem::absolute(file, unknown);
    return shell_word(unknown ? file : absolute.lexically_normal().string());
}

}  // namespace

std::string stack_words(const StackChoice& choice) {
    if (choice.stack == "kind") return " --stack kind";
    if (choice.stack != "external") return "";
    return fmt::format(
        " --stack external --verifier {} --registrar {} --registrar-tls {} --ca {} --admin-cert {} "
        "--admin-key {}",
        shell_word(choice.verifier), shell_word(choice.registrar), shell_word(choice.registrar_tls),
        quoted_path(choice.ca), quoted_path(choice.admin_certificate), quoted_path(choice.admin_key));
}

Result<stack::HostPort> parse_host_port(const std::string& option, const std::string& text) {
    std::string_view rest = text;
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    const std::size_t colon = rest.rfind(':');
    std::uint16_t port = 0;
    const auto bad = [&] {
        return fail(ErrorKind::Usage, fmt::format("{}: expected HOST:PORT, found '{}'", option, text),
                    fmt::format("for example {} 127.0.0.1:8881", option));
    };
    if (colon == std::string_view::npos || colon == 0) return bad();
    const std::string_view digits = rest.substr(colon + 1);
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failed != std::errc{} || end != digits.data() + digits.size() || port == 0) return bad();
    std::string_view host = rest.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return stack::HostPort{std::string(host), port};
}

Result<stack::LocalStackOptions> local_options(const StackChoice& choice,
                                               const std::filesystem::path& folder) {
    auto keylime = stack::find_keylime(choice.keylime.empty() ? stack::default_keylime() : choice.keylime);
    if (!keylime) return fail(keylime.error());
    stack::LocalStackOptions options;
    options.keylime = std::move(*keylime);
    options.folder = folder;
    if (choice.certificates == "own") options.certificates = stack::Certificates::Own;
    if (choice.certificates == "keylime") options.certificates = stack::Certificates::Keylime;
    options.ports = {asked_port(choice.registrar_port), asked_port(choice.verifier_port),
                     asked_port(choice.registrar_tls_port)};
    options.stop_asked = [] { return Interrupt::asked(); };
    options.groups_changed = Interrupt::killer();
    return options;
}

Result<std::string> version_under_test(const StackChoice& choice) {
    if (choice.stack != "local") return std::string{};
    const auto local = local_options(choice, {});
    if (!local) return fail(local.error());
    return local->keylime.version;
}

Result<stack::StackAddress> external_address(const StackChoice& choice) {
    if (choice.stack == "kind") {
        const auto state = kind::InfraState::open();
        if (!state) return fail(state.error());
        const auto up = kind::infra_address(*state);
        if (!up) return fail(ErrorKind::Config, "no cluster is up", "pushsim stack up --stack kind makes it");
        if (auto gone = kind::why_gone(*state, *up)) return fail(std::move(*gone));
        return stack::external_stack(*up);
    }
    stack::StackAddress address;
    address.kind = "external";
    for (const auto& [option, text] : {std::pair{"--verifier", &choice.verifier},
                                       {"--registrar", &choice.registrar},
                                       {"--registrar-tls", &choice.registrar_tls},
                                       {"--ca", &choice.ca},
                                       {"--admin-cert", &choice.admin_certificate},
                                       {"--admin-key", &choice.admin_key}}) {
        if (text->empty()) {
            return fail(ErrorKind::Usage, fmt::format("--stack external needs {}", option),
                        "see `pushsim run --help` for all six");
        }
    }
    auto verifier = parse_host_port("--verifier", choice.verifier);
    if (!verifier) return fail(verifier.error());
    auto registrar = parse_host_port("--registrar", choice.registrar);
    if (!registrar) return fail(registrar.error());
    auto registrar_tls = parse_host_port("--registrar-tls", choice.registrar_tls);
    if (!registrar_tls) return fail(registrar_tls.error());
    address.verifier = *verifier;
    address.registrar_http = *registrar;
    address.registrar_tls = *registrar_tls;
    address.ca_file = choice.ca;
    address.admin_certificate = choice.admin_certificate;
    address.admin_key = choice.admin_key;
    return stack::external_stack(std::move(address));
}

Result<stack::StackAddress> running_address(const StackChoice& choice, const Clock& clock) {
    if (choice.stack != "local") return external_address(choice);
    const auto registry = stack::Registry::open();
    if (!registry) return fail(registry.error());
    std::vector<stack::StackRecord> up;
    for (auto& status : stack::stack_status(*registry, clock)) {
        if (status.record.kept && status.word() == "up") up.push_back(std::move(status.record));
    }
    if (up.empty()) {
        return fail(ErrorKind::Config, "no stack is up",
                    "pushsim stack up starts one; --stack external names one that runs elsewhere");
    }
    if (up.size() > 1) {
        return fail(ErrorKind::Config, fmt::format("{} stacks are up", up.size()),
                    "name one with --stack external and what pushsim stack status says of it");
    }
    return up.front().address;
}

history::StackFacts facts_of(const stack::StackAddress& address) {
    history::StackFacts facts;
    facts.kind = address.kind;
    facts.keylime_version = address.keylime_version.value_or("");
    facts.keylime_origin = address.keylime_origin;
    facts.keylime_where = address.kind == "local"  ? "on loopback"
                          : address.kind == "kind" ? std::string("in the cluster ") + kind::infra_cluster
                                                   : "at " + address.verifier.text();
    if (!address.keylime_origin.empty() && !stack::is_pinned_release(address.keylime_origin)) {
        facts.keylime_where = fmt::format("from {}, {}", address.keylime_origin, facts.keylime_where);
    }
    facts.changed_start = address.changed_start;
    facts.registrar = address.registrar_http.text();
    facts.verifier = address.verifier.text();
    return facts;
}

}  // namespace pushsim::cli
