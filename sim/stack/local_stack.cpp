#include "sim/stack/local_stack.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "sim/stack/layout.hpp"
#include "sim/stack/server.hpp"

namespace pushsim::stack {
namespace {

constexpr int kPortTries = 5;
constexpr std::chrono::seconds kStopPatience{12};

// Ports of stacks that live, or are about to: theirs are not free although nobody may listen yet.
std::set<std::uint16_t> claimed_ports(const Registry& registry) {
    std::set<std::uint16_t> ports;
    for (const auto& record : registry.all()) {
        if (!record.owner_lives() && !record.kept) continue;
        ports.insert({record.address.verifier.port, record.address.registrar_http.port,
                      record.address.registrar_tls.port});
    }
    return ports;
}

Result<void> check_not_in_use(const Registry& registry, const std::filesystem::path& folder) {
    const auto record = registry.find(folder);
    if (!record) return {};
    const bool owned = record->owner_lives();
    if (!owned && (!record->kept || record->processes().empty())) return {};
    return fail(ErrorKind::Config,
                fmt::format("a stack already runs in {} ({})", folder.string(),
                            owned ? fmt::format("of process {}", record->owner.pid) : "kept by `stack up`"),
                owned ? "choose another folder" : "use it, or end it with: pushsim stack down");
}

}  // namespace

struct LocalStack::Inner {
    Registry registry;
    const Clock* clock;
    Layout layout;
    StackRecord record;
    StopAsked stop_asked;
    Instant started{};
    Instant limit{};
    Duration start_time{};
    std::optional<Server> verifier;
    std::optional<Server> registrar;
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

    Result<void> launch(std::optional<Server>& server, const std::string& name, const KeylimeInstall& keylime,
                        const std::filesystem::path& log) {
        const auto& command = name == "verifier" ? keylime.verifier : keylime.registrar;
        auto launched = Server::start(name, Program{.command = command,
                                                    .environment = server_environment(layout, keylime),
                                                    .folder = layout.run,
                                                    .log = log});
        if (!launched) return fail(launched.error());
        server = std::move(*launched);
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

    // Ends both groups side by side.
    Result<void> end(Duration patience, const StopAsked& hurry = {}) {
        if (stopped) return {};
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
        const auto members = record.folder.empty() ? std::vector<ProcessId>{} : record.processes();
        bool gone = all_gone();
        if (!gone && patience > Duration::zero()) {
            signal_all(SIGTERM);
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
        record.groups.clear();
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
        record.address.api_version = registrar->api_version();
        return registry.write(record);
    }

    Result<void> start(const LocalStackOptions& options) {
        if (auto tools = check_tpm2_tools(); !tools) return tools;
        if (auto unused = check_not_in_use(registry, options.folder); !unused) return unused;
        const auto asked = asked_ports(options);
        if (!asked) return fail(asked.error());
        auto tls = user_tls_files(options.verifier);
        if (!tls) return fail(tls.error());
        auto made = make_layout(options.folder);
        if (!made) return fail(made.error());
        layout = std::move(*made);
        if (layout.runtime_elsewhere) record.litter.push_back(layout.runtime);
        if (!*tls && options.certificates == Certificates::Own) {
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
            auto ran = run(options, tls->has_value());
            if (ran) return ran;
            const bool lost_race =
                std::ranges::any_of(servers(), [](Server* s) { return s->lost_its_port(); });
            if (!lost_race || attempt == kPortTries || ran.error().kind == ErrorKind::Interrupted) return ran;
            // Others are chosen; a port that was asked for is now named, with who has it.
            if (auto ended = end(std::chrono::seconds{2}); !ended) return ended;
            verifier.reset();
            registrar.reset();
            stopped = false;
            if (layout.runtime_elsewhere) std::filesystem::create_directory(layout.runtime);
        }
    }

    void describe(const LocalStackOptions& options, const std::optional<TlsFiles>& tls) {
        record.folder = layout.folder;
        record.owner = own_process();
        record.boot = boot_identity();
        record.started = to_rfc3339(clock->wall_now());
        StackAddress& address = record.address;
        address.kind = "local";
        address.ca_file = tls ? tls->ca : layout.run / "cv_ca" / "cacert.crt";
        address.admin_certificate = tls ? tls->client_certificate : layout.run / "cv_ca" / "client-cert.crt";
        address.admin_key = tls ? tls->client_key : layout.run / "cv_ca" / "client-private.pem";
        if (!options.keylime.version.empty()) address.keylime_version = options.keylime.version;
        address.verifier_database = verifier_database(layout, options.verifier);
        address.verifier_log = layout.verifier_log();
        address.registrar_log = layout.registrar_log();
    }

    // Under the registry's lock, so that two pushsims do not choose the same ports.
    Result<void> claim_ports(const LocalStackOptions& options, const AskedPorts& asked,
                             const std::optional<TlsFiles>& tls) {
        const auto lock = registry.lock();
        const auto ports = choose_ports(
            asked, claimed_ports(registry),
            {.verifier = listen_address(options.verifier), .registrar = listen_address(options.registrar)});
        if (!ports) return fail(ports.error());
        record.address.verifier = {call_address(options.verifier), ports->verifier};
        record.address.registrar_http = {call_address(options.registrar), ports->registrar_http};
        record.address.registrar_tls = {call_address(options.registrar), ports->registrar_tls};
        if (auto written = write_config(layout, {*ports, tls, options.verifier, options.registrar});
            !written) {
            return written;
        }
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
    if (auto done = inner->start(options); !done) {
        // A start that failed has nothing worth draining.
        (void)inner->end(std::chrono::seconds{2});
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

pid_t LocalStack::registrar_pid() const {
    return inner_->registrar->process().id().pid;
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
    return {};
}

}  // namespace pushsim::stack
