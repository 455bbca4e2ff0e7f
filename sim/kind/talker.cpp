#include "sim/kind/talker.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pushsim::kind {

Result<Talker> Talker::start(const std::vector<std::string>& command,
                             const std::vector<std::pair<std::string, std::string>>& environment,
                             const std::filesystem::path& errors) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return fail(ErrorKind::System,
                    fmt::format("cannot talk to {}: {}", command.front(), std::strerror(errno)));
    auto process = stack::ServerProcess::start(
        {.command = command, .environment = environment, .folder = "/", .log = errors, .talk = ends[1]});
    ::close(ends[1]);
    if (process) return Talker(std::move(*process), ends[0]);
    ::close(ends[0]);
    return fail(process.error());
}

Talker::Talker(Talker&& other) noexcept
    : process_(std::move(other.process_)), socket_(std::exchange(other.socket_, -1)) {}

Talker::~Talker() {
    if (socket_ < 0) return;
    ::close(socket_);
    process_.signal_group(SIGTERM);
    for (int i = 0; i < 20 && !process_.ended(); ++i)
        stack::wait_for(std::chrono::milliseconds{50}, process_.descriptor());
    if (!process_.ended()) process_.signal_group(SIGKILL);
    while (!process_.ended())
        stack::wait_for(std::chrono::milliseconds{10}, process_.descriptor());
}

std::optional<std::string> Talker::read(Duration at_most) {
    pollfd watched{socket_, POLLIN, 0};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
    if (::poll(&watched, 1, static_cast<int>(milliseconds)) <= 0) return std::string{};
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

std::vector<std::string> Lines::feed(std::string_view text) {
    rest_ += text;
    std::vector<std::string> lines;
    std::size_t begin = 0;
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
        lines.push_back(rest_.substr(begin, end - begin));
        begin = end + 1;
    }
    rest_.erase(0, begin);
    return lines;
}

}  // namespace pushsim::kind
