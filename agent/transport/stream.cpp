#include "agent/transport/stream.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pushsim::transport {
namespace {

/// TLS records without data that an idle peer may have sent; servers send about two session tickets.
constexpr int kIdleRecords = 32;

std::string words(int error) {
    return std::generic_category().message(error);
}

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE. This one does not, and leaves errno in
// the place that BIO_set_data() names.

struct SocketBio {
    int fd;
    int* last_errno;
};

int bio_result(BIO* bio, ssize_t moved) {
    BIO_clear_retry_flags(bio);
    const auto* socket = static_cast<SocketBio*>(BIO_get_data(bio));
    *socket->last_errno = moved < 0 ? errno : 0;
    return static_cast<int>(moved);
}

int bio_read(BIO* bio, char* buffer, int size) {
    const auto* socket = static_cast<SocketBio*>(BIO_get_data(bio));
    const int moved = bio_result(bio, ::recv(socket->fd, buffer, static_cast<std::size_t>(size), 0));
    if (moved < 0 && (*socket->last_errno == EAGAIN || *socket->last_errno == EINTR)) {
        BIO_set_retry_read(bio);
    }
    if (moved == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return moved;
}

int bio_write(BIO* bio, const char* buffer, int size) {
    const auto* socket = static_cast<SocketBio*>(BIO_get_data(bio));
    const int moved =
        bio_result(bio, ::send(socket->fd, buffer, static_cast<std::size_t>(size), MSG_NOSIGNAL));
    if (moved < 0 && (*socket->last_errno == EAGAIN || *socket->last_errno == EINTR)) {
        BIO_set_retry_write(bio);
    }
    return moved;
}

long bio_control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return 0;
}

int bio_destroy(BIO* bio) {
    delete static_cast<SocketBio*>(BIO_get_data(bio));
    BIO_set_data(bio, nullptr);
    return 1;
}

BIO_METHOD* socket_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
        BIO_meth_set_read(made, &bio_read);
        BIO_meth_set_write(made, &bio_write);
        BIO_meth_set_ctrl(made, &bio_control);
        BIO_meth_set_destroy(made, &bio_destroy);
        return made;
    }();
    return method;
}

/// A socket address; `size` 0 if the text is no IP address.
struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Address make_address(const std::string& text, std::uint16_t port) {
    Address address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.size = sizeof *v4;
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        address.size = sizeof *v6;
    }
    return address;
}

Failure connect_failure(int error) {
    if (error == ECONNREFUSED)
        return {FailureKind::ConnectRefused, "connection refused: nobody listens there"};
    return {FailureKind::ConnectFailed, fmt::format("cannot connect: {}", words(error))};
}

}  // namespace

tl::expected<std::unique_ptr<Stream>, Failure> Stream::connect(const std::string& address, std::uint16_t port,
                                                               const std::string& source) {
    const auto failed = [](std::string message) {
        return tl::make_unexpected(Failure{FailureKind::ConnectFailed, std::move(message)});
    };
    const Address to = make_address(address, port);
    if (to.size == 0) return failed(fmt::format("'{}' is no IP address", address));
    const int fd = ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed(fmt::format("no socket: {}", words(errno)));
    auto stream = std::make_unique<Stream>(fd);

    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!source.empty()) {
        const Address from = make_address(source, 0);
        if (from.size == 0) return failed(fmt::format("source address '{}' is no IP address", source));
        // The port is chosen at connect(), so that it need be unique for this peer only.
        ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (::bind(fd, reinterpret_cast<const sockaddr*>(&from.storage), from.size) != 0) {
            return failed(fmt::format("cannot use source address {}: {}", source, words(errno)));
        }
    }
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to.storage), to.size) != 0 && errno != EINPROGRESS) {
        return tl::make_unexpected(connect_failure(errno));
    }
    return stream;
}

void Stream::FreeSsl::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

Stream::~Stream() {
    ssl_.reset();
    ::close(fd_);
}

Step Stream::fail(FailureKind kind, std::string message) {
    failure_ = {kind, std::move(message)};
    return {Step::Status::Failed};
}

Step Stream::fail_errno(int error, const char* doing) {
    if (error == ECONNRESET) return fail(FailureKind::Reset, fmt::format("connection reset while {}", doing));
    return fail(FailureKind::Closed, fmt::format("connection lost while {}: {}", doing, words(error)));
}

Step Stream::finish_connect() {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error == 0) return {Step::Status::Done};
    failure_ = connect_failure(error);
    return {Step::Status::Failed};
}

