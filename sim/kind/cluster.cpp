#include "sim/kind/cluster.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "agent/base/files.hpp"
#include "sim/kind/certificates.hpp"
#include "sim/kind/manifests.hpp"
#include "sim/kind/pod_database.hpp"
#include "sim/kind/run_traces.hpp"
#include "sim/kind/server_acts.hpp"
#include "sim/kind/server_pods.hpp"
#include "sim/kind/tools.hpp"
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

fs::path change_record(const InfraState& state) {
    return state.folder / "changed.json";
}

std::string made_of(const stack::Options& options) {
    std::vector<std::string> all;
    for (const auto& [name, value] : options)
        all.push_back(value ? name + " = " + *value : name + " left out");
    return fmt::format("{}", fmt::join(all, ", "));
}

}  // namespace

struct Cluster::Inner {
    const Options options;
    const stack::FileLock lock;
    stack::StackAddress address;  ///< with the present log files
    const bool postgresql;
    ServerPods pods;
    ServerActs acts;
    std::map<std::string, ServerSpec> found;  ///< verifier, registrar
    const std::string run;                    ///< names what this run makes
    int number = 0;                           ///< of the present databases
    std::vector<Duration> renewals;
    bool given_up = false;   ///< putting back failed: the record is for the next process
    bool inspected = false;  ///< the address says which API they have, which no option changes

    std::mutex acting;  ///< for as long as an act lasts
    std::atomic<bool> changed = false;
    std::atomic<bool> busy = false;  ///< servers are not watched: somebody ends or starts them
    std::mutex url_mutex;
    std::string database_url;

    std::shared_ptr<stack::VerifierDatabase> database;

    Inner(const Options& wanted, Tools tools, stack::FileLock held, stack::StackAddress at)
        : options(wanted),
          lock(std::move(held)),
          address(std::move(at)),
          postgresql(infra_database(options.state) == Database::Postgresql),
          pods({.state = options.state,
                .tools = std::move(tools),
                .address = address,
                .clock = options.clock,
                .stop_asked = options.stop_asked}),
          acts(
              {.pods = pods,
               .clock = options.clock,
               .postgresql = postgresql,
               .renew_certificate = [this](const std::string& server) { return renew_certificate(server); }}),
          run(fmt::format("{:x}-{:x}", options.clock.wall_now().time_since_epoch().count() / 1000000,
                          ::getpid())) {}

    Instant now() const { return options.clock.now(); }

    Result<void> log_into(const fs::path& where, bool all) {
        if (auto done = pods.log_into(where, all); !done) return done;
        address.verifier_log = pods.log_file("verifier");
        address.registrar_log = pods.log_file("registrar");
        return {};
    }

    // Configuration.

