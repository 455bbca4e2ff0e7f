// A plan written out as YAML.

#include <yaml-cpp/emitter.h>

#include "sim/scenario/plan.hpp"
#include "sim/scenario/writing.hpp"

namespace pushsim::scenario {

std::string resolved(const Scenario& scenario) {
    YAML::Emitter out;
    out << YAML::BeginMap;
    key(out, "scenario");
    quoted(out, scenario.name.substr(0, scenario.name.find('[')));
    if (!scenario.title.empty()) {
        key(out, "title");
        quoted(out, scenario.title);
    }
    if (!scenario.about.empty()) {
        key(out, "about");
        quoted(out, scenario.about);
    }
    if (!scenario.values.empty()) {
        key(out, "matrix") << YAML::BeginMap;
        for (const auto& [name, value] : scenario.values)
            write_texts(out, name, {value});
        out << YAML::EndMap;
    }
    write_texts(out, "requirements", scenario.requirements);
    write_texts(out, "tags", scenario.tags);
    if (scenario.tries) {
        key(out, "intermittent") << YAML::BeginMap;
        key(out, "tries") << *scenario.tries;
        out << YAML::EndMap;
    }
    write_stack(out, scenario.stack);
    key(out, "agents") << YAML::BeginMap;
    for (const Group& group : scenario.groups)
        write_group(out, group);
    out << YAML::EndMap;
    write_faults(out, scenario.faults, true);
    key(out, "script");
    write_steps(out, scenario.script);
    write_expectations(out, scenario.expect);
    out << YAML::EndMap;
    return std::string(out.c_str()) + "\n";
}

}  // namespace pushsim::scenario
