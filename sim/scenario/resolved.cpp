// A plan written out as YAML.

#include <algorithm>

#include <fmt/format.h>
#include <yaml-cpp/emitter.h>

#include "sim/scenario/language.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::scenario {
namespace {

YAML::Emitter& quoted(YAML::Emitter& out, const std::string& text) {
    return out << YAML::DoubleQuoted << text;
}

YAML::Emitter& key(YAML::Emitter& out, std::string_view name) {
    return out << YAML::Key << std::string(name) << YAML::Value;
}

void write_words(YAML::Emitter& out, const std::vector<std::string>& words) {
    out << YAML::Flow << YAML::BeginSeq;
    for (const std::string& word : words)
        quoted(out, word);
    out << YAML::EndSeq;
}

void write_texts(YAML::Emitter& out, std::string_view name, const std::vector<std::string>& words) {
    key(out, name);
    write_words(out, words);
}

void write_server(YAML::Emitter& out, const ServerOptions& options, bool raw,
                  std::span<const OptionName> known) {
    out << YAML::BeginMap;
    key(out, "raw") << raw;
    for (const auto& [name, value] : options) {
        key(out, name);
        const auto option = std::ranges::find(known, std::string_view(name), &OptionName::name);
        const OptionKind kind = option == known.end() || raw ? OptionKind::Text : option->kind;
        if (!value) {
            out << YAML::Null;
        } else if (kind == OptionKind::WholeSeconds || kind == OptionKind::Seconds) {
            // "0.25" is 250ms: Keylime's text has at most six decimals.
            out << to_text(std::chrono::round<std::chrono::microseconds>(
                std::chrono::duration<double>(std::stod(*value))));
        } else if (kind == OptionKind::Size) {
            out << fmt::format("{}KiB", std::stoll(*value) / 1024);
        } else if (kind == OptionKind::Boolean) {
            out << (*value == "True");
        } else if (kind == OptionKind::Count) {
            out << *value;
        } else {
            quoted(out, *value);
        }
    }
    out << YAML::EndMap;
}

void write_stack(YAML::Emitter& out, const StackOptions& stack) {
    key(out, "stack") << YAML::BeginMap;
    key(out, "verifier");
    write_server(out, stack.verifier, stack.verifier_raw, verifier_options());
    key(out, "registrar");
    write_server(out, stack.registrar, stack.registrar_raw, registrar_options());
    key(out, "database") << stack.database;
    key(out, "fresh") << stack.fresh;
    out << YAML::EndMap;
}

/// PCR: [measurement, …] inside a map; the extensions of one PCR stand together, as the loader gives them.
void write_extensions(YAML::Emitter& out, const std::vector<Extension>& extensions) {
    for (std::size_t i = 0; i < extensions.size();) {
        const int pcr = extensions[i].pcr;
        out << YAML::Key << pcr << YAML::Value << YAML::BeginSeq;
        for (; i < extensions.size() && extensions[i].pcr == pcr; ++i)
            quoted(out, extensions[i].measurement.as_written);
        out << YAML::EndSeq;
    }
}

void write_policy(YAML::Emitter& out, const TpmPolicy& policy) {
    key(out, "tpm_policy");
    if (const auto* from_boot = std::get_if<PolicyFromBoot>(&policy)) {
        out << YAML::BeginMap;
        key(out, "from_boot") << YAML::Flow << YAML::BeginSeq;
        for (const int pcr : from_boot->pcrs)
            out << pcr;
        out << YAML::EndSeq;
        out << YAML::EndMap;
    } else if (const auto* literal = std::get_if<LiteralPolicy>(&policy)) {
        out << YAML::BeginMap;
        for (const auto& [pcr, values] : literal->allowed) {
            out << YAML::Key << pcr << YAML::Value;
            write_words(out, values);
        }
        out << YAML::EndMap;
    } else if (const auto* text = std::get_if<PolicyText>(&policy)) {
        out << YAML::BeginMap;
        key(out, "json");
        quoted(out, text->json);
        out << YAML::EndMap;
    } else {
        out << "none";
    }
}

void write_habits(YAML::Emitter& out, const Group& group) {
    key(out, "habits");
    if (group.habits == Habits::Correct) {
        out << to_string(group.habits);
        return;
    }
    const RustAgentHabits& options = group.rust_agent;
    out << YAML::BeginMap;
    key(out, to_string(group.habits)) << YAML::BeginMap;
    key(out, "interval") << to_text(options.interval);
    key(out, "max_retries") << options.max_retries;
    key(out, "backoff_initial") << to_text(options.backoff_initial);
    key(out, "backoff_longest") << to_text(options.backoff_longest);
    key(out, "timeout") << to_text(options.timeout);
    out << YAML::EndMap << YAML::EndMap;
}

void write_group(YAML::Emitter& out, const Group& group) {
    key(out, group.name) << YAML::BeginMap;
    key(out, "count") << group.count;
    key(out, "id");
    if (group.id.scheme == AgentId::Scheme::Literal) {
        quoted(out, group.id.text);
    } else {
        out << to_string(group.id.scheme);
    }
    key(out, "tpm");
    quoted(out, to_string(group.tpm));
    key(out, "ak") << to_string(group.ak);
    key(out, "source") << to_string(group.source);
    key(out, "boot") << YAML::BeginMap;
    key(out, "extend") << YAML::BeginMap;
    write_extensions(out, group.boot);
    out << YAML::EndMap << YAML::EndMap;
    key(out, "enrol");
    if (group.enrol.enrolled) {
        out << YAML::BeginMap;
        write_policy(out, group.enrol.tpm_policy);
        write_texts(out, "accept_tpm_hash_algs", group.enrol.accept_hash_algorithms);
        write_texts(out, "accept_tpm_encryption_algs", group.enrol.accept_encryption_algorithms);
        write_texts(out, "accept_tpm_signing_algs", group.enrol.accept_signing_algorithms);
        out << YAML::EndMap;
    } else {
        out << false;
    }
    write_habits(out, group);
    key(out, "connections") << to_string(group.connections);
    key(out, "tls") << YAML::BeginMap;
    key(out, "resumption") << group.tls_resumption;
    out << YAML::EndMap;
    out << YAML::EndMap;
}

struct ConditionWriter {
    YAML::Emitter& out;

