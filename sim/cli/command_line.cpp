#include "sim/cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "reports/checks.hpp"
#include "sim/cli/agent_options.hpp"
#include "sim/cli/completion.hpp"
#include "sim/cli/conformance_options.hpp"
#include "sim/cli/manual.hpp"
#include "sim/cli/pool_options.hpp"
#include "sim/cli/run_options.hpp"
#include "sim/cli/stack_options.hpp"
#include "sim/cli/tenant_options.hpp"
#include "sim/cli/usage_error.hpp"
#include "sim/cli/version.hpp"

namespace pushsim::cli {
namespace {

constexpr const char* kEnvironment = R"(

Environment:
  PUSHSIM_KEYLIME       what --keylime is where it is not given
  PUSHSIM_KEYLIME_HOME  where releases of Keylime are installed; .keylime in the source by default
  PUSHSIM_SCENARIOS     where scenarios are: `run` without files plays the quick ones of them, and
                        `conformance` has its requirements and cases there
  PUSHSIM_KIND          where the files of Kind clusters are; kind/ in the source by default
  PUSHSIM_KIND_NODE_IMAGE  what --node-image is where it is not given
  KIND_EXPERIMENTAL_PROVIDER  what Kind makes its clusters with; refused where that is not docker
  XDG_STATE_HOME        where stacks are remembered; ~/.local/state by default (of HOME)
  PATH                  where keylime_verifier, python3, tpm2-tools, swtpm, kind, kubectl and docker are
                        looked for
  CI                    plain lines also on a terminal
  NO_COLOR              no colours)";

constexpr const char* kFiles = R"(

Files:
  runs/<UTC time>-<name>-<seed>/    what a run leaves: history.jsonl, plan.yaml, stack/ and the
                                    reports: report.html, report.json, report.md, junit.xml
  runs/latest                       the newest of them
  $XDG_STATE_HOME/pushsim/stack/    folders of stacks that `stack up` keeps
  $XDG_STATE_HOME/pushsim/stacks/   records of stacks, by which those of a killed pushsim are found
  $XDG_STATE_HOME/pushsim/kind/     certificates, kubeconfig and addresses of the Kind cluster
  $XDG_STATE_HOME/pushsim/agents/   agents that runs made known to a stack that stays
  $XDG_STATE_HOME/pushsim/tpms/     TPMs of `pushsim agent`; of those outside the AK alone
  $XDG_STATE_HOME/pushsim/pools/    TPMs of fleets)";

/// Options of a cluster; taken by a local stack, they would be about another one than the person means.
void add_cluster(CLI::App& up, StackOptions& options) {
    auto* cluster = up.add_option_group("kind", "Of a cluster (--stack kind)");
    cluster->add_option("--node-image", options.node_image, "of its node; Kind's own by default")
        ->type_name("IMAGE")
        ->envname("PUSHSIM_KIND_NODE_IMAGE");
    cluster->add_option("--keylime-image", options.keylime_image, "what scripts/kind-images made")
        ->type_name("IMAGE");
    cluster->add_option("--database", options.database, "sqlite or postgresql")
        ->check(one_of({"sqlite", "postgresql"}))
        ->capture_default_str();
    cluster
        ->add_option("--name", options.names,
                     "a further host name or IP address of the servers; may be repeated")
        ->type_name("HOST")
        ->allow_extra_args(false);
    cluster->add_flag("--agents", options.agents,
                      "also a cluster keylime-agents, with an honest agent on each node");
    cluster
        ->add_option("--tpm", options.agents_tpm, "of those agents: software, in pushsim, or swtpm beside it")
        ->check(one_of({"software", "swtpm"}))
        ->capture_default_str();
    cluster
        ->add_option("--pushsim-image", options.agents_image, "of those agents; scripts/kind-images made it")
        ->type_name("IMAGE");
    up.parse_complete_callback([cluster, &up, &options] {
        const bool of_kind = options.stack.stack == "kind";
        for (const CLI::Option* option : up.get_options()) {
            const std::string name = option->get_name();
            if (of_kind && option->count() > 0 && name != "--stack" && name != "--format")
                throw CLI::ValidationError(
                    name +
                    " is about a local stack: with --stack kind the servers' options are in "
                    "kind/infra/base/conf, and Keylime is --keylime-image");
        }
        for (const CLI::Option* option : cluster->get_options()) {
            if (!of_kind && option->count() > 0 && option->get_envname().empty())
                throw CLI::ValidationError(option->get_name() + " is about a cluster: add --stack kind");
        }
        for (const char* name : {"--tpm", "--pushsim-image"}) {
            if (!options.agents && cluster->get_option(name)->count() > 0)
                throw CLI::ValidationError(std::string(name) + " is about the agents' cluster: add --agents");
        }
    });
}

