#include "sim/kind/agents.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "agent/base/bytes.hpp"
#include "agent/base/files.hpp"
#include "sim/kind/pods.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kLabel = "app.kubernetes.io/name=agent";
constexpr const char* kFleetLabel = "app.kubernetes.io/name=fleet";

fs::path record(const AgentsState& state) {
    return state.folder / "agents.json";
}

Result<NamedCluster> cluster(const AgentsState& state, const Clock& clock, stack::StopAsked stop_asked = {}) {
    auto tools = find_tools();
    if (!tools) return fail(tools.error());
    return NamedCluster(agents_cluster, state.folder, std::move(*tools), clock, std::move(stop_asked),
                        {record(state), state.folder / "manifests", state.folder / "fleet"});
}

std::vector<NamedCluster::Image> images_of(const AgentsOptions& options) {
    std::vector<NamedCluster::Image> images{{options.image, "pushsim"}};
    if (options.swtpm) images.push_back({options.swtpm_image, "swtpm"});
    return images;
}

/// Where the other cluster's node may be, as agents try it.
std::vector<std::string> hosts_of(const NamedCluster& cluster) {
    std::vector<std::string> hosts{"keylime-infra-control-plane"};
    for (std::string& gateway : cluster.gateways())
        hosts.push_back(std::move(gateway));
    hosts.emplace_back("host.docker.internal");
    return hosts;
}

/// The manifests, with the images and hosts that are meant in place of theirs. kubectl takes other folders by
/// a relative path alone.
Result<fs::path> make_kustomization(const AgentsState& state, const fs::path& sources,
                                    const AgentsOptions& options, const std::vector<std::string>& hosts) {
    std::error_code error;
    const fs::path folder = state.folder / "manifests";
    fs::create_directories(folder, error);
    const fs::path manifests =
        fs::relative(sources / "agents" / (options.swtpm ? "swtpm" : "base"), folder, error);
    const std::string text = fmt::format(
        "namespace: keylime\nresources: [\"{}\"]\ngeneratorOptions: {{ disableNameSuffixHash: true }}\n"
        "configMapGenerator:\n  - {{ name: agent, behavior: merge, literals: [\"HOSTS={}\"] }}\n"
        "images:\n{}{}",
        manifests.string(), fmt::join(hosts, ","), image_line("pushsim", options.image),
        image_line("pushsim-swtpm", options.swtpm_image));
    if (auto written = write_file(folder / "kustomization.yaml", text, 0600); !written)
        return fail(written.error());
    return folder;
}

Result<void> deploy(const NamedCluster& there, const AgentsState& state, const fs::path& sources,
                    const AgentsOptions& options, bool is_new) {
    options.say(fmt::format("loading the agents' {}", options.swtpm ? "images" : "image"));
    for (const NamedCluster::Image& image : images_of(options)) {
        if (auto loaded = there.load(image.image); !loaded) return loaded;
    }
    if (auto kept = state.set_image(options.image); !kept) return kept;
    options.say("starting the agents");
    const auto apply = [&](const std::string& how, const fs::path& what) {
        return done(there.kubectl({"apply", how, what.string()}, minutes{2}));
    };
    if (auto applied = apply("-f", sources / "agents" / "base" / "namespace.yaml"); !applied) return applied;
    if (auto applied = apply("-f", options.ca_secret); !applied) return applied;
    const auto manifests = make_kustomization(state, sources, options, hosts_of(there));
    if (!manifests) return fail(manifests.error());
    if (auto applied = apply("-k", *manifests); !applied) return applied;
    if (!is_new) {
        // Pods that live already have the image and configuration of before.
        auto again = there.kubectl({"-n", "keylime", "rollout", "restart", "daemonset/agent"}, minutes{1});
        if (!again) return done(again);
    }
    auto started = there.kubectl({"-n", "keylime", "rollout", "status", "daemonset/agent", "--timeout=120s"},
                                 minutes{3});
    if (started || started.error().kind == ErrorKind::Interrupted) return done(started);
    const auto log = there.kubectl(
        {"-n", "keylime", "logs", "-l", kLabel, "-c", "agent", "--tail=10", "--prefix"}, minutes{1});
    return fail(ErrorKind::Stack, fmt::format("the agents did not start: {}\n{}", started.error().message,
                                              log ? *log : log.error().message));
}

/// Of a cluster that is not there, or was deleted by others, nothing.
Result<std::optional<std::string>> asked(const AgentsState& state, const std::vector<std::string>& words,
                                         const Clock& clock, Duration limit = seconds{40}) {
    if (!state.is_up()) return std::nullopt;
    const auto there = cluster(state, clock);
    if (!there) return fail(there.error());
    return there->kubectl_if_there(words, limit);
}

