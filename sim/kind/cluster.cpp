#include "sim/kind/cluster.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "agent/base/files.hpp"
#include "sim/kind/manifests.hpp"
#include "sim/kind/pod_database.hpp"
#include "sim/kind/pod_logs.hpp"
#include "sim/kind/pod_watch.hpp"
#include "sim/kind/tools.hpp"
#include "sim/stack/admin_client.hpp"
#include "sim/stack/file_lock.hpp"
#include "sim/stack/inspect.hpp"
#include "sim/stack/ports.hpp"
#include "sim/stack/server_log.hpp"
#include "sim/stack/workers.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using stack::ServerAct;
using stack::ServerName;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// For kubectl to change or ask something, with one try of its own of 30 s.
constexpr seconds kCallLimit{45};
constexpr seconds kReadyLimit{120};
/// A pod's grace is 15 s.
constexpr seconds kGoneLimit{60};

// Both of the workload and of its container, pods by the label app.kubernetes.io/name.
std::string name_of(ServerName server) {
    return server == ServerName::Database ? "postgresql" : to_string(server);
}
std::string workload_of(const std::string& name) {
    return (name == "postgresql" ? "statefulset/" : "deployment/") + name;
}

fs::path change_record(const InfraState& state) {
    return state.folder / "changed.json";
}

// The container's first process is tini, or PostgreSQL, which no signal from inside stops; kubectl's own
// processes there have no parent that can be seen.
constexpr const char* kSignalScript = R"(
import os, signal, sys, time
def parents():
    found = {}
    for one in os.listdir('/proc'):
        if one.isdigit():
            try:
                words = open('/proc/' + one + '/stat').read().rpartition(')')[2].split()
            except OSError:
                continue
            found[int(one)] = (words[0], int(words[1]))
    return found
def servers():
    all = parents()
    some, more = set(), {1}
    while more:
        more = {one for one, (state, parent) in all.items() if parent in more and state != 'Z'} - some
        some |= more
    return {one: all[one][0] for one in some}
number = getattr(signal, sys.argv[1])
end = time.monotonic() + 5
while True:
    for one in servers():
        try:
            os.kill(one, number)
        except OSError:
            pass
    if number != signal.SIGSTOP or all(state in 'TtD' for state in servers().values()):
        break
    if time.monotonic() > end:
        sys.exit('they do not stop at SIGSTOP')
    time.sleep(0.01)
)";

struct Server {
    enum class State { Unknown, Up, Down, Paused };
    State state = State::Unknown;
    Pod pod;  ///< where it is Up or Paused
};

std::string in_seconds(Duration duration) {
    return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

std::string made_of(const stack::Options& options) {
    std::vector<std::string> all;
    for (const auto& [name, value] : options)
        all.push_back(value ? name + " = " + *value : name + " left out");
    return fmt::format("{}", fmt::join(all, ", "));
}

}  // namespace

struct Cluster::Inner {
    Options options;
    Tools tools;
    stack::FileLock lock;
    stack::StackAddress address;  ///< with the present log files
    std::vector<std::pair<std::string, std::string>> environment;
    Runner runner;          ///< ended where a person or a play's end asks for it
    Runner patient_runner;  ///< for putting back
    bool postgresql = false;
    std::map<std::string, ServerSpec> found;  ///< verifier, registrar
    std::string run;                          ///< names what this run makes
    int number = 0;                           ///< of the present databases
    std::vector<Duration> renewals;
    bool inspected = false;  ///< the address says which API they have, which no option changes

    std::mutex acting;        ///< for as long as an act lasts
    mutable std::mutex data;  ///< for moments: what follows
    std::map<std::string, Server> servers;
    fs::path folder;  ///< of the logs; empty: none are followed
    bool from_now = false;
    std::string database_url;
    std::atomic<bool> cut = false;
    std::atomic<bool> changed = false;
    std::atomic<bool> busy = false;  ///< servers are not watched: somebody ends or starts them

    std::shared_ptr<stack::VerifierDatabase> database;
    std::unique_ptr<PodWatch> watch;  ///< its thread uses what stands above
    std::unique_ptr<PodLogs> logs;    ///< uses `watch`

    Inner(Options wanted, Tools with, stack::FileLock held, stack::StackAddress at)
        : options(std::move(wanted)),
          tools(std::move(with)),
          lock(std::move(held)),
          address(std::move(at)),
          environment(environment_with(options.state.kubeconfig())),
          runner(options.state.folder / "run.log", options.state.kubeconfig(), options.clock,
                 [this] { return stop_wanted(); }),
          patient_runner(options.state.folder / "run.log", options.state.kubeconfig(), options.clock, {}),
          postgresql(infra_database(options.state) == Database::Postgresql),
          run(fmt::format("{:x}-{:x}", options.clock.wall_now().time_since_epoch().count() / 1000000,
                          ::getpid())) {}

