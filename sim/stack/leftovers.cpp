#include <algorithm>
#include <system_error>

#include <fmt/core.h>

#include "sim/stack/registry.hpp"

namespace pushsim::stack {
namespace {

constexpr std::chrono::seconds kPatience{5};

constexpr int kRounds = 10;
constexpr std::chrono::milliseconds kBetweenLooks{50};

void drop(const StackRecord& record, const Registry& registry) {
    for (const auto& path : record.litter) {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    registry.remove(record.folder);
}

}  // namespace

std::string EndedStack::text() const {
    std::string text = fmt::format("ended {} process{} that a killed pushsim (process {}) had left ({})",
                                   ended_processes, ended_processes == 1 ? "" : "es", owner, folder.string());
    for (const pid_t pid : survivors)
        text += fmt::format("; process {} could not be ended", pid);
    return text;
}

void remove_stale_sockets(const std::vector<ProcessId>& servers,
                          const std::filesystem::path& runtime_folder) {
    for (const auto& server : servers) {
        // Where the number is in use again, a socket of that name may be, too; a dead process that nobody
        // has waited for uses neither.
        if (const auto now = process_now(server.pid); now && is_running(*now)) continue;
        const std::string name = fmt::format("shared_data.{}.sock", server.pid);
        std::error_code ignored;
        std::filesystem::remove("/run/keylime/" + name, ignored);
        std::filesystem::remove(runtime_folder / "keylime" / name, ignored);
    }
}

EndedStack end_stack(const StackRecord& record, const Registry& registry, Duration patience,
                     const Clock& clock) {
    std::vector<ProcessId> seen;
    // A server starts a worker anew that ended by a signal (Tornado's fork_processes) until it ends itself;
    // and for an instant after exec /proc shows a process without its environment. So nothing must be found
    // twice.
    int times_none = 0;
    for (int round = 0; round < kRounds && times_none < 2; ++round) {
        const auto found = record.processes();
        for (const auto& process : found) {
            if (std::ranges::find(seen, process) == seen.end()) seen.push_back(process);
        }
        times_none = found.empty() ? times_none + 1 : 0;
        if (found.empty()) wait_for(kBetweenLooks);
        if (!end_processes(found, patience, clock)) break;
    }
    EndedStack ended{
        .folder = record.folder, .owner = record.owner.pid, .ended_processes = 0, .survivors = {}};
    for (const auto& process : record.processes())
        ended.survivors.push_back(process.pid);
    ended.ended_processes =
        static_cast<std::size_t>(std::ranges::count_if(seen, [](const auto& p) { return !is_running(p); }));
    remove_stale_sockets(record.groups, record.folder / "xdg");
    remove_stale_sockets(seen, record.folder / "xdg");
    if (ended.survivors.empty()) drop(record, registry);
    return ended;
}

std::vector<EndedStack> clean_leftovers(const Registry& registry, const Clock& clock) {
    std::vector<EndedStack> cleaned;
    const std::string boot = boot_identity();
    for (const auto& record : registry.all()) {
        if (record.out_of_sight()) continue;
        if (record.boot != boot) {
            drop(record, registry);
            continue;
        }
        if (record.kept || record.owner_lives()) continue;
        auto ended = end_stack(record, registry, kPatience, clock);
        if (ended.ended_processes > 0 || !ended.survivors.empty()) cleaned.push_back(std::move(ended));
    }
    return cleaned;
}

}  // namespace pushsim::stack
