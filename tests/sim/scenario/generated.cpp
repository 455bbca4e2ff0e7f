#include "tests/sim/scenario/generated.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

using Lines = std::vector<std::string>;
/// Lines of a file in which a map has these members.
using Place = std::function<Lines(const std::string& members)>;

/// What must stand beside a key, where its table does not say so.
std::string companion(std::string_view key) {
    static const std::map<std::string_view, std::string> companions{
        {"reason", "verdict: fail"},  {"within", "status: PASS"},
        {"poll", "always: PASS"},     {"since", "requests: { sessions: 1 }"},
        {"jitter", "every: 5s"},      {"for", "every: 5s"},
        {"agents", "status: PASS"},   {"all", "status: PASS"},
        {"at_least", "status: PASS"}, {"at_most", "status: PASS"},
        {"exactly", "status: PASS"},  {"cycles", "verdict: pass"},
        {"decides", "status: PASS"},
    };
    const auto at = companions.find(key);
    return at == companions.end() ? "" : at->second;
}

/// The same, of the faults that change requests.
std::string companion_of_change(std::string_view key) {
    if (key == "at") return "make: absent";
    if (key == "make") return "at: /data";
    return key == "request" ? "set: { Accept: x }" : "";
}

/// A value that a form cannot be.
std::optional<std::string> wrong_type(const Form& form) {
    switch (form.kind) {
        case Form::Kind::Anything:
        case Form::Kind::Null:
            return std::nullopt;
        case Form::Kind::Boolean:
            return "yes";
        case Form::Kind::Integer:
        case Form::Kind::Pcr:
            return "many";
        case Form::Kind::Duration:
        case Form::Kind::Size:
        case Form::Kind::Share:
        case Form::Kind::Rate:
        case Form::Kind::Instant:
            return "soon";
        case Form::Kind::OneOrList:
            return "{ qqqq: x }";
        case Form::Kind::Steps:
        case Form::Kind::Cases:
        case Form::Kind::Faults:
        case Form::Kind::RunFaults:
        case Form::Kind::Options:
        case Form::Kind::Map:
        case Form::Kind::OpenMap:
        case Form::Kind::ByPcr:
        case Form::Kind::List:
            return "qqqq";
        case Form::Kind::Clauses:
        case Form::Kind::RunClauses:
            return "[[x]]";
        default:
            return "[[x]]";
    }
}

std::optional<std::string> without_unit(const Form& form) {
    switch (form.kind) {
        case Form::Kind::Duration:
            return "2";
        case Form::Kind::Size:
            return "64";
        case Form::Kind::Share:
            return "10";
        case Form::Kind::Rate:
            return "10";
        case Form::Kind::Instant:
            return "challenges_expire_at - 500";
        default:
            return std::nullopt;
    }
}

bool names_something(const Form& form) {
    return form.kind == Form::Kind::Word || form.example == forms::group.example ||
           (form.kind == Form::Kind::OneOrList && names_something(*form.item));
}

class Generator {
  public:
    void keys(const std::string& name, std::span<const Key> keys, const Place& place,
              const std::string& beside = "") {
        std::string required = beside;
        for (const Key& key : keys) {
            if (key.required) required += (required.empty() ? "" : ", ") + example(key);
        }
        for (const Key& key : keys) {
            if (!is_there(key)) continue;
            const auto members = [&](const std::string& value) {
                std::string all;
                const auto add = [&](const std::string& member) {
                    if (!member.empty()) all += (all.empty() ? "" : ", ") + member;
                };
                add(beside);
                for (const Key& other : keys) {
                    if (other.required && other.name != key.name) add(example(other));
                }
                const bool of_clause = keys.data() == expect_keys().data();
                const bool of_times = key.name == "jitter" || key.name == "for";
                if ((of_clause || of_times) && all.find("every") == std::string::npos &&
                    (of_clause || name == "step `attest`"))
                    add(companion(key.name));
                if (name == "fault `header`") add(companion_of_change(key.name));
                if (name == "fault `body`")
                    add(key.name == "request" ? "raw: x" : companion_of_change(key.name));
                add(fmt::format("{}: {}", key.name, value));
                return all;
            };
            const bool any_phase = key.form.kind == Form::Kind::Faults;  // the example's is not every step's
            add(Slip::None, name, key.name,
                place(members(any_phase ? "[ clock_skew: { by: 1s } ]" : example(key.form))));
            if (const auto value = wrong_type(key.form))
                add(Slip::WrongType, name, key.name, place(members(*value)));
            if (const auto value = without_unit(key.form))
                add(Slip::NoUnit, name, key.name, place(members(*value)));
            if (names_something(key.form)) add(Slip::UndefinedName, name, key.name, place(members("qqqq")));
        }
        add(Slip::UnknownKey, name, "qqqq", place(required + (required.empty() ? "" : ", ") + "qqqq: x"));
    }