    ~Inner() {
        {
            const std::lock_guard one_at_a_time(data);
            folder.clear();  // the watch begins no more logs
        }
        logs.reset();
        watch.reset();
    }

    bool stop_wanted() const { return cut || (options.stop_asked && options.stop_asked()); }
    Instant now() const { return options.clock.now(); }

    std::vector<std::string> command(std::vector<std::string> words, bool goes_on) const {
        words.insert(words.begin(), {"-n", "keylime"});
        return kubectl_command(tools, options.state.folder, options.state.kubeconfig(), words, goes_on);
    }
    Result<std::string> kubectl(const std::vector<std::string>& words, bool patient = false) const {
        auto said =
            (patient ? patient_runner : runner).run(command(words, false), kCallLimit, kubectl_name(words));
        if (said || said.error().kind == ErrorKind::Interrupted) return said;
        Error error = said.error();
        constexpr std::array signs{"connection refused", "not done after",   "i/o timeout",
                                   "Timeout exceeded",   "context deadline", "handshake timeout",
                                   "Unable to connect"};
        if (std::ranges::any_of(
                signs, [&](const char* sign) { return error.message.find(sign) != std::string::npos; })) {
            error.mend = fmt::format(
                "the cluster's API server does not answer: does its node run? `{} ps` shows {}-control-plane",
                tools.engine.filename().string(), infra_cluster);
        }
        return fail(std::move(error));
    }

    // The watch and the logs.

    void begin_to_watch() {
        const fs::path errors = options.state.folder / "watch.log";
        std::error_code none;
        fs::remove(errors, none);
        logs = std::make_unique<PodLogs>(PodLogs::Options{
            .command =
                [this](const Pod& pod, const std::string& how) {
                    return command({"logs", "--follow", how, pod.name, "-c", pod.server}, true);
                },
            .environment = environment,
            .errors = errors,
            .runs = [this](const Pod& pod) { return runs(pod); },
            .clock = options.clock});
        watch = std::make_unique<PodWatch>(
            PodWatch::Options{.command = command({"get", "pods", "-l", "app.kubernetes.io/part-of=pushsim",
                                                  "--watch", "--output-watch-events", "-o", "json"},
                                                 true),
                              .environment = environment,
                              .errors = errors,
                              .seen = [this](const Pod& pod) { follow(pod); },
                              .clock = options.clock});
        while ((watch->of("verifier").empty() || watch->of("registrar").empty()) && !watch->settled() &&
               !stop_wanted())
            watch->wait(milliseconds{50});
    }

    bool runs(const Pod& pod) const {
        return std::ranges::any_of(watch->of(pod.server),
                                   [&](const Pod& one) { return one.container == pod.container; });
    }

    void follow(const Pod& pod) {
        if (pod.container.empty() || pod.server == "tenant") return;
        const std::lock_guard one_at_a_time(data);
        if (!folder.empty()) logs->follow(pod, folder / (pod.server + ".log"), from_now);
    }
    void follow_all() {
        for (const char* server : {"verifier", "registrar", "postgresql"}) {
            for (const Pod& pod : watch->of(server))
                follow(pod);
        }
    }

    Result<void> log_into(const fs::path& where, bool only_new) {
        std::error_code error;
        fs::create_directories(where / "etc", error);
        if (error)
            return fail(ErrorKind::System,
                        fmt::format("cannot make the folder {}: {}", where.string(), error.message()));
        for (const char* server : {"verifier", "registrar"}) {
            if (auto made = write_file(where / (std::string(server) + ".log"), "", 0600); !made) return made;
        }
        const std::lock_guard one_at_a_time(data);
        folder = where;
        from_now = only_new;
        address.verifier_log = where / "verifier.log";
        address.registrar_log = where / "registrar.log";
        return {};
    }

    std::string log_file(const std::string& server) const {
        const std::lock_guard one_at_a_time(data);
        return (folder / (server + ".log")).string();
    }
    std::string log_of(const std::string& server) const {
        const std::lock_guard one_at_a_time(data);
        return folder.empty() ? "" : stack::read_tail(folder / (server + ".log"), 16 * 1024);
    }

    // Pods.

    Result<void> stopped() const {
        return fail(ErrorKind::Interrupted, "stopped while the servers in the cluster were awaited");
    }

