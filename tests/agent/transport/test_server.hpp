#pragma once
// A blocking server on 127.0.0.1 that plays a script to each connection, in a thread of its own.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sim/pki/pki.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace pushsim::transport::testing {

class TestServer;

/// One connection, from the server's side. Calls fail quietly once the client is gone.
class Peer {
  public:
    /// Header and body (by Content-Length) as they came; none once the client has closed.
    std::optional<std::string> read_request();
    /// Reads until `size` octets or the end.
    std::string read_octets(std::size_t size);
    bool write(std::string_view octets);
    void reset();                                  ///< RST in place of FIN, at once
    void close();                                  ///< close_notify (TLS) and FIN, both ways
    void close_without_notify();                   ///< FIN alone
    bool send_key_update();                        ///< a TLS 1.3 record that holds no data
    bool send_ticket();                            ///< another one: a session ticket
    bool pause(std::chrono::milliseconds while_);  ///< false: the server is being stopped
    std::string client_address() const;
    std::string client_subject() const;  ///< of the client's certificate; empty for none
    std::string server_name() const;     ///< SNI
    std::string tls_version() const;
    bool resumed() const;    ///< the handshake continued an earlier session
    bool closed_in_order();  ///< waits for the client's end: FIN, with TLS behind a close_notify
    const std::string& client_hello() const { return client_hello_; }  ///< body of the first one, raw
    int number() const { return number_; }                             ///< 0 for the first connection

  private:
    friend class TestServer;
    Peer(TestServer& server, int fd, int number) : server_(server), fd_(fd), number_(number) {}
    int read_some(char* buffer, std::size_t size);

    TestServer& server_;
    int fd_;
    int number_;
    ssl_st* ssl_ = nullptr;
    std::string buffered_;
    std::string client_hello_;
};

struct ServerTls {
    pki::Credentials credentials{};
    std::string client_ca_pem{};  ///< asks for, and verifies, client certificates
    int newest_version = 0;       ///< for example TLS1_1_VERSION; 0 for no bound
};

/// Shows, and asks for, what `tls` says. The caller's to free; throws std::runtime_error.
ssl_ctx_st* server_context(const ServerTls& tls);

class TestServer {
  public:
    using Script = std::function<void(Peer&)>;

    explicit TestServer(Script script) : TestServer(std::nullopt, std::move(script)) {}
    TestServer(std::optional<ServerTls> tls, Script script);
    /// Ends all scripts: their sockets are shut down, pauses return.
    ~TestServer();
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    /// What connections from now on are met with, in place of what the constructor was given. Sessions of
    /// before mean nothing to it.
    void show(const ServerTls& tls);

    std::uint16_t port() const { return port_; }
    int connections() const { return connections_; }

  private:
    friend class Peer;
    void accept_all();
    void serve(int fd, int number, ssl_ctx_st* context);

    Script script_;
    std::vector<ssl_ctx_st*> contexts_;  ///< the last one counts; guarded by mutex_
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    std::mutex mutex_;
    std::condition_variable stopping_;
    bool stop_ = false;
    std::vector<int> open_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

/// Answers every request with `answer` until the client closes.
TestServer::Script answer_always(std::string answer);
/// Reads one request, writes `octets`, then waits for the client to close.
TestServer::Script answer_once(std::string octets);

/// "HTTP/1.1 200 OK" with that body and its Content-Length.
std::string ok(std::string_view body);

}  // namespace pushsim::transport::testing
