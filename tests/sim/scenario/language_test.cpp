// The tables of names, and what the validator makes of them.

#include "sim/scenario/language.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

using testing::HasSubstr;

template <typename Names>
std::vector<Name> as_names(const Names& names) {
    return {names.begin(), names.end()};
}

TEST(Language, EveryNameIsThereOnceAndExplained) {
    const std::vector<Name> step_names = as_names(steps());
    const std::vector<Name> fault_names = as_names(faults());
    for (const std::span<const Name> table : {std::span<const Name>(step_names),
                                              std::span<const Name>(fault_names),
                                              scenario_keys(),
                                              stack_keys(),
                                              group_keys(),
                                              boot_keys(),
                                              enrol_keys(),
                                              step_sibling_keys(),
                                              expect_keys(),
                                              response_keys(),
                                              checks(),
                                              id_schemes(),
                                              tpm_kinds(),
                                              ak_kinds(),
                                              habits(),
                                              rust_agent_keys(),
                                              connection_kinds(),
                                              request_kinds(),
                                              databases(),
                                              verdicts(),
                                              failure_reasons(),
                                              agent_statuses()}) {
        std::set<std::string_view> seen;
        for (const Name& name : table) {
            EXPECT_TRUE(seen.insert(name.name).second) << name.name;
            EXPECT_FALSE(name.name.empty());
            EXPECT_FALSE(name.about.empty()) << name.name;
        }
        EXPECT_FALSE(seen.empty());
    }
}

TEST(Language, EveryStepThatIsThereHasItsKindAndBackAgain) {
    std::set<StepKind> kinds;
    for (const StepName& step : steps()) {
        EXPECT_EQ(step.kind.has_value(), step.availability == Availability::Now) << step.name;
        if (!step.kind) continue;
        EXPECT_EQ(step.name, to_string(*step.kind));
        EXPECT_TRUE(kinds.insert(*step.kind).second) << step.name;
    }
    EXPECT_EQ(kinds.size(), static_cast<std::size_t>(StepKind::Repeat) + 1);
}

TEST(Language, EveryStepOfTheTableIsReadOrSaysThatItIsNotThereYet) {
    for (const StepName& step : steps()) {
        std::string value = "a";
        if (step.kind == StepKind::Wait) value = "1s";
        if (step.kind == StepKind::Repeat) value = "{ times: 2, steps: [ attest ] }";
        if (step.kind == StepKind::Extend) value = "{ 7: [\"text:x\"] }";
        const std::string script = "script: [ { " + std::string(step.name) + ": " + value + " } ]";
        const std::string expected = step.availability == Availability::Now
                                         ? ""
                                         : "3:13: step `" + std::string(step.name) +
                                               "` is part of the language but not yet in pushsim";
        EXPECT_EQ(problems_of(Parts{.script = script}.text()), expected);
    }
}

TEST(Language, EveryFaultIsKnown) {
    EXPECT_EQ(faults().size(), 67U) << "those of the language, and old_token";
    for (const FaultName& fault : faults()) {
        const std::string name(fault.name);
        const std::string problem =
            problems_of(Parts{.script = "script: [ attest: { faults: [ " + name + " ] } ]"}.text());
        EXPECT_EQ(fault.kind.has_value(), fault.availability == Availability::Now) << name;
        if (fault.kind) {
            EXPECT_EQ(name, to_string(*fault.kind));
            EXPECT_EQ(problem.find("fault `" + name + "` needs `") != std::string::npos, !fault.keys.empty())
                << problem;
        } else {
            EXPECT_THAT(problem,
                        HasSubstr("fault `" + name + "` is part of the language but not yet in pushsim"));
        }
    }
}

TEST(Language, EveryKeyThatIsLaterSaysSo) {
    const auto check = [](std::span<const Name> keys, const Parts& parts) {
        for (const Name& key : keys) {
            if (key.availability == Availability::Now) continue;
            std::string text = parts.text();
            text.replace(text.find("KEY"), 3, key.name);
            EXPECT_THAT(problems_of(text),
                        HasSubstr("key `" + std::string(key.name) + "` is part of the language but not yet"));
        }
    };
    check(scenario_keys(), {.more = "KEY: x"});
    check(stack_keys(), {.more = "stack: { KEY: x }"});
    check(group_keys(), {.agents = "agents: { a: { KEY: x } }"});
    check(boot_keys(), {.agents = "agents: { a: { boot: { KEY: x } } }"});
    check(tls_keys(), {.agents = "agents: { a: { tls: { KEY: x } } }"});
    check(enrol_keys(), {.agents = "agents: { a: { enrol: { KEY: x } } }"});
    check(step_sibling_keys(), {.script = "script: [ { attest: a, KEY: x } ]"});
    check(expect_keys(), {.expect = "expect: [ { status: PASS, KEY: x } ]"});
    check(response_keys(), {.script = "script: [ { attest: a, expect: { response: { KEY: x } } } ]"});
}

TEST(Language, WhatIsListedForAKeyOfAGroupIsWhatItsReaderKnows) {
    int keys = 0;
    for (const Name& key : group_keys()) {
        const auto values = group_key_values(key.name);
        if (values.empty() || key.name == "id") continue;  // any other text is an id
        ++keys;
        const bool is_map = key.name == "boot" || key.name == "enrol" || key.name == "tls";
        const std::string value = is_map ? "{ qqqqqqqqqqqqqqqq: x }" : "qqqqqqqqqqqqqqqq";
        const std::string problem = problems_of(
            Parts{.agents = fmt::format("agents: {{ a: {{ {}: {} }} }}", key.name, value)}.text());
        std::vector<std::string_view> now;
        for (const Name& one : values)
            if (one.availability == Availability::Now) now.push_back(one.name);
        EXPECT_THAT(problem, HasSubstr(fmt::format("known: {}", fmt::join(now, ", ")))) << key.name;
    }
    EXPECT_EQ(keys, 8);
    EXPECT_TRUE(group_key_values("count").empty());
}