    /// Tells it to nobody who waits for its end; what its volumes need takes ten seconds and more.
    Result<void> forget_pod(const Pod& pod, bool patient) const {
        auto gone = kubectl(
            {"delete", "pod", pod.name, "--ignore-not-found", "--grace-period=0", "--force", "--wait=false"},
            patient);
        if (!gone) return fail(gone.error());
        return {};
    }

    bool is_there(const Pod& pod) const {
        return std::ranges::any_of(watch->of(pod.server), [&](const Pod& one) { return one.uid == pod.uid; });
    }

    /// Until its container has ended, in order: then the pod goes.
    Result<void> wait_ended(const Pod& pod, bool patient) const {
        const Instant end = now() + kGoneLimit;
        while (true) {
            const auto all = watch->of(pod.server);
            const auto one = std::ranges::find(all, pod.uid, &Pod::uid);
            if (one == all.end() && watch->settled()) return {};
            if (one != all.end() && one->container.empty()) return forget_pod(pod, patient);
            if (!patient && stop_wanted()) return stopped();
            if (now() >= end)
                return fail(ErrorKind::Stack,
                            fmt::format("the {}'s pod {} has not ended after {}", pod.server, pod.name,
                                        in_seconds(kGoneLimit)),
                            "kubectl -n keylime describe pod says what it waits for");
            watch->wait(milliseconds{100});
        }
    }

    /// A pod of the server that is none of `before` and ready.
    Result<Pod> wait_ready(const std::string& server, const std::vector<Pod>& before, bool patient) const {
        const Instant began = now();
        while (true) {
            std::optional<Pod> last;
            for (const Pod& pod : watch->of(server)) {
                if (pod.leaving || std::ranges::find(before, pod.uid, &Pod::uid) != before.end()) continue;
                if (pod.ready && !pod.container.empty()) return pod;
                last = pod;
            }
            if (!patient && stop_wanted()) return fail(stopped().error());
            if (now() - began >= kReadyLimit) return fail(why_not_ready(server, last));
            // It gets no better: what it is told to run is wrong.
            const bool hopeless =
                last && now() - began >= seconds{20} &&
                (last->trouble.starts_with("ErrImage") || last->trouble.starts_with("ImagePull") ||
                 last->trouble.starts_with("CrashLoopBackOff"));
            if (hopeless)
                return fail(not_ready(*last, in_seconds(now() - began), log_of(server), log_file(server)));
            watch->wait(milliseconds{100});
        }
    }

    Error why_not_ready(const std::string& server, const std::optional<Pod>& last) const {
        const auto answers = kubectl({"get", "--raw", "/readyz"}, true);
        if (!answers) return answers.error();
        if (last) return not_ready(*last, in_seconds(kReadyLimit), log_of(server), log_file(server));
        return {ErrorKind::Stack, fmt::format("the {} has no pod after {}", server, in_seconds(kReadyLimit)),
                fmt::format("kubectl -n keylime describe {} says why", workload_of(server))};
    }

    /// The node's port leads to it.
    Result<void> wait_answers(const std::string& server, bool patient) const {
        if (server == "postgresql") return {};
        const bool verifier = server == "verifier";
        const stack::HostPort& where = verifier ? address.verifier : address.registrar_http;
        std::optional<stack::TlsIdentity> tls;
        if (verifier) tls = stack::TlsIdentity{.ca_file = address.ca_file, .certificate = {}, .key = {}};
        const Instant end = now() + kReadyLimit;
        // What goes to the pod before is lost: it is better to ask again soon.
        for (Duration patience = milliseconds{500};;
             patience = std::min<Duration>(patience * 2, seconds{8})) {
            stack::AdminClient client(where, tls, options.clock, patience);
            const auto call =
                client.exchange({.method = "GET", .target = "/version", .headers = {}, .body = {}});
            if (call.outcome.response) return {};
            if (!patient && stop_wanted()) return stopped();
            if (now() >= end)
                return fail(
                    ErrorKind::Stack,
                    fmt::format("the {}'s pod is ready, and nobody answers at {}: {}", server, where.text(),
                                call.outcome.failure ? call.outcome.failure->message : ""),
                    "kubectl -n keylime get endpoints shows where its port leads");
            stack::wait_for(milliseconds{50});
        }
    }

