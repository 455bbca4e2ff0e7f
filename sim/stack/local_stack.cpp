#include "sim/stack/local_stack.hpp"

#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "agent/base/files.hpp"
#include "sim/core/random.hpp"
#include "sim/stack/layout.hpp"
#include "sim/stack/postgresql.hpp"
#include "sim/stack/servers.hpp"
#include "sim/stack/workers.hpp"

namespace pushsim::stack {
namespace {

constexpr int kPortTries = 5;
constexpr std::chrono::seconds kStopPatience{12};
constexpr std::chrono::seconds kShortPatience{2};  // for what has nothing worth draining

// Ports of stacks that live, or are about to: theirs are not free although nobody may listen yet.
std::set<std::uint16_t> claimed_ports(const Registry& registry) {
    std::set<std::uint16_t> ports;
    for (const auto& record : registry.all()) {
        if (!record.owner_lives() && !record.kept && !record.out_of_sight()) continue;
        ports.insert({record.address.verifier.port, record.address.registrar_http.port,
                      record.address.registrar_tls.port});
    }
    return ports;
}

/// Refuses a folder in which a stack lives; ends what is left of one that does not, for its record gives way
/// to ours.
Result<void> take_over(const Registry& registry, const std::filesystem::path& folder, const Clock& clock) {
    const auto record = registry.find(folder);
    if (!record) return {};
    const auto refuse = [&](const std::string& whose, const std::string& mend) {
        return fail(ErrorKind::Config, fmt::format("a stack already runs in {} ({})", folder.string(), whose),
                    mend);
    };
    if (record->owner_lives()) {
        return refuse(fmt::format("of process {}", record->owner.pid), "choose another folder");
    }
    if (record->out_of_sight()) return refuse("of another container", "choose another folder");
    if (record->kept && !record->processes().empty()) {
        return refuse("kept by `stack up`", "use it, or end it with: pushsim stack down");
    }
    if (!end_stack(*record, registry, kShortPatience, clock).survivors.empty()) {
        return fail(ErrorKind::System,
                    fmt::format("processes of the stack in {} outlive SIGKILL", folder.string()));
    }
    return {};
}

std::string random_id() {
    return fmt::format("{:08x}{:08x}", core::fresh_seed(), core::fresh_seed());
}

}  // namespace

struct LocalStack::Inner {
    Registry registry;
    const Clock* clock;
    Layout layout;
    StackRecord record;
    std::optional<Servers> servers;   ///< when the folder is ours
    std::optional<pki::TestPki> pki;  ///< of which the servers' certificates are
    std::optional<PostgresqlCluster> cluster;
    bool cluster_made = false;
    std::vector<std::string> verifier_command;
    Instant started{};
    Instant limit{};
    Duration start_time{};
    /// Also while a server is stopped, for it is to have its port again.
    std::optional<PortClaim> port_claim;
    bool kept = false;
    bool stopped = false;

    Inner(Registry of, const Clock& at) : registry(std::move(of)), clock(&at) {}

    ~Inner() {
        if (!kept) (void)end(kStopPatience);
    }

    Result<void> launch(ServerName name, const std::vector<std::string>& command,
                        const KeylimeInstall& keylime, const std::filesystem::path& log) {
        return servers->launch(name, Program{.command = command,
                                             .environment = server_environment(layout, record.id, keylime),
                                             .folder = layout.run,
                                             .log = log});
    }

    Result<void> end(Duration patience, const StopAsked& hurry = {}) {
        if (stopped) return {};
        if (servers) {
            if (auto ended = servers->end(patience, hurry); !ended) return ended;
        }
        for (const auto& path : record.litter) {
            std::error_code ignored;
            std::filesystem::remove_all(path, ignored);
        }
        if (!record.folder.empty()) registry.remove(record.folder);
        stopped = true;
        return {};
    }

    Result<void> start_database() {
        if (!cluster_made) {
            if (auto done = servers->prepare(ServerName::Database, cluster->initdb(), limit); !done)
                return done;
        }
        if (auto done = servers->launch(ServerName::Database, cluster->server()); !done) return done;
        if (auto ready = servers->wait_ready(limit); !ready) return ready;
        if (!cluster_made) {
            if (auto done = cluster->make_databases(); !done) return done;
        }
        cluster_made = true;
        return {};
    }

