#include "sim/cli/stack_options.hpp"

#include <cstdint>
#include <limits>

#include <CLI/CLI.hpp>

#include "sim/cli/usage_error.hpp"

namespace pushsim::cli {
namespace {

/// Options that say where a stack is that runs already; taken by a local one, they would be about another
/// stack than the person means.
void refuse_if_local(const CLI::App& external, const StackChoice& choice) {
    if (choice.stack == "external") return;
    for (const CLI::Option* option : external.get_options()) {
        if (option->count() > 0)
            throw CLI::ValidationError(option->get_name() +
                                       " is about an external stack: add --stack external");
    }
}

}  // namespace

void add_format(CLI::App& command, std::string& format) {
    command.add_option("--format", format, "text or json")
        ->check(one_of({"text", "json"}))
        ->capture_default_str();
}

void add_local(CLI::App& command, StackChoice& choice) {
    constexpr auto most_port = std::numeric_limits<std::uint16_t>::max();
    command
        .add_option("--keylime", choice.keylime,
                    "a release installed by scripts/setup, a folder, or a keylime_verifier")
        ->type_name("VERSION|DIR|BIN");
    command.add_option("--verifier-port", choice.verifier_port, "of a local stack; a free one by default")
        ->type_name("PORT")
        ->transform(whole_number(0, most_port));
    command
        .add_option("--registrar-port", choice.registrar_port,
                    "HTTP, of a local stack; a free one by default")
        ->type_name("PORT")
        ->transform(whole_number(0, most_port));
    command
        .add_option("--registrar-tls-port", choice.registrar_tls_port,
                    "of a local stack; a free one by default")
        ->type_name("PORT")
        ->transform(whole_number(0, most_port));
    command
        .add_option("--certificates", choice.certificates,
                    "of a local stack: our own test CA (default), or Keylime's `tls_dir = generate`")
        ->check(one_of({"own", "keylime"}));
}

CLI::App* add_external(CLI::App& command, StackChoice& choice, const std::string& needs) {
    auto* external = command.add_option_group(
        "external", "Where a stack is that runs already (--stack external needs " + needs + ")");
    external->add_option("--verifier", choice.verifier, "HTTPS")->type_name("HOST:PORT");
    external->add_option("--registrar", choice.registrar, "HTTP")->type_name("HOST:PORT");
    external->add_option("--registrar-tls", choice.registrar_tls, "HTTPS")->type_name("HOST:PORT");
    external->add_option("--ca", choice.ca, "PEM: whom the servers' certificates chain to")
        ->type_name("FILE");
    external->add_option("--admin-cert", choice.admin_certificate, "PEM: the tenant's certificate")
        ->type_name("FILE");
    external->add_option("--admin-key", choice.admin_key, "PEM: its key")->type_name("FILE");
    command.parse_complete_callback([external, &choice] { refuse_if_local(*external, choice); });
    return external;
}

/// How its servers are configured, for what plays scenarios that want options.
void add_configuration(CLI::App& external, StackChoice& choice) {
    const auto add_files = [&external](const char* name, std::vector<std::string>& files,
                                       const std::string& about) {
        external.add_option(name, files, about)->type_name("FILE|DIR")->allow_extra_args(false);
    };
    add_files(
        "--verifier-conf", choice.verifier_conf,
        "the verifier.conf that it runs with: scenarios that want what stands there are played too; may "
        "be repeated, later ones win, and a folder means all files in it");
    add_files("--registrar-conf", choice.registrar_conf, "the registrar's, in the same way");
}

void add_stack(CLI::App& command, StackChoice& choice) {
    command
        .add_option(
            "--stack", choice.stack,
            "local: started here; external: running already; kind: the cluster of `stack up --stack kind`")
        ->check(one_of({"local", "external", "kind"}))
        ->capture_default_str();
    add_local(command, choice);
    add_configuration(*add_external(command, choice), choice);
}

void add_stack_or_running(CLI::App& command, StackChoice& choice) {
    command
        .add_option(
            "--stack", choice.stack,
            "local: the one that is up, else one to be started; kind: the cluster that is up; external: "
            "running elsewhere")
        ->check(one_of({"local", "external", "kind"}))
        ->capture_default_str();
    add_local(command, choice);
    add_external(command, choice);
}

void add_running_stack(CLI::App& command, StackChoice& choice, const std::string& needs) {
    command
        .add_option("--stack", choice.stack,
                    "local: the one that is up; kind: the cluster that is up; external: running elsewhere")
        ->check(one_of({"local", "external", "kind"}))
        ->capture_default_str();
    add_external(command, choice, needs);
}

}  // namespace pushsim::cli
