#include <csignal>
#include <fstream>
#include <iterator>
#include <map>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "sim/conformance/deviations.hpp"
#include "sim/conformance/registry.hpp"
#include "sim/conformance/verdicts.hpp"
#include "sim/stack/install.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(List, EndsQuietlyWhereNobodyReadsItsOutput) {
    const Place place;
    const std::vector<std::string> unread{
        "python3", "-c",
        "import os, subprocess, sys\n"
        "reader, writer = os.pipe()\n"
        "os.close(reader)\n"
        "sys.exit(-subprocess.run(sys.argv[1:], stdout=writer).returncode)"};
    Program program(place, {"list", "faults", "--all", "--format", "json"}, {}, unread);
    const Ended list = program.wait();
    EXPECT_EQ(list.exit_code, SIGPIPE);
    EXPECT_EQ(list.err, "");
}

TEST(List, SchemaReferenceChecksAndMetricsArePrinted) {
    const Place place;
    const auto schema = nlohmann::json::parse(pushsim(place, {"list", "schema"}).out);
    EXPECT_EQ(schema.at("$schema"), "http://json-schema.org/draft-07/schema#");
    EXPECT_THAT(pushsim(place, {"list", "reference"}).out, HasSubstr("# Scenarios\n"));
    EXPECT_THAT(pushsim(place, {"list", "checks"}).out,
                HasSubstr("\ninvariants             every check there is holds\n"));
    EXPECT_THAT(pushsim(place, {"list", "metrics"}).out,
                HasSubstr("\n  p99                 99th percentile"));
}

TEST(List, WhatTheAgentsOfAGroupCanBeIsListedWithTheValues) {
    const Place place;
    const Ended groups = pushsim(place, {"list", "groups"});
    EXPECT_EQ(groups.exit_code, 0) << groups.err;
    EXPECT_THAT(groups.out, HasSubstr("count                         how many agents; 1 if left out\n"));
    EXPECT_THAT(groups.out,
                HasSubstr("\nak                            child of the EK (default), or primary, "));
    EXPECT_THAT(groups.out, HasSubstr("\n  per_request                 a new one for each request, "));
    EXPECT_THAT(groups.out, HasSubstr("\n  resumption                  true: each new connection "));
    EXPECT_THAT(groups.out, HasSubstr("pushsim list groups --all\n"));
    EXPECT_THAT(pushsim(place, {"list", "groups", "--all"}).out, HasSubstr("(not yet)"));
    const auto list = nlohmann::json::parse(pushsim(place, {"list", "groups", "--format", "json"}).out);
    EXPECT_EQ(list.at(4).at("name"), "ak");
    EXPECT_EQ(list.at(4).at("values").at(1).at("name"), "primary");
}

TEST(List, ScenariosAndStepsAreListed) {
    const Place place;
    const Ended scenarios =
        pushsim(place, {"list", "scenarios", std::string(PUSHSIM_SOURCE_DIR) + "/scenarios"});
    EXPECT_EQ(scenarios.exit_code, 0);
    EXPECT_THAT(scenarios.out, HasSubstr("pcr-mismatch"));
    const Ended steps = pushsim(place, {"list", "steps"});
    EXPECT_THAT(steps.out, HasSubstr("attest"));
    EXPECT_THAT(steps.out,
                HasSubstr("more are part of the language and not yet in pushsim: pushsim list steps --all"));
    EXPECT_THAT(steps.out, Not(HasSubstr("(not yet)")));
    EXPECT_THAT(pushsim(place, {"list", "steps", "--all"}).out, HasSubstr("(not yet)"));
    EXPECT_THAT(pushsim(place, {"list", "steps", "--format", "json"}).out, HasSubstr("\"available\": true"));
}

const std::map<std::string, std::string> suite{{"PUSHSIM_SCENARIOS", PUSHSIM_SOURCE_DIR "/scenarios"}};