void refuse_with_kind(CLI::App& command, const StackOptions& options, const std::vector<std::string>& names) {
    command.parse_complete_callback([&command, &options, names] {
        if (options.stack.stack != "kind") {
            if (options.agents || options.server == "agents")
                throw CLI::ValidationError("agents are those of a cluster: add --stack kind");
            return;
        }
        for (const std::string& name : names) {
            if (command.get_option(name)->count() > 0)
                throw CLI::ValidationError(name + " is about a local stack: not with --stack kind");
        }
    });
}

void add_stack_commands(CLI::App& app, CommandLine& line) {
    auto* stack_command =
        app.add_subcommand("stack", "The registrar and verifier, kept running between runs");
    stack_command->require_subcommand(1);
    stack_command->footer("Example: pushsim stack up --verifier-option quote_interval=1");
    auto* up = stack_command->add_subcommand("up", "Starts them and prints where they are");
    const auto add_kind = [&line](CLI::App& command) {
        command.add_option("--stack", line.stack.stack.stack, "local, or kind: in a cluster of Kind")
            ->check(one_of({"local", "kind"}))
            ->capture_default_str();
    };
    add_kind(*up);
    add_local(*up, line.stack.stack);
    add_cluster(*up, line.stack);
    up->add_option("--folder", line.stack.folder, "where configuration, databases and logs go")
        ->type_name("DIR");
    up->add_option("--verifier-option", line.stack.verifier_options,
                   "in Keylime's own names; may be repeated")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    up->add_option("--registrar-option", line.stack.registrar_options,
                   "in Keylime's own names; may be repeated")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    add_format(*up, line.stack.format);
    up->footer(
        "Example: pushsim stack up --verifier-option quote_interval=1\n\n"
        "Exit codes: 0 both answer, 2 options or Keylime are not right, 3 a server did not start.");
    const auto of_kind = [&line] { return line.stack.stack.stack == "kind"; };
    up->callback([&line, of_kind] { line.exit = of_kind() ? cluster_up(line.stack) : stack_up(line.stack); });
    auto* down = stack_command->add_subcommand("down", "Ends them");
    add_kind(*down);
    down->add_option("--folder", line.stack.folder, "this one; all by default")->type_name("DIR");
    down->add_flag("--agents", line.stack.agents, "of Kind: the agents' cluster alone");
    refuse_with_kind(*down, line.stack, {"--folder"});
    down->footer(
        "Example: pushsim stack down\n\nAgents, logs and databases stay in the folder, for the next `stack "
        "up`.");
    down->callback(
        [&line, of_kind] { line.exit = of_kind() ? cluster_down(line.stack) : stack_down(line.stack); });
    auto* status = stack_command->add_subcommand("status", "Which there are, where, and whether they answer");
    add_kind(*status);
    add_format(*status, line.stack.format);
    status->footer("Example: pushsim stack status --format json");
    status->callback(
        [&line, of_kind] { line.exit = of_kind() ? cluster_status(line.stack) : stack_status(line.stack); });
    auto* logs = stack_command->add_subcommand("logs", "Where their logs are, and the last lines");
    add_kind(*logs);
    logs->add_option("--folder", line.stack.folder, "this one; all by default")->type_name("DIR");
    logs->add_option("server", line.stack.server, "of this one alone, without headings")
        ->check(one_of({"verifier", "registrar", "agents"}));
    logs->add_flag("--follow", line.stack.follow,
                   "go on with what is written, until the stack, or (kind) its pods have ended");
    logs->add_option("--lines", line.stack.lines, "of each log")
        ->type_name("NUMBER")
        ->transform(whole_number(1, 1'000'000))
        ->capture_default_str();
    refuse_with_kind(*logs, line.stack, {"--folder"});
    logs->footer("Example: pushsim stack logs verifier --follow");
    logs->callback(
        [&line, of_kind] { line.exit = of_kind() ? cluster_logs(line.stack) : stack_logs(line.stack); });
    auto* clean = stack_command->add_subcommand(
        "clean",
        "Ends and puts back what a killed pushsim left, clusters too, removes folders of ended stacks");
    clean->footer("Example: pushsim stack clean");
    clean->callback([&line] { line.exit = stack_clean(line.stack); });
    auto* certificates = stack_command->add_subcommand(
        "certificates", "Makes those of the Kind clusters, as files and as Secrets, or renews them");
    certificates->add_option("folder", line.stack.folder, "where its CA is, or is made")
        ->type_name("DIR")
        ->required();
    certificates
        ->add_option("--name", line.stack.names,
                     "a further host name or IP address of the servers; may be repeated")
        ->type_name("HOST")
        ->allow_extra_args(false);
    certificates->footer(
        "Example: pushsim stack certificates certs --name 172.18.0.1\n\n"
        "The CA and its key stay in DIR/ca, and are used again: nobody needs to be given another one.");
    certificates->callback([&line] { line.exit = stack_certificates(line.stack); });
}