    /// After something that starts it. Says how long each part took since `began`.
    Result<std::string> wait_up(const std::string& server, const std::vector<Pod>& before, Instant began,
                                bool patient) {
        auto pod = wait_ready(server, before, patient);
        if (!pod) return fail(pod.error());
        const Duration ready = now() - began;
        if (auto answers = wait_answers(server, patient); !answers) return fail(answers.error());
        const Duration answering = now() - began;
        std::string how = fmt::format("pod {} ready after {}", pod->name, in_seconds(ready));
        if (server != "postgresql") how += fmt::format(", answers after {}", in_seconds(answering));
        const std::lock_guard one_at_a_time(data);
        servers[server] = {Server::State::Up, std::move(*pod)};
        return how;
    }

    // Acts.

    Server server_now(const std::string& server) const {
        const std::lock_guard one_at_a_time(data);
        const auto known = servers.find(server);
        return known == servers.end() ? Server{} : known->second;
    }
    void set_state(const std::string& server, Server::State state) {
        const std::lock_guard one_at_a_time(data);
        servers[server].state = state;
    }

    Result<void> scale(const std::string& server, int replicas, bool patient = false) const {
        auto scaled =
            kubectl({"scale", workload_of(server), fmt::format("--replicas={}", replicas)}, patient);
        if (!scaled) return fail(scaled.error());
        return {};
    }

    Result<void> signal(const Pod& pod, const std::string& what) const {
        const auto done =
            kubectl({"exec", pod.name, "-c", pod.server, "--", "python", "-c", kSignalScript, what});
        if (!done) return fail(done.error());
        return {};
    }

    Result<std::string> stop(const std::string& server, const Pod& pod) {
        const Instant began = now();
        if (auto scaled = scale(server, 0); !scaled) return fail(scaled.error());
        if (auto ended = wait_ended(pod, false); !ended) return fail(ended.error());
        set_state(server, Server::State::Down);
        return fmt::format("pod {} ended after {}", pod.name, in_seconds(now() - began));
    }

    Result<std::string> kill(const std::string& server, const Pod& pod) {
        const Instant began = now();
        // Deleting alone would let it end in order for two seconds.
        if (server != "postgresql") {
            if (auto killed = signal(pod, "SIGKILL"); !killed) return fail(killed.error());
        }
        const Duration killed = now() - began;
        if (auto gone = forget_pod(pod, false); !gone) return fail(gone.error());
        if (auto scaled = scale(server, 0); !scaled) return fail(scaled.error());
        // Another one that the workload made in between.
        for (const Pod& other : watch->of(server)) {
            if (other.uid == pod.uid) continue;
            if (auto gone = forget_pod(other, false); !gone) return fail(gone.error());
        }
        const Instant end = now() + kGoneLimit;
        while (!watch->of(server).empty() && now() < end && !stop_wanted()) {
            for (const Pod& other : watch->of(server)) {
                if (other.uid != pod.uid && !other.leaving) (void)forget_pod(other, false);
            }
            watch->wait(milliseconds{100});
        }
        if (stop_wanted()) return fail(stopped().error());
        set_state(server, Server::State::Down);
        return fmt::format("pod {} killed after {}, gone after {}", pod.name, in_seconds(killed),
                           in_seconds(now() - began));
    }

    Result<std::string> start(const std::string& server) {
        const Instant began = now();
        const auto before = watch->of(server);
        if (auto scaled = scale(server, 1); !scaled) return fail(scaled.error());
        return wait_up(server, before, began, false);
    }

    Result<std::string> restart(const std::string& server, const Pod& pod) {
        const Instant began = now();
        const auto before = watch->of(server);
        auto restarted = kubectl({"rollout", "restart", workload_of(server)});
        if (!restarted) return fail(restarted.error());
        // With SQLite the one before ends first; else it goes when the new one is ready.
        std::string gone;
        if (!postgresql) {
            if (auto ended = wait_ended(pod, false); !ended) return fail(ended.error());
            gone = fmt::format("pod {} ended after {}, ", pod.name, in_seconds(now() - began));
        }
        auto up = wait_up(server, before, began, false);
        if (!up) return up;
        if (postgresql) {
            if (auto ended = wait_ended(pod, false); !ended) return fail(ended.error());
            gone = fmt::format("pod {} ended after {}, ", pod.name, in_seconds(now() - began));
        }
        return gone + *up;
    }

