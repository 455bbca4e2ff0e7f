#include "sim/cli/child_line.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/stack/process.hpp"

namespace pushsim::cli {
namespace {

/// It ends by itself when its standard input does.
constexpr std::chrono::seconds kPatience{3};

/// Two ends; what is written to the second is read from the first.
class Pipe {
  public:
    enum class Kind {
        Pipe,
        Sockets,  ///< for send(2), which raises no SIGPIPE where nobody reads any more
    };
    explicit Pipe(Kind kind)
        : made_((kind == Kind::Pipe
                     ? ::pipe2(ends_.data(), O_CLOEXEC)
                     : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data())) == 0) {}
    ~Pipe() {
        for (const int end : ends_)
            if (end >= 0) ::close(end);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    bool made() const { return made_; }
    int end(std::size_t which) const { return ends_.at(which); }
    int take(std::size_t which) { return std::exchange(ends_.at(which), -1); }

  private:
    std::array<int, 2> ends_{-1, -1};
    bool made_;
};

}  // namespace

Result<ChildLine> ChildLine::start(const std::vector<std::string>& command,
                                   const std::filesystem::path& errors) {
    const stack::SignalsHeld until_it_is_known;
    Pipe in(Pipe::Kind::Sockets), out(Pipe::Kind::Pipe);
    const auto failed = [&](int why) {
        return fail(ErrorKind::System,
                    fmt::format("cannot start {}: {}", command.front(), std::strerror(why)));
    };
    if (!in.made() || !out.made()) return failed(errno);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&actions, in.end(0), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out.end(1), STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                       0600);
    sigset_t none;
    sigemptyset(&none);
    sigset_t all_default;
    sigfillset(&all_default);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all_default);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<char*> words;
    words.reserve(command.size() + 1);
    for (const std::string& word : command)
        words.push_back(const_cast<char*>(word.c_str()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    words.push_back(nullptr);
    pid_t pid = -1;
    const int why =
        ::posix_spawn(&pid, command.front().c_str(), &actions, &attributes, words.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (why != 0) return failed(why);
    return ChildLine(pid, in.take(1), out.take(0));
}

ChildLine::ChildLine(ChildLine&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      in_(std::exchange(other.in_, -1)),
      out_(std::exchange(other.out_, -1)),
      text_(std::move(other.text_)),
      ended_(other.ended_) {}

ChildLine::~ChildLine() {
    if (in_ >= 0) ::close(in_);
    if (out_ >= 0) ::close(out_);
    if (pid_ < 0) return;
    constexpr std::chrono::milliseconds kLook{20};
    for (Duration waited{}; ::waitpid(pid_, nullptr, WNOHANG) == 0; waited += kLook) {
        if (waited >= kPatience) {
            kill();
            ::waitpid(pid_, nullptr, 0);
            return;
        }
        stack::wait_for(kLook);
    }
}

void ChildLine::kill() const {
    if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

bool ChildLine::write(const std::string& line) {
    const std::string text = line + "\n";
    std::size_t written = 0;
    while (written < text.size()) {
        const ssize_t count = ::send(in_, text.data() + written, text.size() - written, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        written += static_cast<std::size_t>(count);
    }
    return true;
}

std::optional<std::string> ChildLine::buffered() {
    const std::size_t end = text_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return line;
}

std::optional<std::string> ChildLine::read(Duration within) {
    if (auto line = buffered()) return line;
    if (ended_) return std::nullopt;
    pollfd look{.fd = out_, .events = POLLIN, .revents = 0};
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(within).count();
    if (::poll(&look, 1, static_cast<int>(milliseconds)) <= 0) return std::nullopt;
    std::array<char, 65536> more{};
    const ssize_t count = ::read(out_, more.data(), more.size());
    if (count > 0) {
        text_.append(more.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
        ended_ = true;
    }
    return buffered();
}

}  // namespace pushsim::cli
