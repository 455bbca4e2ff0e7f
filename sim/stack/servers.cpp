#include "sim/stack/servers.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/core.h>

namespace pushsim::stack {
namespace {

/// Of a scenario that stops a server: what a server then does, and for how long, may be what it looks at.
constexpr std::chrono::seconds kStopPatience{60};
constexpr std::chrono::seconds kShortPatience{2};  // for what has nothing worth draining
constexpr std::chrono::seconds kPauseLimit{5};

/// SIGTERM to all, SIGKILL after `patience` or as soon as `hurry` says so. False if a process outlives it.
bool end_side_by_side(const std::vector<Server*>& servers, Duration patience, const StopAsked& hurry,
                      const Clock& clock) {
    const auto all_gone = [&] {
        return std::ranges::all_of(servers, [](Server* server) { return server->gone(); });
    };
    const auto signal_all = [&](int signal) {
        for (Server* server : servers) {
            if (!server->gone()) server->signal(signal);
        }
    };
    const auto wait_gone = [&](Duration at_most, Duration after_leader, const StopAsked& give_up) {
        const Instant end = clock.now() + at_most;
        std::optional<Instant> leaders_gone;
        while (!all_gone()) {
            const Instant now = clock.now();
            const bool led = std::ranges::any_of(servers, [](Server* server) { return !server->ended(); });
            if (!led && !leaders_gone) leaders_gone = now;
            // What a dead leader leaves behind waits for nothing, and its manager ignores SIGTERM.
            if (now >= end || (leaders_gone && now - *leaders_gone >= after_leader)) return false;
            if (give_up && give_up()) return false;
            wait_for(std::chrono::milliseconds{10});
        }
        return true;
    };
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
    return gone;
}

Result<void> stopped_while_starting() {
    return fail(ErrorKind::Interrupted, "stopped while the servers were starting");
}

Error not_so(ServerName name, const std::string& state, const std::string& mend) {
    return {ErrorKind::Usage, fmt::format("the {} {}", to_string(name), state), mend};
}

}  // namespace

Result<void> Servers::launch(ServerName name, Program program) {
    auto server = start_process(name, program);
    if (!server) return fail(server.error());
    const std::lock_guard lock(state_);
    slots_[name] = Slot{std::move(program), std::move(*server), false};
    return {};
}

Result<Server> Servers::start_process(ServerName name, const Program& program) {
    const SignalsHeld until_told;
    auto server = Server::start(name, program);
    if (!server) return server;
    const std::lock_guard lock(state_);
    record_.groups.push_back(server->id());
    if (auto told = tell(); !told) {
        (void)end_side_by_side({&*server}, Duration::zero(), {}, around_.clock);
        return fail(told.error());
    }
    return server;
}

Result<void> Servers::tell() {
    std::vector<pid_t> groups;
    for (const ProcessId& group : record_.groups)
        groups.push_back(group.pid);
    if (around_.groups_changed) around_.groups_changed(groups);
    return around_.registry.write(record_);
}

Result<void> Servers::prepare(ServerName name, const Program& program, Instant limit) {
    auto server = start_process(name, program);
    if (!server) return fail(server.error());
    bool in_time = true;
    while (!server->ended() && in_time && !stop_wanted()) {
        in_time = around_.clock.now() < limit;
        wait_for(std::chrono::milliseconds{100}, server->descriptor());
    }
    const auto how = server->ended();
    auto failed = how == "exit status 0" ? std::nullopt : server->check_alive("while it was prepared");
    (void)end_side_by_side({&*server}, Duration::zero(), {}, around_.clock);
    forget({server->id()});
    if (failed) return fail(std::move(*failed));
    if (how) return {};
    if (!in_time) {
        return fail(ErrorKind::Stack, fmt::format("{} did not end in time ({})", program.command.front(),
                                                  program.log.string()));
    }
    return stopped_while_starting();
}

Result<void> Servers::wait_ready(Instant limit) {
    std::vector<Server*> all;
    for (auto& [name, slot] : slots_) {
        if (slot.server) all.push_back(&*slot.server);
    }
    return wait_ready(all, limit);
}

Result<void> Servers::wait_ready(const std::vector<Server*>& wanted, Instant limit) {
    const Instant started = around_.clock.now();
    for (auto waiting = wanted; !waiting.empty();) {
        if (stop_wanted()) return stopped_while_starting();
        for (Server* server : wanted) {
            if (auto died = server->check_alive("while starting")) return fail(std::move(*died));
            if (auto lost = server->check_port()) return fail(std::move(*lost));
        }
        std::erase_if(waiting,
                      [&](Server* server) { return server->is_ready(record_.address, around_.clock); });
        if (waiting.empty()) break;
        const Instant now = around_.clock.now();
        if (now >= limit) return fail(waiting.front()->not_ready(now - started));
        wait_for(std::chrono::milliseconds{20}, waiting.front()->descriptor());
    }
    return {};
}

bool Servers::lost_a_port() {
    return std::ranges::any_of(
        slots_, [](const auto& one) { return one.second.server && one.second.server->lost_its_port(); });
}

const std::string& Servers::api_version() const {
    return slots_.at(ServerName::Registrar).server->api_version();
}

std::optional<Error> Servers::poll() {
    const std::lock_guard lock(state_);
    for (auto& [name, slot] : slots_) {
        if (!slot.server) continue;
        if (auto died = slot.server->check_alive("in mid-run")) return died;
    }
    return std::nullopt;
}

std::optional<pid_t> Servers::pid(ServerName name) {
    const std::lock_guard lock(state_);
    const auto found = slots_.find(name);
    if (found == slots_.end() || !found->second.server) return std::nullopt;
    return found->second.server->id().pid;
}

Result<void> Servers::act(ServerAct act, ServerName name) {
    const std::lock_guard one_at_a_time(acting_);
    if (ending_) return fail(ErrorKind::Interrupted, "the stack is at its end");
    const auto found = slots_.find(name);
    if (found == slots_.end()) {
        return fail(ErrorKind::Usage,
                    fmt::format("the stack has no {} to {}", to_string(name), to_string(act)),
                    "only a stack with `database: postgresql` has one; with SQLite it is a file");
    }
    Slot& slot = found->second;
    switch (act) {
        case ServerAct::Stop:
            return take_down(slot, name, kStopPatience);
        case ServerAct::Kill:
            return take_down(slot, name, Duration::zero());
        case ServerAct::Start:
            return bring_up(slot, name);
        case ServerAct::Restart:
            if (slot.server) {
                if (auto down = take_down(slot, name, kStopPatience); !down) return down;
            }
            return bring_up(slot, name);
        case ServerAct::Pause:
            return pause(slot, name);
        case ServerAct::Resume:
            return resume(slot, name);
        case ServerAct::RenewCertificate:  // LocalStack's
        case ServerAct::CutOff:
        case ServerAct::Reconnect:
            break;
    }
    return fail(not_so(name, "cannot be cut off on this machine", "play it with --stack kind, or pause it"));
}

Result<Server*> Servers::running(Slot& slot, ServerName name) {
    if (!slot.server) return fail(not_so(name, "does not run", "start it first"));
    if (auto died = slot.server->check_alive("in mid-run")) return fail(std::move(*died));
    return &*slot.server;
}

Result<void> Servers::take_down(Slot& slot, ServerName name, Duration patience) {
    std::optional<Server> taken;
    {
        const std::lock_guard lock(state_);
        if (auto runs = running(slot, name); !runs) return fail(runs.error());
        taken.swap(slot.server);
        slot.paused = false;
    }
    return end_one(slot, std::move(*taken), patience);
}

Result<void> Servers::end_one(Slot& slot, Server server, Duration patience) {
    auto members = server.processes();
    members.push_back(server.id());
    const StopAsked at_the_end = [this] { return ending_.load(); };
    if (!end_side_by_side({&server}, patience, at_the_end, around_.clock)) {
        Error survives{ErrorKind::System, fmt::format("processes of the {} outlive SIGKILL (its log is {})",
                                                      to_string(server.name()), slot.program.log.string())};
        const std::lock_guard lock(state_);
        slot.server = std::move(server);
        return fail(std::move(survives));
    }
    remove_stale_sockets(members, around_.runtime);
    forget(members);
    return {};
}

void Servers::forget(const std::vector<ProcessId>& processes) {
    const SignalsHeld until_told;
    const std::lock_guard lock(state_);
    std::erase_if(record_.groups, [&](const ProcessId& group) {
        return std::ranges::find(processes, group) != processes.end();
    });
    // A record that could not be written names groups that are gone, which does no harm.
    (void)tell();
}

Result<void> Servers::bring_up(Slot& slot, ServerName name) {
    std::optional<Server> dead;
    {
        const std::lock_guard lock(state_);
        if (slot.server && !slot.server->ended()) {
            return fail(not_so(name, slot.paused ? "is paused" : "runs already",
                               slot.paused ? "resume it" : "stop it first, or restart it"));
        }
        dead.swap(slot.server);
    }
    if (dead) {
        if (auto ended = end_one(slot, std::move(*dead), Duration::zero()); !ended) return ended;
    }
    auto server = start_process(name, slot.program);
    if (!server) return fail(server.error());
    auto ready = wait_ready({&*server}, around_.clock.now() + around_.start_limit);
    if (!ready) {
        (void)end_one(slot, std::move(*server), kShortPatience);
        return ready;
    }
    const std::lock_guard lock(state_);
    slot.server = std::move(*server);
    return {};
}

Result<void> Servers::pause(Slot& slot, ServerName name) {
    Server* server = nullptr;
    {
        const std::lock_guard lock(state_);
        auto runs = running(slot, name);
        if (!runs) return fail(runs.error());
        if (slot.paused) return fail(not_so(name, "is paused already", "resume it first"));
        server = *runs;
        const SignalsHeld until_told;
        server->signal(SIGSTOP);
        slot.paused = true;
        // These would end by themselves when their leader is killed, but not while they are stopped.
        const auto others = server->other_leaders();
        record_.groups.insert(record_.groups.end(), others.begin(), others.end());
        if (!others.empty()) (void)tell();
    }
    // The signal is on its way to those that are running on another processor.
    const Instant limit = around_.clock.now() + kPauseLimit;
    while (!std::ranges::all_of(server->processes(), is_stopped)) {
        if (ending_ || around_.clock.now() >= limit) {
            (void)resume(slot, name);
            if (ending_) return fail(ErrorKind::Interrupted, "the stack is at its end");
            return fail(ErrorKind::System,
                        fmt::format("processes of the {} do not stop at SIGSTOP", to_string(name)));
        }
        wait_for(std::chrono::milliseconds{1});
    }
    return {};
}

Result<void> Servers::resume(Slot& slot, ServerName name) {
    std::vector<ProcessId> others;
    {
        const std::lock_guard lock(state_);
        auto runs = running(slot, name);
        if (!runs) return fail(runs.error());
        if (!slot.paused) return fail(not_so(name, "is not paused", "pause it first"));
        others = (*runs)->other_leaders();
        (*runs)->signal(SIGCONT);
        slot.paused = false;
    }
    if (!others.empty()) forget(others);
    return {};
}

Result<void> Servers::end(Duration patience, const StopAsked& hurry) {
    cut();
    const std::lock_guard after_the_act(acting_);
    return end_to_start_anew(patience, hurry);
}

Result<void> Servers::end_to_start_anew(Duration patience, const StopAsked& hurry) {
    std::map<ServerName, Slot> taken;
    {
        const std::lock_guard lock(state_);
        taken.swap(slots_);
    }
    std::vector<Server*> servers;
    std::vector<Server*> database;  // which they need to end in order
    std::vector<ProcessId> members = record_.groups;
    for (auto& [name, slot] : taken) {
        if (!slot.server) continue;
        (name == ServerName::Database ? database : servers).push_back(&*slot.server);
        for (const ProcessId& process : slot.server->processes())
            members.push_back(process);
    }
    const bool servers_gone = end_side_by_side(servers, patience, hurry, around_.clock);
    if (!end_side_by_side(database, patience, hurry, around_.clock) || !servers_gone) {
        const std::lock_guard lock(state_);
        slots_.swap(taken);
        return fail(ErrorKind::System,
                    fmt::format("processes of the stack in {} outlive SIGKILL", record_.folder.string()));
    }
    remove_stale_sockets(members, around_.runtime);
    if (!members.empty()) forget(members);
    return {};
}

Result<void> Servers::let_go() {
    const std::lock_guard after_the_act(acting_);
    record_.kept = true;
    if (auto written = around_.registry.write(record_); !written) return written;
    if (around_.groups_changed) around_.groups_changed({});
    return {};
}

}  // namespace pushsim::stack