    Result<std::string> act(ServerAct what, ServerName name) {
        const std::string server = name_of(name);
        if (name == ServerName::Database && !postgresql) {
            return fail(ErrorKind::Usage, fmt::format("the stack has no database to {}", to_string(what)),
                        "only a cluster with `--database postgresql` has one; with SQLite it is a file");
        }
        const auto is = server_now(server);
        const auto not_so = [&](const std::string& state, const std::string& mend) {
            return fail(ErrorKind::Usage, fmt::format("the {} {}", to_string(name), state), mend);
        };
        const bool up = is.state == Server::State::Up, paused = is.state == Server::State::Paused;
        const bool needs_it = what == ServerAct::Stop || what == ServerAct::Kill || what == ServerAct::Pause;
        if (needs_it && !up && !paused) return not_so("does not run", "start it first");
        switch (what) {
            case ServerAct::Stop:
                // A process that is stopped does not end in order.
                if (paused) {
                    if (auto goes_on = signal(is.pod, "SIGCONT"); !goes_on) return fail(goes_on.error());
                }
                return stop(server, is.pod);
            case ServerAct::Kill:
                return kill(server, is.pod);
            case ServerAct::Start:
                if (up) return not_so("runs already", "stop it first, or restart it");
                if (paused) return not_so("is paused", "resume it");
                return start(server);
            case ServerAct::Restart:
                if (paused) {
                    if (auto goes_on = signal(is.pod, "SIGCONT"); !goes_on) return fail(goes_on.error());
                }
                return up || paused ? restart(server, is.pod) : start(server);
            case ServerAct::Pause:
                if (paused) return not_so("is paused already", "resume it first");
                if (name == ServerName::Database)
                    return not_so("cannot be paused in a cluster: nothing stops a container's first process",
                                  "play it with --stack local");
                if (auto stops = signal(is.pod, "SIGSTOP"); !stops) return fail(stops.error());
                set_state(server, Server::State::Paused);
                return std::string{};
            case ServerAct::Resume:
                break;
        }
        if (!paused) return not_so("is not paused", "pause it first");
        if (auto goes_on = signal(is.pod, "SIGCONT"); !goes_on) return fail(goes_on.error());
        set_state(server, Server::State::Up);
        return std::string{};
    }

    // Configuration.

    Result<void> find_specs() {
        auto said = kubectl({"get", "deployment", "verifier", "registrar", "-o", "json"});
        if (!said) return fail(said.error());
        // Warnings of kubectl stand before it.
        const json list = json::parse(said->substr(std::min(said->find('{'), said->size())), nullptr, false);
        if (list.is_discarded() || !list.contains("items"))
            return fail(ErrorKind::Stack, "kubectl get deployment: no list of them: " + *said);
        for (const json& one : list.at("items")) {
            const std::string name = one.value(json::json_pointer("/metadata/name"), "");
            auto spec = parse_server_spec(name, one.dump());
            if (!spec) return fail(spec.error());
            found[name] = std::move(*spec);
        }
        return {};
    }

    Result<void> note_change() {
        json record{{"run", run}, {"pid", ::getpid()}, {"servers", json::object()}};
        for (const auto& [server, spec] : found)
            record["servers"][server] = to_json(spec);
        return write_file(change_record(options.state), record.dump(2) + "\n", 0600);
    }

    Result<std::string> new_database(const std::string& server, bool patient = false) {
        const std::string name = fmt::format("run-{}-{}", run, number);
        if (!postgresql) return fmt::format("sqlite:////var/lib/keylime/{}.sqlite", name);
        const std::string base = fmt::format("{}-{}", name, server);
        auto made =
            kubectl({"exec", "statefulset/postgresql", "-c", "postgresql", "--", "psql", "-q", "-h", "/tmp",
                     "-U", "keylime", "-d", "postgres", "-c", fmt::format("CREATE DATABASE \"{}\"", base)},
                    patient);
        if (!made) return fail(made.error());
        return "postgresql+psycopg2://keylime@postgresql:5432/" + base;
    }

    /// Of all runs.
    Result<void> drop_databases() {
        if (postgresql) {
            auto dropped =
                kubectl({"exec", "statefulset/postgresql", "-c", "postgresql", "--", "sh", "-c",
                         "echo \"SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database "
                         "WHERE datname LIKE 'run-%' \\gexec\" | psql -q -h /tmp -U keylime -d postgres"},
                        true);
            if (!dropped) return fail(dropped.error());
            return {};
        }
        for (const char* server : {"verifier", "registrar"}) {
            auto removed = kubectl({"exec", workload_of(server), "-c", server, "--", "python", "-c",
                                    "import glob, os\n"
                                    "for one in glob.glob('/var/lib/keylime/run-*'): os.unlink(one)"},
                                   true);
            if (!removed) return fail(removed.error());
        }
        return {};
    }