Error not_up() {
    return {ErrorKind::Config, "no agents' cluster is up", "pushsim stack up --stack kind --agents makes it"};
}

/// `pushsim agent show` in the pod.
Result<json> shown(const AgentsState& state, const std::string& pod, const std::vector<int>& pcrs,
                   const Clock& clock) {
    std::vector<std::string> words{"-n", "keylime", "exec",  pod,    "-c",       "agent",
                                   "--", "pushsim", "agent", "show", "--format", "json"};
    for (const int pcr : pcrs)
        words.push_back(std::to_string(pcr));
    const auto said = asked(state, words, clock);
    if (!said) return fail(said.error());
    if (!*said) return fail(not_up());
    json object = object_in(**said);
    if (object.is_object() && object.contains("agent")) return object;
    return fail(ErrorKind::Stack, fmt::format("the agent in {} says of itself: {}", pod, **said));
}

/// Its agent's state, from `containerStatuses`; that of the pod where there are none yet.
std::string state_of(const json& pod, int& restarts) {
    const json none = json::array();
    const json& status = pod.at("status");
    const json& containers = status.contains("containerStatuses") ? status.at("containerStatuses") : none;
    std::string state = status.value("phase", "Unknown");
    for (const json& one : containers) {
        restarts += one.value("restartCount", 0);
        const json& now = one.at("state");
        for (const char* not_running : {"waiting", "terminated"}) {
            if (now.contains(not_running)) state = now.at(not_running).value("reason", not_running);
        }
    }
    return state;
}

}  // namespace

Result<AgentsState> AgentsState::open() {
    const auto parent = stack::state_folder("kind");
    if (!parent) return fail(parent.error());
    const fs::path folder = *parent / "agents";
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error) return AgentsState{folder};
    return fail(ErrorKind::System, fmt::format("cannot make {}: {}", folder.string(), error.message()));
}

fs::path AgentsState::kubeconfig() const {
    return folder / (std::string(agents_cluster) + ".kubeconfig");
}

bool AgentsState::is_up() const {
    return fs::exists(kubeconfig());
}

namespace {

json kept(const AgentsState& state) {
    json value = json::parse(read_file(record(state)), nullptr, false);
    return value.is_object() ? value : json::object();
}

Result<void> keep(const AgentsState& state, const char* name, json what) {
    json value = kept(state);
    value[name] = std::move(what);
    return write_file(record(state), value.dump(2) + "\n", 0600);
}

}  // namespace

std::vector<std::string> AgentsState::enrolled() const {
    std::vector<std::string> ids;
    const json listed = kept(*this).value("enrolled", json::array());
    for (const json& id : listed)
        if (id.is_string()) ids.push_back(id.get<std::string>());
    return ids;
}

Result<void> AgentsState::set_enrolled(const std::vector<std::string>& ids) const {
    return keep(*this, "enrolled", ids);
}

std::string AgentsState::image() const {
    return kept(*this).value("image", AgentsOptions{}.image);
}

Result<void> AgentsState::set_image(const std::string& image) const {
    return keep(*this, "image", image);
}

Result<std::vector<AgentPod>> parse_agent_pods(const std::string& text) {
    std::vector<AgentPod> pods;
    const json list = object_in(text);
    try {
        for (const json& one : list.at("items")) {
            const json& meta = one.at("metadata");
            if (meta.contains("deletionTimestamp")) continue;
            AgentPod pod;
            pod.name = meta.at("name").get<std::string>();
            pod.state = state_of(one, pod.restarts);
            pods.push_back(std::move(pod));
        }
    } catch (const json::exception& error) {
        return fail(ErrorKind::Parse, fmt::format("kubectl's list of pods: {}", error.what()));
    }
    std::ranges::sort(pods, {}, &AgentPod::name);
    return pods;
}

Result<stack::FileLock> take_agents(const AgentsState& state, const stack::StopAsked& stop_asked) {
    return take_alone(agents_cluster, state.folder, stop_asked);
}

Result<void> check_agents_images(const AgentsState& state, const AgentsOptions& options, const Clock& clock) {
    const auto there = cluster(state, clock, options.stop_asked);
    if (!there) return fail(there.error());
    for (const NamedCluster::Image& image : images_of(options)) {
        if (auto has = there->check_image(image); !has) return has;
    }
    return {};
}

Result<void> agents_up(const AgentsState& state, const stack::FileLock& /*alone*/, const fs::path& manifests,
                       const AgentsOptions& options, const Clock& clock) {
    std::error_code error;
    const fs::path sources = fs::canonical(manifests, error);
    if (error || !fs::exists(sources / "agents" / "cluster.yaml"))
        return fail(ErrorKind::Config, fmt::format("{} has no agents/cluster.yaml", manifests.string()),
                    "name the folder kind/ of pushsim's source with PUSHSIM_KIND");
    const auto there = cluster(state, clock, options.stop_asked);
    if (!there) return fail(there.error());
    const auto fill = [&](bool is_new) -> Result<void> {
        auto up = deploy(*there, state, sources, options, is_new);
        return up && options.finish ? options.finish() : up;
    };
    return there->bring_up({.config = sources / "agents" / "cluster.yaml",
                            .node_image = options.node_image,
                            .images = images_of(options),
                            .fill = fill,
                            .say = options.say});
}

