#pragma once
// HTTP/1.x answers out of octets, within bounds. No I/O.

#include <cstddef>
#include <memory>
#include <string_view>

#include "agent/base/http.hpp"
#include "agent/transport/exchange.hpp"

namespace pushsim::transport {

struct AnswerBounds {
    std::size_t header;  ///< octets of status lines and headers, those of interim (1xx) answers included
    std::size_t body;    ///< octets of the decoded body
};

/// Reads one answer (RFC 9112): by Content-Length, chunked, or until the peer closes. Interim answers are
/// skipped. Refused as malformed although parsers differ on it: more than one Content-Length, transfer
/// codings other than chunked, 101. Trailers are dropped. Holds no more memory than its bounds and one read.
class ResponseParser {
  public:
    enum class State { NeedMore, Done, Failed };

    /// `to_head`: the request was a HEAD, the answer has no body whatever its header says.
    explicit ResponseParser(const AnswerBounds& bounds, bool to_head = false);
    ~ResponseParser();
    ResponseParser(ResponseParser&&) noexcept;
    ResponseParser& operator=(ResponseParser&&) noexcept;

    /// The next octets, in any portions. Those behind the end of the answer are counted and dropped.
    State feed(std::string_view octets);
    /// The peer closed its side in order: the end of some answers, Closed for the rest.
    State end();

    State state() const;
    /// Once Done; leaves the parser without it.
    HttpResponse take();
    /// Once Done: whether the answer and what came with it allow another exchange on the connection.
    bool keep_alive() const;
    /// Once Failed: Malformed, TooLarge or Closed. The message does not name the peer.
    const Failure& failure() const;
    /// Octets fed so far.
    std::size_t received() const;

  private:
    struct Inner;
    std::unique_ptr<Inner> inner_;
};

}  // namespace pushsim::transport
