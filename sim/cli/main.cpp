#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/usage_error.hpp"
#include "sim/cli/version.hpp"
#include "sim/scenario/values.hpp"

namespace pushsim::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 as expected, 1 not as expected, 2 usage or configuration, 3 the harness or the stack "
    "failed,\n"
    "4 nothing ran, 130 interrupted.";

void add_format(CLI::App& command, std::string& format) {
    command.add_option("--format", format, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
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
        ->check(CLI::IsMember({"own", "keylime"}));
}

void add_external(CLI::App& command, StackChoice& choice) {
    auto* external = command.add_option_group(
        "external", "Where a stack is that runs already (--stack external needs all six)");
    external->add_option("--verifier", choice.verifier, "HTTPS")->type_name("HOST:PORT");
    external->add_option("--registrar", choice.registrar, "HTTP")->type_name("HOST:PORT");
    external->add_option("--registrar-tls", choice.registrar_tls, "HTTPS")->type_name("HOST:PORT");
    external->add_option("--ca", choice.ca, "PEM: whom the servers' certificates chain to")
        ->type_name("FILE");
    external->add_option("--admin-cert", choice.admin_certificate, "PEM: the tenant's certificate")
        ->type_name("FILE");
    external->add_option("--admin-key", choice.admin_key, "PEM: its key")->type_name("FILE");
}

void add_stack(CLI::App& command, StackChoice& choice) {
    command
        .add_option("--stack", choice.stack,
                    "local: started here; external: running already; kind: not in this version")
        ->check(CLI::IsMember({"local", "external", "kind"}))
        ->capture_default_str();
    add_local(command, choice);
    add_external(command, choice);
}

/// The tenant's sub-commands; what one gives goes into `exit`.
void add_tenant(CLI::App& app, TenantOptions& options, int& exit) {
    auto* tenant =
        app.add_subcommand("tenant", "The tenant's part by hand, at the stack that `stack up` keeps");
    tenant->require_subcommand(1);
    tenant->footer("Example: pushsim tenant add 4f2c0f0e-… --tpm-policy '{\"7\": [\"HEX\"]}'");
    const auto add = [&](const char* name, const char* about, int (*act)(const TenantOptions&),
                         bool of_an_agent) {
        auto* command = tenant->add_subcommand(name, about);
        if (of_an_agent) command->add_option("agent", options.agent, "its id")->type_name("ID")->required();
        command
            ->add_option("--stack", options.stack.stack,
                         "local: the one that is up; external: running elsewhere")
            ->check(CLI::IsMember({"local", "external"}))
            ->capture_default_str();
        add_external(*command, options.stack);
        command->footer(std::string("Example: pushsim tenant ") + name + (of_an_agent ? " 4f2c0f0e-…" : ""));
        command->callback([&options, &exit, act] { exit = act(options); });
        return command;
    };
    auto* enrol = add("add", "Enrols an agent that is registered", tenant_add, true);
    enrol->add_option("--tpm-policy", options.tpm_policy, "PCR: [value, …]")
        ->type_name("JSON|@FILE")
        ->required();
    enrol->footer("Example: pushsim tenant add 4f2c0f0e-… --tpm-policy '{\"7\": [\"HEX\"]}'");
    add_format(*add("status", "What the verifier says of an agent", tenant_status, true), options.format);
    add("delete", "Takes an agent off the verifier; its registration stays", tenant_delete, true);
    add_format(*add("list", "The agents that are enrolled, and their states", tenant_list, false),
               options.format);
}

std::string command_line(int argc, char** argv) {
    std::string line = "pushsim";
    for (int i = 1; i < argc; ++i)
        line += std::string(" ") + argv[i];
    return line;
}

int run_command_line(int argc, char** argv) {
    CLI::App app(
        "pushsim: agents with real TPMs against the real Keylime registrar and verifier, in push mode.",
        "pushsim");
    app.set_version_flag("--version", std::string("pushsim ") + kVersion);
    app.require_subcommand(1);
    app.footer(std::string("Example: pushsim run scenarios\n\n") + kExitCodes);

    int exit = kAsExpected;

    RunOptions run_options;
    const char* scenarios_folder = std::getenv("PUSHSIM_SCENARIOS");
    run_options.paths = {scenarios_folder == nullptr ? "scenarios" : scenarios_folder};
    run_options.command_line = command_line(argc, argv);
    auto* run_command = app.add_subcommand("run", "Plays scenarios and judges what they showed");
    run_command->add_option("paths", run_options.paths, "scenario files; a folder means all below it")
        ->type_name("FILE|DIR")
        ->capture_default_str();
    run_command->add_option("--tag", run_options.tags, "only scenarios that have it; may be repeated")
        ->type_name("NAME");
    add_stack(*run_command, run_options.stack);
    run_command
        ->add_option("--seed", run_options.seed, "the same choices again; drawn and printed by default")
        ->type_name("NUMBER")
        ->transform(whole_number(0, std::numeric_limits<std::uint64_t>::max()));
    run_command->add_option("--out", run_options.out, "where run folders go")
        ->type_name("DIR")
        ->capture_default_str();
    run_command->add_option("--bodies", run_options.bodies, "which message bodies the history keeps")
        ->check(CLI::IsMember({"all", "failures", "none"}))
        ->capture_default_str();
    std::string limit = "10m";
    run_command->add_option("--timeout", limit, "for each scenario")
        ->type_name("DURATION")
        ->capture_default_str();
    run_command->add_flag("--fresh", run_options.fresh,
                          "start a stack even where `stack up` keeps one that would do");
    add_format(*run_command, run_options.format);
    run_command->add_flag("--quiet", run_options.quiet, "only what is not as expected, and the last line");
    run_command->add_flag("--verbose", run_options.verbose, "every expectation and account");
    run_command->footer(
        std::string(
            "Example: pushsim run scenarios/reproduce/pcr-mismatch.yaml --keylime 7.14.2 --bodies all\n\n") +
        kExitCodes);
    run_command->callback([&] {
        const auto duration = scenario::parse_duration(limit);
        if (!duration) {
            exit = report_error({ErrorKind::Usage,
                                 "--timeout: expected a duration with its unit, found '" + limit + "'",
                                 "for example --timeout 2m"});
            return;
        }
        run_options.scenario_limit = *duration;
        // scripts/run without files or tags plays what is quick.
        const bool by_default = run_command->count("paths") == 0 && run_options.tags.empty();
        if (scenarios_folder != nullptr && by_default) run_options.tags = {"quick"};
        exit = run(run_options);
    });

    StackOptions stack_options;
    auto* stack_command =
        app.add_subcommand("stack", "The registrar and verifier, kept running between runs");
    stack_command->require_subcommand(1);
    stack_command->footer("Example: pushsim stack up --verifier-option quote_interval=1");
    auto* up = stack_command->add_subcommand("up", "Starts them and prints where they are");
    add_local(*up, stack_options.stack);
    up->add_option("--folder", stack_options.folder, "where configuration, databases and logs go")
        ->type_name("DIR");
    up->add_option("--verifier-option", stack_options.verifier_options,
                   "in Keylime's own names; may be repeated")
        ->type_name("NAME=VALUE");
    up->add_option("--registrar-option", stack_options.registrar_options,
                   "in Keylime's own names; may be repeated")
        ->type_name("NAME=VALUE");
    add_format(*up, stack_options.format);
    up->footer("Example: pushsim stack up --verifier-option quote_interval=1");
    up->callback([&] { exit = stack_up(stack_options); });
    auto* down = stack_command->add_subcommand("down", "Ends them");
    down->add_option("--folder", stack_options.folder, "this one; all by default")->type_name("DIR");
    down->footer("Example: pushsim stack down");
    down->callback([&] { exit = stack_down(stack_options); });
    auto* status = stack_command->add_subcommand("status", "Which there are, where, and whether they answer");
    add_format(*status, stack_options.format);
    status->footer("Example: pushsim stack status --format json");
    status->callback([&] { exit = stack_status(stack_options); });
    auto* logs = stack_command->add_subcommand("logs", "Where their logs are, and the last lines");
    logs->add_option("--folder", stack_options.folder, "this one; all by default")->type_name("DIR");
    logs->add_option("--lines", stack_options.lines, "of each log")
        ->type_name("NUMBER")
        ->transform(whole_number(1, 1'000'000))
        ->capture_default_str();
    logs->footer("Example: pushsim stack logs --lines 50");
    logs->callback([&] { exit = stack_logs(stack_options); });
    auto* clean = stack_command->add_subcommand(
        "clean", "Ends what a killed pushsim left, removes folders of ended stacks");
    clean->footer("Example: pushsim stack clean");
    clean->callback([&] { exit = stack_clean(stack_options); });

    std::string format = "text";
    std::vector<std::string> paths{"scenarios"};
    auto* list = app.add_subcommand("list", "What there is");
    list->require_subcommand(1);
    list->footer("Example: pushsim list steps");
    auto* scenarios = list->add_subcommand("scenarios", "Scenario files, with their titles");
    scenarios->add_option("paths", paths, "files or folders")->type_name("FILE|DIR")->capture_default_str();
    add_format(*scenarios, format);
    scenarios->footer("Example: pushsim list scenarios scenarios");
    scenarios->callback([&] { exit = list_scenarios(paths, format); });
    auto* steps = list->add_subcommand("steps", "What a script can do");
    add_format(*steps, format);
    bool all = false;
    const char* const about_all = "also those that are part of the language and not yet in pushsim";
    steps->add_flag("--all", all, about_all);
    steps->footer("Example: pushsim list steps");
    steps->callback([&] { exit = list_steps(format, all); });
    auto* faults = list->add_subcommand("faults", "What can be made to go wrong");
    add_format(*faults, format);
    faults->add_flag("--all", all, about_all);
    faults->footer("Example: pushsim list faults");
    faults->callback([&] { exit = list_faults(format, all); });

    TenantOptions tenant_options;
    add_tenant(app, tenant_options, exit);

    std::vector<std::string> what;
    auto* explain_command = app.add_subcommand(
        "explain", "A run (what it showed, why, and how to mend it) or a scenario, in words");
    explain_command->add_option("what", what, "run folders, histories, scenario files")
        ->type_name("RUN|FILE")
        ->required();
    explain_command->footer("Example: pushsim explain runs/latest");
    explain_command->callback([&] { exit = explain(what); });

    if (argc == 1) {
        fmt::print(stderr, "{}", app.help());
        return kUsage;
    }
    // A reader that goes away must not end us before the servers are stopped.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
        return report_error(usage_error(app, error));
    }
    return exit;
}

/// Ends as a program does whose reader is gone (SIGPIPE is ignored only so that servers are stopped first).
int end_without_a_reader() {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
    return kFailed;
}

}  // namespace
}  // namespace pushsim::cli

int main(int argc, char** argv) {
    try {
        return pushsim::cli::run_command_line(argc, argv);
    } catch (const std::exception& error) {
        const auto* system = dynamic_cast<const std::system_error*>(&error);
        if (system != nullptr && system->code() == std::errc::broken_pipe) {
            return pushsim::cli::end_without_a_reader();
        }
        // What arrives here else is a bug or a machine without memory.
        std::fprintf(stderr, "pushsim: internal error: %s\n", error.what());
        return pushsim::cli::kFailed;
    }
}