    void operator()(const ExpectResponse& response) const {
        key(out, "response") << YAML::BeginMap;
        if (!response.status.empty()) {
            key(out, "status") << YAML::Flow << YAML::BeginSeq;
            for (const StatusRange& range : response.status) {
                if (range.first == range.last) {
                    out << range.first;
                } else {
                    quoted(out, fmt::format("{}-{}", range.first, range.last));
                }
            }
            out << YAML::EndSeq;
        }
        if (!response.code.empty()) write_texts(out, "code", response.code);
        out << YAML::EndMap;
    }
    void operator()(const ExpectVerdict& verdict) const {
        key(out, "verdict") << to_string(verdict.verdict);
        if (verdict.reason) key(out, "reason") << to_string(*verdict.reason);
    }
    void operator()(const ExpectStatus& status) const {
        key(out, "status") << to_string(status.status);
        if (status.within) key(out, "within") << to_text(*status.within);
    }
    void operator()(const ExpectRequests& requests) const {
        key(out, "requests") << YAML::BeginMap;
        for (const auto& [kind, count] : requests.counts)
            key(out, kind) << count;
        out << YAML::EndMap;
    }
    void operator()(const ExpectAccounted&) const {}
};

void write_expectations(YAML::Emitter& out, const std::vector<Expectation>& expectations) {
    if (expectations.empty()) return;
    key(out, "expect") << YAML::BeginSeq;
    for (const Expectation& expectation : expectations) {
        if (expectation.agents.empty()) {
            out << "accounted";
            continue;
        }
        out << YAML::BeginMap;
        write_texts(out, "agents", expectation.agents);
        for (const Condition& condition : expectation.conditions)
            std::visit(ConditionWriter{out}, condition);
        key(out, to_string(expectation.how_many.rule));
        if (expectation.how_many.rule == HowMany::Rule::All) {
            out << true;
        } else {
            out << expectation.how_many.number;
        }
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
}

void write_faults(YAML::Emitter& out, const std::vector<Fault>& faults) {
    if (faults.empty()) return;
    key(out, "faults") << YAML::BeginSeq;
    for (const Fault& fault : faults) {
        if (fault.kind == FaultKind::OldToken) {
            out << to_string(fault.kind);
            continue;
        }
        out << YAML::BeginMap;
        key(out, to_string(fault.kind)) << YAML::BeginMap;
        if (fault.kind == FaultKind::HoldEvidence) {
            key(out, "until") << to_string(fault.until);
        } else if (fault.kind == FaultKind::Early) {
            key(out, "by") << to_text(fault.duration);
        } else {
            key(out, fault.kind == FaultKind::Delay ? "before" : "after") << to_string(fault.phase);
            key(out, "for") << to_text(fault.duration);
        }
        out << YAML::EndMap << YAML::EndMap;
    }
    out << YAML::EndSeq;
}

void write_step(YAML::Emitter& out, const Step& step) {
    out << YAML::BeginMap;
    key(out, to_string(step.kind));
    if (step.kind == StepKind::Wait) {
        out << to_text(step.wait);
    } else if (step.kind == StepKind::Repeat) {
        out << YAML::BeginMap;
        key(out, "times") << step.times;
        key(out, "steps") << YAML::BeginSeq;
        for (const Step& child : step.steps)
            write_step(out, child);
        out << YAML::EndSeq << YAML::EndMap;
    } else {
        out << YAML::BeginMap;
        write_texts(out, "agents", step.agents);
        if (step.kind == StepKind::Extend) {
            write_extensions(out, step.extend);
        } else if (step.kind != StepKind::RestartAgent) {
            key(out, "bare") << step.bare;
        }
        if (step.kind == StepKind::Attest) key(out, "times") << step.times;
        if (step.tpm_policy) write_policy(out, *step.tpm_policy);
        write_faults(out, step.faults);
        out << YAML::EndMap;
    }
    if (!step.as.empty()) {
        key(out, "as");
        quoted(out, step.as);
    }
    write_expectations(out, step.expect);
    out << YAML::EndMap;
}

}  // namespace

std::string resolved(const Scenario& scenario) {
    YAML::Emitter out;
    out << YAML::BeginMap;
    key(out, "scenario");
    quoted(out, scenario.name);
    if (!scenario.title.empty()) {
        key(out, "title");
        quoted(out, scenario.title);
    }
    if (!scenario.about.empty()) {
        key(out, "about");
        quoted(out, scenario.about);
    }
    write_texts(out, "requirements", scenario.requirements);
    write_texts(out, "tags", scenario.tags);
    write_stack(out, scenario.stack);
    key(out, "agents") << YAML::BeginMap;
    for (const Group& group : scenario.groups)
        write_group(out, group);
    out << YAML::EndMap;
    key(out, "script") << YAML::BeginSeq;
    for (const Step& step : scenario.script)
        write_step(out, step);
    out << YAML::EndSeq;
    write_expectations(out, scenario.expect);
    out << YAML::EndMap;
    return std::string(out.c_str()) + "\n";
}

}  // namespace pushsim::scenario
