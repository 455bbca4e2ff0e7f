#include "sim/kind/infra.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/base/files.hpp"
#include "sim/kind/certificates.hpp"
#include "sim/kind/named_cluster.hpp"
#include "sim/kind/run_traces.hpp"
#include "sim/stack/admin_client.hpp"
#include "sim/stack/inspect.hpp"
#include "sim/stack/ports.hpp"
#include "sim/stack/record_json.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;
using std::chrono::minutes;
using std::chrono::seconds;

// kind/infra/cluster.yaml publishes them on 127.0.0.1.
constexpr std::uint16_t kVerifierPort = 30881, kRegistrarPort = 30890, kRegistrarTlsPort = 30891;

/// All that kind/infra makes has this label.
constexpr const char* kPartOf = "app.kubernetes.io/part-of=pushsim";

/// In infra_conf(), of a server that has PostgreSQL.
constexpr const char* kDatabaseConf = "2-database.conf";

Result<NamedCluster> cluster(const InfraState& state, const Clock& clock, stack::StopAsked stop_asked = {}) {
    auto tools = find_tools();
    if (!tools) return fail(tools.error());
    // Certificates stay.
    return NamedCluster(
        infra_cluster, state.folder, std::move(*tools), clock, std::move(stop_asked),
        {state.record(), infra_conf(state), state.folder / "manifests", state.folder / "changed.json"});
}

Error not_up() {
    return {ErrorKind::Config, "no cluster is up", "pushsim stack up --stack kind makes it"};
}

/// How a cluster that is there is made anew.
constexpr const char* kAnew =
    "pushsim stack down --stack kind, then pushsim stack up --stack kind, make it anew; its certificates "
    "stay";

/// Where the API server does not answer.
Error silent(const NamedCluster& infra, const Error& why) {
    if (why.kind == ErrorKind::Interrupted) return why;
    return {why.kind,
            fmt::format("the cluster {} is there, and does not answer: {}", infra_cluster, why.message),
            fmt::format("does its node run? `{} ps` shows {}; else {}",
                        infra.tools().engine.filename().string(), infra.node(), kAnew)};
}

/// That what was deployed still is.
Result<void> check_alive(const NamedCluster& infra, const InfraState& state) {
    if (!fs::exists(state.record())) return {};
    const auto found =
        infra.kubectl({"get", "namespace", "keylime", "--ignore-not-found", "-o", "name"}, minutes{1});
    if (!found) return fail(silent(infra, found.error()));
    if (found->find("keylime") == std::string::npos) return fail(emptied());
    return {};
}

const char* overlay(Database database) {
    return database == Database::Sqlite ? "sqlite" : "postgresql";
}

/// kubectl cannot change one database for the other in servers that are there.
Result<void> check_database(const InfraState& state, Database wanted) {
    if (!fs::exists(state.record())) return {};
    const bool is_postgresql = infra_database(state) == Database::Postgresql;
    if (is_postgresql == (wanted == Database::Postgresql)) return {};
    const char* has = overlay(is_postgresql ? Database::Postgresql : Database::Sqlite);
    return fail(ErrorKind::Config, fmt::format("the servers of the cluster that is up have {}", has),
                fmt::format("--database {}, or first: pushsim stack down --stack kind", has));
}

Result<void> check_ports() {
    for (const std::uint16_t port : {kVerifierPort, kRegistrarPort, kRegistrarTlsPort}) {
        if (stack::port_is_free("127.0.0.1", port)) continue;
        Error taken = stack::port_taken("of the cluster's node", port);
        taken.mend = "end who has it: the ports of the node are fixed, for agents elsewhere call them, too";
        return fail(taken);
    }
    return {};
}

/// A password that the database has from its first start on is not to be another one the second time. It
/// goes by a file: others may read a command line.
Result<void> make_password(const NamedCluster& infra, const InfraState& state) {
    const auto there = infra.kubectl(
        {"-n", "keylime", "get", "secret", "postgresql", "--ignore-not-found", "-o", "name"}, minutes{1});
    if (!there) return done(there);
    if (there->find("postgresql") != std::string::npos) return {};
    std::array<unsigned char, 16> octets{};
    std::ifstream random("/dev/urandom", std::ios::binary);
    if (!random.read(reinterpret_cast<char*>(octets.data()), octets.size()))
        return fail(ErrorKind::System, "/dev/urandom cannot be read");
    std::string secret =
        "apiVersion: v1\nkind: Secret\nmetadata: { name: postgresql, namespace: keylime }\n"
        "stringData: { password: \"";
    for (const unsigned char one : octets)
        secret += fmt::format("{:02x}", one);
    const fs::path file = state.folder / "postgresql-secret.yaml";
    if (auto written = write_file(file, secret + "\" }\n", 0600); !written) return written;
    // Not `apply`: that would keep the text in an annotation.
    const auto made = infra.kubectl({"create", "-f", file.string()}, minutes{1});
    std::error_code none;
    fs::remove(file, none);
    return done(made);
}

