#include "agent/transport/resumption.hpp"

#include <openssl/ssl.h>

namespace pushsim::transport {
namespace {

int resumption_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

}  // namespace

void Resumption::allow(ssl_ctx_st* context) {
    SSL_CTX_set_session_cache_mode(
        context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
    SSL_CTX_sess_set_new_cb(context, &take);
}

void Resumption::begin(ssl_st* ssl) {
    SSL_set_ex_data(ssl, resumption_index(), this);
    if (last_) SSL_set_session(ssl, last_.get());
    last_.reset();
}

bool Resumption::resumed(ssl_st* ssl) {
    if (SSL_session_reused(ssl) != 1) return false;
    // TLS 1.2 continues a session as often as it likes and hands over no other; a ticket of TLS 1.3 is spent.
    SSL_SESSION* session = SSL_get_session(ssl);
    if (!last_ && SSL_SESSION_is_resumable(session) == 1 && SSL_SESSION_up_ref(session) == 1)
        last_.reset(session);
    return true;
}

int Resumption::take(ssl_st* ssl, ssl_session_st* session) {
    auto* resumption = static_cast<Resumption*>(SSL_get_ex_data(ssl, resumption_index()));
    if (resumption == nullptr) return 0;
    resumption->last_.reset(session);
    return 1;  // the reference is ours
}

void Resumption::FreeSession::operator()(ssl_session_st* session) const {
    SSL_SESSION_free(session);
}

}  // namespace pushsim::transport