    Result<void> find_specs() {
        auto said = pods.kubectl({"get", "deployment", "verifier", "registrar", "-o", "json"});
        if (!said && said.error().message.find("namespaces \"keylime\" not found") != std::string::npos)
            return fail(emptied());
        if (!said) return fail(said.error());
        const json list = object_in(*said);
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

    Result<std::string> new_database(const std::string& server) {
        const std::string name = fmt::format("run-{}-{}", run, number);
        if (!postgresql) return fmt::format("sqlite:////var/lib/keylime/{}.sqlite", name);
        const std::string base = fmt::format("{}-{}", name, server);
        auto made = pods.kubectl({"exec", "statefulset/postgresql", "-c", "postgresql", "--", "psql", "-q",
                                  "-h", "/tmp", "-U", "keylime", "-d", "postgres", "-c",
                                  fmt::format("CREATE DATABASE \"{}\"", base)});
        if (!made) return fail(made.error());
        return "postgresql+psycopg2://keylime@postgresql:5432/" + base;
    }

    /// PostgreSQL runs: an act may have stopped it.
    Result<void> start_database() {
        if (!postgresql) return {};
        auto scaled = pods.kubectl({"scale", workload_of("postgresql"), "--replicas=1"});
        if (!scaled) return fail(scaled.error());
        if (auto up = pods.wait_up("postgresql", {}, now()); !up) return fail(up.error());
        return {};
    }

    /// False where that is what it had.
    Result<bool> patch(const std::string& server, const ServerSpec& spec) const {
        auto patched = pods.kubectl({"patch", "deployment", server, "--type=json", "-p", spec_patch(spec)});
        if (!patched) return fail(patched.error());
        return patched->find("(no change)") == std::string::npos;
    }

    /// `specs` for both; returns how long it took, when both are reached. `kill`: what they have is not
    /// needed.
    Result<std::string> roll_out(const std::map<std::string, ServerSpec>& specs, bool kill_them) {
        const Instant began = now();
        std::map<std::string, std::vector<Pod>> before;
        for (const auto& [server, spec] : specs)
            before[server] = pods.of(server);
        for (const auto& [server, spec] : specs) {
            const auto patched = patch(server, spec);
            if (!patched) return fail(patched.error());
            // With PostgreSQL the workload would make another of the old ones in place of one that is killed.
            if (!kill_them || (postgresql && *patched)) continue;
            for (const Pod& pod : before[server]) {
                if (auto gone = pods.forget(pod); !gone) return fail(gone.error());
            }
        }
        if (!kill_them && !postgresql) {
            for (const auto& [server, old] : before) {
                for (const Pod& pod : old) {
                    if (auto ended = pods.wait_ended(pod); !ended) return fail(ended.error());
                }
            }
        }
        std::vector<std::string> how;
        for (const auto& [server, old] : before) {
            auto up = pods.wait_up(server, old, began);
            if (!up) return fail(up.error());
            how.push_back(server + ": " + *up);
        }
        // With PostgreSQL the ones before serve until then.
        for (const auto& [server, old] : before) {
            for (const Pod& pod : old) {
                if (!pods.is_there(pod)) continue;
                if (auto ended = pods.wait_ended(pod); !ended) return fail(ended.error());
            }
        }
        renewals.push_back(now() - began);
        return fmt::format("{}", fmt::join(how, "; "));
    }

    Result<std::string> renew(const ClusterWish& wish, const fs::path& into) {
        ++number;
        const fs::path where = fs::absolute(into);  // kubectl runs elsewhere
        std::error_code not_made;
        fs::create_directories(where / "etc", not_made);
        if (not_made)
            return fail(ErrorKind::System,
                        fmt::format("cannot make the folder {}: {}", where.string(), not_made.message()));
        if (auto ready = log_into(where, true); !ready) return fail(ready.error());
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
            const std::lock_guard lock_url(url_mutex);
            database_url = *url;
        }
        auto made = pods.kubectl(make);
        if (!made) return fail(made.error());
        const bool first = !changed;
        changed = true;
        pods.uncut();
        auto how = roll_out(specs, !first);
        if (!how) {
            Error error = how.error();
            if (error.kind == ErrorKind::Stack && !wish.verifier.empty())
                error.message += fmt::format(" (with {})", made_of(wish.verifier));
            return fail(std::move(error));
        }
        address.changed_start = how_started->changed;
        return how;
    }

    Result<std::string> renew_certificate(const std::string& server) const {
        auto renewed =
            kind::renew_certificate(options.state.certificates(), server, options.clock.wall_now());
        if (!renewed) return fail(renewed.error());
        auto applied = pods.kubectl({"apply", "-f", renewed->secrets.string()});
        if (!applied) return applied;
        return "its certificate has the serial " + renewed->serial;
    }

    Result<void> put_back() {
        auto back = try_to_put_back();
        given_up = !back;
        return back;
    }