/// The manifests, with the image that was asked for in place of theirs. kubectl takes other folders by a
/// relative path alone.
Result<fs::path> make_kustomization(const InfraState& state, const fs::path& sources,
                                    const InfraOptions& options) {
    std::error_code error;
    const fs::path folder = state.folder / "manifests";
    fs::create_directories(folder, error);
    const fs::path manifests = fs::relative(sources / "infra" / overlay(options.database), folder, error);
    const std::string text = fmt::format("resources: [\"{}\"]\nimages:\n{}{}", manifests.string(),
                                         image_line("pushsim-keylime", options.keylime_image),
                                         image_line("pushsim-postgresql", options.postgresql_image));
    if (auto written = write_file(folder / "kustomization.yaml", text, 0600); !written)
        return fail(written.error());
    return folder;
}

/// ErrorKind::Stack after three minutes, or as soon as it gets no better.
Result<void> wait_ready(const NamedCluster& infra, const std::string& server, const Clock& clock) {
    const Instant began = clock.now();
    while (true) {
        auto ready = infra.kubectl(
            {"-n", "keylime", "rollout", "status", "deployment/" + server, "--timeout=15s"}, minutes{1});
        if (ready || ready.error().kind == ErrorKind::Interrupted) return done(ready);
        const Duration waited = clock.now() - began;
        if (waited >= minutes{3}) return fail(ready.error());
        const auto said = infra.kubectl({"-n", "keylime", "get", "deployments,pods", "-l",
                                         "app.kubernetes.io/name=" + server, "-o", "json"},
                                        minutes{1});
        const auto seen = said ? parse_servers(*said) : fail(said.error());
        // Not of pods that were told to end: those of before may take a while.
        if (seen && !seen->empty() && std::ranges::any_of(seen->front().pods, gets_no_better) &&
            waited >= seconds{25})
            return fail(ErrorKind::Stack, seen->front().state());
    }
}

/// Of runs that were killed, once the servers have been made anew.
Result<void> clean_after_runs(const NamedCluster& infra, Database database) {
    const auto on_node = [&](const std::vector<std::string>& words) {
        return infra.on_node(words, minutes{1});
    };
    const auto kubectl = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"-n", "keylime"});
        return infra.kubectl(words, minutes{1});
    };
    auto reached = reconnect(on_node, {std::to_string(kVerifierPort), std::to_string(kRegistrarPort),
                                       std::to_string(kRegistrarTlsPort)});
    if (!reached) return reached;
    return remove_of_runs(kubectl, database == Database::Postgresql);
}

/// From the images on: what is the same whether the cluster is new or was there.
Result<void> deploy(const NamedCluster& infra, const InfraState& state, const fs::path& sources,
                    const InfraOptions& options, bool is_new, const Clock& clock) {
    options.say("loading the images");
    std::vector<std::string> images{options.keylime_image};
    if (options.database == Database::Postgresql) images.push_back(options.postgresql_image);
    for (const std::string& image : images) {
        if (auto loaded = infra.load(image); !loaded) return loaded;
    }
    // By the gateway agents of the other cluster find this machine, which publishes the ports.
    std::vector<std::string> names = infra.gateways();
    names.insert(names.end(), options.names.begin(), options.names.end());
    const auto certificates = make_certificates(state.certificates(), names, clock.wall_now());
    if (!certificates) return fail(certificates.error());
    options.say("deploying");
    const auto apply = [&](const std::string& how, const fs::path& what) {
        return done(infra.kubectl({"apply", how, what.string()}, minutes{2}));
    };
    if (auto applied = apply("-f", sources / "infra" / "base" / "namespace.yaml"); !applied) return applied;
    if (auto applied = apply("-f", certificates->infra_secrets); !applied) return applied;
    if (options.database == Database::Postgresql) {
        if (auto made = make_password(infra, state); !made) return made;
    }
    const auto manifests = make_kustomization(state, sources, options);
    if (!manifests) return fail(manifests.error());
    if (auto applied = apply("-k", *manifests); !applied) return applied;
    if (!is_new) {
        // Pods that live already have the certificates and options of before.
        auto again = infra.kubectl({"-n", "keylime", "rollout", "restart", "deployment"}, minutes{1});
        if (!again) return done(again);
    }
    options.say("waiting until both servers are ready");
    for (const char* server : {"registrar", "verifier"}) {
        auto ready = wait_ready(infra, server, clock);
        if (ready) continue;
        if (ready.error().kind == ErrorKind::Interrupted) return ready;
        const auto log =
            infra.kubectl({"-n", "keylime", "logs", "-l", std::string("app.kubernetes.io/name=") + server,
                           "-c", server, "--tail=10"},
                          minutes{1});
        return fail(ErrorKind::Stack,
                    fmt::format("the {} did not become ready: {}\n{}", server, ready.error().message,
                                log ? *log : log.error().message),
                    ready.error().message.find("Image") != std::string::npos
                        ? "scripts/kind-images makes the image; another one: --keylime-image IMAGE"
                        : "its options are in kind/infra/base/conf; after a change the same command again");
    }
    return is_new ? Result<void>{} : clean_after_runs(infra, options.database);
}

