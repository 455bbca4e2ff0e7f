#include "sim/stack/local_stack.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "sim/core/random.hpp"
#include "sim/stack/layout.hpp"
#include "sim/stack/server.hpp"

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
    StopAsked stop_asked;
    GroupsChanged groups_changed;
    Instant started{};
    Instant limit{};
    Duration start_time{};
    std::optional<Server> verifier;
    std::optional<Server> registrar;
    std::optional<PortClaim> port_claim;  ///< until the servers listen
    bool kept = false;
    bool stopped = false;

    Inner(Registry of, const Clock& at) : registry(std::move(of)), clock(&at) {}

    ~Inner() {
        if (!kept) (void)end(kStopPatience);
    }

    std::vector<Server*> servers() {
        std::vector<Server*> all;
        if (verifier) all.push_back(&*verifier);
        if (registrar) all.push_back(&*registrar);
        return all;
    }

    void tell_groups() {
        std::vector<pid_t> groups;
        for (Server* server : servers())
            groups.push_back(server->process().id().pid);
        if (groups_changed) groups_changed(groups);
    }

    Result<void> launch(std::optional<Server>& server, const std::string& name, const KeylimeInstall& keylime,
                        const std::filesystem::path& log) {
        const auto& command = name == "verifier" ? keylime.verifier : keylime.registrar;
        const SignalsHeld until_told;
        auto launched =
            Server::start(name, Program{.command = command,
                                        .environment = server_environment(layout, record.id, keylime),
                                        .folder = layout.run,
                                        .log = log});
        if (!launched) return fail(launched.error());
        server = std::move(*launched);
        tell_groups();
        record.groups.push_back(server->process().id());
        return registry.write(record);
    }

    Result<void> wait_ready(const std::vector<Server*>& wanted) {
        for (auto waiting = wanted; !waiting.empty();) {
            if (stop_asked && stop_asked()) {
                return fail(ErrorKind::Interrupted, "stopped while the servers were starting");
            }
            for (Server* server : servers()) {
                if (auto died = server->check_alive("while starting")) return fail(std::move(*died));
                if (auto lost = server->check_port()) return fail(std::move(*lost));
            }
            std::erase_if(waiting, [&](Server* server) { return server->is_ready(record.address, *clock); });
            if (waiting.empty()) break;
            if (clock->now() >= limit) {
                return fail(waiting.front()->not_ready(clock->now() - started));
            }
            wait_for(std::chrono::milliseconds{20}, waiting.front()->process().descriptor());
        }
        return {};
    }

    // Ends both groups side by side. The record and the folders stay.
    Result<void> end_servers(Duration patience, const StopAsked& hurry = {}) {
        const auto all_gone = [&] {
            return std::ranges::all_of(servers(),
                                       [](Server* server) { return server->process().group_gone(); });
        };
        const auto signal_all = [&](int signal) {
            for (Server* server : servers()) {
                if (!server->process().group_gone()) server->process().signal_group(signal);
            }
        };
        const auto wait_gone = [&](Duration at_most, Duration after_leader, const StopAsked& give_up) {
            const Instant end = clock->now() + at_most;
            std::optional<Instant> leaders_gone;
            while (!all_gone()) {
                const Instant now = clock->now();
                const bool led = std::ranges::any_of(
                    servers(), [](Server* server) { return !server->process().ended().has_value(); });
                if (!led && !leaders_gone) leaders_gone = now;
                // What a dead leader leaves behind waits for nothing, and its manager ignores SIGTERM.
                if (now >= end || (leaders_gone && now - *leaders_gone >= after_leader)) return false;
                if (give_up && give_up()) return false;
                wait_for(std::chrono::milliseconds{10});
            }
            return true;
        };
        const auto members = servers().empty() ? std::vector<ProcessId>{} : record.processes();
        bool gone = all_gone();
        if (!gone && patience > Duration::zero()) {
            signal_all(SIGTERM);
            signal_all(SIGCONT);  // a process that is stopped takes no other
            gone = wait_gone(patience, std::chrono::milliseconds{500}, hurry);
        }
        if (!gone) {
            signal_all(SIGKILL);
            gone = wait_gone(std::chrono::seconds{5}, std::chrono::seconds{5}, {});
        }
        if (!gone) {
            return fail(ErrorKind::System,
                        fmt::format("processes of the stack in {} outlive SIGKILL", layout.folder.string()));
        }
        remove_stale_sockets(record.groups, layout.runtime);
        remove_stale_sockets(members, layout.runtime);
        record.groups.clear();
        verifier.reset();
        registrar.reset();
        tell_groups();
        return {};
    }

    Result<void> end(Duration patience, const StopAsked& hurry = {}) {
        if (stopped) return {};
        if (auto ended = end_servers(patience, hurry); !ended) return ended;
        for (const auto& path : record.litter) {
            std::error_code ignored;
            std::filesystem::remove_all(path, ignored);
        }
        if (!record.folder.empty()) registry.remove(record.folder);
        stopped = true;
        return {};
    }

    // One try with the ports given. Nothing runs after a failure.
    Result<void> run(const LocalStackOptions& options, bool own_certificates) {
        if (auto done = launch(verifier, "verifier", options.keylime, layout.verifier_log()); !done) {
            return done;
        }
        // The registrar reads the CA that the verifier makes; with ours there is nothing to wait for.
        if (!own_certificates) {
            if (auto ready = wait_ready({&*verifier}); !ready) return ready;
        }
        if (auto done = launch(registrar, "registrar", options.keylime, layout.registrar_log()); !done) {
            return done;
        }
        if (auto ready = wait_ready(servers()); !ready) return ready;
        port_claim.reset();
        record.address.api_version = registrar->api_version();
        return registry.write(record);
    }

    Result<void> start(const LocalStackOptions& options) {
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
            auto own = make_certificates(layout, options.server_certificate,
                                         {call_address(options.verifier), call_address(options.registrar)},
                                         clock->wall_now());
            if (!own) return fail(own.error());
            *tls = std::move(*own);
            record.address.verify_server = options.server_certificate == pki::CertificateKind::Valid ||
                                           options.server_certificate == pki::CertificateKind::Admin;
        }
        describe(options, *tls);

        for (int attempt = 1;; ++attempt) {
            if (auto claimed = claim_ports(options, *asked, *tls); !claimed) return claimed;
            if (auto prepared = prepare_databases(layout); !prepared) return prepared;
            auto ran = run(options, tls->has_value());
            if (ran) databases_are_finished(layout);
            if (ran) return ran;
            const bool lost_race =
                std::ranges::any_of(servers(), [](Server* s) { return s->lost_its_port(); });
            if (!lost_race || attempt == kPortTries || ran.error().kind == ErrorKind::Interrupted) return ran;
            // Others are chosen; a port that was asked for is now named, with who has it.
            if (auto ended = end_servers(kShortPatience); !ended) return ended;
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
    inner->stop_asked = options.stop_asked;
    inner->groups_changed = options.groups_changed;
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

pid_t LocalStack::verifier_pid() const {
    return inner_->verifier->process().id().pid;
}

std::optional<Error> LocalStack::poll() {
    if (inner_->stopped) return std::nullopt;
    for (Server* server : inner_->servers()) {
        if (auto died = server->check_alive("in mid-run")) return died;
    }
    return std::nullopt;
}

Result<void> LocalStack::stop(const StopAsked& hurry) {
    return inner_->end(kStopPatience, hurry);
}

Result<void> LocalStack::kill() {
    return inner_->end(Duration::zero());
}

Result<void> LocalStack::keep() {
    inner_->record.kept = true;
    if (auto written = inner_->registry.write(inner_->record); !written) return written;
    inner_->kept = true;
    if (inner_->groups_changed) inner_->groups_changed({});
    return {};
}

}  // namespace pushsim::stack