void add_list(CLI::App& app, CommandLine& line) {
    auto* list = app.add_subcommand("list", "What there is: all of it, or one kind");
    list->require_subcommand(0, 1);
    list->footer("Example: pushsim list steps");
    list->callback([&line, list] {
        if (list->get_subcommands().empty()) line.exit = list_all(line.list_paths);
    });
    auto* scenarios = list->add_subcommand("scenarios", "Scenario files, with their titles");
    scenarios->add_option("paths", line.list_paths, "files or folders")
        ->type_name("FILE|DIR")
        ->capture_default_str();
    add_format(*scenarios, line.list_format);
    scenarios->footer("Example: pushsim list scenarios scenarios");
    scenarios->callback([&line] { line.exit = list_scenarios(line.list_paths, line.list_format); });
    const auto add_names = [&](const char* name, const char* about,
                               int (*list_them)(const std::string&, bool)) {
        auto* names = list->add_subcommand(name, about);
        add_format(*names, line.list_format);
        names->add_flag("--all", line.list_all,
                        "also those that are part of the language and not yet in pushsim");
        names->footer(std::string("Example: pushsim list ") + name);
        names->callback([&line, list_them] { line.exit = list_them(line.list_format, line.list_all); });
    };
    auto* requirements =
        list->add_subcommand("requirements", "The sentences of specified behaviour, with their ids");
    add_format(*requirements, line.list_format);
    requirements->footer("Example: pushsim list requirements");
    requirements->callback([&line] { line.exit = list_requirements(line.list_format); });
    auto* profiles = list->add_subcommand("profiles", "Choices of requirements that have a name");
    add_format(*profiles, line.list_format);
    profiles->footer("Example: pushsim list profiles");
    profiles->callback([&line] { line.exit = list_profiles(line.list_format); });
    add_names("groups", "What the agents of a group can be: `agents:` of a scenario", list_groups);
    add_names("steps", "What a script can do", list_steps);
    auto* options = list->add_subcommand(
        "options", "Keylime's own options, for a scenario's `stack:` and for `stack up`");
    add_format(*options, line.list_format);
    options->footer("Example: pushsim list options");
    options->callback([&line] { line.exit = list_options(line.list_format); });
    add_names("faults", "What can be made to go wrong", list_faults);
    add_names("checks", "What can be expected of a whole run", list_checks);
    add_names("metrics", "What can be measured and compared at the end of a run", list_metrics);
    auto* traceability = list->add_subcommand(
        "traceability", "Prints what follows from each row of the protocol reference, and how it stands");
    traceability->footer("Example: pushsim list traceability > docs/traceability.md");
    traceability->callback([&line] { line.exit = list_traceability(); });
    auto* schema = list->add_subcommand("schema", "Prints the JSON Schema of scenarios, for editors");
    schema->footer("Example: pushsim list schema > scenarios/schema.json");
    schema->callback([&line] { line.exit = list_schema(); });
    auto* reference = list->add_subcommand("reference", "Prints the reference of the scenario language");
    reference->footer("Example: pushsim list reference > docs/scenarios.md");
    reference->callback([&line] { line.exit = list_reference(); });
}