    Result<void> try_to_put_back() {
        pods.cut();
        const std::lock_guard after_the_act(acting);
        if (!changed) return {};
        busy = true;
        const ServerPods::Patiently whatever_happens(pods);
        if (auto gone = why_gone(options.state, address)) {
            std::error_code none;
            fs::remove(change_record(options.state), none);
            changed = false;
            return fail(std::move(*gone));
        }
        options.say(fmt::format("putting the cluster {} back as it was", infra_cluster));
        if (auto reached = acts.reconnect_all(); !reached) return reached;
        if (auto started = start_database(); !started) return started;
        auto back = roll_out(found, true);
        if (!back) return fail(back.error());
        const auto kubectl = [this](const std::vector<std::string>& words) { return pods.kubectl(words); };
        if (auto removed = remove_of_runs(kubectl, postgresql); !removed) return removed;
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
        pods.uncut();
        busy = false;
        return back;
    }
};

Cluster::Cluster(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}

Cluster::~Cluster() {
    if (!inner_->given_up) (void)inner_->put_back();
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
    if (auto watched = all.pods.watch(); !watched) return fail(watched.error());
    if (auto taken = all.take_over(); !taken) return fail(taken.error());
    for (const char* server : {"registrar", "verifier"}) {
        if (!all.found.contains(server))
            return fail(ErrorKind::Stack, fmt::format("the cluster has no Deployment {}", server),
                        "pushsim stack up --stack kind makes it");
        if (all.found.at(server).replicas == 0)
            return fail(ErrorKind::Stack, fmt::format("the {} is stopped: it is scaled to 0", server),
                        "pushsim stack up --stack kind starts it");
    }
    all.database = pod_database(
        {.place = [&all]() -> Result<PodDatabasePlace> {
             const auto server = all.pods.now("verifier");
             std::string url;
             {
                 const std::lock_guard lock_url(all.url_mutex);
                 url = all.database_url;
             }
             if (server.state != ServerNow::State::Up && server.state != ServerNow::State::Paused)
                 return fail(ErrorKind::Stack,
                             "the verifier's database is read in its pod, and it has none now");
             return PodDatabasePlace{server.pod.uid + url,
                                     all.pods.command({"exec", "-i", server.pod.name, "-c", "verifier", "--",
                                                       "python", "-u", "-c", pod_database_script(url)})};
         },
         .environment = all.pods.environment(),
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
        const std::lock_guard lock_url(all.url_mutex);
        all.database_url = url == nullptr ? "sqlite" : url->text;
    }
    if (!all.pods.logs()) {
        if (auto ready = all.log_into(fs::absolute(folder), false); !ready) return ready;
    }
    std::vector<std::string> servers{"registrar", "verifier"};
    if (all.postgresql) servers.emplace_back("postgresql");
    for (const std::string& server : servers) {
        if (auto up = all.pods.wait_up(server, {}, all.now()); !up) return fail(up.error());
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
    all.pods.uncut();
    if (auto started = all.start_database(); !started) return fail(started.error());
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
    if (all.pods.is_cut()) return fail(ErrorKind::Interrupted, "the stack is at its end");
    all.busy = true;
    auto done = all.acts.act(what, server);
    // What it has come to after an error is not known.
    if (done || done.error().kind == ErrorKind::Usage) all.busy = false;
    return done;
}

void Cluster::cut_acts() {
    inner_->pods.cut();
}

std::optional<Error> Cluster::poll() {
    const Inner& all = *inner_;
    if (all.busy || !all.pods.settled()) return std::nullopt;
    for (const std::string server : {"verifier", "registrar"}) {
        const auto is = all.pods.now(server);
        if (is.state != ServerNow::State::Up && is.state != ServerNow::State::Paused) continue;
        const auto pods = all.pods.of(server);
        const auto pod = std::ranges::find(pods, is.pod.uid, &Pod::uid);
        if (all.busy) return std::nullopt;
        if (pod != pods.end() && pod->container == is.pod.container) continue;
        std::string how = "it was deleted";
        if (pod != pods.end()) {
            how = "its container ended with " +
                  (pod->last_end.empty() ? std::string("nothing said") : pod->last_end);
        }
        const auto said = stack::diagnose(all.pods.end_of_log(server));
        return Error{ErrorKind::Stack,
                     fmt::format("the {}'s pod {} ended in mid-run: {}; its log ({}) ends with: {}", server,
                                 is.pod.name, how, all.pods.log_file(server).string(), said.cause),
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
