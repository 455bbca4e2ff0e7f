#pragma once
// TLS sessions that go on in the next connection (RFC 8446, 2.2; RFC 5077). Internal to transport.

#include <memory>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace pushsim::transport {

/// The last session of one connection. A continued session brings no certificate: it stands for the one that
/// was verified when it began, under the name of that connection, and must never serve another name. OpenSSL
/// ends it after the lifetime that the server gave it, if not before.
class Resumption {
  public:
    /// Has handshakes of the context hand over their sessions. OpenSSL keeps none of them itself.
    static void allow(ssl_ctx_st* context);

    /// Before the handshake of `ssl`: offers the session there is, once, and takes what the server gives
    /// until `ssl` is freed, which this must outlive.
    void begin(ssl_st* ssl);
    /// After the handshake: whether it continued the session. One that was refused is gone by now.
    bool resumed(ssl_st* ssl);

  private:
    struct FreeSession {
        void operator()(ssl_session_st* session) const;
    };
    static int take(ssl_st* ssl, ssl_session_st* session);

    std::unique_ptr<ssl_session_st, FreeSession> last_;
};

}  // namespace pushsim::transport