    void add(Slip slip, std::string place, std::string_view word, Lines lines) {
        all_.push_back({slip, std::move(place), std::string(word), std::move(lines)});
    }

    std::vector<Generated> take() { return std::move(all_); }

  private:
    std::vector<Generated> all_;
};

void add_scenario(Generator& generator) {
    for (const Key& key : scenario_keys()) {
        Lines beside;
        if (key.name == "matrix" || key.name == "exclude") beside = {"stack: { workers: \"${workers}\" }"};
        if (key.name == "exclude") beside.push_back("matrix: { workers: [1, 4] }");
        if (key.name == "control") beside = {"cases: [ { case: no-type, attest: late } ]"};
        if (key.name == "cases" || key.name == "control") beside.emplace_back("agents: { late: {} }");
        const auto with = [&](const std::string& value) {
            Lines lines = beside;
            lines.push_back(fmt::format("{}: {}", key.name, value));
            return lines;
        };
        generator.add(Slip::None, "a scenario", key.name, with(example(key.form)));
        if (const auto value = wrong_type(key.form))
            generator.add(Slip::WrongType, "a scenario", key.name, with(*value));
    }
    generator.add(Slip::UnknownKey, "a scenario", "qqqq", {"qqqq: x"});
}

Place in_group(const std::string& before, const std::string& after) {
    return [=](const std::string& members) {
        return Lines{
            fmt::format(
                "agents: {{ late: {{ count: 3, boot: {{ ima: {{ entries: 3 }} }} }}, x: {{ {}{}{} }} }}",
                before, members, after),
            "script: [ attest: late ]"};
    };
}

void add_agents(Generator& generator) {
    generator.keys("group `x`", group_keys(), in_group("", ""));
    generator.keys("`boot`", boot_keys(), in_group("boot: { ", " }"));
    generator.keys("`clock`", clock_keys(), in_group("clock: { ", " }"));
    generator.keys("`tls`", tls_keys(), in_group("tls: { ", " }"));
    generator.keys("`habits`", habit_keys(), in_group("habits: { ", " }"));
    generator.keys("`rust-agent`", rust_agent_keys(), in_group("habits: { rust-agent: { ", " } }"));
    generator.keys("`enrol`", enrol_keys(), in_group("enrol: { ", " }"));
    generator.keys("`tpm_policy`", tpm_policy_keys(), in_group("enrol: { tpm_policy: { ", " } }"));
    generator.keys("`runtime_policy`", runtime_policy_keys(),
                   in_group("enrol: { runtime_policy: { ", " } }"));
}

Lines script_of(const std::string& step) {
    return {
        "agents: { late: { count: 3, boot: { ima: { entries: 3 } }, enrol: { runtime_policy_name: "
        "pcr-mismatch } } }",
        fmt::format("script: [ {{ {} }} ]", step)};
}

void add_cases(Generator& generator) {
    const auto cases = [](const std::string& members) { return Lines{"cases: [ { " + members + " } ]"}; };
    const auto add = [&](Slip slip, const char* word, const std::string& members) {
        generator.add(slip, "a case", word, cases(members));
    };
    add(Slip::None, "decides", "case: one, decides: KPM-VER-001, attest: a, expect: { verdict: pass }");
    add(Slip::None, "matrix", "case: \"${x}\", matrix: { x: [1, 2] }, attest: { times: \"${x}\" }");
    add(Slip::None, "exclude", "case: \"${x}\", matrix: { x: [1, 2] }, exclude: [ { x: 1 } ], attest: a");
    add(Slip::None, "control", "case: one, control: [], attest: a");
    add(Slip::None, "control", "case: one, control: attest, attest: a");
    add(Slip::None, "steps", "case: one, steps: [ attest, { attest: a, as: two } ]");
    add(Slip::WrongType, "case", "case: [x], attest: a");
    add(Slip::WrongType, "decides", "case: one, decides: { x: y }, attest: a, expect: { verdict: pass }");
    add(Slip::WrongType, "matrix", "case: one, matrix: qqqq, attest: a");
    add(Slip::WrongType, "exclude", "case: \"${x}\", matrix: { x: [1, 2] }, exclude: qqqq, attest: a");
    add(Slip::WrongType, "control", "case: one, control: [ [x] ], attest: a");
    add(Slip::WrongType, "steps", "case: one, steps: qqqq");
    add(Slip::WrongType, "step", "case: one");
    add(Slip::WrongType, "steps", "case: one, steps: [ attest ], attest: a");
    add(Slip::UnknownKey, "qqqq", "case: one, attest: a, qqqq: x");
}

