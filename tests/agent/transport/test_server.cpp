#include "test_server.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pushsim::transport::testing {
namespace {

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}

BIO* memory(const std::string& text) {
    return BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
}

/// A handshake message: type, three octets of length, body.
void keep_client_hello(int sent, int /*version*/, int content, const void* data, std::size_t size, SSL*,
                       void* into) {
    const auto* octets = static_cast<const char*>(data);
    constexpr std::size_t kHeader = 4;
    auto& kept = *static_cast<std::string*>(into);
    if (sent != 0 || content != SSL3_RT_HANDSHAKE || size <= kHeader || octets[0] != SSL3_MT_CLIENT_HELLO)
        return;
    if (kept.empty()) kept.assign(octets + kHeader, size - kHeader);
}

}  // namespace

ssl_ctx_st* server_context(const ServerTls& tls) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    if (tls.newest_version != 0) {
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, tls.newest_version);
    }
    BIO* bio = memory(tls.credentials.certificate_pem);
    X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    bio = memory(tls.credentials.key_pem);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    require(SSL_CTX_use_certificate(context, certificate) == 1, "server certificate");
    require(SSL_CTX_use_PrivateKey(context, key) == 1, "server key");
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!tls.client_ca_pem.empty()) {
        bio = memory(tls.client_ca_pem);
        X509* ca = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
        BIO_free(bio);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
        SSL_CTX_add_client_CA(context, ca);
        X509_free(ca);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    }
    return context;
}

int Peer::read_some(char* buffer, std::size_t size) {
    return ssl_ != nullptr ? SSL_read(ssl_, buffer, static_cast<int>(size))
                           : static_cast<int>(::recv(fd_, buffer, size, 0));
}

std::optional<std::string> Peer::read_request() {
    std::array<char, 16384> buffer{};
    for (;;) {
        const auto end = buffered_.find("\r\n\r\n");
        if (end != std::string::npos) {
            std::size_t length = 0;
            std::string head = buffered_.substr(0, end);
            std::ranges::transform(head, head.begin(), [](unsigned char c) { return std::tolower(c); });
            if (const auto at = head.find("content-length: "); at != std::string::npos) {
                length = std::stoul(head.substr(at + 16));
            }
            if (buffered_.size() >= end + 4 + length) {
                std::string request = buffered_.substr(0, end + 4 + length);
                buffered_.erase(0, request.size());
                return request;
            }
        }
        const int count = read_some(buffer.data(), buffer.size());
        if (count <= 0) return std::nullopt;
        buffered_.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

std::string Peer::read_octets(std::size_t size) {
    std::array<char, 16384> buffer{};
    while (buffered_.size() < size) {
        const int count = read_some(buffer.data(), std::min(buffer.size(), size - buffered_.size()));
        if (count <= 0) break;
        buffered_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return std::exchange(buffered_, {});
}

bool Peer::write(std::string_view octets) {
    while (!octets.empty()) {
        const int count = ssl_ != nullptr
                              ? SSL_write(ssl_, octets.data(), static_cast<int>(octets.size()))
                              : static_cast<int>(::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL));
        if (count <= 0) return false;
        octets.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

void Peer::reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    // The socket is closed, and with that reset, when the script returns.
}

void Peer::close() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
    ::shutdown(fd_, SHUT_RDWR);
}

void Peer::close_without_notify() {
    ::shutdown(fd_, SHUT_RDWR);
}

bool Peer::send_key_update() {
    return SSL_key_update(ssl_, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(ssl_) == 1;
}

bool Peer::send_ticket() {
    return SSL_new_session_ticket(ssl_) == 1 && SSL_do_handshake(ssl_) == 1;
}

bool Peer::pause(std::chrono::milliseconds while_) {
    std::unique_lock lock(server_.mutex_);
    return !server_.stopping_.wait_for(lock, while_, [&] { return server_.stop_; });
}

std::string Peer::client_address() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    return text.data();
}

std::string Peer::client_subject() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    if (certificate == nullptr) return "";
    std::array<char, 256> text{};
    X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), static_cast<int>(text.size()));
    X509_free(certificate);
    return text.data();
}

std::string Peer::server_name() const {
    const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
}

std::string Peer::tls_version() const {
    return SSL_get_version(ssl_);
}

bool Peer::resumed() const {
    return SSL_session_reused(ssl_) == 1;
}

bool Peer::closed_in_order() {
    char octet = 0;
    const int count = read_some(&octet, 1);
    return ssl_ != nullptr ? SSL_get_error(ssl_, count) == SSL_ERROR_ZERO_RETURN : count == 0;
}

TestServer::TestServer(std::optional<ServerTls> tls, Script script) : script_(std::move(script)) {
    if (tls) show(*tls);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    require(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
    require(::listen(listener_, 1024) == 0, "listen");
    require(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

TestServer::~TestServer() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
        for (const int fd : open_)
            ::shutdown(fd, SHUT_RDWR);
    }
    stopping_.notify_all();
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& thread : threads_)
        thread.join();
    ::close(listener_);
    for (SSL_CTX* context : contexts_)
        SSL_CTX_free(context);
}

void TestServer::show(const ServerTls& tls) {
    SSL_CTX* context = server_context(tls);
    const std::lock_guard lock(mutex_);
    contexts_.push_back(context);
}

void TestServer::accept_all() {
    for (;;) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        const std::lock_guard lock(mutex_);
        if (stop_) {
            ::close(fd);
            return;
        }
        open_.push_back(fd);
        const int number = connections_++;
        SSL_CTX* context = contexts_.empty() ? nullptr : contexts_.back();
        threads_.emplace_back([this, fd, number, context] { serve(fd, number, context); });
    }
}

void TestServer::serve(int fd, int number, ssl_ctx_st* context) {
    // The server's own OpenSSL writes may meet a closed socket; the client's must not, so only here.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);

    const int on = 1;  // tickets and an answer must not wait for the client's delayed acknowledgement
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Peer peer(*this, fd, number);
    bool ready = true;
    if (context != nullptr) {
        peer.ssl_ = SSL_new(context);
        SSL_set_fd(peer.ssl_, fd);
        SSL_set_msg_callback(peer.ssl_, &keep_client_hello);
        SSL_set_msg_callback_arg(peer.ssl_, &peer.client_hello_);
        ready = SSL_accept(peer.ssl_) == 1;
        ERR_clear_error();
    }
    if (ready) script_(peer);
    SSL_free(peer.ssl_);
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
}

TestServer::Script answer_always(std::string answer) {
    return [answer = std::move(answer)](Peer& peer) {
        while (peer.read_request() && peer.write(answer)) {
        }
    };
}

TestServer::Script answer_once(std::string octets) {
    return [octets = std::move(octets)](Peer& peer) {
        if (!peer.read_request() || !peer.write(octets)) return;
        peer.read_request();
    };
}

std::string ok(std::string_view body) {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                       body.size(), body);
}

}  // namespace pushsim::transport::testing
