#include "sim/kind/pods.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/stack/server_log.hpp"

namespace pushsim::kind {
namespace {

using nlohmann::json;

const json nothing;

const json& at(const json& value, const char* name) {
    return value.is_object() && value.contains(name) ? value.at(name) : nothing;
}

std::string text(const json& value, const char* name) {
    const json& member = at(value, name);
    return member.is_string() ? member.get<std::string>() : "";
}

std::string joined(const std::string& reason, const std::string& message) {
    if (message.empty()) return reason;
    return reason.empty() ? message : reason + ": " + message;
}

std::string how_it_ended(const json& terminated) {
    const json& code = at(terminated, "exitCode");
    const json& signal = at(terminated, "signal");
    std::string how = signal.is_number_integer() && signal.get<int>() != 0
                          ? fmt::format("signal {}", signal.get<int>())
                      : code.is_number_integer() ? fmt::format("exit code {}", code.get<int>())
                                                 : std::string("unknown");
    if (const std::string reason = text(terminated, "reason"); !reason.empty()) how += " (" + reason + ")";
    return how;
}

/// Of the containers of one kind in a pod, what keeps the first that is not up.
std::string trouble_of(const json& statuses) {
    if (!statuses.is_array()) return "";
    for (const json& one : statuses) {
        const json& waiting = at(at(one, "state"), "waiting");
        const std::string reason = text(waiting, "reason");
        if (!waiting.is_object() || reason == "PodInitializing" || reason == "ContainerCreating") continue;
        return joined(reason, text(waiting, "message"));
    }
    return "";
}

/// A condition that does not hold and says why: the node has no room, say.
std::string unmet_condition(const json& status) {
    const json& conditions = at(status, "conditions");
    if (!conditions.is_array()) return "";
    for (const json& one : conditions) {
        if (text(one, "type") == "PodScheduled" && text(one, "status") != "True")
            return joined(text(one, "reason"), text(one, "message"));
    }
    return "";
}

bool has_condition(const json& status, const std::string& type) {
    const json& conditions = at(status, "conditions");
    if (!conditions.is_array()) return false;
    for (const json& one : conditions) {
        if (text(one, "type") == type) return text(one, "status") == "True";
    }
    return false;
}

struct Known {
    const char* sign;
    const char* mend;
};
constexpr std::array<Known, 6> kKnown{
    {{"ImagePull", "`pushsim stack up --stack kind` loads the images onto the node"},
     {"ErrImageNeverPull", "`pushsim stack up --stack kind` loads the images onto the node"},
     {"Unschedulable", "the node has no room: end what else runs there"},
     {"OOMKilled", "it had no more memory than its limit: raise that in kind/infra, or ask less of it"},
     {"CreateContainerConfigError", "`pushsim stack up --stack kind` makes what is missing anew"},
     {"No space left on device", "make room on the disk of the container engine"}}};

}  // namespace

std::optional<PodEvent> parse_pod_event(std::string_view line) {
    const json value = json::parse(line, nullptr, false);
    if (value.is_discarded()) return std::nullopt;
    const json& object = at(value, "object");
    const json& metadata = at(object, "metadata");
    PodEvent event;
    event.gone = text(value, "type") == "DELETED";
    Pod& pod = event.pod;
    pod.server = text(at(metadata, "labels"), "app.kubernetes.io/name");
    pod.name = text(metadata, "name");
    pod.uid = text(metadata, "uid");
    if (pod.server.empty() || pod.uid.empty()) return std::nullopt;
    pod.leaving = at(metadata, "deletionTimestamp").is_string();
    const json& status = at(object, "status");
    pod.ready = has_condition(status, "Ready");
    const json& containers = at(status, "containerStatuses");
    pod.trouble = trouble_of(at(status, "initContainerStatuses"));
    if (pod.trouble.empty()) pod.trouble = trouble_of(containers);
    if (pod.trouble.empty()) pod.trouble = unmet_condition(status);
    if (!containers.is_array()) return event;
    for (const json& one : containers) {
        if (text(one, "name") != pod.server) continue;
        const json& state = at(one, "state");
        if (at(state, "running").is_object()) pod.container = text(one, "containerID");
        const json& ended = at(state, "terminated");
        const json& before = at(at(one, "lastState"), "terminated");
        if (ended.is_object()) {
            pod.last_end = how_it_ended(ended);
        } else if (before.is_object()) {
            pod.last_end = how_it_ended(before);
        }
    }
    return event;
}

Error not_ready(const Pod& pod, const std::string& for_how_long, std::string_view log,
                const std::string& file) {
    std::string why = pod.trouble;
    if (!pod.last_end.empty())
        why += fmt::format("{}its container ended with {}", why.empty() ? "" : "; ", pod.last_end);
    const auto said = stack::diagnose(log);
    std::string mend;
    for (const Known& known : kKnown) {
        if (mend.empty() && why.find(known.sign) != std::string::npos) mend = known.mend;
    }
    if (why.empty() && pod.container.empty()) why = "its container has not been started";
    if (why.empty()) why = "it runs, and does not answer";
    if (!log.empty()) why += fmt::format("; its log ({}) ends with: {}", file, said.cause);
    if (mend.empty()) mend = said.mend;
    if (mend.empty()) mend = "a machine under heavy load may need more time: see the log";
    return {
        ErrorKind::Stack,
        fmt::format("the {}'s pod {} was not ready after {}: {}", pod.server, pod.name, for_how_long, why),
        mend};
}

}  // namespace pushsim::kind
