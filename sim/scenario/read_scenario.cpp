#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario/cases.hpp"
#include "sim/scenario/expand.hpp"
#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

/// Without the line end that a block text has.
std::string trimmed(std::string text) {
    text.erase(text.find_last_not_of(" \n") + 1);
    return text;
}

/// References stand in requests alone; those to the matrix are replaced by now.
void refuse_references(Report& report, const Node& node) {
    if (node.is(Node::Kind::Scalar) && node.text.find("${") != std::string::npos) {
        report.add_alone(node,
                         fmt::format("nothing defines the reference in {}: variables stand in `matrix`, "
                                     "and agents are referred to in `request`",
                                     found(node)));
    }
    for (const Node& item : node.items)
        refuse_references(report, item);
    for (const auto& [key, value] : node.entries) {
        refuse_references(report, key);
        if (key.text != name_of(StepKind::Request).name) refuse_references(report, value);
    }
}

std::vector<std::string> read_word_list(Report& report, const Node& node, std::string_view what,
                                        std::string_view expectation, bool (*is_right)(std::string_view)) {
    std::vector<std::string> words;
    if (!node.is(Node::Kind::List)) {
        report.expected(node, what, fmt::format("a list of {}", expectation));
        return words;
    }
    for (const Node& item : node.items) {
        if (!item.is(Node::Kind::Scalar) || !is_right(item.text)) {
            report.expected(item, what, expectation);
        } else if (std::ranges::find(words, item.text) != words.end()) {
            report.add(item, fmt::format("`{}`: '{}' is given twice", what, item.text));
        } else {
            words.push_back(item.text);
        }
    }
    return words;
}

/// At its end, or in a step, also in one that is within another.
bool expects_something(const Node& node) {
    return std::ranges::any_of(node.entries,
                               [](const auto& entry) {
                                   return entry.key.text == "expect" || expects_something(entry.value);
                               }) ||
           std::ranges::any_of(node.items, expects_something);
}

/// SQLite is no server.
void refuse_database_acts(Report& report, const std::vector<Step>& steps) {
    for_each_step(steps, [&](const Step& step, std::uint64_t) {
        if (std::ranges::find(step.servers, "database") != step.servers.end()) {
            report.add(step.position,
                       "there is no server `database`: SQLite is a file; `stack: { database: "
                       "postgresql }` has one");
        }
    });
}

void refuse_faults_of_one_step(Report& report, const Scenario& scenario) {
    for (const Fault& fault : scenario.faults) {
        if (name_of(fault.kind).of_one_step) {
            report.add(fault.position,
                       fmt::format("fault `{}` is about the agents of one step; write it under that "
                                   "step's `faults`",
                                   to_string(fault.kind)));
        }
    }
}

bool has(std::span<const StepKind> phases, StepKind phase) {
    return std::ranges::find(phases, phase) != phases.end();
}

bool has_own_phase(const Fault& fault) {
    return fault.kind == FaultKind::Delay || fault.kind == FaultKind::Stall;
}

/// Whether a fault of the whole script can be met in one of these steps.
bool can_act(const Fault& fault, const std::vector<Step>& steps) {
    return std::ranges::any_of(steps, [&](const Step& step) {
        if (can_act(fault, step.steps)) return true;
        const auto phases = phases_of(step.kind);
        const bool takes_part = std::ranges::any_of(step.agents, [&](const std::string& group) {
            return fault.agents.empty() || std::ranges::find(fault.agents, group) != fault.agents.end();
        });
        return takes_part && !phases.empty() && concerns(fault.kind, step.kind) &&
               (!has_own_phase(fault) || has(phases, fault.phase) ||
                (fault.phase == StepKind::Authenticate && phases.back() > StepKind::Authenticate)) &&
               (!fault.in_phase || has(phases, *fault.in_phase) ||
                (*fault.in_phase == StepKind::Authenticate && phases.back() > StepKind::Authenticate));
    });
}

void refuse_faults_of_no_step(Report& report, const Scenario& scenario) {
    for (const Fault& fault : scenario.faults) {
        if (name_of(fault.kind).of_one_step || can_act(fault, scenario.script)) continue;
        std::vector<std::string> about;
        if (fault.in_phase) about.push_back(to_string(*fault.in_phase));
        if (has_own_phase(fault)) about.push_back(to_string(fault.phase));
        if (about.empty())
            std::ranges::transform(name_of(fault.kind).phases, std::back_inserter(about),
                                   [](StepKind phase) { return to_string(phase); });
        report.add(
            fault.position,
            fmt::format(
                "fault `{}` is about {}, which no step of these agents has; what runs unasked, such as "
                "a registration before the first `attest`, runs without faults: write it as a step",
                to_string(fault.kind), fmt::join(about, ", ")));
    }
}

/// `early` where there is no next cycle that could be.
void refuse_early(Report& report, const std::vector<Fault>& faults, const char* where) {
    for (const Fault& fault : faults) {
        if (fault.kind == FaultKind::Early)
            report.add(fault.position,
                       fmt::format("`early` brings the next cycle forward, and {} one alone; it goes with "
                                   "`attest: {{ times: 2 }}` or more",
                                   where));
    }
}

