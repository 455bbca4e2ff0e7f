#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <sstream>
#include <system_error>

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/doctor/machine.hpp"
#include "sim/stack/agent_list.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::doctor {
namespace {

namespace fs = std::filesystem;

std::uint64_t value_of(rlim_t limit) {
    return limit == RLIM_INFINITY ? std::numeric_limits<std::uint64_t>::max() : limit;
}

/// The number behind `name` in lines like "MemAvailable:  1234 kB" or "inactive_file 1234".
std::optional<std::uint64_t> number_behind(const fs::path& file, const std::string& name) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string word;
        std::uint64_t number = 0;
        if (words >> word && word == name && words >> number) return number;
    }
    return std::nullopt;
}

/// The number that a file holds; nothing for "max".
std::optional<std::uint64_t> number_in(const fs::path& file) {
    std::uint64_t number = 0;
    return std::ifstream(file) >> number ? std::optional(number) : std::nullopt;
}

/// The least that `room` says of our control group (version 2) and those above it.
std::optional<std::uint64_t> least_room(
    const std::function<std::optional<std::uint64_t>(const fs::path&)>& room) {
    std::ifstream lines("/proc/self/cgroup");
    std::string line;
    while (std::getline(lines, line) && !line.starts_with("0::/")) {
    }
    if (!line.starts_with("0::/")) return std::nullopt;
    std::optional<std::uint64_t> least;
    fs::path group = line.substr(4);
    while (true) {
        const auto here = room(fs::path("/sys/fs/cgroup") / group);
        if (here && (!least || *here < *least)) least = here;
        if (group.empty()) return least;
        group = group.parent_path();
    }
}

/// Threads of all processes of this user, which is what RLIMIT_NPROC counts.
std::uint64_t own_tasks() {
    std::uint64_t tasks = 0;
    std::error_code error;
    for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
        const fs::path status = entry->path() / "status";
        if (number_behind(status, "Uid:") == ::getuid())
            tasks += number_behind(status, "Threads:").value_or(1);
    }
    return tasks;
}

fs::path nearest_existing(const fs::path& folder) {
    std::error_code ignored;
    fs::path nearest = fs::absolute(folder, ignored).lexically_normal();
    while (nearest.has_relative_path() && !fs::exists(nearest, ignored))
        nearest = nearest.parent_path();
    return nearest;
}

bool is_running(const stack::StackRecord& record) {
    return !record.processes().empty();
}

}  // namespace

Limit file_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return {value_of(limit.rlim_cur), value_of(limit.rlim_max)};
}

void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::optional<TaskRoom> task_room() {
    std::optional<TaskRoom> narrowest;
    rlimit limit{};
    if (::getuid() != 0 && ::getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        const std::uint64_t used = own_tasks();
        narrowest = TaskRoom{limit.rlim_cur - std::min<std::uint64_t>(limit.rlim_cur, used), "ulimit -u"};
    }
    const auto group = least_room([](const fs::path& folder) -> std::optional<std::uint64_t> {
        const auto most = number_in(folder / "pids.max");
        const auto used = number_in(folder / "pids.current");
        return most && used ? std::optional(*most - std::min(*most, *used)) : std::nullopt;
    });
    if (group && (!narrowest || *group < narrowest->left))
        narrowest = TaskRoom{*group, "pids.max of the control group"};
    return narrowest;
}

Result<std::uint64_t> free_memory() {
    const auto available = number_behind("/proc/meminfo", "MemAvailable:");
    if (!available) return fail(ErrorKind::System, "/proc/meminfo does not tell MemAvailable");
    // What the group's cache of files holds can be had back.
    const auto group = least_room([](const fs::path& folder) -> std::optional<std::uint64_t> {
        const auto most = number_in(folder / "memory.max");
        const auto used = number_in(folder / "memory.current");
        if (!most || !used) return std::nullopt;
        const auto cache = number_behind(folder / "memory.stat", "inactive_file").value_or(0);
        const auto held = *used - std::min(*used, cache);
        return *most - std::min(*most, held);
    });
    return std::min(*available * 1024, group.value_or(std::numeric_limits<std::uint64_t>::max()));
}

FolderFacts look_at_folder(const fs::path& folder, const std::string& mend) {
    const fs::path nearest = nearest_existing(folder);
    FolderFacts facts{folder, {}, std::uint64_t{0}};
    std::string name = (nearest / ".pushsim-doctor-XXXXXX").string();
    if (const int file = ::mkstemp(name.data()); file >= 0) {
        ::close(file);
        ::unlink(name.c_str());
    } else {
        facts.writable = fail(ErrorKind::System,
                              errno == ENOTDIR ? fmt::format("{} is no folder", nearest.string())
                                               : fmt::format("{}: cannot write to {}: {}", folder.string(),
                                                             nearest.string(), std::strerror(errno)),
                              mend);
    }
    std::error_code error;
    const auto space = fs::space(nearest, error);
    if (error) {
        facts.free_space = fail(ErrorKind::System, fmt::format("{}: {}", nearest.string(), error.message()));
    } else {
        facts.free_space = space.available;
    }
    return facts;
}

std::uint64_t count_of_ports(const std::string& list, std::uint32_t first, std::uint32_t last) {
    std::uint64_t count = 0;
    std::istringstream ranges(list);
    for (std::string range; std::getline(ranges, range, ',');) {
        std::istringstream numbers(range);
        std::uint32_t from = 0, to = 0;
        char to_sign = 0;
        if (!(numbers >> from)) continue;
        if (!(numbers >> to_sign >> to)) to = from;
        from = std::max(from, first);
        to = std::min(to, last);
        if (from <= to) count += to - from + 1;
    }
    return count;
}

Result<LocalPorts> local_ports() {
    constexpr const char* kRange = "/proc/sys/net/ipv4/ip_local_port_range";
    LocalPorts ports;
    if (!(std::ifstream(kRange) >> ports.first >> ports.last))
        return fail(ErrorKind::System, fmt::format("{} cannot be read", kRange));
    std::string reserved;
    std::getline(std::ifstream("/proc/sys/net/ipv4/ip_local_reserved_ports"), reserved);
    ports.reserved = count_of_ports(reserved, ports.first, ports.last);
    std::ifstream lines("/proc/net/sockstat");
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string word;
        if (!(words >> word) || word != "TCP:") continue;
        while (words >> word) {
            if (word == "tw") words >> ports.waiting;
        }
    }
    return ports;
}

bool is_there(const Tool& tool) {
    if (tool.name.find(".so") == std::string::npos) return stack::in_path(tool.name).has_value();
    void* const library = ::dlopen(tool.name.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) return false;
    ::dlclose(library);
    return true;
}

std::vector<std::string> leftovers(const stack::Registry& registry) {
    std::vector<std::string> left;
    const std::string boot = stack::boot_identity();
    for (const stack::StackRecord& record : registry.all()) {
        if (record.boot != boot || record.owner_lives()) continue;
        if (!record.kept && is_running(record))
            left.push_back(fmt::format("servers in {}, of process {} that is gone", record.folder.string(),
                                       record.owner.pid));
        if (record.kept && !is_running(record))
            left.push_back(
                fmt::format("the stack that `stack up` made in {} has ended", record.folder.string()));
    }
    for (const stack::LeftAgents& agents : stack::left_agents(registry))
        left.push_back(agents.text());
    return left;
}

}  // namespace pushsim::doctor
