#include "agent/transport/tls.hpp"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "agent/base/owned.hpp"
#include "agent/transport/resumption.hpp"

namespace pushsim::transport {
namespace {

using Bio = Owned<BIO, &BIO_free_all>;
using Certificate = Owned<X509, &X509_free>;
using Key = Owned<EVP_PKEY, &EVP_PKEY_free>;

/// A PEM text and where it came from, for messages.
struct Pem {
    std::string name;
    std::string text;
};

Result<Pem> read_pem(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    if (in) text << in.rdbuf();
    if (!in || text.str().empty()) {
        const int error = errno;
        const std::string why = in || error == 0 ? "empty" : std::generic_category().message(error);
        return fail(ErrorKind::Config, fmt::format("{}: cannot be read: {}", file, why),
                    "check the path and who may read it");
    }
    return Pem{file, text.str()};
}

Bio memory(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string openssl_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "no reason given" : reason;
}

/// An encrypted key is an error, not a question on the terminal.
int no_password(char*, int, int, void*) {
    return 0;
}

Result<std::vector<Certificate>> certificates(const Pem& pem) {
    ERR_clear_error();
    std::vector<Certificate> found;
    const Bio bio = memory(pem.text);
    while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, &no_password, nullptr)) {
        found.emplace_back(certificate);
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = openssl_reason();
    if (!at_end) {
        return fail(ErrorKind::Config,
                    fmt::format("{}: certificate {} cannot be read: {}", pem.name, found.size() + 1, reason));
    }
    if (found.empty()) {
        return fail(ErrorKind::Config, fmt::format("{}: holds no PEM certificate", pem.name));
    }
    return found;
}

Result<void> trust(SSL_CTX* context, const Pem& pem) {
    const auto found = certificates(pem);
    if (!found) return fail(found.error());
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    for (const Certificate& certificate : *found) {
        if (X509_STORE_add_cert(store, certificate.get()) != 1) {
            return fail(ErrorKind::Config, fmt::format("{}: {}", pem.name, openssl_reason()));
        }
    }
    return {};
}

Result<void> present(SSL_CTX* context, const Pem& certificate, const Pem& key_pem) {
    auto chain = certificates(certificate);
    if (!chain) return fail(chain.error());
    const Bio bio = memory(key_pem.text);
    const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_password, nullptr));
    if (!key) {
        return fail(ErrorKind::Config, fmt::format("{}: holds no private key in PEM without password: {}",
                                                   key_pem.name, openssl_reason()));
    }
    ERR_clear_error();
    if (X509_check_private_key(chain->front().get(), key.get()) != 1) {
        return fail(ErrorKind::Config, fmt::format("{}: is not the key of the certificate in {}: {}",
                                                   key_pem.name, certificate.name, openssl_reason()));
    }
    bool taken = SSL_CTX_use_certificate(context, chain->front().get()) == 1 &&
                 SSL_CTX_use_PrivateKey(context, key.get()) == 1;
    for (std::size_t i = 1; taken && i < chain->size(); ++i) {
        taken = SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) == 1;
    }
    if (!taken) return fail(ErrorKind::Config, fmt::format("{}: {}", certificate.name, openssl_reason()));
    return {};
}

/// The file's text, or the text given; an error if both or neither.
Result<Pem> either(const std::string& file, const std::string& text, const char* what) {
    if (file.empty() == text.empty()) {
        return fail(ErrorKind::Config,
                    fmt::format("client {0}: {1} of {0}_file and {0}_pem is given", what,
                                file.empty() ? "neither" : "each"),
                    "give certificate and key, each once");
    }
    if (!file.empty()) return read_pem(file);
    return Pem{fmt::format("{}_pem", what), text};
}

}  // namespace

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::make(const TlsSettings& settings) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    if (context == nullptr) return fail(ErrorKind::System, "SSL_CTX_new: " + openssl_reason());
    const std::shared_ptr<TlsIdentity> identity(new TlsIdentity(context));

    constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    if (SSL_CTX_get_security_level(context) < 2) SSL_CTX_set_security_level(context, 2);
    Resumption::allow(context);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Else one SSL_read() goes on for as long as a peer sends records that are no data (tickets, KeyUpdates).
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_alpn_protos(context, kAlpn, sizeof kAlpn);

    if (settings.ca_files.empty() && settings.ca_pem.empty()) {
        return fail(ErrorKind::Config, "TLS without a CA to verify the server against",
                    "name the file of the CA that issued the server's certificate");
    }
    for (const std::string& file : settings.ca_files) {
        const auto pem = read_pem(file);
        if (!pem) return fail(pem.error().in("CA"));
        if (const auto done = trust(context, *pem); !done) return fail(done.error().in("CA"));
    }
    if (!settings.ca_pem.empty()) {
        if (const auto done = trust(context, {"ca_pem", settings.ca_pem}); !done) return fail(done.error());
    }

    const bool any_client = !settings.certificate_file.empty() || !settings.certificate_pem.empty() ||
                            !settings.key_file.empty() || !settings.key_pem.empty();
    if (any_client) {
        const auto certificate = either(settings.certificate_file, settings.certificate_pem, "certificate");
        if (!certificate) return fail(certificate.error());
        const auto key = either(settings.key_file, settings.key_pem, "key");
        if (!key) return fail(key.error());
        if (const auto done = present(context, *certificate, *key); !done) return fail(done.error());
    }
    return identity;
}

TlsIdentity::~TlsIdentity() {
    SSL_CTX_free(context_);
}

}  // namespace pushsim::transport