TEST(Language, TheWordsOfTablesAndPlansAgree) {
    const auto words = [](std::span<const Name> names) {
        std::vector<std::string> now;
        for (const Name& name : names) {
            if (name.availability == Availability::Now) now.emplace_back(name.name);
        }
        return now;
    };
    using testing::ElementsAre;
    EXPECT_THAT(words(verdicts()),
                ElementsAre(to_string(Verdict::Pass), to_string(Verdict::Fail), to_string(Verdict::None)));
    EXPECT_THAT(words(failure_reasons()), ElementsAre(to_string(FailureReason::PolicyViolation),
                                                      to_string(FailureReason::BrokenEvidenceChain)));
    EXPECT_THAT(words(agent_statuses()),
                ElementsAre(to_string(AgentStatus::Pending), to_string(AgentStatus::Pass),
                            to_string(AgentStatus::Fail), to_string(AgentStatus::Timeout)));
    EXPECT_THAT(words(ak_kinds()), ElementsAre(to_string(AkKind::Child), to_string(AkKind::Primary)));
    EXPECT_THAT(words(habits()), ElementsAre(to_string(Habits::Correct), to_string(Habits::RustAgent)));
    EXPECT_THAT(words(connection_kinds()),
                ElementsAre(to_string(Connections::One), to_string(Connections::RustAgent),
                            to_string(Connections::PerRequest)));
    EXPECT_THAT(words(id_schemes()),
                ElementsAre(to_string(AgentId::Scheme::Uuid), to_string(AgentId::Scheme::HashEk)));
}

TEST(Language, EveryOptionTakesAValueOfItsKind) {
    const auto check = [](std::string_view server, std::span<const OptionName> options) {
        std::set<std::string_view> seen;
        for (const OptionName& option : options) {
            EXPECT_TRUE(seen.insert(option.name).second) << option.name;
            const auto problems = [&](std::string_view value) {
                return problems_of(Parts{.more = "stack: { " + std::string(server) + ": { " +
                                                 std::string(option.name) + ": " + std::string(value) +
                                                 " } }"}
                                       .text());
            };
            switch (option.kind) {
                case OptionKind::WholeSeconds:
                    EXPECT_EQ(problems("2s"), "");
                    EXPECT_THAT(problems("2500ms"), HasSubstr("whole seconds only"));
                    EXPECT_THAT(problems("2"), HasSubstr("needs a unit"));
                    break;
                case OptionKind::Seconds:
                    EXPECT_EQ(problems("2500ms"), "");
                    EXPECT_THAT(problems("2"), HasSubstr("needs a unit"));
                    break;
                case OptionKind::Size:
                    EXPECT_EQ(problems("64KiB"), "");
                    EXPECT_THAT(problems("64"), HasSubstr("expected a size"));
                    break;
                case OptionKind::Count:
                    EXPECT_EQ(problems("0"), "");
                    EXPECT_THAT(problems("2s"), HasSubstr("whole number"));
                    break;
                case OptionKind::Boolean:
                    EXPECT_EQ(problems("true"), "");
                    EXPECT_THAT(problems("yes"), HasSubstr("true or false"));
                    break;
                case OptionKind::Text:
                    EXPECT_EQ(problems("'[\"x\"]'"), "");
                    EXPECT_THAT(problems("[x]"), HasSubstr("expected a text"));
                    break;
                case OptionKind::Ours:
                    EXPECT_THAT(problems("x"), HasSubstr("set by pushsim itself"));
                    break;
            }
            if (option.kind != OptionKind::Ours) {
                EXPECT_EQ(problems("null"), "");
            }
        }
    };
    check("verifier", verifier_options());
    check("registrar", registrar_options());
}

TEST(Language, WhatIsNotThereYetNamesTheVersion) {
    const LoadResult result = load_text(Parts{.script = "script: [ reboot ]"}.text(), "f");
    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_EQ(result.problems[0].message,
              "step `reboot` is part of the language but not yet in pushsim " + std::string(version()));
    EXPECT_THAT(std::string(version()), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST(Nearest, FindsASlipAndNothingElse) {
    const std::vector<std::string_view> names{"attest", "activate", "register", "wait", "PASS"};
    EXPECT_EQ(nearest("atest", names), "attest");
    EXPECT_EQ(nearest("attset", names), "attest") << "a swap counts one";
    EXPECT_EQ(nearest("Attest", names), "attest");
    EXPECT_EQ(nearest("registration", names), std::nullopt);
    EXPECT_EQ(nearest("regsiter", names), "register");
    EXPECT_EQ(nearest("pass", names), "PASS");
    EXPECT_EQ(nearest("wiat", names), "wait");
    EXPECT_EQ(nearest("xyzzy", names), std::nullopt);
    EXPECT_EQ(nearest("", names), std::nullopt);
    EXPECT_EQ(nearest("attest", {}), std::nullopt);
    EXPECT_EQ(nearest(std::string(100'000, 'a'), names), std::nullopt);
}

}  // namespace
}  // namespace pushsim::scenario