    /// Of both servers, which have one; the other one takes it when it is started again.
    Result<std::string> renew_certificate() {
        if (!pki)
            return fail(ErrorKind::Usage, "the servers' certificates are not pushsim's",
                        "leave `tls_dir` to pushsim");
        const auto renewed = pki->renew(read_file(layout.tls / "server-cert.pem"));
        if (!renewed) return fail(renewed.error());
        if (auto written = pki::write_files(*renewed, layout.tls, "server"); !written)
            return fail(written.error());
        return "its certificate has the serial " + pki::serial_of(renewed->certificate_pem);
    }

    // One try with the ports given.
    Result<void> run(const LocalStackOptions& options, bool own_certificates) {
        const auto& keylime = options.keylime;
        if (cluster) {
            if (auto done = start_database(); !done) return done;
        }
        if (auto done = launch(ServerName::Verifier, verifier_command, keylime, layout.verifier_log());
            !done) {
            return done;
        }
        // The registrar reads the CA that the verifier makes; with ours there is nothing to wait for.
        if (!own_certificates) {
            if (auto ready = servers->wait_ready(limit); !ready) return ready;
        }
        if (auto done = launch(ServerName::Registrar, keylime.registrar, keylime, layout.registrar_log());
            !done) {
            return done;
        }
        if (auto ready = servers->wait_ready(limit); !ready) return ready;
        record.address.api_version = servers->api_version();
        return registry.write(record);
    }

    /// Also puts its URLs into the options.
    Result<void> plan_cluster(LocalStackOptions& options) {
        if (options.databases == Databases::Sqlite) return {};
        auto installed = find_postgresql();
        if (!installed) return fail(installed.error());
        cluster.emplace(std::move(*installed), layout.database, record.id, layout.database_log());
        options.verifier.emplace("database_url", cluster->url(ServerName::Verifier));
        options.registrar.emplace("database_url", cluster->url(ServerName::Registrar));
        record.litter.push_back(layout.database);
        if (auto written = registry.write(record); !written) return written;
        auto made = cluster->make_folder();
        if (!made) record.litter.pop_back();  // it is not ours
        return made;
    }

    Result<void> start(LocalStackOptions options) {
        if (auto tools = check_tpm2_tools(); !tools) return tools;
        const auto asked = asked_ports(options);
        if (!asked) return fail(asked.error());
        auto tls = user_tls_files(options.verifier);
        if (!tls) return fail(tls.error());
        if (auto claimed = claim_folder(options.folder); !claimed) return claimed;
        if (auto made = make_layout(layout); !made) {
            record.litter
                .clear();  // the folder in /tmp is the last to be made, and if it is there, it is not ours
            return made;
        }
        if (!*tls && options.certificates != Certificates::Keylime) {
            pki.emplace(clock->wall_now());
            auto own = make_certificates(layout, *pki, options.server_certificate,
                                         {call_address(options.verifier), call_address(options.registrar)});
            if (!own) return fail(own.error());
            *tls = std::move(*own);
            record.address.verify_server = options.server_certificate == pki::CertificateKind::Valid ||
                                           options.server_certificate == pki::CertificateKind::Admin;
        }
        if (auto planned = plan_cluster(options); !planned) return planned;
        auto how = verifier_start(options);
        if (!how) return fail(how.error());
        verifier_command = std::move(how->command);
        record.address.changed_start = std::move(how->changed);
        options.verifier = verifier_options(options);
        describe(options, *tls);
        servers.emplace(record, Surroundings{.registry = registry,
                                             .clock = *clock,
                                             .runtime = layout.runtime,
                                             .start_limit = options.start_limit,
                                             .stop_asked = options.stop_asked,
                                             .groups_changed = options.groups_changed});

        for (int attempt = 1;; ++attempt) {
            if (auto claimed = claim_ports(options, *asked, *tls); !claimed) return claimed;
            if (auto prepared = prepare_databases(layout); !prepared) return prepared;
            auto ran = run(options, tls->has_value());
            if (ran) databases_are_finished(layout);
            if (ran) return ran;
            if (!servers->lost_a_port() || attempt == kPortTries ||
                ran.error().kind == ErrorKind::Interrupted) {
                return ran;
            }
            // Others are chosen; a port that was asked for is now named, with who has it.
            if (auto ended = servers->end_to_start_anew(kShortPatience); !ended) return ended;
        }
    }

    // The record comes before everything that it says is to be cleaned.
    Result<void> claim_folder(const std::filesystem::path& folder) {
        const auto lock = registry.lock();
        if (auto taken = take_over(registry, folder, *clock); !taken) return taken;
        record.id = random_id();
        layout = plan_layout(folder, record.id);
        record.folder = layout.folder;
        record.owner = own_process();
        record.boot = boot_identity();
        record.started = to_rfc3339(clock->wall_now());
        if (layout.runtime_elsewhere) record.litter.push_back(layout.runtime);
        return registry.write(record);
    }