    /// False where that is what it had.
    Result<bool> patch(const std::string& server, const ServerSpec& spec, bool patient) const {
        auto patched =
            kubectl({"patch", "deployment", server, "--type=json", "-p", spec_patch(spec)}, patient);
        if (!patched) return fail(patched.error());
        return patched->find("(no change)") == std::string::npos;
    }

    /// `specs` for both; returns how long it took, when both are reached. `kill`: what they have is not
    /// needed.
    Result<std::string> roll_out(const std::map<std::string, ServerSpec>& specs, bool kill_them,
                                 bool patient) {
        const Instant began = now();
        std::map<std::string, std::vector<Pod>> before;
        for (const auto& [server, spec] : specs)
            before[server] = watch->of(server);
        for (const auto& [server, spec] : specs) {
            const auto patched = patch(server, spec, patient);
            if (!patched) return fail(patched.error());
            // With PostgreSQL the workload would make another of the old ones in place of one that is killed.
            if (!kill_them || (postgresql && *patched)) continue;
            for (const Pod& pod : before[server]) {
                if (auto gone = forget_pod(pod, patient); !gone) return fail(gone.error());
            }
        }
        if (!kill_them && !postgresql) {
            for (const auto& [server, pods] : before) {
                for (const Pod& pod : pods) {
                    if (auto ended = wait_ended(pod, patient); !ended) return fail(ended.error());
                }
            }
        }
        std::vector<std::string> how;
        for (const auto& [server, pods] : before) {
            auto up = wait_up(server, pods, began, patient);
            if (!up) return fail(up.error());
            how.push_back(server + ": " + *up);
        }
        // With PostgreSQL the ones before serve until then.
        for (const auto& [server, pods] : before) {
            for (const Pod& pod : pods) {
                if (!is_there(pod)) continue;
                if (auto ended = wait_ended(pod, patient); !ended) return fail(ended.error());
            }
        }
        renewals.push_back(now() - began);
        return fmt::format("{}", fmt::join(how, "; "));
    }

    Result<std::string> renew(const ClusterWish& wish, const fs::path& into) {
        ++number;
        const fs::path where = fs::absolute(into);  // kubectl runs elsewhere
        if (auto ready = log_into(where, false); !ready) return fail(ready.error());
        stack::LocalStackOptions verifier_like;
        verifier_like.verifier = wish.verifier;
        verifier_like.workers = wish.workers;
        verifier_like.keylime.python = "python";
        verifier_like.keylime.verifier = {"keylime_verifier"};
        const auto how_started = stack::verifier_start(verifier_like);
        if (!how_started) return fail(how_started.error());
        if (!changed) {
            if (auto noted = note_change(); !noted) return fail(noted.error());
        }
        std::map<std::string, ServerSpec> specs;
        std::vector<std::string> make{"create"};
        for (const std::string server : {"registrar", "verifier"}) {
            const bool verifier = server == "verifier";
            const stack::Options wanted = verifier ? stack::verifier_options(verifier_like) : wish.registrar;
            const auto has =
                stack::read_config("--stack kind", server, {(infra_conf(options.state) / server).string()});
            if (!has) return fail(has.error());
            const auto url = new_database(server);
            if (!url) return fail(url.error());
            const auto text = server_config(server, *has, wanted, *url);
            if (!text) return fail(text.error());
            if (auto written = write_file(where / "etc" / (server + ".conf"), *text, 0600); !written)
                return fail(written.error());
            const std::string config = fmt::format("run-{}-{}-{}", run, number, server);
            const fs::path map = where / "etc" / (server + "-configmap.json");
            if (auto written = write_file(map, config_map(config, run, server + ".conf", *text), 0600);
                !written)
                return fail(written.error());
            make.insert(make.end(), {"-f", map.string()});
            specs[server] =
                changed_spec(found.at(server), server, config,
                             verifier && !how_started->changed.empty() ? how_started->command
                                                                       : std::vector<std::string>{});
            if (!verifier) continue;
            const std::lock_guard one_at_a_time(data);
            database_url = *url;
        }
        auto made = kubectl(make);
        if (!made) return fail(made.error());
        const bool first = !changed;
        changed = true;
        cut = false;
        auto how = roll_out(specs, !first, false);
        if (!how) {
            Error error = how.error();
            if (error.kind == ErrorKind::Stack && !wish.verifier.empty())
                error.message += fmt::format(" (with {})", made_of(wish.verifier));
            return fail(std::move(error));
        }
        address.changed_start = how_started->changed;
        return how;
    }

