// The keys of a scenario file and of its stack.

#include <array>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

using namespace forms;
constexpr auto now = Availability::Now;
constexpr auto later = Availability::Later;

constexpr std::array<Form, 2> group_value{{null, map(group_keys)}};
constexpr Form group_form = any_of(group_value);
constexpr Form agents_form{.kind = Form::Kind::OpenMap,
                           .least = 1,
                           .pattern = group.pattern,
                           .example = "{ late: { count: 3 } }",
                           .item = &group_form};
constexpr std::array<Key, 15> scenario_table{{
    {{"scenario", "its name: lower-case words with hyphens, unique in a run", now}, plain_name, true},
    {{"title", "one line for lists and reports", now}, any_text},
    {{"about", "what it shows, for people", now}, any_text},
    {{"requirements", "list of the requirement ids it decides; if left out, those of `decides`", now},
     {.kind = Form::Kind::List, .item = &requirement}},
    {{"tags", "list of words to choose scenarios by", now}, {.kind = Form::Kind::List, .item = &plain_name}},
    {{"stack", "what the servers must be like", now}, map(stack_keys)},
    {{"agents", "the groups of agents, by name, and what they are", now}, agents_form, true},
    {{"script", "a list of steps, done in order", now}, step_list},
    {{"cases", "parts of it that have names of their own, played after `script`, which may then be left out",
      now},
     cases},
    {{"control", "a step, or a list of steps, before each of the `cases`: what must go well", now},
     step_or_steps(1)},
    {{"expect", "a clause about the whole run, or a list of them", now}, run_clauses},
    {{"faults", "what goes wrong, for chosen agents and times", now}, run_fault_list},
    {{"matrix", "one case for each combination of values; ${name} stands for the value", now}, matrix},
    {{"exclude", "combinations of the matrix to leave out", now}, list(&combination)},
    {{"intermittent", "what comes by chance: how often it is tried", now}, map(intermittent_keys)},
}};

constexpr std::array<Key, 1> intermittent_table{{
    {{"tries", "how often at most; it ends with the first that is as expected", now}, integer(2, 1000), true},
}};

constexpr Form version_form{
    .kind = Form::Kind::Text, .pattern = "^(<|<=|>|>=|==) ?[0-9]+(\\.[0-9]+){0,2}$", .example = "\">=7.14\""};
constexpr Form need_form = word(needs);

constexpr std::array<Key, 8> stack_table{{
    {{"verifier",
      "options of the verifier by Keylime's own names; `raw: true` allows what Keylime cannot take", now},
     {.kind = Form::Kind::Options, .options = verifier_options}},
    {{"registrar", "options of the registrar by Keylime's own names", now},
     {.kind = Form::Kind::Options, .options = registrar_options}},
    {{"database", "sqlite (default) or postgresql", now}, word(databases)},
    {{"workers", "number of verifier processes, also more than there are processors", now}, integer(1, 64)},
    {{"needs", "what the stack must be able to do, else the scenario is skipped", now},
     one_or_list(&need_form)},
    {{"keylime", "versions of Keylime it is for, else it is skipped", now}, version_form},
    {{"fresh", "true: shared with no other scenario", now}, boolean},
    {{"certificate", "kind of the servers' certificate", later}, any_text},
}};

}  // namespace

std::span<const Key> scenario_keys() {
    return scenario_table;
}
std::span<const Key> stack_keys() {
    return stack_table;
}
std::span<const Key> intermittent_keys() {
    return intermittent_table;
}

}  // namespace pushsim::scenario
