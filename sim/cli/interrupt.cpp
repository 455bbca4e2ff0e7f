#include "sim/cli/interrupt.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "sim/stack/process.hpp"

namespace pushsim::cli {
namespace {

std::atomic<int> signals_seen{0};
std::atomic<const char*> lost_at_once{""};
std::array<std::atomic<pid_t>, 512> groups_to_kill{};
static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<const char*>::is_always_lock_free,
              "used in a signal handler");

void say(std::string_view text) {
    // Nothing can be done about a terminal that is gone.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

// Only async-signal-safe calls (signal-safety(7)).
extern "C" void on_signal(int signal) {
    if (signals_seen.fetch_add(1) == 0) {
        say("\nstopping in order; again to end at once\n");
        return;
    }
    if (signal == SIGHUP) return;
    if (stack::SignalsHeld::put_off(signal)) return;  // a group is being started or ended: not known yet
    say("ended at once: ");
    say(lost_at_once.load());
    say("\n");
    for (const auto& group : groups_to_kill) {
        if (const pid_t pid = group.load(); pid > 1) ::kill(-pid, SIGKILL);
    }
    ::_exit(130);
}

}  // namespace

Interrupt::Interrupt(const char* lost) {
    lost_at_once = lost;
    struct sigaction action {};
    action.sa_handler = on_signal;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    struct sigaction before {};
    ::sigaction(SIGHUP, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(SIGHUP, &action, nullptr);
}

void Interrupt::loses(const std::string& text) {
    lost_at_once = ::strdup(text.c_str());
}

bool Interrupt::asked() {
    return signals_seen.load() > 0;
}

std::function<void(std::span<const pid_t>)> Interrupt::killer() {
    static std::mutex mutex;
    static std::map<int, std::vector<pid_t>> by_taker;
    static int takers = 0;
    const std::lock_guard lock(mutex);
    return [taker = takers++](std::span<const pid_t> groups) {
        const std::lock_guard writing(mutex);
        by_taker[taker].assign(groups.begin(), groups.end());
        std::size_t next = 0;
        for (const auto& [one, its_groups] : by_taker) {
            for (const pid_t group : its_groups)
                if (next < groups_to_kill.size()) groups_to_kill[next++] = group;
        }
        while (next < groups_to_kill.size())
            groups_to_kill[next++] = 0;
    };
}

}  // namespace pushsim::cli
