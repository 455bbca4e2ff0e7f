#include "sim/cli/agent_options.hpp"

#include <string>

#include <CLI/CLI.hpp>

#include "sim/cli/command_line.hpp"
#include "sim/cli/stack_options.hpp"
#include "sim/cli/usage_error.hpp"
#include "sim/scenario/values.hpp"

namespace pushsim::cli {
namespace {

void add_agent_tpm(CLI::App& command, AgentOptions& options) {
    command
        .add_option("--tcti", options.tcti,
                    "a TPM that is there, such as swtpm:port=2321; else one in pushsim")
        ->type_name("swtpm:…|device:…")
        ->check(tcti_name());
}

}  // namespace

void add_agent(CLI::App& app, CommandLine& line) {
    AgentOptions& options = line.agent;
    auto* command =
        app.add_subcommand("agent", "One honest agent, by hand: registers, waits for its enrolment, attests");
    command->require_subcommand(0, 1);
    command->add_option("--id", options.id, "its id, and with it the TPM that is kept; a new UUID by default")
        ->type_name("ID");
    add_agent_tpm(*command, options);
    command->add_option("--habits", options.habits, "a careful client's, or those of Keylime's Rust agent")
        ->check(one_of({"correct", "rust-agent"}))
        ->capture_default_str();
    command->add_option("--times", options.times, "attestations; without end by default")
        ->type_name("NUMBER")
        ->transform(whole_number(1, 1'000'000'000));
    command
        ->add_option("--every", line.agent_every,
                     "from one attestation to the next; as the verifier says by default")
        ->type_name("DURATION");
    add_running_stack(*command, options.stack,
                      "--verifier, --ca and one of the registrar's; all six to read its verdict");
    command
        ->add_option("--cert", options.client_certificate,
                     "PEM: a client certificate to show; none by default")
        ->type_name("FILE");
    command->add_option("--key", options.client_key, "PEM: its key")->type_name("FILE");
    command
        ->add_option("--hosts", options.stack.hosts,
                     "tried in turn for --verifier :PORT and a registrar's :PORT, for 20 s at the start; "
                     "`gateway` is that of the default route")
        ->type_name("HOST,…")
        ->delimiter(',')
        ->allow_extra_args(false);
    command->add_option("--out", options.out, "where run folders go")
        ->type_name("DIR")
        ->capture_default_str();
    add_format(*command, options.format);
    command->footer(
        "Examples:\n"
        "  pushsim agent --id web-1                  at the stack that `stack up` keeps, until Ctrl-C\n"
        "  pushsim tenant add web-1 --from-boot 7    enrols it, from another terminal\n"
        "  pushsim agent extend --id web-1 7 text:x  changes its PCR 7: the next attestation fails\n"
        "  pushsim agent --id web-2 --tcti swtpm:port=2321 --times 1\n"
        "The verifier does not tell agents their verdict; with the tenant's certificate it is read.\n\n"
        "The TPM in pushsim is kept in $XDG_STATE_HOME/pushsim/tpms (else ~/.local/state/pushsim/tpms); of a "
        "TPM outside the AK is. Without --id the file goes at the regular end. Between attestations others "
        "may use the TPM.\n\n"
        "Exit codes: 0 all were accepted and none failed (Ctrl-C is the regular end without --times), 1 one "
        "was refused or failed, 2 usage or configuration, 3 the stack or the TPM failed, 130 interrupted.");
    command->callback([command, &line] {
        if (!command->get_subcommands().empty()) return;
        if (!line.agent_every.empty()) {
            line.agent.every = scenario::parse_duration(line.agent_every);
            if (!line.agent.every) {
                line.exit = report_error(
                    {ErrorKind::Usage,
                     "--every: expected a duration with its unit, found '" + line.agent_every + "'",
                     "for example --every 10s"});
                return;
            }
        }
        line.exit = agent_run(line.agent);
    });
    auto* extend = command->add_subcommand("extend", "Measures into a PCR of its TPM, also while it runs");
    extend->add_option("--id", options.id, "the agent's")->type_name("ID");
    add_agent_tpm(*extend, options);
    extend->add_option("pcr", options.pcr, "0 to 23")
        ->type_name("PCR")
        ->required()
        ->transform(whole_number(0, 23));
    extend->add_option("measurement", options.measurement, "hashed, or a digest of one bank")
        ->type_name("text:…|sha256:HEX")
        ->required();
    extend->footer("Example: pushsim agent extend --id web-1 7 text:changed");
    extend->callback([&line] { line.exit = agent_extend(line.agent); });
    auto* show = command->add_subcommand("show", "Its id, and sha256 values of its TPM, also while it runs");
    show->add_option("--id", options.id, "the agent's; by default the one that runs here")->type_name("ID");
    show->add_option("pcr", options.pcrs, "0 to 23")->type_name("PCR")->transform(whole_number(0, 23));
    add_format(*show, options.format);
    show->footer("Example: pushsim agent show --id web-1 0 7");
    show->callback([&line] { line.exit = agent_show(line.agent); });
}

}  // namespace pushsim::cli
