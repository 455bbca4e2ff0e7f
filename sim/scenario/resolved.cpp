// A plan written out as YAML.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
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

void write_map(YAML::Emitter& out, std::string_view name, const std::map<std::string, std::string>& texts) {
    key(out, name) << YAML::BeginMap;
    for (const auto& [one, value] : texts) {
        key(out, one);
        quoted(out, value);
    }
    out << YAML::EndMap;
}

/// "10/s"
std::string rate_text(Duration interval) {
    const auto in = [&](Duration unit) {
        return std::lround(std::chrono::duration<double>(unit) / interval);
    };
    const Duration second = std::chrono::seconds{1};
    if (interval <= second && second / in(second) == interval) return fmt::format("{}/s", in(second));
    return fmt::format("{}/m", in(std::chrono::minutes{1}));
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
    if (stack.workers) key(out, "workers") << *stack.workers;
    if (!stack.needs.empty()) write_texts(out, "needs", stack.needs);
    if (!stack.keylime.empty()) {
        key(out, "keylime");
        quoted(out, stack.keylime);
    }
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

void write_map_of_one(YAML::Emitter& out, std::string_view name, const std::string& value) {
    out << YAML::BeginMap;
    key(out, name);
    quoted(out, value);
    out << YAML::EndMap;
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
        write_map_of_one(out, "json", text->json);
    } else {
        out << "none";
    }
}

void write_runtime_policy(YAML::Emitter& out, const RuntimePolicy& policy) {
    key(out, "runtime_policy");
    const auto* from_log = std::get_if<PolicyFromLog>(&policy);
    if (from_log != nullptr && from_log->group.empty()) {
        out << "from_boot";
    } else if (from_log != nullptr) {
        write_map_of_one(out, "from_boot", from_log->group);
    } else if (const auto* text = std::get_if<PolicyText>(&policy)) {
        write_map_of_one(out, "json", text->json);
    } else {
        out << "none";
    }
}