Result<bool> agents_down(const AgentsState& state, const stack::FileLock& /*alone*/, const Clock& clock) {
    const auto there = cluster(state, clock);
    return there ? there->remove() : fail(there.error());
}

Result<std::vector<AgentPod>> agent_pods(const AgentsState& state, const Clock& clock) {
    const auto said = asked(state, {"-n", "keylime", "get", "pods", "-l", kLabel, "-o", "json"}, clock);
    if (!said) return fail(said.error());
    if (!*said) return std::vector<AgentPod>{};
    auto pods = parse_agent_pods(**said);
    if (!pods) return pods;
    for (AgentPod& pod : *pods) {
        if (pod.runs()) {
            // One that has just been started has no TPM yet.
            if (const auto object = shown(state, pod.name, {}, clock)) pod.id = object->at("agent");
            continue;
        }
        const auto log = asked(state, {"-n", "keylime", "logs", pod.name, "-c", "agent", "--tail=6"}, clock);
        if (log && *log) pod.said = **log;
    }
    return pods;
}

Result<std::map<int, std::string>> agent_pcrs(const AgentsState& state, const std::string& pod,
                                              const std::vector<int>& pcrs, const Clock& clock) {
    const auto object = shown(state, pod, pcrs, clock);
    if (!object) return fail(object.error());
    std::map<int, std::string> values;
    for (const auto& [pcr, value] : object->at("pcrs").items())
        values[std::stoi(pcr)] = value.get<std::string>();
    return values;
}

Result<std::string> agents_log(const AgentsState& state, std::size_t lines, const Clock& clock) {
    const auto said = asked(state, {"-n", "keylime", "get", "pods", "-l", kLabel, "-o", "json"}, clock);
    if (!said) return fail(said.error());
    if (!*said) return fail(not_up());
    const auto pods = parse_agent_pods(**said);
    if (!pods) return fail(pods.error());
    std::string all;
    for (const AgentPod& pod : *pods) {
        const auto log =
            asked(state, {"-n", "keylime", "logs", pod.name, "-c", "agent", fmt::format("--tail={}", lines)},
                  clock);
        if (!log) return fail(log.error());
        if (pods->size() > 1) all += pod.name + ":\n";
        all += log->value_or("");
    }
    return all;
}

Result<std::vector<std::string>> agents_follow(const AgentsState& state, std::size_t lines,
                                               const Clock& clock) {
    if (!state.is_up()) return fail(not_up());
    const auto there = cluster(state, clock);
    if (!there) return fail(there.error());
    return there->follow_words(kLabel, lines);
}

Result<stack::FileLock> take_fleet(const AgentsState& state, const stack::StopAsked& stop_asked) {
    if (!state.is_up()) return fail(not_up());
    return take_agents(state, stop_asked);
}

namespace {

bool has_no_room(const Pod& pod) {
    return pod.trouble.starts_with("Unschedulable");
}

/// Names a pod that says why, if one does.
Error why_not_ready(const ServerSeen& fleet, Duration waited) {
    const auto& pods = fleet.pods;
    auto behind = std::ranges::find_if(pods, [](const Pod& pod) { return !pod.trouble.empty(); });
    if (behind == pods.end()) behind = std::ranges::find(pods, false, &Pod::ready);
    const std::string after = fmt::format("{} s", std::chrono::duration_cast<seconds>(waited).count());
    if (behind == pods.end())
        return {ErrorKind::Stack,
                fmt::format("the fleet has {} of {} pods after {}", pods.size(), fleet.wanted, after),
                "kubectl -n keylime describe statefulset/fleet says why"};
    Error error = not_ready(*behind, after, "", "");
    error.message +=
        fmt::format("; {} of {} are ready", std::ranges::count(pods, true, &Pod::ready), fleet.wanted);
    const auto room = pods.size() - static_cast<std::size_t>(std::ranges::count_if(pods, has_no_room));
    if (has_no_room(*behind)) {
        error.mend = room == 0 ? "the node has no room: end what else runs there"
                               : fmt::format("the node has room for {}: --pods {}", room, room);
    } else if (behind->trouble.find("Image") != std::string::npos) {
        error.mend = "`pushsim stack up --stack kind --agents` loads the image onto the node";
    }
    return error;
}

/// ErrorKind::Stack after two minutes, or when it gets no better; Interrupted.
Result<void> wait_fleet(const NamedCluster& there, const Clock& clock) {
    const Instant began = clock.now();
    while (true) {
        const auto said = there.kubectl(
            {"-n", "keylime", "get", "statefulsets,pods", "-l", kFleetLabel, "-o", "json"}, minutes{1});
        if (!said) return fail(said.error());
        const auto all = parse_servers(*said);
        if (!all) return fail(all.error());
        const ServerSeen fleet = all->empty() ? ServerSeen{.server = "fleet"} : all->front();
        if (fleet.is_ready()) return {};
        const Duration waited = clock.now() - began;
        const bool hopeless = std::ranges::any_of(
            fleet.pods, [](const Pod& pod) { return gets_no_better(pod) || has_no_room(pod); });
        if (waited >= minutes{2} || (hopeless && waited >= seconds{20}))
            return fail(why_not_ready(fleet, waited));
        stack::wait_for(std::chrono::milliseconds{300});
    }
}

}  // namespace

