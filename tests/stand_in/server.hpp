#pragma once
// The server's side of HTTP over TLS or TCP on our own loop: thousands of connections that are kept alive,
// with little memory for each. For benches of our own client alone; what it answers is not its business.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "agent/base/http.hpp"
#include "agent/transport/loop.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace pushsim::stand_in {

/// For the loop's thread alone. The process must ignore SIGPIPE.
class HttpServer {
  public:
    /// Nothing: the request is taken and never answered.
    using Handler = std::function<std::optional<HttpResponse>(const HttpRequest&)>;

    /// Listens on a port of 127.0.0.1 that is free. `tls` (null: plain HTTP) outlives it and is changed to
    /// what many connections need. Connections over `most` are closed at once. Throws std::runtime_error.
    HttpServer(transport::EventLoop& loop, ssl_ctx_st* tls, std::size_t most, Handler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::uint16_t port() const { return port_; }

  private:
    struct Connection {
        int fd = -1;
        ssl_st* ssl = nullptr;
        transport::EventLoop::Watch watch = 0;
        bool shaken = false;
        std::string in{};   // what is not answered yet
        std::string out{};  // what is not written yet
    };
    enum class Moved { All, Wait, Over };

    void accept_all();
    void on_ready(Connection& connection);
    Moved shake_hands(Connection& connection);
    Moved read(Connection& connection);
    Moved answer(Connection& connection);
    Moved write(Connection& connection);
    /// What a call that moved `count` octets, or none, means.
    Moved look(Connection& connection, int count);
    void drop(Connection& connection);

    transport::EventLoop& loop_;
    ssl_ctx_st* tls_;
    std::size_t most_;
    Handler handler_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    transport::EventLoop::Watch watch_ = 0;
    std::unordered_map<int, std::unique_ptr<Connection>> connections_;  // by descriptor
};

}  // namespace pushsim::stand_in
