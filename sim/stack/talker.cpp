#include "sim/stack/talker.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pushsim::stack {
namespace {

using std::chrono::milliseconds;

/// From SIGTERM to SIGKILL.
constexpr Duration kLastWords = std::chrono::seconds{1};

}  // namespace

Result<Talker> Talker::start(const Options& options) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return fail(ErrorKind::System,
                    fmt::format("cannot talk to {}: {}", options.command.front(), std::strerror(errno)));
    auto process = ServerProcess::start({.command = options.command,
                                         .environment = options.environment,
                                         .folder = ".",
                                         .log = options.errors,
                                         .talk = ends[1]});
    ::close(ends[1]);
    if (process) return Talker(std::move(*process), ends[0], options.patience);
    ::close(ends[0]);
    return fail(process.error());
}

Talker::Talker(Talker&& other) noexcept
    : process_(std::move(other.process_)),
      socket_(std::exchange(other.socket_, -1)),
      patience_(other.patience_) {}

Talker::~Talker() {
    if (socket_ < 0) return;
    ::close(socket_);
    if (ends_within(patience_)) return;
    process_.signal_group(SIGTERM);
    if (ends_within(kLastWords)) return;
    process_.signal_group(SIGKILL);
    while (!ends_within(kLastWords)) {
    }
}

bool Talker::ends_within(Duration limit) {
    constexpr Duration kLook = milliseconds{50};
    for (Duration waited{}; waited < limit && !process_.ended(); waited += kLook)
        wait_for(kLook, process_.descriptor());
    return process_.ended().has_value();
}

std::optional<std::string> Talker::read(Duration at_most) {
    pollfd watched{socket_, POLLIN, 0};
    const auto whole = std::chrono::ceil<milliseconds>(at_most).count();
    if (::poll(&watched, 1, static_cast<int>(whole)) <= 0) return std::string{};
    std::string text(64 * 1024, '\0');
    const ssize_t got = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return std::string{};
    if (got <= 0) return std::nullopt;
    text.resize(static_cast<std::size_t>(got));
    return text;
}

bool Talker::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void Talker::hang_up() {
    ::shutdown(socket_, SHUT_RDWR);
}

Result<std::vector<std::string>> Lines::feed(std::string_view text) {
    std::vector<std::string> lines;
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
        lines.push_back(std::exchange(rest_, {}).append(text.substr(0, end)));
        text.remove_prefix(end + 1);
    }
    rest_ += text;
    if (rest_.size() > at_most_)
        return fail(ErrorKind::Parse, fmt::format("a line of more than {} octets", at_most_));
    return lines;
}

}  // namespace pushsim::stack
