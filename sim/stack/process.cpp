#include "sim/stack/process.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace pushsim::stack {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLongestOutput = 1024 * 1024;

class SpawnActions {
  public:
    SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
    ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    posix_spawn_file_actions_t* get() { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

class SpawnAttributes {
  public:
    /// Default handling of every signal, none blocked; `own_session` makes the child lead one.
    explicit SpawnAttributes(bool own_session) {
        ::posix_spawnattr_init(&attributes_);
        sigset_t signals;
        sigemptyset(&signals);
        ::posix_spawnattr_setsigmask(&attributes_, &signals);
        sigfillset(&signals);
        ::posix_spawnattr_setsigdefault(&attributes_, &signals);
        int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        if (own_session) flags |= POSIX_SPAWN_SETSID;
        ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
    }
    ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
    SpawnAttributes(const SpawnAttributes&) = delete;
    SpawnAttributes& operator=(const SpawnAttributes&) = delete;
    const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_{};
};

/// A null-terminated array of texts, as exec takes it.
class Texts {
  public:
    void add(std::string text) { texts_.push_back(std::move(text)); }
    char* const* get() {
        pointers_.clear();
        for (auto& text : texts_)
            pointers_.push_back(text.data());
        pointers_.push_back(nullptr);
        return pointers_.data();
    }

  private:
    std::vector<std::string> texts_;
    std::vector<char*> pointers_;
};

std::string describe_status(int status) {
    if (WIFSIGNALED(status)) {
        return fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    }
    return fmt::format("exit status {}", WEXITSTATUS(status));
}

int open_pidfd(pid_t pid) {
    const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (descriptor >= 0) ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return descriptor;
}

/// Becomes readable when `limit` has passed; -1 with errno. The kernel keeps the time, nobody asks for it.
int open_alarm(Duration limit) {
    const int descriptor = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(limit);
    const auto rest = std::chrono::nanoseconds(limit - whole);
    itimerspec once{};
    once.it_value = {.tv_sec = whole.count(), .tv_nsec = rest.count()};
    if (descriptor >= 0) ::timerfd_settime(descriptor, 0, &once, nullptr);
    return descriptor;
}

/// Waits until one can read from `descriptor`, or it is at its end; false if the alarm has gone off.
bool readable_before(int descriptor, int alarm) {
    std::array<pollfd, 2> watched{{{descriptor, POLLIN, 0}, {alarm, POLLIN, 0}}};
    while (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
    }
    return watched[1].revents == 0;
}

struct Descriptor {
    const int number;
    explicit Descriptor(int of) : number(of) {}
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

std::atomic<int> signals_held{0};
std::atomic<int> signal_put_off{0};
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

Error spawn_error(const std::string& program, int error) {
    return {ErrorKind::System, fmt::format("cannot run {}: {}", program, std::strerror(error))};
}

}  // namespace

SignalsHeld::SignalsHeld() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    ++signals_held;
}

SignalsHeld::~SignalsHeld() {
    // To the process: this thread may be one that gets no signals.
    if (--signals_held == 0) {
        if (const int signal = signal_put_off.exchange(0); signal != 0) ::kill(::getpid(), signal);
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool SignalsHeld::put_off(int signal) {
    if (signals_held == 0) return false;
    signal_put_off = signal;
    // The last one may have gone before it could see the signal; then nobody raises it again.
    return signals_held != 0 || signal_put_off.exchange(0) == 0;
}

void wait_for(Duration duration, int descriptor) {
    pollfd watched{descriptor, POLLIN, 0};
    const auto whole = std::max<std::int64_t>(0, std::chrono::ceil<milliseconds>(duration).count());
    ::poll(&watched, descriptor < 0 ? 0 : 1, static_cast<int>(whole));
}

bool is_program(const std::filesystem::path& file) {
    std::error_code none;
    return std::filesystem::is_regular_file(file, none) && ::access(file.c_str(), X_OK) == 0;
}

std::optional<std::filesystem::path> in_path(const std::string& program) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        auto file = std::filesystem::path(folder) / program;
        if (!folder.empty() && is_program(file)) return file;
    }
    return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> own_environment() {
    std::vector<std::pair<std::string, std::string>> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        const std::size_t equals = text.find('=');
        if (equals != std::string::npos) all.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return all;
}

Result<ServerProcess> ServerProcess::start(const Program& program) {
    SpawnActions actions;
    const int append = O_WRONLY | O_CREAT | O_APPEND;
    if (program.talk >= 0) {
        ::posix_spawn_file_actions_adddup2(actions.get(), program.talk, 0);
        ::posix_spawn_file_actions_adddup2(actions.get(), program.talk, 1);
        ::posix_spawn_file_actions_addopen(actions.get(), 2, program.log.c_str(), append, 0600);
    } else {
        ::posix_spawn_file_actions_addopen(actions.get(), 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(actions.get(), 1, program.log.c_str(), append, 0600);
        ::posix_spawn_file_actions_adddup2(actions.get(), 1, 2);
    }
    ::posix_spawn_file_actions_addclosefrom_np(actions.get(), 3);
    ::posix_spawn_file_actions_addchdir_np(actions.get(), program.folder.c_str());
    const SpawnAttributes attributes(true);
    Texts arguments;
    Texts environment;
    for (const auto& argument : program.command)
        arguments.add(argument);
    for (const auto& [name, value] : program.environment)
        environment.add(name + "=" + value);

    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, program.command.front().c_str(), actions.get(), attributes.get(),
                                    arguments.get(), environment.get());
    if (error != 0) return fail(spawn_error(program.command.front(), error));
    // Our child, not waited for: its number cannot be used again, so the look into /proc means it.
    const auto id = process_now(pid).value_or(ProcessId{pid, 0});
    return ServerProcess(id, open_pidfd(pid));
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : id_(other.id_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      reaped_(std::exchange(other.reaped_, true)),
      how_(std::move(other.how_)) {}

ServerProcess& ServerProcess::operator=(ServerProcess&& other) noexcept {
    if (this != &other) {
        if (descriptor_ >= 0) ::close(descriptor_);
        id_ = other.id_;
        descriptor_ = std::exchange(other.descriptor_, -1);
        reaped_ = std::exchange(other.reaped_, true);
        how_ = std::move(other.how_);
    }
    return *this;
}

ServerProcess::~ServerProcess() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<std::string> ServerProcess::ended() {
    if (!reaped_) {
        int status = 0;
        const pid_t got = ::waitpid(id_.pid, &status, WNOHANG);
        if (got == 0 || (got < 0 && errno == EINTR)) return std::nullopt;
        reaped_ = true;
        how_ = got == id_.pid ? describe_status(status) : "ended unnoticed";
    }
    return how_;
}

void ServerProcess::signal_group(int signal) const {
    ::kill(-id_.pid, signal);
}

bool ServerProcess::group_gone() {
    // A leader that was not waited for keeps the group in being, and so do dead members that an init process
    // without manners never waits for.
    if (!ended()) return false;
    return (::kill(-id_.pid, 0) != 0 && errno == ESRCH) || group_members(id_.pid).empty();
}

bool end_processes(const std::vector<ProcessId>& processes, Duration patience, const Clock& clock) {
    const auto any_left = [&] { return std::ranges::any_of(processes, is_running); };
    const auto all_gone_by = [&](Duration limit) {
        for (const Instant end = clock.now() + limit; any_left();) {
            if (clock.now() >= end) return false;
            wait_for(milliseconds{20});
        }
        return true;
    };
    for (const auto& process : processes) {
        signal_process(process, SIGTERM);
        signal_process(process, SIGCONT);  // one that is stopped takes no other
    }
    if (all_gone_by(patience)) return true;
    for (const auto& process : processes)
        signal_process(process, SIGKILL);
    return all_gone_by(std::chrono::seconds{2});
}

Result<std::string> run_program(const std::vector<std::string>& command,
                                const std::vector<std::pair<std::string, std::string>>& extra_environment,
                                Duration limit) {
    const Descriptor alarm{open_alarm(limit)};
    if (alarm.number < 0) return fail(spawn_error(command.front(), errno));
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(spawn_error(command.front(), errno));
    const Descriptor reading_end{ends[0]};
    SpawnActions actions;
    ::posix_spawn_file_actions_addopen(actions.get(), 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(actions.get(), ends[1], 1);
    ::posix_spawn_file_actions_addopen(actions.get(), 2, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(actions.get(), 3);
    const SpawnAttributes attributes(true);
    Texts arguments;
    Texts environment;
    for (const auto& argument : command)
        arguments.add(argument);
    for (const auto& [name, value] : extra_environment)
        environment.add(name + "=" + value);
    for (const auto& [name, value] : own_environment()) {
        const auto same = [&name = name](const auto& extra) { return extra.first == name; };
        if (std::ranges::none_of(extra_environment, same)) environment.add(name + "=" + value);
    }
    pid_t pid = 0;
    const int error = ::posix_spawnp(&pid, command.front().c_str(), actions.get(), attributes.get(),
                                     arguments.get(), environment.get());
    ::close(ends[1]);
    if (error != 0) return fail(spawn_error(command.front(), error));

    const Descriptor leader{open_pidfd(pid)};
    std::string output;
    const auto too_long = [&] { return output.size() > kLongestOutput; };
    std::array<char, 4096> buffer{};
    bool in_time = true;
    for (bool open = true; open && !too_long();) {
        in_time = readable_before(reading_end.number, alarm.number);
        if (!in_time) break;
        const ssize_t got = ::read(reading_end.number, buffer.data(), buffer.size());
        if (got > 0) output.append(buffer.data(), static_cast<std::size_t>(got));
        open = got > 0 || (got < 0 && errno == EINTR);
    }
    in_time = in_time && (too_long() || readable_before(leader.number, alarm.number));
    if (!in_time || too_long()) ::kill(-pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (too_long()) {
        return fail(ErrorKind::System,
                    fmt::format("{} wrote more than {} octets", command.front(), kLongestOutput));
    }
    if (!in_time) {
        return fail(ErrorKind::System, fmt::format("{} did not end in time", command.front()));
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return fail(ErrorKind::System,
                    fmt::format("{} ended with {}", command.front(), describe_status(status)));
    }
    return output;
}

}  // namespace pushsim::stack