void refuse_early_of_only_cycles(Report& report, const Scenario& scenario) {
    bool goes_on = false;
    for_each_step(scenario.script, [&](const Step& step, std::uint64_t) {
        if (step.times < 2) refuse_early(report, step.faults, "the step has");
        goes_on = goes_on || (step.kind == StepKind::Attest && step.times > 1);
    });
    if (!goes_on) refuse_early(report, scenario.faults, "each step has");
}

/// The ids that clauses decide must be in the list of the file; where it has none, they are the list.
void settle_requirements(Report& report, Scenario& scenario, const Node* list) {
    std::set<std::string> decided;
    for_each_clause(scenario, [&](const Expectation& clause, const std::string& /*case_name*/) {
        for (const std::string& id : clause.decides) {
            decided.insert(id);
            if (list != nullptr &&
                std::ranges::find(scenario.requirements, id) == scenario.requirements.end())
                report.add(
                    clause.position,
                    fmt::format("`decides`: {} is not in the `requirements` of the file (line {}): add it "
                                "there, or leave the list out",
                                id, list->line));
        }
    });
    if (list == nullptr) scenario.requirements.assign(decided.begin(), decided.end());
}

/// `is_whole`: the file is this case alone, so that what cannot act here never does.
Scenario read_case(Report& report, const Node& root, const std::string& file, bool is_whole) {
    Scenario scenario;
    scenario.file = file;
    const std::size_t problems = report.count();
    refuse_references(report, root);
    const MapReader map(report, root, "a scenario", scenario_keys());
    if (!expects_something(root)) {
        report.add(
            root,
            "nothing is expected, so nothing can fail: add `expect` to a step or at the end, for example "
            "`expect: [{ agents: GROUP, status: PASS }]`");
    }
    if (const Node* name = map.get("scenario")) {
        scenario.name = read_text(report, *name, "scenario").value_or("");
        scenario.position = report.at(*name);
        if (!scenario.name.empty() && !is_plain_name(scenario.name)) {
            report.expected(*name, "scenario", "a name of lower-case letters, digits and hyphens");
        }
    }
    if (const Node* title = map.get("title")) {
        scenario.title = trimmed(read_text(report, *title, "title").value_or(""));
        if (scenario.title.find('\n') != std::string::npos) report.expected(*title, "title", "one line");
    }
    if (const Node* about = map.get("about")) {
        scenario.about = trimmed(read_text(report, *about, "about").value_or(""));
    }
    if (const Node* ids = map.get("requirements")) {
        scenario.requirements = read_word_list(report, *ids, "requirements",
                                               "requirement ids like KPM-EVID-007", is_requirement_id);
    }
    if (const Node* tags = map.get("tags")) {
        scenario.tags = read_word_list(report, *tags, "tags", "lower-case words", is_plain_name);
    }
    if (const Node* stack = map.get("stack")) scenario.stack = read_stack(report, *stack);
    if (const Node* agents = map.get("agents")) scenario.groups = read_groups(report, *agents);
    if (map.get("script") == nullptr && map.get("cases") == nullptr && report.count() == problems)
        report.add(root, missing("a scenario", *std::ranges::find(scenario_keys(), "script", &Key::name)));
    if (const Node* script = map.get("script")) {
        scenario.script = read_steps(report, *script, scenario.groups, "script");
        number_steps(report, scenario.script);
        check_references(report, scenario.script, scenario.groups);
    }
    if (const Node* faults = map.get("faults"))
        scenario.faults = read_run_faults(report, *faults, scenario.groups);
    refuse_faults_of_one_step(report, scenario);
    if (map.get("script") != nullptr && report.count() == 0) refuse_faults_of_no_step(report, scenario);
    if (is_whole && report.count() == 0) refuse_early_of_only_cycles(report, scenario);
    if (const Node* intermittent = map.get("intermittent"))
        scenario.tries =
            MapReader(report, *intermittent, "`intermittent`", intermittent_keys()).integer("tries");
    if (const Node* expect = map.get("expect")) {
        scenario.expect = read_expectations(report, *expect, {scenario.groups, nullptr, {}});
    }
    settle_requirements(report, scenario, map.get("requirements"));
    if (scenario.stack.database == "sqlite") refuse_database_acts(report, scenario.script);
    return scenario;
}

}  // namespace

std::vector<Scenario> read_scenarios(Report& report, const Node& root, const std::string& file) {
    if (!root.is(Node::Kind::Map)) {
        report.add(root, fmt::format("a scenario: expected a map that begins with `scenario: name`; found {}",
                                     found(root)));
        return {};
    }
    std::vector<Scenario> cases;
    std::set<std::string> labels;
    std::size_t nodes = 0;
    expand_matrix(report, root, [&](const Node& one, const Values& values) {
        if (!labels.insert(case_label(values)).second)
            report.add(find_entry(root, "matrix")->value,
                       "two cases of the matrix have the same name: their values look alike");
        cases.push_back(read_case(report, expand_cases(report, one, values, nodes), file, values.empty()));
        cases.back().name += case_label(values);
        cases.back().values = values;
    });
    return cases;
}

}  // namespace pushsim::scenario