void write_amount(YAML::Emitter& out, std::string_view name, const Amount& amount) {
    key(out, name);
    if (!amount.varies) {
        out << to_text(amount.fixed);
        return;
    }
    const Distribution& drawn = *amount.varies;
    out << YAML::Flow << YAML::BeginMap;
    key(out, to_string(drawn.kind));
    if (drawn.kind == Distribution::Kind::Normal || drawn.kind == Distribution::Kind::Exponential) {
        out << YAML::Flow << YAML::BeginMap;
        key(out, "mean") << to_text(drawn.values[0]);
        if (drawn.values.size() > 1) key(out, "deviation") << to_text(drawn.values[1]);
        out << YAML::EndMap;
    } else {
        out << YAML::Flow << YAML::BeginSeq;
        for (const Duration value : drawn.values)
            out << to_text(value);
        out << YAML::EndSeq;
    }
    out << YAML::EndMap;
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
    out << YAML::EndMap;
    if (group.ima_files) {
        key(out, "ima") << YAML::BeginMap;
        key(out, "entries") << *group.ima_files;
        key(out, "template") << "ima-ng";
        out << YAML::EndMap;
    }
    out << YAML::EndMap;
    key(out, "enrol");
    if (group.enrol.enrolled) {
        out << YAML::BeginMap;
        write_policy(out, group.enrol.tpm_policy);
        write_runtime_policy(out, group.enrol.runtime_policy);
        if (!group.enrol.runtime_policy_name.empty())
            key(out, "runtime_policy_name") << group.enrol.runtime_policy_name;
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
    key(out, "clock") << YAML::BeginMap;
    key(out, "offset") << signed_text(group.clock_offset);
    out << YAML::EndMap;
    out << YAML::EndMap;
}

template <typename Range>
void write_ranges(YAML::Emitter& out, std::string_view name, const std::vector<Range>& ranges) {
    key(out, name) << YAML::Flow << YAML::BeginSeq;
    for (const Range& range : ranges) {
        if (range.first == range.last) {
            out << range.first;
        } else {
            quoted(out, fmt::format("{}-{}", range.first, range.last));
        }
    }
    out << YAML::EndSeq;
}

/// JSON is YAML.
void write_json(YAML::Emitter& out, const nlohmann::ordered_json& json) {
    if (json.is_object()) {
        out << YAML::BeginMap;
        for (const auto& [name, value] : json.items()) {
            out << YAML::Key;
            quoted(out, name) << YAML::Value;
            write_json(out, value);
        }
        out << YAML::EndMap;
    } else if (json.is_array()) {
        out << YAML::Flow << YAML::BeginSeq;
        for (const auto& item : json)
            write_json(out, item);
        out << YAML::EndSeq;
    } else if (json.is_string()) {
        quoted(out, json.get<std::string>());
    } else if (json.is_null()) {
        out << YAML::Null;
    } else {
        out << json.dump();
    }
}

struct ConditionWriter {
    YAML::Emitter& out;

    void operator()(const ExpectResponse& response) const {
        key(out, "response") << YAML::BeginMap;
        if (!response.status.empty()) write_ranges(out, "status", response.status);
        if (!response.code.empty()) write_texts(out, "code", response.code);
        if (!response.pointer.empty()) {
            key(out, "pointer");
            quoted(out, response.pointer);
        }
        if (!response.headers.empty()) write_map(out, "header", response.headers);
        if (!response.retry_after.empty()) write_ranges(out, "retry_after", response.retry_after);
        if (!response.body.empty()) {
            key(out, "body") << YAML::BeginMap;
            for (const auto& [pointer, value] : response.body) {
                out << YAML::Key;
                quoted(out, pointer) << YAML::Value;
                write_json(out, nlohmann::ordered_json::parse(value));
            }
            out << YAML::EndMap;
        }
        out << YAML::EndMap;
    }
    void operator()(const ExpectVerdict& verdict) const {
        key(out, "verdict") << to_string(verdict.verdict);
        if (verdict.reason) key(out, "reason") << to_string(*verdict.reason);
    }
    void operator()(const ExpectStatus& status) const {
        key(out, to_string(status.when)) << to_string(status.status);
        if (status.within) key(out, "within") << to_text(*status.within);
    }
    void operator()(const ExpectRequests& requests) const {
        key(out, "requests") << YAML::BeginMap;
        for (const auto& [kind, count] : requests.counts)
            key(out, kind) << count;
        out << YAML::EndMap;
        if (requests.since_start) key(out, "since") << "start";
    }
    void operator()(const ExpectMetric&) const {}
    void operator()(const ExpectCheck&) const {}
};

/// Once for `always` and `never`, which have it in common.
void write_poll(YAML::Emitter& out, const std::vector<Condition>& conditions) {
    for (const Condition& condition : conditions) {
        const auto* status = std::get_if<ExpectStatus>(&condition);
        if (status == nullptr || status->when == ExpectStatus::When::Last) continue;
        key(out, "poll") << rate_text(status->poll);
        return;
    }
}

void write_expectations(YAML::Emitter& out, const std::vector<Expectation>& expectations) {
    if (expectations.empty()) return;
    key(out, "expect") << YAML::BeginSeq;
    for (const Expectation& expectation : expectations) {
        if (expectation.agents.empty()) {
            const Condition& condition = expectation.conditions.at(0);
            if (const auto* check = std::get_if<ExpectCheck>(&condition)) {
                out << check->check;
            } else {
                quoted(out, text(condition));
            }
            continue;
        }
        out << YAML::BeginMap;
        if (expectation.agents != std::vector<std::string>{"nobody"} &&
            expectation.agents != std::vector<std::string>{"admin"})
            write_texts(out, "agents", expectation.agents);
        for (const Condition& condition : expectation.conditions)
            std::visit(ConditionWriter{out}, condition);
        write_poll(out, expectation.conditions);
        if (expectation.last_cycle_only) key(out, "cycles") << "last";
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

void write_fault_keys(YAML::Emitter& out, const Fault& fault) {
    const Amount amount{fault.duration, fault.varies};
    switch (fault.kind) {
        case FaultKind::HoldEvidence:
            key(out, "until") << to_string(fault.until);
            return;
        case FaultKind::Delay:
            key(out, "before") << to_string(fault.phase);
            write_amount(out, "for", amount);
            return;
        case FaultKind::Stall:
            key(out, "after") << to_string(fault.phase);
            write_amount(out, "for", amount);
            return;
        case FaultKind::Early:
        case FaultKind::ClockSkew:
            write_amount(out, "by", amount);
            return;
        case FaultKind::Herd:
            key(out, "before") << to_string(fault.phase);
            return;
        case FaultKind::Swizzle:
            key(out, "share") << share_text(fault.share);
            write_amount(out, "every", amount);
            return;
        case FaultKind::ConcurrentSubmit:
            key(out, "connections") << fault.count;
            return;
        case FaultKind::ConcurrentNegotiate:
            key(out, "count") << fault.count;
            return;
        case FaultKind::ForeignToken:
        case FaultKind::ForeignPop:
        case FaultKind::OtherAgentId:
            key(out, "of") << fault.of;
            return;
        case FaultKind::Reregister:
            key(out, "tpm") << (fault.other_tpm ? "other" : "same");
            return;
        default:
            return;
    }
}

void write_faults(YAML::Emitter& out, const std::vector<Fault>& faults, bool of_run) {
    if (faults.empty()) return;
    key(out, "faults") << YAML::BeginSeq;
    for (const Fault& fault : faults) {
        out << YAML::BeginMap;
        key(out, to_string(fault.kind)) << YAML::BeginMap;
        write_fault_keys(out, fault);
        out << YAML::EndMap;
        if (!fault.agents.empty()) write_texts(out, "agents", fault.agents);
        if (fault.in_phase) key(out, "phase") << to_string(*fault.in_phase);
        key(out, "probability") << share_text(fault.probability);
        if (of_run) key(out, "from") << to_text(fault.from);
        if (fault.to) key(out, "until") << to_text(*fault.to);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
}

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

void write_step(YAML::Emitter& out, const Step& step);

void write_steps(YAML::Emitter& out, const std::vector<Step>& steps) {
    out << YAML::BeginSeq;
    for (const Step& step : steps)
        write_step(out, step);
    out << YAML::EndSeq;
}

bool has_key(const StepName& name, std::string_view key) {
    return std::ranges::find(name.keys, key, &Key::name) != name.keys.end();
}

void write_step_keys(YAML::Emitter& out, const Step& step) {
    const StepName& name = name_of(step.kind);
    if (has_key(name, "agents")) write_texts(out, "agents", step.agents);
    if (has_key(name, "servers")) write_texts(out, "servers", step.servers);
    if (name.takes_pcrs) write_extensions(out, step.extend);
    if (has_key(name, "bare")) key(out, "bare") << step.bare;
    if (step.kind == StepKind::Measure) {
        key(out, "path");
        quoted(out, step.path);
        key(out, "digest");
        quoted(out, step.file.as_written);
    }
    if (has_key(name, "orderly")) key(out, "orderly") << step.orderly;
    if (step.kind == StepKind::Attest || step.kind == StepKind::Repeat) key(out, "times") << step.times;
    if (step.every) {
        key(out, "every") << to_text(*step.every);
        write_amount(out, "jitter", step.jitter);
    }
    if (step.kind == StepKind::Attest) key(out, "spread") << to_text(step.spread);
    if (step.until) key(out, "until") << to_string(*step.until);
    if (step.kind == StepKind::Pause) write_amount(out, "for", step.wait);
    if (step.tpm_policy) write_policy(out, *step.tpm_policy);
    if (!step.runtime_policy_name.empty()) key(out, "runtime_policy_name") << step.runtime_policy_name;
    if (step.runtime_policy) write_runtime_policy(out, *step.runtime_policy);
    if (step.kind == StepKind::Request) write_request(out, step.request);
    write_faults(out, step.faults, false);
    if (step.kind == StepKind::Repeat) {
        key(out, "steps");
        write_steps(out, step.steps);
    }
}

void write_step(YAML::Emitter& out, const Step& step) {
    out << YAML::BeginMap;
    if (step.kind == StepKind::Wait && !step.until) {
        write_amount(out, to_string(step.kind), step.wait);
    } else if (step.kind == StepKind::Together) {
        key(out, to_string(step.kind));
        write_steps(out, step.steps);
    } else {
        key(out, to_string(step.kind)) << YAML::BeginMap;
        write_step_keys(out, step);
        out << YAML::EndMap;
    }
    if (!step.as.empty()) {
        key(out, "as");
        quoted(out, step.as);
    }
    if (step.after != Amount{}) write_amount(out, "after", step.after);
    write_expectations(out, step.expect);
    out << YAML::EndMap;
}

}  // namespace

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