void add_steps(Generator& generator) {
    for (const StepName& step : steps()) {
        if (!is_there(step)) continue;
        const std::string name = fmt::format("step `{}`", step.name);
        for (const std::string& one : examples(step)) {
            generator.add(Slip::None, name, step.name,
                          script_of(one.find(':') == std::string::npos ? one + ":" : one));
        }
        if (!step.shorthand.empty() && step.kind != StepKind::Together)
            generator.add(Slip::WrongType, name, step.name, script_of(fmt::format("{}: [[x]]", step.name)));
        const std::string beside = step.takes_pcrs ? R"(7: ["text:x"])" : "";
        if (!step.keys.empty()) {
            generator.keys(
                name, step.keys,
                [&](const std::string& members) {
                    return script_of(fmt::format("{}: {{ {} }}", step.name, members));
                },
                beside);
        }
    }
    generator.keys("a step", step_sibling_keys(), [](const std::string& members) {
        return script_of("together: [ { attest: late, " + members + " } ]");
    });
    generator.add(Slip::UndefinedName, "a step", "qqqq", script_of("qqqq: late"));
    generator.add(Slip::WrongType, "a step", "a step", {"script: [ [attest] ]"});
}

Lines faults_of(std::string_view step, const std::string& fault) {
    return {"agents: { late: { count: 3 } }", fmt::format("script: [ {}: {{ {}faults: [ {} ] }} ]", step,
                                                          step == "attest" ? "times: 2, " : "", fault)};
}

void add_faults(Generator& generator) {
    for (const FaultName& fault : faults()) {
        if (!is_there(fault)) continue;
        const std::string name = fmt::format("fault `{}`", fault.name);
        std::string_view step = "attest";
        const StepKind first = fault.phases.empty() ? StepKind::Attest : fault.phases[0];
        // Of those that begin earlier, for it has two requests.
        if (first == StepKind::Authenticate || first == StepKind::Register) step = "authenticate";
        if (first == StepKind::Activate) step = "activate";
        if (fault.keys.empty()) {
            generator.add(Slip::None, name, fault.name, faults_of(step, std::string(fault.name)));
            generator.add(Slip::UnknownKey, name, fault.name,
                          faults_of(step, fmt::format("{}: {{ qqqq: x }}", fault.name)));
        } else {
            generator.keys(name, fault.keys, [&](const std::string& members) {
                return faults_of(step, fmt::format("{}: {{ {} }}", fault.name, members));
            });
        }
    }
    generator.keys("fault `no_token`", fault_sibling_keys(), [](const std::string& members) {
        return faults_of("attest", "{ no_token: , " + members + " }");
    });
    generator.keys("fault `old_token`", run_fault_sibling_keys(), [](const std::string& members) {
        return Lines{"agents: { late: {} }", "faults: [ { old_token: , " + members + " } ]"};
    });
    generator.add(Slip::UndefinedName, "faults", "qqqq", faults_of("attest", "qqqq"));
}