void add_explain(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand(
        "explain",
        "A run (what it showed, why, and how to mend it), a scenario, a word of its language, or a part of "
        "the conformance suite, in words");
    command
        ->add_option(
            "what", line.explained,
            "run folders, histories, scenario files; requirements, areas, cases; steps, faults, checks, "
            "metrics, keys")
        ->type_name("RUN|FILE|NAME")
        ->required();
    command->footer(
        "Examples:\n"
        "  pushsim explain runs/latest\n"
        "  pushsim explain scenarios/honest-agent.yaml\n"
        "  pushsim explain hold_evidence\n"
        "  pushsim explain KPM-SESS-007 RATE session-requests/methods-wrong_type");
    command->callback([&line] { line.exit = explain(line.explained); });
}

void add_check(CLI::App& app, CommandLine& line) {
    CheckOptions& options = line.check;
    auto* command = app.add_subcommand(
        "check", "Looks through the history of a run for what must never be, whatever its scenarios expect");
    command->add_option("run", options.run, "a run folder, or its history")
        ->type_name("RUN|FILE")
        ->required();
    command->add_option("--check", options.checks, "this one; may be repeated; all by default")
        ->allow_extra_args(false)
        ->check(one_of(reports::check_names()));
    add_format(*command, options.format);
    command->footer(
        "Example: pushsim check runs/latest --check nonces_distinct\n\n"
        "Exit codes: 0 all hold (or had nothing to look at, which is said), 1 something is found, 2 there is "
        "no "
        "such run or check, 3 the history cannot be read, or lines of it are lost.");
    command->callback([&line] { line.exit = check(line.check); });
}

void add_doctor(CLI::App& app, CommandLine& line) {
    DoctorOptions& options = line.doctor;
    auto* command = app.add_subcommand(
        "doctor", "Checks everything that a run needs, and says how to mend what is not right");
    command->add_option("--agents", options.agents, "the size of the fleet to judge against")
        ->type_name("NUMBER")
        ->transform(whole_number(1, 1'000'000))
        ->capture_default_str();
    add_stack_or_running(*command, options.stack);
    command->add_option("--out", options.out, "where run folders would go")
        ->type_name("DIR")
        ->capture_default_str();
    add_format(*command, options.format);
    command->footer(
        "Example: pushsim doctor --agents 200\n\n"
        "Exit codes: 0 nothing fails (there may be warnings), 1 something fails, 2 usage.");
    command->callback([&line] { line.exit = doctor(line.doctor); });
}

void add_help(CLI::App& app, CommandLine& line) {
    auto* help = app.add_subcommand("help", "The help of a command, as its --help");
    help->add_option("command", line.helped, "the words that name it");
    help->footer("Example: pushsim help stack up");  // main() asks for --help instead
    auto* man = app.add_subcommand("man", "Prints all of it as a manual page");
    man->footer("Example: pushsim man > ~/.local/share/man/man1/pushsim.1");
    man->callback([&app] { fmt::print("{}", manual_page(app, kVersion)); });
}

void add_completion(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("completion", "Prints what makes a shell complete this command line");
    command->add_option("shell", line.shell, "which one")->required()->check(one_of(shells()));
    command->footer(
        "Example: source <(pushsim completion bash)\n\n"
        "For all shells to come:\n"
        "  bash  pushsim completion bash > ~/.local/share/bash-completion/completions/pushsim\n"
        "  zsh   pushsim completion zsh > FOLDER/_pushsim, with FOLDER in $fpath before compinit\n"
        "  fish  pushsim completion fish > ~/.config/fish/completions/pushsim.fish");
    command->callback([&line] { fmt::print("{}", completion_script(line.shell)); });
}

}  // namespace

void add_commands(CLI::App& app, CommandLine& line) {
    app.require_subcommand(1);
    app.footer(std::string("Example: pushsim run scenarios\n\n") + kExitCodes + kEnvironment + kFiles);
    add_run(app, line);
    add_conformance(app, line);
    add_report(app, line);
    add_replay(app, line);
    add_stack_commands(app, line);
    add_list(app, line);
    add_agent(app, line);
    add_tenant(app, line);
    add_verify(app, line);
    add_pool(app, line);
    add_explain(app, line);
    add_check(app, line);
    add_doctor(app, line);
    add_shard(app, line);
    add_completion(app, line);
    add_help(app, line);
}

}  // namespace pushsim::cli
