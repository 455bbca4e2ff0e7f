// The tables of names, and what the validator makes of them.

#include "sim/scenario/language.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include "sim/scenario/references.hpp"
#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

using testing::HasSubstr;

template <typename Names>
std::vector<Name> as_names(const Names& names) {
    return {names.begin(), names.end()};
}

TEST(Language, EveryNameIsThereOnceAndExplained) {
    const std::vector<std::vector<Name>> tables{as_names(steps()),
                                                as_names(faults()),
                                                as_names(scenario_keys()),
                                                as_names(stack_keys()),
                                                as_names(group_keys()),
                                                as_names(boot_keys()),
                                                as_names(clock_keys()),
                                                as_names(enrol_keys()),
                                                as_names(tpm_policy_keys()),
                                                as_names(runtime_policy_keys()),
                                                as_names(rust_agent_keys()),
                                                as_names(tls_keys()),
                                                as_names(step_sibling_keys()),
                                                as_names(fault_sibling_keys()),
                                                as_names(run_fault_sibling_keys()),
                                                as_names(expect_keys()),
                                                as_names(response_keys()),
                                                as_names(request_kinds()),
                                                as_names(intermittent_keys()),
                                                as_names(distribution_keys()),
                                                as_names(normal_keys()),
                                                as_names(exponential_keys()),
                                                as_names(metric_subjects()),
                                                as_names(metric_measures()),
                                                as_names(checks()),
                                                as_names(id_schemes()),
                                                as_names(tpm_kinds()),
                                                as_names(ak_kinds()),
                                                as_names(ak_keys()),
                                                as_names(ak_schemes()),
                                                as_names(ak_hashes()),
                                                as_names(habits()),
                                                as_names(connection_kinds()),
                                                as_names(databases()),
                                                as_names(needs()),
                                                as_names(servers()),
                                                as_names(phases()),
                                                as_names(instants()),
                                                as_names(verdicts()),
                                                as_names(failure_reasons()),
                                                as_names(agent_statuses()),
                                                as_names(request_peers()),
                                                as_names(reference_properties())};
    for (const std::vector<Name>& table : tables) {
        std::set<std::string_view> seen;
        for (const Name& name : table) {
            EXPECT_TRUE(seen.insert(name.name).second) << name.name;
            EXPECT_FALSE(name.name.empty());
            EXPECT_FALSE(name.about.empty()) << name.name;
            const std::string problem = problems_of(std::string(name.name) + ": x\n");
            EXPECT_THAT(problem, testing::Not(HasSubstr("YAML 1.1 reads it"))) << problem;
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
    const std::map<std::string_view, std::string> values{
        {"wait", "1s"},
        {"together", "[ attest ]"},
        {"repeat", "{ times: 2, steps: [ attest ] }"},
        {"extend", "{ 7: [\"text:x\"] }"},
        {"measure", "{ path: /usr/bin/new, digest: \"text:x\" }"},
        {"pause", "{ servers: verifier, for: 2s }"},
        {"cut_off", "{ servers: verifier, for: 2s }"},
        {"request", "{ path: /version }"},
        {"change_policy", "{ runtime_policy_name: p, runtime_policy: { json: \"{}\" } }"},
    };
    for (const StepName& step : steps()) {
        const bool of_servers =
            std::ranges::any_of(step.keys, [](const Key& key) { return key.name == "servers"; });
        const auto value = values.find(step.name);
        const std::string script = fmt::format("script: [ {{ {}: {} }} ]", step.name,
                                               value != values.end() ? value->second
                                               : of_servers          ? "verifier"
                                                                     : "a");
        const std::string expected = step.availability == Availability::Now
                                         ? ""
                                         : "3:13: step `" + std::string(step.name) +
                                               "` is part of the language but not yet in pushsim";
        const std::string agents =
            "agents: { a: { boot: { ima: { entries: 1 } }, enrol: { runtime_policy_name: p } } }";
        EXPECT_EQ(problems_of(Parts{.agents = agents, .script = script}.text()), expected);
    }
}

TEST(Language, EveryFaultIsKnown) {
    EXPECT_EQ(faults().size(), 70U)
        << "those of the language, old_token, not_a_quote, other_choice and to_latest";
    for (const FaultName& fault : faults()) {
        const std::string name(fault.name);
        const std::string problem =
            problems_of(Parts{.script = "script: [ attest: { faults: [ " + name + " ] } ]"}.text());
        EXPECT_EQ(fault.kind.has_value(), fault.availability == Availability::Now) << name;
        if (fault.kind) {
            EXPECT_EQ(name, to_string(*fault.kind));
            const bool in_attest = problem.find("which step `attest` does not have") == std::string::npos;
            const bool needs_keys = problem.find("fault `" + name + "` needs `") != std::string::npos;
            EXPECT_EQ(needs_keys, in_attest && !fault.keys.empty()) << problem;
            EXPECT_EQ(problem.empty(), in_attest && fault.keys.empty()) << problem;
        } else {
            EXPECT_THAT(problem,
                        HasSubstr("fault `" + name + "` is part of the language but not yet in pushsim"));
        }
    }
}

TEST(Language, EveryKeyThatIsLaterSaysSo) {
    const auto check = [](std::span<const Key> keys, const Parts& parts) {
        for (const Key& key : keys) {
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
    for (const Key& key : group_keys()) {
        const std::vector<Name> values = members_of(key.form);
        if (values.empty() || key.name == "id" || key.name == "boot") continue;  // any other text is an id
        ++keys;
        const bool is_map = key.form.kind == Form::Kind::Map || key.name == "enrol";
        const std::string value = is_map ? "{ qqqqqqqqqqqqqqqq: x }" : "qqqqqqqqqqqqqqqq";
        const std::string problem = problems_of(
            Parts{.agents = fmt::format("agents: {{ a: {{ {}: {} }} }}", key.name, value)}.text());
        std::vector<std::string_view> now;
        const auto words = key.name == "habits" ? as_names(habits()) : values;
        for (const Name& one : words)
            if (one.availability == Availability::Now) now.push_back(one.name);
        EXPECT_THAT(problem, HasSubstr(fmt::format("known: {}", fmt::join(now, ", ")))) << key.name;
    }
    EXPECT_EQ(keys, 11);
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
    EXPECT_THAT(words(ak_keys()), ElementsAre(to_string(AkKey::Rsa2048), to_string(AkKey::Ecc256)));
    EXPECT_THAT(words(ak_schemes()), ElementsAre(to_string(AkScheme::Rsassa), to_string(AkScheme::Rsapss),
                                                 to_string(AkScheme::Ecdsa)));
    EXPECT_THAT(words(ak_hashes()), ElementsAre(to_string(AkHash::Sha256), to_string(AkHash::Sha384)));
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
    const LoadResult result = load_text(Parts{.script = "script: [ hibernate ]"}.text(), "f");
    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_EQ(result.problems[0].message,
              "step `hibernate` is part of the language but not yet in pushsim " + std::string(version()));
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
