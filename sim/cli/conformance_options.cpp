#include "sim/cli/conformance_options.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <CLI/CLI.hpp>

#include "sim/cli/command_line.hpp"
#include "sim/cli/run_options.hpp"
#include "sim/cli/stack_options.hpp"
#include "sim/cli/usage_error.hpp"

namespace pushsim::cli {
namespace {

void add_selection(CLI::App& command, conformance::Selection& selection) {
    command
        .add_option("names", selection.names,
                    "requirements (KPM-EVID-007), areas (EVID) or cases (scenario, scenario/case; * for any "
                    "text): these alone")
        ->type_name("ID|AREA|CASE");
    command
        .add_option("--profile", selection.profile,
                    "a choice that has a name, see `pushsim list profiles`; quick where nothing is named")
        ->type_name("NAME");
    command.add_option("--level", selection.levels, "only what is of that level; may be repeated")
        ->check(one_of({"MUST", "SHOULD", "MAY"}))
        ->allow_extra_args(false);
    command.add_option("--tag", selection.tags, "only what has it; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command
        .add_option("--exclude", selection.excluded,
                    "kept from running, and shown as excluded; may be repeated")
        ->type_name("ID|AREA|CASE")
        ->allow_extra_args(false);
}

}  // namespace

void add_conformance(CLI::App& app, CommandLine& line) {
    ConformanceOptions& options = line.conformance;
    auto* command = app.add_subcommand(
        "conformance", "Decides which sentences of the specified behaviour the Keylime under test obeys");
    add_selection(*command, options.selection);
    command
        ->add_option("--expected", options.expected,
                     "what is known not to hold; by default what scenarios/deviations has for the Keylime "
                     "version found")
        ->type_name("FILE");
    command
        ->add_option("--write-expected", options.write_expected,
                     "writes what does not hold, as it was observed, in the form of --expected")
        ->type_name("FILE");
    command->add_flag("--strict", options.strict, "known deviations are failures");
    command->add_option("--seed", options.run.seed, "the same choices again; drawn and printed by default")
        ->type_name("NUMBER")
        ->transform(whole_number(0, std::numeric_limits<std::uint64_t>::max()));
    add_manner(*command, options.run, line.time_limit);
    add_format(*command, options.run.format);
    command->footer(
        std::string("Examples:\n"
                    "  pushsim conformance                        the most telling requirements\n"
                    "  pushsim conformance --profile full --keylime 7.14.2\n"
                    "  pushsim conformance KPM-EVID-007           one requirement\n\n") +
        kAccelerators +
        "Exit codes: 0 nothing fails but what is known to, 1 something does, or a known deviation is no "
        "more,\n"
        "2 usage or configuration, 3 the harness or the stack failed, 4 nothing ran, 130 interrupted.");
    command->callback([&line, &options] {
        const bool by_name = !options.selection.names.empty();
        if (options.selection.profile.empty() && !by_name) options.selection.profile = "quick";
        if (take_time_limit(line, options.run)) line.exit = conformance(options);
    });
}

void add_report(CLI::App& app, CommandLine& line) {
    ReportOptions& options = line.report;
    auto* command = app.add_subcommand(
        "report",
        "Makes the reports of a run again, from its history: in its folder, or as files that are named");
    command->add_option("run", options.run, "a run folder, or its history")
        ->type_name("RUN|FILE")
        ->required();
    const auto add_file = [&](const char* name, std::string& file, const char* about) {
        command->add_option(name, file, about)->type_name("FILE");
    };
    add_file("--html", options.html, "the page for people, in one file");
    add_file("--junit", options.junit, "JUnit XML, for CI");
    add_file("--markdown", options.markdown, "the summary for a CI's page");
    add_file("--json", options.json, "the report for programs");
    add_file("--badge", options.badge, "of a conformance run: JSON for shields.io");
    add_file("--verdicts", options.verdicts, "of a conformance run: how each requirement stood, as YAML");
    command
        ->add_option("--issue", options.issue,
                     "of a conformance run: prints that case, or that of a requirement, as Markdown, to be "
                     "pasted into "
                     "an issue")
        ->type_name("CASE|ID");
    command->add_flag("--quiet", options.quiet, "nothing but errors");
    command->add_flag("--verbose", options.verbose, "every requirement, or every expectation");
    command->footer(
        "A FILE of - is standard output.\n\n"
        "Example: pushsim report runs/latest --html report.html\n\n"
        "Exit codes: that of the run, as this version judges it; 2 there is no such run, 3 it cannot be "
        "read.");
    command->callback([&line] { line.exit = report(line.report); });
}

}  // namespace pushsim::cli
