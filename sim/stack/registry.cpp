#include "sim/stack/registry.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/base/files.hpp"

namespace pushsim::stack {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWayOut = "set XDG_STATE_HOME to a folder of your own";

fs::path state_home() {
    // XDG Base Directory Specification: a path that is not absolute is to be ignored.
    if (const char* given = std::getenv("XDG_STATE_HOME"); given != nullptr && *given == '/') return given;
    if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
        return fs::path(home) / ".local" / "state";
    }
    return {};
}

// FNV-1a, 64 bits: a file name for a path of any length.
std::string short_name(const std::string& text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return fmt::format("{:016x}", hash);
}

/// For its owner alone (0700).
Result<void> make_own_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error && ::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
        error = std::error_code(errno, std::generic_category());
    }
    if (error) {
        return fail(
            ErrorKind::System,
            fmt::format("cannot keep what outlives a run in {}: {}", folder.string(), error.message()),
            kWayOut);
    }
    fs::permissions(folder, fs::perms::owner_all, error);
    return {};
}

}  // namespace

fs::path canonical_path(const fs::path& path) {
    // weakly_canonical() leaves a relative path as it is where nothing of it exists.
    const fs::path absolute = fs::absolute(path);
    std::error_code error;
    const auto found = fs::weakly_canonical(absolute, error);
    return error ? absolute : found;
}

bool StackRecord::owner_lives() const {
    return boot == boot_identity() && is_running(owner);
}

bool StackRecord::out_of_sight() const {
    // "<boot id> <pid namespace>"
    const std::string here = boot_identity();
    return boot != here && boot.substr(0, boot.find(' ')) == here.substr(0, here.find(' '));
}

std::vector<ProcessId> StackRecord::processes() const {
    if (boot != boot_identity()) return {};
    std::vector<ProcessId> found = processes_with_environment(kIdVariable, id);
    for (const auto& leader : groups) {
        // Another process may have the number by now, and then its group is none of ours.
        if (process_now(leader.pid) != leader) continue;
        for (const auto& member : group_members(leader.pid)) {
            if (std::ranges::find(found, member) == found.end()) found.push_back(member);
        }
    }
    // Never ourselves or the owner, should a person have the variable set.
    std::erase_if(found, [&](const ProcessId& process) {
        return process.pid == ::getpid() || process.pid == ::getppid() || process == owner;
    });
    return found;
}

Result<fs::path> state_folder(const std::string& name) {
    const fs::path home = state_home();
    if (home.empty())
        return fail(ErrorKind::System, "no place for what outlives a run: HOME is not set", kWayOut);
    fs::path folder = home / "pushsim" / name;
    if (auto made = make_own_folder(folder); !made) return fail(made.error());
    return folder;
}

Result<Registry> Registry::open() {
    auto folder = state_folder("stacks");
    if (!folder) return fail(folder.error());
    return Registry(std::move(*folder));
}

Result<Registry> Registry::open(const fs::path& folder) {
    if (auto made = make_own_folder(folder); !made) return fail(made.error());
    return Registry(folder);
}

fs::path Registry::record_file(const fs::path& stack_folder) const {
    return folder_ / (short_name(canonical_path(stack_folder).string()) + ".json");
}

std::vector<StackRecord> Registry::all() const {
    std::vector<StackRecord> records;
    std::error_code error;
    for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().extension() != ".json") continue;
        std::ifstream file(entry->path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        if (auto record = parse_record(text)) records.push_back(std::move(*record));
    }
    std::ranges::sort(records, {}, &StackRecord::started);
    return records;
}

std::optional<StackRecord> Registry::find(const fs::path& stack_folder) const {
    std::ifstream file(record_file(stack_folder), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto record = parse_record(text);
    if (!record) return std::nullopt;
    return std::move(*record);
}

Result<void> Registry::write(const StackRecord& record) const {
    auto written = write_file(record_file(record.folder), to_json_text(record), 0600);
    if (!written) written.error().mend = kWayOut;
    return written;
}

void Registry::remove(const fs::path& stack_folder) const {
    std::error_code ignored;
    fs::remove(record_file(stack_folder), ignored);
}

std::shared_ptr<void> Registry::lock() const {
    const int descriptor = ::open((folder_ / "lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    while (descriptor >= 0 && ::flock(descriptor, LOCK_EX) != 0 && errno == EINTR) {
    }
    return {nullptr, [descriptor](void*) {
                if (descriptor >= 0) ::close(descriptor);
            }};
}

}  // namespace pushsim::stack
