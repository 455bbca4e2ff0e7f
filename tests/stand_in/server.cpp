#include "tests/stand_in/server.hpp"

#include <array>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/stand_in/http_text.hpp"

namespace pushsim::stand_in {
namespace {

constexpr std::size_t kLongestRequest = std::size_t{1} << 20;

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string("stand-in: ") + what);
}

}  // namespace

HttpServer::HttpServer(transport::EventLoop& loop, ssl_ctx_st* tls, std::size_t most, Handler handler)
    : loop_(loop), tls_(tls), most_(most), handler_(std::move(handler)) {
    if (tls_ != nullptr) {
        SSL_CTX_set_mode(tls_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_session_cache_mode(tls_, SSL_SESS_CACHE_OFF);
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    require(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
    require(::listen(listener_, 4096) == 0, "listen");
    require(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    port_ = ntohs(address.sin_port);
    watch_ = loop_.watch(listener_, EPOLLIN, [this](std::uint32_t) { accept_all(); });
}

HttpServer::~HttpServer() {
    loop_.unwatch(watch_);
    ::close(listener_);
    while (!connections_.empty())
        drop(*connections_.begin()->second);
}

void HttpServer::accept_all() {
    for (;;) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        if (connections_.size() >= most_) {
            ::close(fd);
            continue;
        }
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        auto& connection = connections_[fd] = std::make_unique<Connection>();
        connection->fd = fd;
        if (tls_ != nullptr) {
            connection->ssl = SSL_new(tls_);
            SSL_set_fd(connection->ssl, fd);
            SSL_set_accept_state(connection->ssl);
        }
        connection->watch =
            loop_.watch(fd, EPOLLIN, [this, at = connection.get()](std::uint32_t) { on_ready(*at); });
    }
}

void HttpServer::on_ready(Connection& connection) {
    Moved moved = shake_hands(connection);
    if (moved == Moved::All) moved = read(connection);
    if (moved != Moved::Over) moved = answer(connection);
    if (moved == Moved::Over) drop(connection);
}

HttpServer::Moved HttpServer::shake_hands(Connection& connection) {
    if (connection.ssl == nullptr || connection.shaken) return Moved::All;
    ERR_clear_error();
    const Moved moved = look(connection, SSL_do_handshake(connection.ssl));
    connection.shaken = moved == Moved::All;
    return moved;
}

HttpServer::Moved HttpServer::read(Connection& connection) {
    std::array<char, 16 * 1024> buffer;  // a TLS record: nothing stays where epoll cannot see it
    while (connection.in.size() < kLongestRequest) {
        ERR_clear_error();
        const int count = connection.ssl != nullptr
                              ? SSL_read(connection.ssl, buffer.data(), static_cast<int>(buffer.size()))
                              : static_cast<int>(::recv(connection.fd, buffer.data(), buffer.size(), 0));
        const Moved moved = look(connection, count);
        if (moved != Moved::All) return moved;
        connection.in.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return Moved::Over;
}

namespace {

/// The subject of what the client has shown; empty for nothing.
std::string certificate_of(ssl_st* ssl) {
    const X509* certificate = ssl != nullptr ? SSL_get0_peer_certificate(ssl) : nullptr;
    if (certificate == nullptr) return "";
    std::array<char, 256> text{};
    X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), static_cast<int>(text.size()));
    return text.data();
}

}  // namespace

HttpServer::Moved HttpServer::answer(Connection& connection) {
    try {
        while (const auto size = request_size(connection.in)) {
            auto said = handler_(taken_apart(std::string_view(connection.in).substr(0, *size)));
            if (const auto shown = certificate_of(connection.ssl); said && !shown.empty())
                said->headers.emplace_back("X-Certificate", shown);
            if (said) connection.out += written(*said);
            connection.in.erase(0, *size);
        }
    } catch (const std::exception&) {  // no request
        return Moved::Over;
    }
    if (connection.in.empty()) connection.in = {};
    return write(connection);
}

HttpServer::Moved HttpServer::write(Connection& connection) {
    std::size_t sent = 0;
    Moved moved = Moved::All;
    while (sent < connection.out.size() && moved == Moved::All) {
        const char* octets = connection.out.data() + sent;
        const std::size_t left = connection.out.size() - sent;
        ERR_clear_error();
        const int count = connection.ssl != nullptr
                              ? SSL_write(connection.ssl, octets, static_cast<int>(left))
                              : static_cast<int>(::send(connection.fd, octets, left, MSG_NOSIGNAL));
        moved = look(connection, count);
        if (moved == Moved::All) sent += static_cast<std::size_t>(count);
    }
    const bool waited = !connection.out.empty();
    connection.out.erase(0, sent);
    if (connection.out.empty()) connection.out = {};
    if (waited && moved != Moved::Over)
        loop_.change(connection.watch, connection.out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
    return moved;
}

HttpServer::Moved HttpServer::look(Connection& connection, int count) {
    if (count > 0) return Moved::All;
    if (connection.ssl == nullptr) return count < 0 && errno == EAGAIN ? Moved::Wait : Moved::Over;
    const int why = SSL_get_error(connection.ssl, count);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? Moved::Wait : Moved::Over;
}

void HttpServer::drop(Connection& connection) {
    loop_.unwatch(connection.watch);
    SSL_free(connection.ssl);
    ::close(connection.fd);
    connections_.erase(connection.fd);
}

}  // namespace pushsim::stand_in
