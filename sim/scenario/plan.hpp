#pragma once
// A scenario as a plan: what a file says, checked, with every default filled in. The language is described by
// the tables in language.hpp; loader.hpp makes these values from files.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/expectation.hpp"
#include "sim/scenario/fault.hpp"
#include "sim/scenario/group.hpp"
#include "sim/scenario/position.hpp"
#include "sim/scenario/stack_options.hpp"
#include "sim/scenario/step.hpp"

namespace pushsim::scenario {

struct Scenario {
    std::string name;
    std::string title;
    std::string about;
    std::vector<std::string> requirements;
    std::vector<std::string> tags;
    StackOptions stack;
    std::vector<Group> groups;  ///< in the order of the file
    std::vector<Step> script;
    std::vector<Expectation> expect;  ///< over the whole run
    std::vector<Fault> faults;        ///< of all steps, in the order of the file
    std::optional<int> tries;         ///< `intermittent`
    /// Of the matrix, the values that make this case; its name ends with them: "x[workers=4]".
    std::map<std::string, std::string> values;
    std::string file;
    Position position;  ///< of its name

    const Group* group(std::string_view name) const;  ///< nullptr when there is none
    /// The number of the last step, those within others included.
    int last_number() const;
    bool operator==(const Scenario&) const = default;
};

/// Whether both say the same, wherever they are written: files and positions are not compared.
bool same_plan(const Scenario& a, const Scenario& b);

/// The plan as YAML with every default written out, for plan.yaml. Loading it again gives the same plan.
std::string resolved(const Scenario& scenario);

}  // namespace pushsim::scenario
