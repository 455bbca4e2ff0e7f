#include <yaml-cpp/emitter.h>

#include "sim/scenario/language.hpp"
#include "sim/scenario/writing.hpp"

namespace pushsim::scenario {
namespace {

void write_request(YAML::Emitter& out, const RawRequest& request) {
    key(out, "to") << request.to;
    key(out, "by") << request.by;
    key(out, "method") << request.method;
    key(out, "path");
    quoted(out, request.path);
    if (!request.headers.empty()) write_map(out, "headers", request.headers);
    if (!request.body.empty()) {
        key(out, "raw");
        quoted(out, request.body);
    }
    key(out, "times") << request.times;
    if (request.by == "nobody" || request.by == "admin") key(out, "connections") << request.connections;
}

void write_stages(YAML::Emitter& out, const std::vector<Stage>& stages) {
    if (stages.empty()) return;
    key(out, "stages") << YAML::BeginSeq;
    for (const Stage& stage : stages) {
        out << YAML::Flow << YAML::BeginMap;
        key(out, "every") << to_text(stage.every);
        key(out, "for") << to_text(stage.span);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
}

void write_step_keys(YAML::Emitter& out, const Step& step) {
    const StepName& name = name_of(step.kind);
    if (has_key(name.keys, "agents")) write_texts(out, "agents", step.agents);
    if (has_key(name.keys, "servers")) write_texts(out, "servers", step.servers);
    if (name.takes_pcrs) write_extensions(out, step.extend);
    if (has_key(name.keys, "bare")) key(out, "bare") << step.bare;
    if (step.kind == StepKind::Measure) {
        key(out, "path");
        quoted(out, step.path);
        key(out, "digest");
        quoted(out, step.file.as_written);
    }
    if (has_key(name.keys, "orderly")) key(out, "orderly") << step.orderly;
    const bool has_times = step.kind == StepKind::Attest || step.kind == StepKind::Repeat;
    if (has_times && step.stages.empty()) key(out, "times") << step.times;
    if (step.every) key(out, "every") << to_text(*step.every);
    write_stages(out, step.stages);
    if (due_of(step, 0)) write_amount(out, "jitter", step.jitter);
    if (step.kind == StepKind::Attest) key(out, "spread") << to_text(step.spread);
    if (step.until) key(out, "until") << to_string(*step.until);
    if (!step.servers.empty() && has_key(name.keys, "for")) write_amount(out, "for", step.wait);
    if (step.tpm_policy) write_policy(out, *step.tpm_policy);
    if (!step.runtime_policy_name.empty()) key(out, "runtime_policy_name") << step.runtime_policy_name;
    if (step.runtime_policy) write_runtime_policy(out, *step.runtime_policy);
    if (step.kind == StepKind::Request) write_request(out, step.request);
    write_faults(out, step.faults, false);
    if (step.kind == StepKind::Repeat) {
        key(out, "steps");
        write_steps(out, step.steps, step.case_name);
    }
}

/// `outer`: of the step that it is within, which its own is, too.
void write_step(YAML::Emitter& out, const Step& step, const std::string& outer) {
    out << YAML::BeginMap;
    if (step.kind == StepKind::Wait && !step.until) {
        write_amount(out, to_string(step.kind), step.wait);
    } else if (step.kind == StepKind::Together) {
        key(out, to_string(step.kind));
        write_steps(out, step.steps, step.case_name);
    } else {
        key(out, to_string(step.kind)) << YAML::BeginMap;
        write_step_keys(out, step);
        out << YAML::EndMap;
    }
    if (!step.as.empty()) {
        key(out, "as");
        quoted(out, step.as);
    }
    if (step.case_name != outer) {
        key(out, "case");
        quoted(out, step.case_name);
    }
    if (step.after != Amount{}) write_amount(out, "after", step.after);
    write_expectations(out, step.expect);
    out << YAML::EndMap;
}

}  // namespace

void write_steps(YAML::Emitter& out, const std::vector<Step>& steps, const std::string& outer) {
    out << YAML::BeginSeq;
    for (const Step& step : steps)
        write_step(out, step, outer);
    out << YAML::EndSeq;
}

}  // namespace pushsim::scenario
