#include <algorithm>
#include <system_error>

#include <fmt/core.h>

#include "sim/stack/registry.hpp"

namespace pushsim::stack {
namespace {

constexpr std::chrono::seconds kPatience{5};

// "<boot id> <pid namespace>": the first word decides whether the machine has been started again.
bool same_boot(const std::string& one, const std::string& other) {
    return one.substr(0, one.find(' ')) == other.substr(0, other.find(' '));
}

}  // namespace

std::string Leftover::text() const {
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

std::vector<Leftover> clean_leftovers(const Registry& registry, const Clock& clock) {
    std::vector<Leftover> cleaned;
    const std::string boot = boot_identity();
    for (const auto& record : registry.all()) {
        if (record.boot != boot) {
            // Another container of this boot may still use its record; after a reboot nobody does.
            if (!same_boot(record.boot, boot)) registry.remove(record.folder);
            continue;
        }
        if (record.kept || record.owner_lives()) continue;

        const auto processes = record.processes();
        end_processes(processes, kPatience, clock);
        Leftover leftover{
            .folder = record.folder, .owner = record.owner.pid, .ended_processes = 0, .survivors = {}};
        for (const auto& process : processes) {
            if (is_running(process)) {
                leftover.survivors.push_back(process.pid);
            } else {
                ++leftover.ended_processes;
            }
        }
        remove_stale_sockets(record.groups, record.folder / "xdg");
        remove_stale_sockets(processes, record.folder / "xdg");
        if (leftover.survivors.empty()) {
            for (const auto& path : record.litter) {
                std::error_code ignored;
                std::filesystem::remove_all(path, ignored);
            }
            registry.remove(record.folder);
        }
        if (!processes.empty()) cleaned.push_back(std::move(leftover));
    }
    return cleaned;
}

}  // namespace pushsim::stack