    void describe(const LocalStackOptions& options, const std::optional<TlsFiles>& tls) {
        StackAddress& address = record.address;
        address.kind = "local";
        address.ca_file = tls ? tls->ca : layout.run / "cv_ca" / "cacert.crt";
        address.admin_certificate = tls ? tls->client_certificate : layout.run / "cv_ca" / "client-cert.crt";
        address.admin_key = tls ? tls->client_key : layout.run / "cv_ca" / "client-private.pem";
        if (!options.keylime.version.empty()) address.keylime_version = options.keylime.version;
        address.keylime_origin = options.keylime.origin;
        address.verifier_database = verifier_database(layout, options.verifier);
        address.verifier_log = layout.verifier_log();
        address.registrar_log = layout.registrar_log();
    }

    // With a claim, which those of other registries see.
    Result<Ports> free_ports(const LocalStackOptions& options, const AskedPorts& asked) {
        port_claim.reset();
        auto avoid = claimed_ports(registry);
        for (;;) {
            auto ports = choose_ports(asked, avoid,
                                      {.verifier = listen_address(options.verifier),
                                       .registrar = listen_address(options.registrar)});
            if (!ports) return ports;
            std::set<std::uint16_t> chosen;
            if (!asked.registrar_http) chosen.insert(ports->registrar_http);
            if (!asked.verifier) chosen.insert(ports->verifier);
            if (!asked.registrar_tls) chosen.insert(ports->registrar_tls);
            auto claim = PortClaim::make(chosen);
            if (claim) {
                port_claim.emplace(std::move(*claim));
                return ports;
            }
            if (claim.error().kind != ErrorKind::Stack) return fail(std::move(claim).error());
            avoid.merge(chosen);
        }
    }

    // Under the registry's lock, so that two pushsims do not choose the same ports.
    Result<void> claim_ports(const LocalStackOptions& options, const AskedPorts& asked,
                             const std::optional<TlsFiles>& tls) {
        const auto lock = registry.lock();
        const auto ports = free_ports(options, asked);
        if (!ports) return fail(ports.error());
        record.address.verifier = {call_address(options.verifier), ports->verifier};
        record.address.registrar_http = {call_address(options.registrar), ports->registrar_http};
        record.address.registrar_tls = {call_address(options.registrar), ports->registrar_tls};
        const StackConfig config{*ports, tls, options.verifier, options.registrar};
        if (auto written = write_config(layout, config, record.address); !written) return written;
        return registry.write(record);
    }
};

LocalStack::LocalStack(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
LocalStack::~LocalStack() = default;

Result<std::unique_ptr<LocalStack>> LocalStack::start(const LocalStackOptions& options,
                                                      const Registry& registry, const Clock& clock) {
    auto inner = std::make_unique<Inner>(registry, clock);
    inner->started = clock.now();
    inner->limit = inner->started + options.start_limit;
    if (auto done = inner->start(options); !done) {
        (void)inner->end(kShortPatience);
        return fail(std::move(done.error()));
    }
    inner->start_time = clock.now() - inner->started;
    return std::unique_ptr<LocalStack>(new LocalStack(std::move(inner)));
}

const StackAddress& LocalStack::address() const {
    return inner_->record.address;
}

const std::filesystem::path& LocalStack::folder() const {
    return inner_->layout.folder;
}

Duration LocalStack::start_time() const {
    return inner_->start_time;
}

std::optional<pid_t> LocalStack::pid(ServerName server) {
    return inner_->servers->pid(server);
}

Result<void> LocalStack::act(ServerAct what, ServerName server) {
    return inner_->servers->act(what, server);
}

Result<std::string> LocalStack::act_on(ServerAct what, ServerName server) {
    std::string how;
    if (what == ServerAct::RenewCertificate) {
        auto renewed = inner_->renew_certificate();
        if (!renewed) return renewed;
        how = std::move(*renewed);
        what = ServerAct::Restart;
    }
    if (auto done = act(what, server); !done) return fail(done.error());
    return how;
}

void LocalStack::cut_acts() {
    inner_->servers->cut();
}

std::optional<Error> LocalStack::poll() {
    return inner_->servers->poll();
}

Result<void> LocalStack::stop(const StopAsked& hurry) {
    return inner_->end(kStopPatience, hurry);
}

Result<void> LocalStack::kill() {
    return inner_->end(Duration::zero());
}

Result<void> LocalStack::keep() {
    if (auto done = inner_->servers->let_go(); !done) return done;
    inner_->kept = true;
    return {};
}

}  // namespace pushsim::stack
