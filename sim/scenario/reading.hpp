#pragma once
// The parts of a scenario file, each read by its own function. A part that is wrong adds problems and gives
// what could be read, so that the parts after it are checked too.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/scenario/expectation.hpp"
#include "sim/scenario/fault.hpp"
#include "sim/scenario/group.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/scenario/stack_options.hpp"
#include "sim/scenario/step.hpp"
#include "sim/scenario/values.hpp"

namespace pushsim::scenario {

StackOptions read_stack(Report& report, const Node& node);
std::vector<Group> read_groups(Report& report, const Node& node);
std::optional<TpmPolicy> read_tpm_policy(Report& report, const Node& node);
/// `of_agent`: of one agent, so that `none` and `from_boot` will do, too.
std::optional<RuntimePolicy> read_runtime_policy(Report& report, const Node& node, bool of_agent);
/// What is not there and has to be: the IMA log of each of these groups.
void need_ima_logs(Report& report, const Position& at, const std::vector<std::string>& names,
                   const std::vector<Group>& groups);
/// The same, of the group that the policy names or, where it names none, of these.
void need_ima_logs(Report& report, const Position& at, const RuntimePolicy& policy,
                   const std::vector<std::string>& names, const std::vector<Group>& groups);
/// Of a step.
std::vector<Fault> read_faults(Report& report, const Node& node, const StepName& step,
                               const std::vector<Group>& groups);
/// What stands under `body` and `header`. `one_request`: the phases it can be in have one request each.
RequestChange read_body_change(Report& report, const Node& name, const MapReader& map, bool one_request);
RequestChange read_header_change(Report& report, const Node& name, const MapReader& map, bool one_request);
/// At the top of a file: of any step.
std::vector<Fault> read_run_faults(Report& report, const Node& node, const std::vector<Group>& groups);
std::optional<RawRequest> read_request(Report& report, const MapReader& map,
                                       const std::vector<Group>& groups);
/// `headers`, in order: names and texts of one line.
std::vector<std::pair<std::string, std::string>> read_headers(Report& report, const Node& node,
                                                              std::string_view what);
bool can_name_a_header(std::string_view text);
/// References of requests to groups and to names of steps before them that nothing defines are problems.
void check_references(Report& report, const std::vector<Step>& script, const std::vector<Group>& groups);
/// A script, or the steps within one; `what` names the list in problems.
std::vector<Step> read_steps(Report& report, const Node& node, const std::vector<Group>& groups,
                             std::string_view what);
/// The steps of `together`: what acts side by side must not be two things of one agent.
std::vector<Step> read_together(Report& report, const Node& node, const std::vector<Group>& groups);
/// What stands behind a step's name: its map, list of groups, group name, duration, or steps.
void read_step_value(Report& report, const Node& name, const Node& node, const StepName& definition,
                     const std::vector<Group>& groups, Step& step);

/// Numbers them in the order of the file and puts those within others into their cases; names (`as`) that a
/// case gives twice, and cases whose steps do not stand together, are problems.
void number_steps(Report& report, std::vector<Step>& steps);

/// What a clause can be about: one step, or (with step = nullptr) the whole run.
struct ClauseScope {
    const std::vector<Group>& groups;
    const StepName* step = nullptr;
    std::vector<std::string> agents;  ///< of the step; of a request, who sends it
    std::string by = {};              ///< of a request: nobody, admin, or a group
    /// Outside a scenario: whatever a clause may be about, but for agents and what it decides.
    bool is_lone = false;
};
/// One clause or a list of them.
std::vector<Expectation> read_expectations(Report& report, const Node& node, const ClauseScope& scope);

/// A clause outside a scenario.
Expectation read_lone_clause(Report& report, const Node& node);

/// `response` of a clause.
std::optional<ExpectResponse> read_response(Report& report, const Node& node);
/// "submit.p99 < 250ms"
std::optional<ExpectMetric> read_metric(Report& report, const Node& node);

/// Group names from `agents:`: a name or a list of names, each once. No problem is added about names where
/// the groups themselves could not be read (`groups` is empty).
std::vector<std::string> read_agent_names(Report& report, const Node& node, const std::vector<Group>& groups);
/// The only group where `agents:` is left out; a problem at `where` if there are several.
std::vector<std::string> only_group(Report& report, const Node& where, const std::vector<Group>& groups);

/// YAML as JSON.
std::string json_text(const Node& node);

/// How many agents these groups have together.
int count_agents(const std::vector<Group>& groups, const std::vector<std::string>& names);

/// The scenarios in the tree, one for each case, with problems added for all that is wrong.
std::vector<Scenario> read_scenarios(Report& report, const Node& root, const std::string& file);

}  // namespace pushsim::scenario
