#include "sim/kind/server_acts.hpp"

#include <fmt/format.h>

#include "sim/kind/run_traces.hpp"

namespace pushsim::kind {
namespace {

using stack::ServerAct;
using stack::ServerName;
using State = ServerNow::State;

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

}  // namespace

Command ServerActs::on_node() const {
    return [this](const std::vector<std::string>& words) { return pods_.on_node(words); };
}

Result<void> ServerActs::scale(const std::string& server, int replicas) const {
    auto scaled = pods_.kubectl({"scale", workload_of(server), fmt::format("--replicas={}", replicas)});
    if (!scaled) return fail(scaled.error());
    return {};
}

Result<void> ServerActs::signal(const Pod& pod, const std::string& what) const {
    const auto done =
        pods_.kubectl({"exec", pod.name, "-c", pod.server, "--", "python", "-c", kSignalScript, what});
    if (!done) return fail(done.error());
    return {};
}

Result<std::string> ServerActs::stop(const std::string& server, const Pod& pod) {
    const Instant began = options_.clock.now();
    if (auto scaled = scale(server, 0); !scaled) return fail(scaled.error());
    if (auto ended = pods_.wait_ended(pod); !ended) return fail(ended.error());
    pods_.set(server, State::Down);
    return fmt::format("pod {} ended after {}", pod.name, in_seconds(options_.clock.now() - began));
}

Result<std::string> ServerActs::kill(const std::string& server, const Pod& pod) {
    const Instant began = options_.clock.now();
    // Deleting alone would let it end in order for two seconds.
    if (server != "postgresql") {
        if (auto killed = signal(pod, "SIGKILL"); !killed) return fail(killed.error());
    }
    const Duration killed = options_.clock.now() - began;
    if (auto gone = pods_.forget(pod); !gone) return fail(gone.error());
    if (auto scaled = scale(server, 0); !scaled) return fail(scaled.error());
    // Another one that the workload made in between.
    for (const Pod& other : pods_.of(server)) {
        if (other.uid == pod.uid) continue;
        if (auto gone = pods_.forget(other); !gone) return fail(gone.error());
    }
    const Instant end = options_.clock.now() + gone_limit;
    for (auto there = pods_.of(server); !there.empty(); there = pods_.of(server)) {
        if (options_.clock.now() >= end)
            return fail(
                ErrorKind::Stack,
                fmt::format("the {}'s pod {} was killed, and is still there after {}", server,
                            there.front().name, in_seconds(gone_limit)),
                fmt::format("kubectl -n keylime describe pod {} says what it waits for", there.front().name));
        for (const Pod& other : there) {
            if (other.uid != pod.uid && !other.leaving) (void)pods_.forget(other);
        }
        if (auto waited = pods_.wait(); !waited) return fail(waited.error());
    }
    pods_.set(server, State::Down);
    return fmt::format("pod {} killed after {}, gone after {}", pod.name, in_seconds(killed),
                       in_seconds(options_.clock.now() - began));
}

Result<std::string> ServerActs::start(const std::string& server) {
    const Instant began = options_.clock.now();
    const auto before = pods_.of(server);
    if (auto scaled = scale(server, 1); !scaled) return fail(scaled.error());
    return pods_.wait_up(server, before, began);
}

Result<std::string> ServerActs::restart(const std::string& server, const Pod& pod) {
    const Instant began = options_.clock.now();
    const auto before = pods_.of(server);
    auto restarted = pods_.kubectl({"rollout", "restart", workload_of(server)});
    if (!restarted) return fail(restarted.error());
    // With SQLite the one before ends first; else it goes when the new one is ready.
    std::string gone;
    const auto end = [&]() -> Result<void> {
        if (auto ended = pods_.wait_ended(pod); !ended) return ended;
        gone = fmt::format("pod {} ended after {}, ", pod.name, in_seconds(options_.clock.now() - began));
        return {};
    };
    if (!options_.postgresql) {
        if (auto ended = end(); !ended) return fail(ended.error());
    }
    auto ready = pods_.wait_up(server, before, began);
    if (!ready) return ready;
    if (options_.postgresql) {
        if (auto ended = end(); !ended) return fail(ended.error());
    }
    return gone + *ready;
}

Result<std::string> ServerActs::pause(const std::string& server, const Pod& pod) {
    if (auto stops = signal(pod, "SIGSTOP"); !stops) return fail(stops.error());
    pods_.set(server, State::Paused);
    return std::string{};
}

Result<std::string> ServerActs::resume(const std::string& server, const Pod& pod) {
    if (auto goes_on = signal(pod, "SIGCONT"); !goes_on) return fail(goes_on.error());
    pods_.set(server, State::Up);
    return std::string{};
}

Result<std::string> ServerActs::cut_off(const std::string& server) {
    if (auto cut = kind::cut_off(on_node(), pods_.ports_of(server)); !cut) return fail(cut.error());
    cut_off_.insert(server);
    return fmt::format("its node drops what comes for port {}", fmt::join(pods_.ports_of(server), ", "));
}

Result<std::string> ServerActs::reconnect(const std::string& server) {
    if (auto taken = kind::reconnect(on_node(), pods_.ports_of(server)); !taken) return fail(taken.error());
    cut_off_.erase(server);
    return std::string{};
}

Result<void> ServerActs::reconnect_all() const {
    for (const char* server : {"verifier", "registrar"}) {
        if (auto taken = kind::reconnect(on_node(), pods_.ports_of(server)); !taken) return taken;
    }
    return {};
}

Result<std::string> ServerActs::act(ServerAct what, ServerName name) {
    const bool database = name == ServerName::Database;
    const std::string server = database ? "postgresql" : to_string(name);
    if (database && !options_.postgresql) {
        return fail(ErrorKind::Usage, fmt::format("the stack has no database to {}", to_string(what)),
                    "only a cluster with `--database postgresql` has one; with SQLite it is a file");
    }
    const ServerNow is = pods_.now(server);
    const bool up = is.state == State::Up, paused = is.state == State::Paused;
    const bool unreachable = cut_off_.contains(server);
    const auto not_so = [&](const std::string& state, const std::string& mend) {
        return fail(ErrorKind::Usage, fmt::format("the {} {}", to_string(name), state), mend);
    };
    using enum ServerAct;
    const bool starts = what == Start || what == Restart || what == RenewCertificate;
    const bool needs_it = what == Stop || what == Kill || what == Pause || what == RenewCertificate;
    if (database && (what == CutOff || what == RenewCertificate))
        return not_so(fmt::format("has no {} of its own", what == CutOff ? "port" : "certificate"),
                      "verifier and registrar have");
    if (needs_it && !up && !paused) return not_so("does not run", "start it first");
    if (starts && unreachable) return not_so("is cut off", "begin when it can be reached again");
    if (paused && (what == Stop || what == Restart || what == RenewCertificate)) {
        // A process that is stopped does not end in order.
        if (auto goes_on = signal(is.pod, "SIGCONT"); !goes_on) return fail(goes_on.error());
    }
    switch (what) {
        case Stop:
            return stop(server, is.pod);
        case Kill:
            return kill(server, is.pod);
        case Start:
            if (up) return not_so("runs already", "stop it first, or restart it");
            if (paused) return not_so("is paused", "resume it");
            return start(server);
        case Restart:
            return up || paused ? restart(server, is.pod) : start(server);
        case Pause:
            if (paused) return not_so("is paused already", "resume it first");
            if (database)
                return not_so("cannot be paused in a cluster: nothing stops a container's first process",
                              "play it with --stack local");
            return pause(server, is.pod);
        case Resume:
            if (!paused) return not_so("is not paused", "pause it first");
            return resume(server, is.pod);
        case CutOff:
            if (unreachable) return not_so("is cut off already", "let it be reached again first");
            return cut_off(server);
        case Reconnect:
            if (!unreachable) return not_so("is not cut off", "cut it off first");
            return reconnect(server);
        case RenewCertificate:
            break;
    }
    auto renewed = options_.renew_certificate(server);
    if (!renewed) return renewed;
    auto again = restart(server, is.pod);
    if (!again) return again;
    return *renewed + "; " + *again;
}

}  // namespace pushsim::kind