stack::StackAddress address_of(const InfraState& state, const InfraOptions& options) {
    stack::StackAddress address;
    address.kind = "kind";
    address.verifier.port = kVerifierPort;
    address.registrar_http.port = kRegistrarPort;
    address.registrar_tls.port = kRegistrarTlsPort;
    address.ca_file = state.certificates() / "ca" / "ca.crt";
    address.admin_certificate = state.certificates() / "tenant" / "tls.crt";
    address.admin_key = state.certificates() / "tenant" / "tls.key";
    address.keylime_origin = "image " + options.keylime_image;
    const std::string tag = tag_of(options.keylime_image);
    if (!tag.empty() && std::isdigit(static_cast<unsigned char>(tag.front())) != 0)
        address.keylime_version = tag;
    return address;
}

/// Its record is the last: by it others know the servers.
Result<void> keep(const InfraState& state, const fs::path& sources, Database database,
                  const stack::StackAddress& address) {
    std::error_code error;
    fs::remove_all(infra_conf(state), error);
    for (const char* server : {"verifier", "registrar"}) {
        fs::create_directories(infra_conf(state) / server, error);
        const std::string name = std::string(server) + ".conf";
        for (const auto& [from, to] :
             {std::pair{"base", "1-base.conf"}, {overlay(database), kDatabaseConf}}) {
            const fs::path file = sources / "infra" / from / "conf" / name;
            if (!fs::exists(file)) continue;
            if (auto written = write_file(infra_conf(state) / server / to, read_file(file), 0600); !written)
                return written;
        }
    }
    return write_file(state.record(), stack::to_json(address).dump(2) + "\n", 0600);
}

/// ErrorKind::Stack where one of them says nothing, which inspect() leaves to whoever needs it.
Result<void> check_answers(const stack::StackAddress& address, const Clock& clock) {
    const stack::TlsIdentity nobody{.ca_file = address.ca_file, .certificate = {}, .key = {}};
    for (const auto& [server, where, tls] : {std::tuple{"verifier", address.verifier, std::optional(nobody)},
                                             {"registrar", address.registrar_http, std::nullopt}}) {
        const auto call = stack::AdminClient(where, tls, clock, seconds{5})
                              .exchange({.method = "GET", .target = "/version", .headers = {}, .body = {}});
        if (const auto& failure = call.outcome.failure)
            return fail(stack::no_answer(server, where, *failure));
    }
    return {};
}

/// Pods are ready before the node sends to them what comes to its ports; until then the engine takes
/// connections and closes them, or refuses them.
Result<void> wait_until_reached(const stack::StackAddress& address, const InfraOptions& options,
                                const Clock& clock) {
    const Instant end = clock.now() + minutes{1};
    while (true) {
        auto reached = check_answers(address, clock);
        if (reached) reached = done(stack::inspect(address, clock));
        if (reached) return {};
        if (options.stop_asked && options.stop_asked())
            return fail(ErrorKind::Interrupted, "stopped while the servers were awaited");
        if (clock.now() >= end)
            return fail(ErrorKind::Stack,
                        "the servers are ready, and not reached: " + reached.error().message);
        stack::wait_for(std::chrono::milliseconds{300});
    }
}

}  // namespace

Result<InfraState> InfraState::open() {
    auto folder = stack::state_folder("kind");
    if (!folder) return fail(folder.error());
    return InfraState{*folder};
}

Error emptied() {
    return {ErrorKind::Stack,
            fmt::format("the cluster {} has lost what was in it: its node was started again, and what "
                        "Kubernetes knows is "
                        "in the node's memory",
                        infra_cluster),
            kAnew};
}