std::string document(const char* name) {
    std::ifstream file(std::string(PUSHSIM_SOURCE_DIR "/docs/") + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(List, TheTraceabilityPageIsFresh) {
    const Place place;
    const Ended page = Program(place, {"list", "traceability"}, suite).wait();
    EXPECT_EQ(page.exit_code, 0) << page.err;
    EXPECT_TRUE(page.out == document("traceability.md"))
        << "make it again: pushsim list traceability > docs/traceability.md";
}

/// Registry and deviations have not moved away from the run whose verdicts were kept.
TEST(List, TheVerdictsThatWereKeptAreOfTheRequirementsThatThereAre) {
    const std::filesystem::path folder = PUSHSIM_SOURCE_DIR "/scenarios";
    const std::string version = stack::kPinnedRelease;
    const auto verdicts = conformance::load_verdicts(conformance::verdicts_file(folder, version));
    ASSERT_TRUE(verdicts.ok()) << conformance::text(verdicts.problems);
    EXPECT_EQ(verdicts.value.keylime, version);
    const auto requirements = conformance::load_requirements(folder / "requirements.yaml");
    const auto deviations =
        conformance::load_deviations(*conformance::deviations_file(folder / "deviations", version));
    std::map<std::string, std::string> expected;
    for (const auto& one : requirements.value)
        expected[one.id] = one.planned.empty() ? "pass" : "undecided";
    std::set<std::string> by_chance;
    for (const auto& known : deviations.value) {
        if (!known.is_of(version)) continue;
        if (known.deviation.intermittent) by_chance.insert(known.deviation.requirement);
        expected[known.deviation.requirement] = "deviation";
    }
    for (const auto& [id, standing] : verdicts.value.standings) {
        if (by_chance.contains(id)) continue;
        EXPECT_EQ(standing, expected[id]) << id << ": pushsim report RUN --verdicts FILE after a full run";
    }
    EXPECT_EQ(verdicts.value.standings.size(), expected.size());
}

TEST(Usage, ASuiteOrDeviationsThatAreWrongAreNamedByLineWithTheWayOut) {
    const Place place;
    place.write("deviations.yaml",
                "deviations: [ { requirement: KPM-TOK-999, observed: { verdict: pass }, reference: x } ]\n");
    const Ended deviations =
        Program(place, {"conformance", "KPM-TOK-015", "--expected", "deviations.yaml"}, suite).wait();
    EXPECT_EQ(deviations.exit_code, 2);
    EXPECT_THAT(deviations.err, HasSubstr("deviations.yaml:1:"));
    EXPECT_THAT(deviations.err,
                HasSubstr("mend: correct these lines, or have `pushsim conformance --write-expected"));

    place.write("requirements.yaml", "requirements: 7\n");
    const Ended registry =
        Program(place, {"conformance"}, {{"PUSHSIM_SCENARIOS", place.path().string()}}).wait();
    EXPECT_EQ(registry.exit_code, 2);
    EXPECT_THAT(registry.err, HasSubstr("requirements.yaml:1:"));
    EXPECT_THAT(registry.err, HasSubstr("PUSHSIM_SCENARIOS"));
    EXPECT_FALSE(place.has("runs"));
}

TEST(List, RequirementsAndProfilesAreThoseOfTheSuite) {
    const Place place;
    const Ended requirements = Program(place, {"list", "requirements"}, suite).wait();
    EXPECT_THAT(requirements.out, HasSubstr("  KPM-EVID-001  MUST   "));
    const Ended profiles = Program(place, {"list", "profiles"}, suite).wait();
    EXPECT_THAT(profiles.out, HasSubstr("full  "));
    const Ended one = Program(place, {"explain", "KPM-TOK-015"}, suite).wait();
    EXPECT_THAT(one.out,
                ::testing::AllOf(HasSubstr("Decided by tokens-refused/none"), HasSubstr("Known deviation"),
                                 HasSubstr("pushsim conformance KPM-TOK-015")));
    const Ended none = Program(place, {"explain", "KPM-TOK-999"}, suite).wait();
    EXPECT_EQ(none.exit_code, 2);
    EXPECT_THAT(none.err, HasSubstr("there is no requirement KPM-TOK-999"));
}

}  // namespace
}  // namespace pushsim::testing
