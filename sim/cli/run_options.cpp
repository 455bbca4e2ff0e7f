#include "sim/cli/run_options.hpp"

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include <CLI/CLI.hpp>

#include "sim/cli/command_line.hpp"
#include "sim/cli/stack_options.hpp"
#include "sim/cli/usage_error.hpp"
#include "sim/scenario/values.hpp"

namespace pushsim::cli {

const char* const kExitCodes =
    "Exit codes: 0 as expected, 1 not as expected, 2 usage or configuration, 3 the harness or the stack "
    "failed,\n"
    "4 nothing ran, 130 interrupted.";

void add_manner(CLI::App& command, RunOptions& options, std::string& time_limit) {
    add_stack(command, options.stack);
    command
        .add_option(
            "--i-may-break", options.may_break,
            "you may break the servers at that host: needed for faults, raw requests and load (more than "
            "ten agents, ten attestations a second or a thousand in all) against an external stack that "
            "is not on loopback; may be repeated")
        ->type_name("HOST")
        ->allow_extra_args(false);
    command.add_option("--out", options.out, "where run folders go")->type_name("DIR")->capture_default_str();
    command.add_option("--bodies", options.bodies, "which message bodies the history keeps")
        ->check(one_of({"all", "failures", "none"}))
        ->capture_default_str();
    command.add_option("--timeout", time_limit, "for each scenario")
        ->type_name("DURATION")
        ->capture_default_str();
    command
        .add_option("--max-in-flight", options.max_in_flight,
                    "exchanges of all agents at a time, the others wait; no bound by default")
        ->type_name("NUMBER")
        ->transform(whole_number(1, 1'000'000));
    command
        .add_option("--pool", options.pool,
                    "where TPMs come from, made as needed by name; each agent's is made by default")
        ->type_name("POOL|FILE");
    command
        .add_option(
            "--jobs", options.jobs,
            "so much side by side: threads for TPMs in pushsim, and stacks of scenarios that cannot share "
            "one; as there are processors if left out")
        ->type_name("N")
        ->transform(whole_number(1, 256));
    command
        .add_option("--accelerators", options.accelerators,
                    "make TPMs in pushsim cheaper than libtpms (see below): rsa-factors, named-p256, with a "
                    "comma between them, or all")
        ->type_name("NAMES")
        ->join(',')
        ->capture_default_str();
    command.add_flag("--fresh", options.fresh, "start a stack even where `stack up` keeps one that would do");
    command.add_flag("--quiet", options.quiet, "only what is not as expected, and the last line");
    command.add_flag("--verbose", options.verbose, "every expectation and account");
}

bool take_time_limit(CommandLine& line, RunOptions& options) {
    const auto duration = scenario::parse_duration(line.time_limit);
    if (duration) {
        options.scenario_limit = *duration;
        return true;
    }
    line.exit = report_error({ErrorKind::Usage,
                              "--timeout: expected a duration with its unit, found '" + line.time_limit + "'",
                              "for example --timeout 2m"});
    return false;
}

const char* const kAccelerators =
    "Accelerators: keys and signatures stay the same, but how long TPMs take is no longer what it is\n"
    "with this machine's libtpms, so they are off unless asked for, and every report names them.\n"
    "  rsa-factors  gives libcrypto the factors of RSA keys: a quote takes an eighth of the time\n"
    "  named-p256   has libcrypto know the curve P-256 by its name, for which it has faster code\n\n";

void add_run(CLI::App& app, CommandLine& line) {
    const char* scenarios_folder = std::getenv("PUSHSIM_SCENARIOS");
    line.run.paths = {scenarios_folder == nullptr ? "scenarios" : scenarios_folder};
    line.list_paths = line.run.paths;
    auto* command = app.add_subcommand("run", "Plays scenarios and judges what they showed");
    command->add_option("paths", line.run.paths, "scenario files; a folder means all below it")
        ->type_name("FILE|DIR")
        ->capture_default_str();
    command->add_option("--tag", line.run.tags, "only scenarios that have it; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command->add_option("--seed", line.run.seed, "the same choices again; drawn and printed by default")
        ->type_name("NUMBER")
        ->transform(whole_number(0, std::numeric_limits<std::uint64_t>::max()));
    command->add_option("--tpm", line.run.tpm, "of agents whose TPM is in pushsim: that, or a swtpm for each")
        ->check(one_of({"software", "swtpm"}))
        ->capture_default_str();
    command
        ->add_option(
            "--pods", line.run.pods,
            "spread the agents over so many pods of the agents' cluster (--stack kind), or processes "
            "here")
        ->type_name("N")
        ->transform(whole_number(1, 64));
    add_manner(*command, line.run, line.time_limit);
    add_format(*command, line.run.format);
    command->footer(
        std::string(
            "Example: pushsim run scenarios/reproduce/pcr-mismatch.yaml --keylime 7.14.2 --bodies all\n\n") +
        kAccelerators + kExitCodes);
    command->callback([&line, command, scenarios_folder] {
        if (!take_time_limit(line, line.run)) return;
        // scripts/run without files or tags plays what is quick.
        const bool by_default = command->count("paths") == 0 && line.run.tags.empty();
        if (scenarios_folder != nullptr && by_default) line.run.tags = {"quick"};
        line.exit = run(line.run);
    });
}

void add_shard(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand(
        "shard", "Plays some of a scenario's agents; `run --pods` starts it and talks with it");
    command
        ->add_option("--clock-offset", line.shard_clock,
                     "its civil time is so much ahead: to see that this is measured")
        ->type_name("DURATION");
    command->footer("Example: pushsim run FILE --pods 2 (which starts pushsim shard, twice)");
    command->callback([&line] {
        ShardOptions options;
        if (!line.shard_clock.empty()) {
            const auto offset = scenario::parse_duration(line.shard_clock);
            if (!offset) {
                line.exit = report_error(
                    {ErrorKind::Usage,
                     "--clock-offset: expected a duration with its unit, found '" + line.shard_clock + "'",
                     "for example --clock-offset 1h"});
                return;
            }
            options.clock_offset = *offset;
        }
        line.exit = shard_run(options);
    });
}

void add_replay(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand(
        "replay", "Plays a run's plan again, with the same seed, and says whether it shows the same");
    command->add_option("run", line.replay.run, "the folder that the run has left")
        ->type_name("RUN")
        ->required();
    command->add_option("scenarios", line.replay.scenarios, "of its scenarios these alone")
        ->type_name("NAME");
    add_manner(*command, line.replay.again, line.time_limit);
    command->footer(
        std::string("Example: pushsim replay runs/latest\n\n") + kAccelerators +
        "Exit codes: 0 reproduced, 1 not reproduced, different or not comparable, 2 usage or configuration,\n"
        "3 the harness or the stack failed, 4 nothing ran, 130 interrupted.");
    command->callback([&line] {
        if (take_time_limit(line, line.replay.again)) line.exit = replay(line.replay);
    });
}

}  // namespace pushsim::cli