    Result<void> put_back() {
        cut = true;
        const std::lock_guard after_the_act(acting);
        if (!changed) return {};
        busy = true;
        if (auto gone = why_gone(options.state, address)) {
            std::error_code none;
            fs::remove(change_record(options.state), none);
            changed = false;
            return fail(std::move(*gone));
        }
        options.say(fmt::format("putting the cluster {} back as it was", infra_cluster));
        auto back = roll_out(found, true, true);
        if (!back) return fail(back.error());
        auto removed = kubectl({"delete", "configmap", "-l", "pushsim.run", "--wait=false"}, true);
        if (!removed) return fail(removed.error());
        if (auto dropped = drop_databases(); !dropped) return dropped;
        std::error_code none;
        fs::remove(change_record(options.state), none);
        changed = false;
        return {};
    }

    /// What a run has left that was killed.
    Result<void> take_over() {
        const std::string text = read_file(change_record(options.state));
        if (text.empty()) return {};
        const json record = json::parse(text, nullptr, false);
        try {
            for (const auto& [server, spec] : record.at("servers").items())
                found[server] = spec_from(spec);
        } catch (const json::exception&) {
            return fail(ErrorKind::Config,
                        fmt::format("{} is not what a run leaves", change_record(options.state).string()),
                        "pushsim stack up --stack kind makes the servers as they were");
        }
        options.say("a run that was killed has left the cluster changed");
        changed = true;
        auto back = put_back();
        cut = false;
        busy = false;
        return back;
    }
};

Cluster::Cluster(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}

Cluster::~Cluster() {
    (void)inner_->put_back();
}

Result<std::unique_ptr<Cluster>> Cluster::open(Options options) {
    auto address = infra_address(options.state);
    if (!address)
        return fail(ErrorKind::Config, "no cluster is up", "pushsim stack up --stack kind makes it");
    if (auto gone = why_gone(options.state, *address)) return fail(std::move(*gone));
    auto tools = find_tools();
    if (!tools) return fail(tools.error());
    auto lock = take_cluster(options.state, options.stop_asked);
    if (!lock) return fail(lock.error());
    auto inner =
        std::make_unique<Inner>(std::move(options), std::move(*tools), std::move(*lock), std::move(*address));
    Inner& all = *inner;
    std::unique_ptr<Cluster> cluster(new Cluster(std::move(inner)));
    // The first to ask: an API server that does not answer is told here.
    if (auto specs = all.find_specs(); !specs) return fail(specs.error());
    all.begin_to_watch();
    if (auto taken = all.take_over(); !taken) return fail(taken.error());
    for (const char* server : {"registrar", "verifier"}) {
        if (!all.found.contains(server))
            return fail(ErrorKind::Stack, fmt::format("the cluster has no Deployment {}", server),
                        "pushsim stack up --stack kind makes it");
    }
    all.database = pod_database(
        {.place = [&all]() -> Result<PodDatabasePlace> {
             const auto server = all.server_now("verifier");
             std::string url;
             {
                 const std::lock_guard one_at_a_time(all.data);
                 url = all.database_url;
             }
             if (server.state != Server::State::Up && server.state != Server::State::Paused)
                 return fail(ErrorKind::Stack,
                             "the verifier's database is read in its pod, and it has none now");
             return PodDatabasePlace{server.pod.uid + url,
                                     all.command({"exec", "-i", server.pod.name, "-c", "verifier", "--",
                                                  "python", "-u", "-c", pod_database_script(url)},
                                                 true)};
         },
         .environment = all.environment,
         .errors = all.options.state.folder / "watch.log",
         .clock = all.options.clock});
    return cluster;
}

bool Cluster::as_found() const {
    return !inner_->changed;
}

Result<void> Cluster::use_as_found(const fs::path& folder) {
    Inner& all = *inner_;
    const auto found = stack::read_config("--stack kind", "verifier",
                                          {(infra_conf(all.options.state) / "verifier").string()});
    if (!found) return fail(found.error());
    const auto* url = found->find("verifier", "database_url");
    {
        const std::lock_guard one_at_a_time(all.data);
        all.database_url = url == nullptr ? "sqlite" : url->text;
    }
    if (all.folder.empty()) {
        if (auto ready = all.log_into(fs::absolute(folder), true); !ready) return ready;
        all.follow_all();
        const std::lock_guard one_at_a_time(all.data);
        all.from_now = false;  // of a container that is started later all is new
    }
    std::vector<std::string> servers{"registrar", "verifier"};
    if (all.postgresql) servers.emplace_back("postgresql");
    for (const std::string& server : servers) {
        if (auto up = all.wait_up(server, {}, all.now(), false); !up) return fail(up.error());
    }
    auto seen = stack::inspect(all.address, all.options.clock);
    if (!seen) return fail(seen.error());
    all.address = std::move(*seen);
    all.inspected = true;
    return {};
}