std::optional<stack::StackAddress> infra_address(const InfraState& state) {
    const std::string text = read_file(state.record());
    const auto value = nlohmann::json::parse(text, nullptr, false);
    if (value.is_discarded()) return std::nullopt;
    try {
        return stack::address_from(value);
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
}

Result<stack::FileLock> take_cluster(const InfraState& state, const stack::StopAsked& stop_asked) {
    return take_alone(infra_cluster, state.folder, stop_asked);
}

Database infra_database(const InfraState& state) {
    return fs::exists(infra_conf(state) / "verifier" / kDatabaseConf) ? Database::Postgresql
                                                                      : Database::Sqlite;
}

fs::path infra_conf(const InfraState& state) {
    return state.folder / "conf";
}

Result<stack::StackAddress> infra_up(const InfraState& state, const stack::FileLock& /*alone*/,
                                     const fs::path& manifests, const InfraOptions& options,
                                     const Clock& clock) {
    std::error_code error;
    const fs::path sources = fs::canonical(manifests, error);
    if (error || !fs::exists(sources / "infra" / "cluster.yaml"))
        return fail(ErrorKind::Config, fmt::format("{} has no infra/cluster.yaml", manifests.string()),
                    "name the folder kind/ of pushsim's source with PUSHSIM_KIND");
    if (auto fit = check_names(options.names); !fit) return fail(fit.error());
    const auto infra = cluster(state, clock, options.stop_asked);
    if (!infra) return fail(infra.error());
    const stack::StackAddress address = address_of(state, options);
    const auto make = [&](bool is_new) -> Result<void> {
        if (!is_new) {
            if (auto alive = check_alive(*infra, state); !alive) return alive;
            if (auto same = check_database(state, options.database); !same) return same;
        }
        if (auto deployed = deploy(*infra, state, sources, options, is_new, clock); !deployed)
            return deployed;
        fs::remove(state.folder / "changed.json", error);
        if (auto reached = wait_until_reached(address, options, clock); !reached) return reached;
        return keep(state, sources, options.database, address);
    };
    const auto fill = [&](bool is_new) -> Result<void> {
        auto made = make(is_new);
        if (made || is_new || made.error().kind != ErrorKind::Interrupted) return made;
        return fail(ErrorKind::Interrupted,
                    "stopped; the servers of the cluster may be neither as they were nor ready",
                    "pushsim stack up --stack kind goes on with it");
    };
    NamedCluster::Plan plan{.config = sources / "infra" / "cluster.yaml",
                            .node_image = options.node_image,
                            .images = {{options.keylime_image, "keylime"}},
                            .before_new = check_ports,
                            .fill = fill,
                            .say = options.say};
    if (options.database == Database::Postgresql)
        plan.images.push_back({options.postgresql_image, "postgresql"});
    if (auto up = infra->bring_up(plan); !up) return fail(up.error());
    return address;
}

Result<bool> infra_down(const InfraState& state, const stack::FileLock& /*alone*/, const Clock& clock) {
    const auto infra = cluster(state, clock);
    return infra ? infra->remove() : fail(infra.error());
}

namespace {

/// Of a cluster that is not there, or was deleted by others, nothing.
Result<std::optional<std::string>> asked(const InfraState& state, const std::vector<std::string>& words,
                                         const Clock& clock) {
    if (!fs::exists(state.kubeconfig())) return std::nullopt;
    const auto infra = cluster(state, clock);
    if (!infra) return fail(infra.error());
    auto said = infra->kubectl_if_there(words, seconds{40});
    if (!said && said.error().kind != ErrorKind::Config) return fail(silent(*infra, said.error()));
    return said;
}

}  // namespace

Result<std::vector<ServerSeen>> infra_servers(const InfraState& state, const Clock& clock) {
    const auto said = asked(
        state, {"-n", "keylime", "get", "deployments,statefulsets,pods", "-l", kPartOf, "-o", "json"}, clock);
    if (!said) return fail(said.error());
    if (!*said) return std::vector<ServerSeen>{};
    auto servers = parse_servers(**said);
    if (servers && servers->empty()) return fail(emptied());
    return servers;
}

Result<std::string> infra_log(const InfraState& state, const std::string& server, std::size_t lines,
                              const Clock& clock) {
    auto log = asked(state,
                     {"-n", "keylime", "logs", "-l", "app.kubernetes.io/name=" + server, "-c", server,
                      fmt::format("--tail={}", lines)},
                     clock);
    if (!log) return fail(log.error());
    if (*log) return std::move(**log);
    return fail(not_up());
}

Result<std::vector<std::string>> infra_follow(const InfraState& state, const std::string& server,
                                              std::size_t lines, const Clock& clock) {
    const auto servers = infra_servers(state, clock);
    if (!servers) return fail(servers.error());
    if (servers->empty()) return fail(not_up());
    const auto infra = cluster(state, clock);
    if (!infra) return fail(infra.error());
    return infra->follow_words(server.empty() ? "app.kubernetes.io/name in (registrar,verifier)"
                                              : "app.kubernetes.io/name=" + server,
                               lines);
}

fs::path sources_of_clusters() {
    if (const char* named = std::getenv("PUSHSIM_KIND"); named != nullptr && *named != '\0') return named;
    return fs::path(PUSHSIM_SOURCE_DIR) / "kind";
}

}  // namespace pushsim::kind
