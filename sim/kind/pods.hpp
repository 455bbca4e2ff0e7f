#pragma once
// What kubectl says of pods. Pure functions of its text.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace pushsim::kind {

/// A pod of one of our servers, whose container has the server's name.
struct Pod {
    std::string name;
    std::string uid;
    std::string server;     ///< label app.kubernetes.io/name: "verifier", "registrar", "postgresql", "tenant"
    bool leaving = false;   ///< it was told to end
    bool ready = false;     ///< as its probes have it
    std::string container;  ///< id of the container that runs; empty: none does
    std::string trouble;    ///< why it does not run, in Kubernetes' words: "ImagePullBackOff: …"
    std::string last_end;   ///< how its last container that ended did: "exit code 1 (Error)"
    int restarts = 0;       ///< of that container

    bool operator==(const Pod&) const = default;
};

/// "deployment/verifier", "deployment/registrar", "statefulset/postgresql".
std::string workload_of(const std::string& server);

/// What there is of a server: how many pods are wanted of it, and those that there are, without any that was
/// told to end.
struct ServerSeen {
    std::string server;
    int wanted = 0;
    std::vector<Pod> pods = {};

    bool is_ready() const;
    /// "ready", or why it is not: "stopped: it is scaled to 0", "CrashLoopBackOff: …".
    std::string state() const;
    /// The way out; empty of one that is ready.
    std::string mend() const;
};
/// Of `kubectl get deployments,statefulsets,pods -o json`, by name; kubectl's warnings may stand before it.
/// ErrorKind::Parse.
Result<std::vector<ServerSeen>> parse_servers(std::string_view text);

/// All pods that there are at one time.
struct PodList {
    std::string version;  ///< what comes after is watched from here
    std::vector<Pod> pods;
};
/// Of the API server's list; nothing of what is none. Pods without the label are left out.
std::optional<PodList> parse_pod_list(std::string_view text);

/// A line of the API server's answer to who watches pods.
struct PodEvent {
    Pod pod;
    bool gone = false;  ///< there is no such pod any more
};
/// Nothing of a line that is none, or is of a pod without the label.
std::optional<PodEvent> parse_pod_event(std::string_view line);

/// Its image or its program fails: waiting does not help.
bool gets_no_better(const Pod& pod);

/// Why a pod is not ready and the way out, for a person: "the verifier's pod NAME …". `log`: what it said
/// last, which stands in `file`.
Error not_ready(const Pod& pod, const std::string& for_how_long, std::string_view log,
                const std::string& file);

}  // namespace pushsim::kind
