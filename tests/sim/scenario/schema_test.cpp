// The JSON Schema and the validator, against each other and against what is shipped.

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "sim/scenario/json_schema.hpp"
#include "tests/sim/scenario/broken.hpp"
#include "tests/sim/scenario/generated.hpp"
#include "tests/sim/scenario/schema_validator.hpp"

namespace pushsim::scenario {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string text_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in.is_open()) << path;
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const SchemaValidator& schema() {
    static const SchemaValidator validator(json_schema());
    return validator;
}

std::vector<fs::path> shipped() {
    std::vector<fs::path> files;
    const auto is_of_the_registry = [](const fs::path& file) {
        const std::string name = file.filename().string();
        return name == "requirements.yaml" || name == "sources.yaml" || name == "profiles.yaml" ||
               file.parent_path().filename() == "deviations" || file.parent_path().filename() == "verdicts";
    };
    for (const auto& entry : fs::recursive_directory_iterator(PUSHSIM_SCENARIOS)) {
        if (entry.path().extension() == ".yaml" && !is_of_the_registry(entry.path()))
            files.push_back(entry.path());
    }
    EXPECT_GE(files.size(), 15U);
    return files;
}

TEST(Schema, IsTheFileThatIsShipped) {
    EXPECT_TRUE(text_of(fs::path(PUSHSIM_SCENARIOS) / "schema.json") == json_schema())
        << "write it again: pushsim list schema > scenarios/schema.json";
}

TEST(Schema, AcceptsEveryScenarioThatIsShippedAndItsPlan) {
    std::vector<fs::path> files = shipped();
    files.emplace_back(PUSHSIM_FIXTURES "/scenarios/whole-language.yaml");
    for (const fs::path& file : files) {
        const std::string text = text_of(file);
        EXPECT_EQ(schema().problems(text), "") << file;
        const LoadResult result = load_text(text, file.string());
        ASSERT_TRUE(result.ok()) << result.text();
        for (const Scenario& scenario : result.scenarios)
            EXPECT_EQ(schema().problems(resolved(scenario)), "") << resolved(scenario);
    }
}

TEST(Schema, EveryScenarioThatIsShippedNamesItForEditors) {
    for (const fs::path& file : shipped()) {
        const fs::path way =
            fs::path(PUSHSIM_SCENARIOS).lexically_relative(file.parent_path()) / "schema.json";
        const std::string line = "# yaml-language-server: $schema=" + way.lexically_normal().string() + "\n";
        EXPECT_EQ(text_of(file).substr(0, line.size()), line) << file;
    }
}

TEST(WholeLanguage, HasEveryStepAndKindOfFaultKey) {
    const std::string text = text_of(PUSHSIM_FIXTURES "/scenarios/whole-language.yaml");
    const LoadResult result = load_text(text, "f");
    ASSERT_TRUE(result.ok()) << result.text();
    for (const Scenario& scenario : result.scenarios) {
        const LoadResult again = load_text(resolved(scenario), "again");
        ASSERT_TRUE(again.ok()) << again.text();
        EXPECT_TRUE(same_plan(again.scenarios[0], scenario)) << resolved(scenario);
    }
    for (const StepName& step : steps()) {
        if (step.kind) {
            EXPECT_THAT(text, HasSubstr(std::string(step.name) + ":"));
        }
    }
    for (const Key& key : expect_keys()) {
        if (key.name != "all") {
            EXPECT_THAT(text, HasSubstr(std::string(key.name) + ":"));
        }
    }
}

TEST(Schema, AcceptsAReferenceWhereverAMatrixMayPutAValue) {
    for (const char* line :
         {"stack: { workers: \"${x}\" }", "stack: { fresh: \"${x}\" }",
          "stack: { verifier: { quote_interval: \"${x}\" } }", "intermittent: { tries: \"${x}\" }",
          "script: [ wait: \"${x}s\" ]", "script: [ attest: { times: \"${x}\" } ]",
          "agents: { a: { enrol: { tpm_policy: { from_boot: [\"${x}\"] } } } }",
          "expect: [ { status: \"${x}\" } ]", "expect: [ \"${x}\" ]",
          "script: [ attest: { faults: [ hold_evidence: { until: \"${x}\" } ] } ]"})
        EXPECT_EQ(schema().problems(text_with({line})), "") << line;
}

TEST(Schema, AndValidatorAcceptTheSame) {
    int count = 0;
    for (const Generated& one : generated()) {
        if (one.slip != Slip::None) continue;
        ++count;
        const std::string text = text_with(one.lines);
        const std::string problems = problems_of(text);
        // The file that an example names is not there.
        if (problems.find("`file`: there is no file any text") == std::string::npos) {
            EXPECT_EQ(problems, "") << one.place << ", " << one.word << "\n" << text;
        }
        EXPECT_EQ(schema().problems(text), "") << one.place << ", " << one.word << "\n" << text;
    }
    EXPECT_GT(count, 250);
}

TEST(Schema, AndValidatorRefuseTheSame) {
    int count = 0;
    for (const Generated& one : generated()) {
        if (one.slip == Slip::None) continue;
        ++count;
        const std::string text = text_with(one.lines);
        const std::string about =
            fmt::format("{}: {}, {}\n{}", one.place, to_string(one.slip), one.word, text);
        const std::string problems = problems_of(text);
        EXPECT_THAT(problems, testing::MatchesRegex("[1-9][0-9]*:[1-9](.|\n)*")) << about;
        const bool of_agents = problems.find("`agents`: expected the name of a group") != std::string::npos;
        const bool of_servers = problems.find("`servers`: expected one of") != std::string::npos;
        if (!of_agents && !of_servers) {
            EXPECT_THAT(problems, HasSubstr(one.slip == Slip::UndefinedName ? "qqqq" : one.word)) << about;
        }
        if (one.slip != Slip::UndefinedName) {
            EXPECT_NE(schema().problems(text), "") << about;
        }
    }
    EXPECT_GT(count, 400);
}

}  // namespace
}  // namespace pushsim::scenario