Step Stream::start_tls(const TlsIdentity& identity, const std::string& server_name, Resumption* resumption) {
    ERR_clear_error();
    ssl_.reset(SSL_new(identity.context()));
    BIO* bio = ssl_ ? BIO_new(socket_method()) : nullptr;
    if (bio == nullptr) return fail(FailureKind::Tls, "no memory for TLS");
    BIO_set_data(bio, new SocketBio{fd_, &last_errno_});
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_connect_state(ssl_.get());
    check_ = {.server_name = server_name};
    if (!expect_server(ssl_.get(), check_)) {
        return fail(FailureKind::Certificate,
                    fmt::format("no certificate can bear the server name '{}'", server_name));
    }
    resumption_ = resumption;
    if (resumption_ != nullptr) resumption_->begin(ssl_.get());
    return {Step::Status::Done};
}

Step Stream::handshake() {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    if (done != 1) return ssl_step(done, "in the TLS handshake");
    shaken_ = true;
    resumed_ = resumption_ != nullptr && resumption_->resumed(ssl_.get());
    return {Step::Status::Done};
}

Step Stream::read(std::span<char> buffer) {
    if (ssl_) {
        ERR_clear_error();
        const int moved = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
        if (moved <= 0) return ssl_step(moved, "reading");
        return {Step::Status::Done, static_cast<std::size_t>(moved)};
    }
    const ssize_t moved = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (moved > 0) return {Step::Status::Done, static_cast<std::size_t>(moved)};
    if (moved == 0) return {Step::Status::Closed};
    if (errno == EAGAIN || errno == EINTR) return {Step::Status::WantRead};
    return fail_errno(errno, "reading");
}

Step Stream::write(std::string_view octets) {
    if (ssl_) {
        ERR_clear_error();
        const int moved = SSL_write(ssl_.get(), octets.data(),
                                    static_cast<int>(std::min<std::size_t>(octets.size(), 1U << 30)));
        if (moved <= 0) return ssl_step(moved, "sending");
        return {Step::Status::Done, static_cast<std::size_t>(moved)};
    }
    const ssize_t moved = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (moved >= 0) return {Step::Status::Done, static_cast<std::size_t>(moved)};
    if (errno == EAGAIN || errno == EINTR) return {Step::Status::WantWrite};
    return fail_errno(errno, "sending");
}

Step Stream::ssl_step(int returned, const char* doing) {
    const std::string_view place = shaken_ ? doing : "in the TLS handshake";
    switch (SSL_get_error(ssl_.get(), returned)) {
        case SSL_ERROR_WANT_READ:
            return {Step::Status::WantRead};
        case SSL_ERROR_WANT_WRITE:
            return {Step::Status::WantWrite};
        case SSL_ERROR_ZERO_RETURN:
            if (shaken_) return {Step::Status::Closed};
            return fail(FailureKind::Closed, "closed in the TLS handshake");
        case SSL_ERROR_SYSCALL:
            if (last_errno_ == 0) return fail(FailureKind::Closed, fmt::format("closed {}", place));
            return fail_errno(last_errno_, shaken_ ? doing : "shaking hands (TLS)");
        default:
            break;
    }
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (!check_.refusal.empty()) {
        return fail(FailureKind::Certificate,
                    fmt::format("the server's certificate is not accepted: {}", check_.refusal));
    }
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return fail(FailureKind::Closed, fmt::format("closed {} without TLS close_notify", place));
    }
    const char* reason = ERR_reason_error_string(code);
    std::string message =
        fmt::format("TLS failed {}: {}", place, reason == nullptr ? "no reason given" : reason);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER && !shaken_) {
        message += " (the answer is not TLS: does the port speak plain HTTP?)";
    }
    return fail(FailureKind::Tls, std::move(message));
}

bool Stream::quiet() {
    std::array<char, 1> octet{};
    if (ssl_) {
        for (int record = 0; record < kIdleRecords; ++record) {
            if (read(octet).status != Step::Status::WantRead) return false;
            if (last_errno_ != 0)
                return true;  // nothing was there; else a ticket or a KeyUpdate was taken in
        }
        return false;
    }
    return ::recv(fd_, octet.data(), octet.size(), MSG_PEEK) < 0 && (errno == EAGAIN || errno == EINTR);
}

void Stream::rest() {
    if (ssl_) SSL_free_buffers(ssl_.get());
}

void Stream::say_goodbye() {
    if (!ssl_ || !shaken_) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

}  // namespace pushsim::transport