Result<FleetPods> fleet_up(const AgentsState& state, const fs::path& manifests, std::size_t count,
                           const Clock& clock, const stack::StopAsked& stop_asked,
                           const std::function<void(const std::string&)>& say) {
    if (!state.is_up()) return fail(not_up());
    std::error_code error;
    const fs::path sources = fs::canonical(manifests, error);
    const fs::path folder = state.folder / "fleet";
    fs::create_directories(folder, error);
    const fs::path theirs = fs::relative(sources / "agents" / "fleet", folder, error);
    const std::string text = fmt::format(
        "namespace: keylime\nresources: [\"{}\"]\nreplicas: [{{ name: fleet, count: {} }}]\nimages:\n{}",
        theirs.string(), count, image_line("pushsim", state.image()));
    if (auto written = write_file(folder / "kustomization.yaml", text, 0600); !written)
        return fail(written.error());
    auto tools = find_tools();
    if (!tools) return fail(tools.error());
    const auto there =
        std::make_shared<NamedCluster>(agents_cluster, state.folder, std::move(*tools), clock, stop_asked);
    const auto before =
        there->kubectl({"-n", "keylime", "get", "pods", "-l", kFleetLabel, "-o", "name"}, minutes{1});
    if (!before) return fail(before.error());
    if (before->find("pod/") != std::string::npos) {
        say("waiting for the end of the pods of a run before");
        const auto gone = there->kubectl(
            {"-n", "keylime", "delete", "statefulset,pods", "-l", kFleetLabel, "--timeout=120s"}, minutes{3});
        if (!gone) return fail(gone.error());
    }
    say(fmt::format("starting {} pod{} in the cluster {}", count, count == 1 ? "" : "s", agents_cluster));
    if (auto applied = there->kubectl({"apply", "-k", folder.string()}, minutes{2}); !applied)
        return fail(applied.error());
    if (auto ready = wait_fleet(*there, clock); !ready) return fail(ready.error());
    FleetPods pods{.names = {}, .hosts = hosts_of(*there), .words = [there](const std::string& pod) {
                       return there->kubectl_words({"-n", "keylime", "exec", "-i", pod, "-c", "fleet", "--"});
                   }};
    for (std::size_t i = 0; i < count; ++i)
        pods.names.push_back(fmt::format("fleet-{}", i));
    return pods;
}

Result<bool> fleet_down(const AgentsState& state, const Clock& clock) {
    const auto said = asked(
        state,
        {"-n", "keylime", "delete", "statefulset,service", "fleet", "--ignore-not-found", "--wait=false"},
        clock);
    if (!said) return fail(said.error());
    return *said && (*said)->find("statefulset") != std::string::npos;
}

Result<bool> fleet_is_there(const AgentsState& state, const Clock& clock) {
    const auto said = asked(
        state, {"-n", "keylime", "get", "statefulset", "fleet", "--ignore-not-found", "-o", "name"}, clock);
    if (!said) return fail(said.error());
    return *said && (*said)->find("statefulset") != std::string::npos;
}

Result<std::string> agents_ca(const AgentsState& state, const Clock& clock) {
    const auto said = asked(state, {"-n", "keylime", "get", "secret", "keylime-ca", "-o", "json"}, clock);
    if (!said) return fail(said.error());
    if (!*said) return fail(not_up());
    const json object = object_in(**said);
    const json::json_pointer where("/data/ca.crt");
    if (!object.is_object() || !object.contains(where))
        return fail(ErrorKind::Stack, "the agents' cluster has no Secret keylime-ca with a ca.crt");
    const auto octets = from_base64(object.at(where).get<std::string>());
    if (!octets) return fail(octets.error());
    return std::string(octets->begin(), octets->end());
}

}  // namespace pushsim::kind
