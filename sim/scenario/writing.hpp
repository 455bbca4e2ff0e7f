#pragma once
// The parts of a plan as YAML, each written by its own function: what the functions of reading.hpp read.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/amount.hpp"
#include "sim/scenario/expectation.hpp"
#include "sim/scenario/fault.hpp"
#include "sim/scenario/group.hpp"
#include "sim/scenario/policy.hpp"
#include "sim/scenario/stack_options.hpp"
#include "sim/scenario/step.hpp"

namespace YAML {
class Emitter;
}

namespace pushsim::scenario {

YAML::Emitter& quoted(YAML::Emitter& out, const std::string& text);

// Of a map that is begun: a key, and with it (but for the first) its value.

YAML::Emitter& key(YAML::Emitter& out, std::string_view name);
void write_texts(YAML::Emitter& out, std::string_view name, const std::vector<std::string>& words);
void write_map(YAML::Emitter& out, std::string_view name, const std::map<std::string, std::string>& texts);
void write_amount(YAML::Emitter& out, std::string_view name, const Amount& amount);
void write_stack(YAML::Emitter& out, const StackOptions& stack);
void write_group(YAML::Emitter& out, const Group& group);
void write_policy(YAML::Emitter& out, const TpmPolicy& policy);
void write_runtime_policy(YAML::Emitter& out, const RuntimePolicy& policy);
/// PCR: [measurement, …]; the extensions of one PCR stand together, as the loader gives them.
void write_extensions(YAML::Emitter& out, const std::vector<Extension>& extensions);
/// `of_run`: at the top of a file. Nothing where there are none.
void write_faults(YAML::Emitter& out, const std::vector<Fault>& faults, bool of_run);
/// "64KiB", of a whole number of them.
std::string size_text(long long octets);
/// A JSON value, for JSON is YAML.
void write_json(YAML::Emitter& out, const std::string& json);
/// Nothing where there are none.
void write_expectations(YAML::Emitter& out, const std::vector<Expectation>& expectations);

// Lists.

void write_words(YAML::Emitter& out, const std::vector<std::string>& words);
/// `outer`: the case of the step that they are within.
void write_steps(YAML::Emitter& out, const std::vector<Step>& steps, const std::string& outer = {});

}  // namespace pushsim::scenario
