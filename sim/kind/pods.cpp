#include "sim/kind/pods.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/kind/tools.hpp"
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
constexpr std::array<Known, 7> kKnown{
    {{"ImagePull", "`pushsim stack up --stack kind` loads the images onto the node"},
     {"ErrImageNeverPull", "`pushsim stack up --stack kind` loads the images onto the node"},
     {"Unschedulable", "the node has no room: end what else runs there"},
     {"OOMKilled", "it had no more memory than its limit: raise that in kind/infra, or ask less of it"},
     {"CreateContainerConfigError", "`pushsim stack up --stack kind` makes what is missing anew"},
     {"No space left on device", "make room on the disk of the container engine"},
     {"CrashLoopBackOff", "it ends each time it is started: its log says why, mostly an option of its own"}}};

/// Empty where Kubernetes knows no reason that we do.
std::string mend_of(const std::string& why) {
    const auto known = std::ranges::find_if(
        kKnown, [&](const Known& one) { return why.find(one.sign) != std::string::npos; });
    return known == kKnown.end() ? "" : known->mend;
}

/// What Kubernetes says of why it is not ready; empty where it says nothing.
std::string why_not(const Pod& pod) {
    if (pod.last_end.empty()) return pod.trouble;
    return fmt::format("{}{}its container ended with {}", pod.trouble, pod.trouble.empty() ? "" : "; ",
                       pod.last_end);
}

/// Nothing of what is none, or has no label of a server.
std::optional<Pod> pod_in(const json& object) {
    const json& metadata = at(object, "metadata");
    Pod pod;
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
    if (!containers.is_array()) return pod;
    for (const json& one : containers) {
        if (text(one, "name") != pod.server) continue;
        const json& state = at(one, "state");
        const json& restarts = at(one, "restartCount");
        if (restarts.is_number_integer()) pod.restarts = restarts.get<int>();
        if (at(state, "running").is_object()) pod.container = text(one, "containerID");
        const json& ended = at(state, "terminated");
        const json& before = at(at(one, "lastState"), "terminated");
        if (ended.is_object()) {
            pod.last_end = how_it_ended(ended);
        } else if (before.is_object()) {
            pod.last_end = how_it_ended(before);
        }
    }
    return pod;
}

}  // namespace

std::string workload_of(const std::string& server) {
    return (server == "postgresql" ? "statefulset/" : "deployment/") + server;
}

bool ServerSeen::is_ready() const {
    return wanted > 0 && std::ranges::count_if(pods, &Pod::ready) >= wanted;
}

std::string ServerSeen::state() const {
    if (is_ready()) return "ready";
    if (wanted == 0) return pods.empty() ? "stopped: it is scaled to 0" : "ends: it is scaled to 0";
    const auto behind = std::ranges::find_if(pods, [](const Pod& pod) { return !pod.ready; });
    if (behind == pods.end()) return pods.empty() ? "it has no pod" : "it has fewer pods than it is to have";
    if (std::string why = why_not(*behind); !why.empty()) return why;
    return behind->container.empty() ? "its container has not been started"
                                     : "it runs, and does not answer yet";
}

std::string ServerSeen::mend() const {
    if (is_ready()) return "";
    if (wanted == 0) return "`pushsim stack up --stack kind` starts it";
    if (pods.empty()) return fmt::format("kubectl -n keylime describe {} says why", workload_of(server));
    const std::string known = mend_of(state());
    return fmt::format("{}{}pushsim stack logs {} --stack kind", known, known.empty() ? "" : "; ", server);
}

Result<std::vector<ServerSeen>> parse_servers(std::string_view said) {
    const json list = object_in(said);
    const json& items = at(list, "items");
    if (!items.is_array()) return fail(ErrorKind::Parse, fmt::format("kubectl's list is none: {}", said));
    std::vector<ServerSeen> all;
    for (const json& one : items) {
        const std::string kind = text(one, "kind");
        if (kind != "Deployment" && kind != "StatefulSet") continue;
        const json& replicas = at(at(one, "spec"), "replicas");
        all.push_back({.server = text(at(one, "metadata"), "name"),
                       .wanted = replicas.is_number_integer() ? replicas.get<int>() : 1});
    }
    for (const json& one : items) {
        const auto pod = text(one, "kind") == "Pod" ? pod_in(one) : std::nullopt;
        if (!pod || pod->leaving) continue;
        const auto server = std::ranges::find(all, pod->server, &ServerSeen::server);
        if (server != all.end()) server->pods.push_back(*pod);
    }
    std::ranges::sort(all, {}, &ServerSeen::server);
    return all;
}

std::optional<PodList> parse_pod_list(std::string_view said) {
    const json list = json::parse(said, nullptr, false);
    PodList all{.version = text(at(list, "metadata"), "resourceVersion"), .pods = {}};
    if (all.version.empty() || !at(list, "items").is_array()) return std::nullopt;
    for (const json& one : list.at("items")) {
        if (auto pod = pod_in(one)) all.pods.push_back(std::move(*pod));
    }
    return all;
}

std::optional<PodEvent> parse_pod_event(std::string_view line) {
    const json value = json::parse(line, nullptr, false);
    if (value.is_discarded()) return std::nullopt;
    auto pod = pod_in(at(value, "object"));
    if (!pod) return std::nullopt;
    return PodEvent{std::move(*pod), text(value, "type") == "DELETED"};
}

bool gets_no_better(const Pod& pod) {
    constexpr std::array signs{"ErrImage", "ImagePull", "InvalidImageName", "CrashLoopBackOff"};
    return std::ranges::any_of(signs, [&](const char* sign) { return pod.trouble.starts_with(sign); });
}

Error not_ready(const Pod& pod, const std::string& for_how_long, std::string_view log,
                const std::string& file) {
    std::string why = why_not(pod);
    const auto said = stack::diagnose(log);
    std::string mend = mend_of(why);
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