Result<std::string> Cluster::renew(const ClusterWish& wish, const fs::path& folder) {
    Inner& all = *inner_;
    const std::lock_guard one_at_a_time(all.acting);
    all.busy = true;
    all.cut = false;
    if (all.postgresql && all.server_now("postgresql").state != Server::State::Up) {
        if (auto scaled = all.scale("postgresql", 1); !scaled) return fail(scaled.error());
        if (auto up = all.wait_up("postgresql", {}, all.now(), false); !up) return up;
    }
    auto how = all.renew(wish, folder);
    if (!how) return how;
    all.busy = false;
    const auto mode = wish.verifier.find("mode");
    const bool push = mode == wish.verifier.end() || mode->second == "push";
    if (!all.inspected && push) {
        auto seen = stack::inspect(all.address, all.options.clock);
        if (!seen) return fail(seen.error());
        all.address = std::move(*seen);
        all.inspected = true;
    }
    return how;
}

Result<void> Cluster::put_back() {
    return inner_->put_back();
}

std::string Cluster::roll_outs() const {
    const auto& all = inner_->renewals;
    if (all.empty()) return "";
    Duration sum{};
    for (const Duration one : all)
        sum += one;
    return fmt::format("{} roll-out{}, {} each on average", all.size(), all.size() == 1 ? "" : "s",
                       in_seconds(sum / static_cast<long>(all.size())));
}

const stack::StackAddress& Cluster::address() const {
    return inner_->address;
}

std::shared_ptr<stack::VerifierDatabase> Cluster::database() const {
    return inner_->database;
}

Result<std::string> Cluster::act_on(ServerAct what, ServerName server) {
    Inner& all = *inner_;
    const std::lock_guard one_at_a_time(all.acting);
    if (all.cut) return fail(ErrorKind::Interrupted, "the stack is at its end");
    all.busy = true;
    auto done = all.act(what, server);
    // What it has come to after an error is not known.
    if (done || done.error().kind == ErrorKind::Usage) all.busy = false;
    return done;
}

void Cluster::cut_acts() {
    inner_->cut = true;
}

std::optional<Error> Cluster::poll() {
    const Inner& all = *inner_;
    if (all.busy || !all.watch->settled()) return std::nullopt;
    for (const std::string server : {"verifier", "registrar"}) {
        const auto is = all.server_now(server);
        if (is.state != Server::State::Up && is.state != Server::State::Paused) continue;
        const auto pods = all.watch->of(server);
        const auto pod = std::ranges::find(pods, is.pod.uid, &Pod::uid);
        if (all.busy) return std::nullopt;
        if (pod != pods.end() && pod->container == is.pod.container) continue;
        std::string how = "it was deleted";
        if (pod != pods.end()) {
            how = "its container ended with " +
                  (pod->last_end.empty() ? std::string("nothing said") : pod->last_end);
        }
        const auto said = stack::diagnose(all.log_of(server));
        return Error{ErrorKind::Stack,
                     fmt::format("the {}'s pod {} ended in mid-run: {}; its log ({}) ends with: {}", server,
                                 is.pod.name, how, all.log_file(server), said.cause),
                     said.mend};
    }
    return std::nullopt;
}

std::optional<std::string> why_not_configured(const InfraState& state, const ClusterWish& wish) {
    for (const auto& [server, wanted] :
         {std::pair{"verifier", &wish.verifier}, std::pair{"registrar", &wish.registrar}}) {
        for (const auto& [name, value] : *wanted) {
            if (is_fixed_option(name))
                return fmt::format("it wants {} for the {}, which is the cluster's to choose", name, server);
        }
        const auto has = stack::read_config("--stack kind", server, {(infra_conf(state) / server).string()});
        if (!has) return has.error().message;
    }
    return std::nullopt;
}

bool is_changed(const InfraState& state) {
    return fs::exists(change_record(state));
}

std::optional<Error> why_gone(const InfraState& state, const stack::StackAddress& address) {
    const stack::HostPort& at = address.verifier;
    if (!fs::exists(state.kubeconfig()) || !stack::port_is_free(at.host, at.port)) return std::nullopt;
    return Error{ErrorKind::Config,
                 fmt::format("the cluster {} is no more, or its node is stopped: nothing listens at {}",
                             infra_cluster, at.text()),
                 "pushsim stack down --stack kind, then pushsim stack up --stack kind, make it anew"};
}

}  // namespace pushsim::kind
