#include "sim/cli/tenant_options.hpp"

#include <string>

#include <CLI/CLI.hpp>

#include "sim/cli/command_line.hpp"
#include "sim/cli/stack_options.hpp"
#include "sim/cli/usage_error.hpp"
#include "sim/scenario/values.hpp"

namespace pushsim::cli {

void add_tenant(CLI::App& app, CommandLine& line) {
    TenantOptions& options = line.tenant;
    auto* tenant =
        app.add_subcommand("tenant", "The tenant's part by hand, at the stack that `stack up` keeps");
    tenant->require_subcommand(1);
    tenant->footer("Example: pushsim tenant add 4f2c0f0e-… --tpm-policy '{\"7\": [\"HEX\"]}'");
    const auto add = [&](const char* name, const char* about, int (*act)(const TenantOptions&),
                         bool of_an_agent) {
        auto* command = tenant->add_subcommand(name, about);
        if (of_an_agent) {
            command->add_option("agent", options.agent, "its id")
                ->type_name("ID")
                ->required()
                ->check(agent_id());
        }
        add_running_stack(*command, options.stack);
        command->footer(std::string("Example: pushsim tenant ") + name + (of_an_agent ? " 4f2c0f0e-…" : ""));
        command->callback([&line, act] { line.exit = act(line.tenant); });
        return command;
    };
    auto* enrol = add("add", "Enrols an agent that is registered", tenant_add, true);
    auto* policy = enrol->add_option_group("policy", "What its PCRs must be (one of these)");
    policy->require_option(0, 1);
    policy->add_option("--tpm-policy", options.tpm_policy, "PCR: [value, …]")->type_name("JSON|@FILE");
    auto* from_boot =
        policy
            ->add_option("--from-boot", options.from_boot,
                         "as they are now in the TPM that `pushsim agent --id` works with, or at --tcti")
            ->type_name("PCR,…")
            ->delimiter(',')
            ->allow_extra_args(false)
            ->transform(whole_number(0, 23));
    enrol->add_option("--tcti", options.tcti, "the TPM that --from-boot reads")
        ->type_name("swtpm:…|device:…")
        ->check(tcti_name())
        ->needs(from_boot);
    enrol->add_option("--runtime-policy", options.runtime_policy, "Keylime's runtime policy, for the IMA log")
        ->type_name("FILE");
    enrol->add_option("--mb-policy", options.mb_policy, "a measured boot policy, for the UEFI log")
        ->type_name("FILE");
    enrol->footer(
        "Examples:\n"
        "  pushsim tenant add web-1 --from-boot 0,7\n"
        "  pushsim tenant add 4f2c0f0e-… --tpm-policy '{\"7\": [\"HEX\"]}'");
    auto* status = add("status", "What the verifier says of an agent", tenant_status, true);
    add_format(*status, options.format);
    status->footer(
        "Example: pushsim tenant status web-1\n\n"
        "Exit codes: 0 it is enrolled, whatever its state, 1 it is registered alone, 2 neither verifier nor "
        "registrar knows it, 3 the stack failed.");
    add("delete", "Takes an agent off the verifier; its registration stays unless told otherwise",
        tenant_delete, true)
        ->add_flag("--registration", options.registration,
                   "takes it off the registrar, too: its id is free for another TPM then");
    add_format(
        *add("list", "The agents that are enrolled, with their states, and those that are only registered",
             tenant_list, false),
        options.format);
}

void add_verify(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand(
        "verify",
        "Looks again at servers, certificates and all enrolled agents that are there; starts nothing");
    add_running_stack(*command, line.verify.stack);
    command
        ->add_option("--within", line.verify_within,
                     "so long each agent has for one more attestation that passes; 30s by default")
        ->type_name("DURATION");
    add_format(*command, line.verify.format);
    command->footer(
        "Example: pushsim verify --stack kind\n\n"
        "Exit codes: 0 nothing fails, 1 something does, 2 usage or no such stack, 3 it could not be looked "
        "at.");
    command->callback([&line] {
        if (!line.verify_within.empty()) {
            const auto within = scenario::parse_duration(line.verify_within);
            if (!within) {
                line.exit = report_error(
                    {ErrorKind::Usage,
                     "--within: expected a duration with its unit, found '" + line.verify_within + "'",
                     "for example --within 10s"});
                return;
            }
            line.verify.within = *within;
        }
        line.exit = verify(line.verify);
    });
}

}  // namespace pushsim::cli
