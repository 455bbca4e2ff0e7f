#pragma once
// The states of a Connection. Internal to transport; what it promises is said in connection.hpp.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/transport/connection.hpp"
#include "agent/transport/response_parser.hpp"
#include "agent/transport/resumption.hpp"
#include "agent/transport/stream.hpp"

namespace pushsim::transport {

class Exchanger : public std::enable_shared_from_this<Exchanger> {
  public:
    Exchanger(EventLoop& loop, const Endpoint& endpoint, std::shared_ptr<const TlsIdentity> identity,
              const ConnectionOptions& options);
    Exchanger(const Exchanger&) = delete;
    Exchanger& operator=(const Exchanger&) = delete;

    void send(const HttpRequest& request, const ExchangeOptions& options, Connection::Done done);
    void cancel();
    std::optional<Outcome> give_up();
    void close();
    /// The Connection is gone: no callback comes any more.
    void abandon();
    bool busy() const { return exchange_ != nullptr; }
    bool connected() const { return stream_ != nullptr; }
    std::uint64_t connections_made() const { return connections_made_; }

  private:
    /// Of the socket.
    enum class Phase { None, Connecting, Handshaking, Ready };

    /// The exchange under way; idle connections have none, and so no buffers.
    struct Exchange {
        Connection::Done done;
        ResponseParser parser;
        std::string request;
        std::size_t sent = 0;
        std::optional<Instant> first_sent{};
        std::optional<Instant> all_sent{};
        std::optional<Instant> first_received{};
        std::optional<Failure> send_failure{};  // an answer may come all the same
        Instant phase_start{};
        EventLoop::Timer deadline{};
        Outcome outcome{};
        bool finished = false;  // the outcome stands, `done` is about to be called
    };

    Instant now() const { return loop_.clock().now(); }

    void connect();
    void try_next_address();
    void on_ready(std::uint32_t events);
    void on_connected();
    void shake_hands();
    void on_established();
    void exchange_octets();
    void write_request();
    void read_answer();
    bool on_octets(std::string_view octets);  ///< false: the exchange is over, perhaps another begun
    void on_peer_closed();
    void on_deadline();
    void answered();

    void fail(FailureKind kind, const std::string& what);
    void finish();
    void deliver();
    void want(std::uint32_t events);
    void drop_socket();
    std::string progress() const;

    EventLoop& loop_;
    Endpoint endpoint_;
    std::string resolve_error_{};
    std::shared_ptr<const TlsIdentity> identity_;
    std::string peer_;  // for messages
    bool keep_alive_;
    std::unique_ptr<Resumption> resumption_;  // null: sessions end with their socket

    Phase phase_ = Phase::None;
    std::unique_ptr<Stream> stream_;
    EventLoop::Watch watch_ = 0;
    std::uint32_t events_ = 0;
    std::size_t first_address_ = 0;    // of the endpoint's: the one that worked last
    std::size_t addresses_tried_ = 0;  // by the exchange under way, from that one on
    EventLoop::Timer patience_{};      // with the address being tried
    std::uint64_t connections_made_ = 0;
    bool in_call_ = false;  // within send() or cancel(): `done` is called from the loop, later
    std::unique_ptr<Exchange> exchange_;
};

}  // namespace pushsim::transport
