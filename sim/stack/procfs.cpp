// What /proc knows of processes.

#include <charconv>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <system_error>

#include <fmt/core.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/files.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::stack {
namespace {

struct Stat {
    char state = '?';
    pid_t parent = 0;
    pid_t group = 0;
    std::uint64_t start_time = 0;
};

// proc(5): "pid (comm) state ppid pgrp …"; comm may hold spaces and parentheses, so count from the last one.
std::optional<Stat> stat_of(pid_t pid) {
    const std::string text = read_file(fmt::format("/proc/{}/stat", pid));
    const auto end = text.rfind(')');
    if (end == std::string::npos) return std::nullopt;
    std::istringstream rest(text.substr(end + 1));
    Stat stat;
    std::string skipped;
    rest >> stat.state >> stat.parent >> stat.group;
    for (int field = 6; field < 22; ++field)
        rest >> skipped;
    rest >> stat.start_time;
    if (!rest) return std::nullopt;
    return stat;
}

bool lives(const Stat& stat) {
    return stat.state != 'Z' && stat.state != 'X';
}

template <typename Wanted>
std::vector<ProcessId> living_processes(const Wanted& wanted) {
    std::vector<ProcessId> found;
    std::error_code error;
    for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        pid_t pid = 0;
        const auto [last, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (bad != std::errc{} || last != name.data() + name.size()) continue;
        const auto stat = stat_of(pid);
        if (stat && lives(*stat) && wanted(pid, *stat)) found.push_back({pid, stat->start_time});
    }
    return found;
}

}  // namespace

std::optional<ProcessId> process_now(pid_t pid) {
    const auto stat = stat_of(pid);
    if (!stat) return std::nullopt;
    return ProcessId{pid, stat->start_time};
}

bool is_running(const ProcessId& process) {
    const auto stat = stat_of(process.pid);
    return stat && stat->start_time == process.start_time && lives(*stat);
}

bool is_stopped(const ProcessId& process) {
    const auto stat = stat_of(process.pid);
    return stat && stat->start_time == process.start_time && (stat->state == 'T' || stat->state == 'D');
}

ProcessId own_process() {
    return process_now(::getpid()).value_or(ProcessId{::getpid(), 0});
}

std::string boot_identity() {
    std::string boot = read_file("/proc/sys/kernel/random/boot_id");
    while (!boot.empty() && boot.back() == '\n')
        boot.pop_back();
    std::error_code error;
    return boot + " " + std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
}

std::vector<ProcessId> group_members(pid_t group) {
    return living_processes([group](pid_t, const Stat& stat) { return stat.group == group; });
}

std::vector<ProcessId> children_of(pid_t parent) {
    return living_processes([parent](pid_t, const Stat& stat) { return stat.parent == parent; });
}

std::vector<ProcessId> processes_with_environment(const std::string& name, const std::string& value) {
    const std::string wanted = name + "=" + value;
    return living_processes([&](pid_t pid, const Stat&) {
        const std::string environment = read_file(fmt::format("/proc/{}/environ", pid));
        for (std::size_t at = 0; at < environment.size();) {
            const auto end = std::min(environment.find('\0', at), environment.size());
            if (environment.compare(at, end - at, wanted) == 0) return true;
            at = end + 1;
        }
        return false;
    });
}

bool signal_process(const ProcessId& process, int signal) {
    // The descriptor pins the process; only then is it sure that the number still means it.
    const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
    if (descriptor < 0) return false;
    const bool sent =
        is_running(process) && ::syscall(SYS_pidfd_send_signal, descriptor, signal, nullptr, 0) == 0;
    ::close(descriptor);
    return sent;
}

}  // namespace pushsim::stack
