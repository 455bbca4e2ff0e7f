#include "sim/fleet/swtpm_process.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace pushsim::fleet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "pushsim-swtpm-";
constexpr std::size_t kRandom = 6;  // characters that mkdtemp(3) chooses
constexpr const char* kLock = "in-use";
constexpr std::chrono::milliseconds kLook{2};
constexpr int kMostLooks = 5000;
// The longest path of a Unix socket, its end included (unix(7)).
constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

/// The lock of a folder that is in use, or -1 where somebody else holds it.
int take_lock(const fs::path& folder) {
    const int lock = ::open((folder / kLock).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (lock >= 0 && ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return -1;
    }
    return lock;
}

/// Folders whose owner is gone.
void remove_left_folders(const fs::path& temporary) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(temporary, failed)) {
        if (!entry.path().filename().string().starts_with(kPrefix)) continue;
        std::error_code none;
        if (!fs::exists(entry.path() / kLock, none)) continue;
        const int lock = take_lock(entry.path());
        if (lock < 0) continue;
        fs::remove_all(entry.path(), none);
        ::close(lock);
    }
}

/// Whether someone listens there, without connecting: swtpm takes its first client for the TPM's.
bool is_listening(const fs::path& socket) {
    constexpr const char* kListening = "00010000";  // __SO_ACCEPTCON, proc(5)
    std::ifstream table("/proc/net/unix");
    for (std::string line; std::getline(table, line);) {
        if (!line.ends_with(" " + socket.string())) continue;
        std::istringstream words(line);
        std::array<std::string, 4> word;
        for (auto& one : word)
            words >> one;
        if (word[3] == kListening) return true;
    }
    return false;
}

const char* flags_for(SwtpmProcess::Startup startup) {
    switch (startup) {
        case SwtpmProcess::Startup::Clear:
            return "not-need-init,startup-clear";
        case SwtpmProcess::Startup::State:
            return "not-need-init,startup-state";
        case SwtpmProcess::Startup::None:
            break;
    }
    return "not-need-init";
}

Error system_error(const std::string& what) {
    return {ErrorKind::System, fmt::format("{}: {}", what, std::strerror(errno))};
}

}  // namespace

Result<std::unique_ptr<SwtpmProcess>> SwtpmProcess::make(Startup startup) {
    auto program = stack::in_path("swtpm");
    if (!program) {
        return fail(ErrorKind::Config, "swtpm is not installed (no swtpm in PATH)",
                    "run scripts/setup, or: apt-get install swtpm; or use `tpm: software`");
    }
    std::error_code failed;
    const fs::path temporary = fs::temp_directory_path(failed);
    if (failed)
        return fail(ErrorKind::System, "no folder for temporary files: " + failed.message(), "set TMPDIR");
    remove_left_folders(temporary);
    std::string folder = (temporary / "pushsim-new-tpm-XXXXXX").string();
    if (folder.size() + std::strlen("/tpm.ctrl") > kLongestPath) {
        return fail(ErrorKind::Config, fmt::format("{} is too long for the path of a Unix socket", folder),
                    "set TMPDIR to a folder with a shorter name");
    }
    if (::mkdtemp(folder.data()) == nullptr) return fail(system_error("cannot make a folder like " + folder));
    const int lock = take_lock(folder);
    // It gets the name by which others know it once it is locked.
    const std::string named = (temporary / (kPrefix + folder.substr(folder.size() - kRandom))).string();
    if (lock < 0 || ::rename(folder.c_str(), named.c_str()) != 0) {
        const Error error = system_error("cannot make " + named);
        fs::remove_all(folder, failed);
        if (lock >= 0) ::close(lock);
        return fail(error);
    }
    std::unique_ptr<SwtpmProcess> made(new SwtpmProcess(std::move(*program), named, lock));
    if (auto started = made->start(startup); !started) return fail(started.error());
    return made;
}

SwtpmProcess::SwtpmProcess(fs::path program, fs::path folder, int lock)
    : program_(std::move(program)), folder_(std::move(folder)), lock_(lock) {}

SwtpmProcess::~SwtpmProcess() {
    kill();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    ::close(lock_);
}

void SwtpmProcess::kill() {
    if (!process_) return;
    process_->signal_group(SIGKILL);
    while (!process_->group_gone())
        stack::wait_for(kLook);
    process_.reset();
    // The next start waits for these to appear.
    std::error_code ignored;
    fs::remove(socket(), ignored);
    fs::remove(control(), ignored);
}

Result<void> SwtpmProcess::start(Startup startup) {
    constexpr std::uint8_t kGetTpmEstablished = 4;
    const fs::path log = folder_ / "log";
    // setpriv: the kernel ends it when we are ended ourselves.
    auto process = stack::ServerProcess::start(
        {.command = {"/usr/bin/setpriv", "--pdeathsig", "KILL", program_.string(), "socket", "--tpm2",
                     "--tpmstate", "dir=" + folder_.string(), "--server",
                     "type=unixio,path=" + socket().string(), "--ctrl",
                     "type=unixio,path=" + control().string(), "--flags", flags_for(startup)},
         .environment = {},
         .folder = folder_,
         .log = log});
    if (!process) return fail(process.error());
    process_.emplace(std::move(*process));
    for (int look = 0; look < kMostLooks; ++look) {
        // It listens before it has read its state.
        if (is_listening(socket()) && is_listening(control()) && ask_control({0, 0, 0, kGetTpmEstablished}))
            return {};
        if (const auto ended = process_->ended()) {
            process_.reset();
            return fail(does_not_start(*ended));
        }
        stack::wait_for(kLook, process_->descriptor());
    }
    kill();
    return fail(does_not_start("it does not listen"));
}

Error SwtpmProcess::does_not_start(const std::string& how) const {
    std::ifstream log(folder_ / "log");
    std::string said;
    std::getline(log, said);
    return {ErrorKind::System,
            fmt::format("swtpm does not start: {}{}{}", how, said.empty() ? "" : "; it says: ", said),
            "try it by hand: swtpm socket --tpm2 --tpmstate dir=DIR --server type=tcp,port=2321 --ctrl "
            "type=tcp,port=2322 --flags not-need-init"};
}

Result<void> SwtpmProcess::reset() {
    constexpr std::uint8_t kInit = 2;  // CMD_INIT, its flags 0
    return ask_control({0, 0, 0, kInit, 0, 0, 0, 0});
}

/// Sends a command of swtpm_ioctls(3) and waits for its TPM_RESULT.
Result<void> SwtpmProcess::ask_control(const std::vector<std::uint8_t>& command) const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    control().string().copy(static_cast<char*>(address.sun_path), kLongestPath);
    constexpr timeval kPatience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
    std::array<std::uint8_t, 4> result{0xFF};
    const bool answered =
        ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
        ::send(fd, command.data(), command.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(command.size()) &&
        ::recv(fd, result.data(), result.size(), MSG_WAITALL) == static_cast<ssize_t>(result.size());
    ::close(fd);
    if (!answered) return fail(ErrorKind::Tpm, "swtpm does not answer at its control socket");
    if (result != std::array<std::uint8_t, 4>{})
        return fail(ErrorKind::Tpm,
                    fmt::format("swtpm refuses command {} at its control socket", command[3]));
    return {};
}

std::string SwtpmProcess::tcti() const {
    return "swtpm:path=" + socket().string();
}

std::optional<stack::ProcessId> SwtpmProcess::process() const {
    if (!process_) return std::nullopt;
    return process_->id();
}

}  // namespace pushsim::fleet