void add_expect(Generator& generator) {
    const auto of_step = [](const std::string& members) {
        return Lines{"agents: { late: { count: 4 } }",
                     fmt::format("script: [ {{ attest: late, expect: {{ {} }} }} ]", members)};
    };
    generator.keys("`expect`", expect_keys(), of_step);
    std::vector<Key> of_run;
    std::ranges::copy_if(expect_keys(), std::back_inserter(of_run),
                         [](const Key& key) { return !is_about_one_step(key.name); });
    for (const Key& key : of_run) {
        const std::string beside = companion(key.name);
        generator.add(
            Slip::None, "`expect` at the end", key.name,
            {"agents: { late: { count: 4 } }",
             fmt::format("expect: [ {{ {}{}{} }} ]", beside, beside.empty() ? "" : ", ", example(key))});
    }
    for (const Key& key : expect_keys()) {
        if (is_about_one_step(key.name))
            generator.add(Slip::UnknownKey, "`expect` at the end", key.name,
                          {fmt::format("expect: [ {{ {} }} ]", example(key))});
    }
    for (const Name& check : checks())
        generator.add(Slip::None, "`expect` at the end", check.name,
                      {fmt::format("expect: [ {} ]", check.name)});
    for (const char* metric : {"submit.p99 < 250ms", "accepted.rate >= 40/s", "error.share < 1%"})
        generator.add(Slip::None, "`expect` at the end", metric, {fmt::format("expect: [ {} ]", metric)});
    generator.add(Slip::UndefinedName, "`expect` at the end", "qqqq", {"expect: [ qqqq ]"});
    for (const std::span<const Key> keys : {check_clause_keys(), metric_clause_keys()}) {
        generator.keys(fmt::format("the clause with `{}`", keys.front().name), keys,
                       [](const std::string& members) { return Lines{"expect: [ { " + members + " } ]"}; });
    }
    generator.keys("`response`", response_keys(),
                   [&](const std::string& members) { return of_step("response: { " + members + " }"); });
    generator.keys("`requests`", request_kinds(),
                   [&](const std::string& members) { return of_step("requests: { " + members + " }"); });
}

void add_amounts(Generator& generator) {
    const auto in_wait = [](const std::string& before, const std::string& after) {
        return [=](const std::string& members) {
            return Lines{fmt::format("script: [ wait: {{ {}{}{} }} ]", before, members, after)};
        };
    };
    for (const Key& key : distribution_keys())
        generator.add(Slip::None, "a distribution", key.name, in_wait("", "")(example(key)));
    generator.keys("`normal`", normal_keys(), in_wait("normal: { ", " }"));
    generator.keys("`exponential`", exponential_keys(), in_wait("exponential: { ", " }"));
    generator.keys("`intermittent`", intermittent_keys(),
                   [](const std::string& members) { return Lines{"intermittent: { " + members + " }"}; });
}

void add_options(Generator& generator) {
    for (const auto& [server, options] :
         {std::pair{"verifier", verifier_options()}, std::pair{"registrar", registrar_options()}}) {
        const auto with = [&, server = server](const std::string& member) {
            return Lines{fmt::format("stack: {{ {}: {{ {} }} }}", server, member)};
        };
        for (const OptionName& option : options) {
            if (option.kind == OptionKind::Ours) continue;
            generator.add(Slip::None, server, option.name, with(example(option)));
            generator.add(Slip::WrongType, server, option.name, with(fmt::format("{}: [x]", option.name)));
            const bool has_unit = option.kind == OptionKind::WholeSeconds ||
                                  option.kind == OptionKind::Seconds || option.kind == OptionKind::Size;
            if (has_unit)
                generator.add(Slip::NoUnit, server, option.name, with(fmt::format("{}: 2", option.name)));
        }
        generator.add(Slip::UnknownKey, server, "qqqq", with("qqqq: x"));
        generator.add(Slip::None, server, "raw", with("raw: true, qqqq: x"));
    }
}

}  // namespace

const char* to_string(Slip slip) {
    switch (slip) {
        case Slip::None:
            return "valid";
        case Slip::UnknownKey:
            return "unknown key";
        case Slip::WrongType:
            return "wrong type";
        case Slip::NoUnit:
            return "no unit";
        case Slip::UndefinedName:
            return "undefined name";
    }
    return "";
}

std::string text_with(const Lines& lines) {
    Lines all{"scenario: s", "agents: { a: {} }", "script: [ attest ]", "expect: [ accounted ]"};
    for (const std::string& line : lines) {
        const std::string key = line.substr(0, line.find(':') + 1);
        const auto at =
            std::ranges::find_if(all, [&](const std::string& one) { return one.starts_with(key); });
        if (at != all.end()) {
            *at = line;
        } else {
            all.push_back(line);
        }
    }
    return fmt::format("{}\n", fmt::join(all, "\n"));
}

std::vector<Generated> generated() {
    Generator generator;
    add_scenario(generator);
    generator.keys("`stack`", stack_keys(),
                   [](const std::string& members) { return Lines{"stack: { " + members + " }"}; });
    add_options(generator);
    add_agents(generator);
    add_steps(generator);
    add_cases(generator);
    add_faults(generator);
    add_expect(generator);
    add_amounts(generator);
    return generator.take();
}

}  // namespace pushsim::scenario
