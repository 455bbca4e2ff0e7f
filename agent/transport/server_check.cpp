#include "agent/transport/server_check.hpp"

#include <memory>

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "agent/transport/endpoint.hpp"

namespace pushsim::transport {
namespace {

int check_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeNames {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string take_text(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string subject_of(const X509* certificate) {
    const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    return take_text(bio.get());
}

/// "DNS:verifier.example, IP Address:10.0.0.1"; empty without SANs.
std::string names_of(const X509* certificate) {
    const std::unique_ptr<GENERAL_NAMES, FreeNames> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::string text;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_mem()));
        GENERAL_NAME_print(bio.get(), sk_GENERAL_NAME_value(names.get(), i));
        if (!text.empty()) text += ", ";
        text += take_text(bio.get());
        if (text.size() > 300) return text + ", …";
    }
    return text;
}

int on_verify(int accepted, X509_STORE_CTX* store) {
    if (accepted == 1) return 1;
    try {
        const auto* ssl =
            static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
        auto* check = static_cast<ServerCheck*>(SSL_get_ex_data(ssl, check_index()));
        if (check->refusal.empty()) check->refusal = why_refused(store, check->server_name);
    } catch (...) {  // no memory for the words: refused all the same
        return 0;
    }
    return 0;
}

}  // namespace

std::string why_refused(x509_store_ctx_st* store, const std::string& wanted) {
    const int error = X509_STORE_CTX_get_error(store);
    const X509* certificate = X509_STORE_CTX_get_current_cert(store);
    if (certificate == nullptr) return X509_verify_cert_error_string(error);
    const std::string subject = subject_of(certificate);
    if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        const std::string names = names_of(certificate);
        return names.empty()
                   ? fmt::format(
                         "host name mismatch: it has no subject alternative name, '{}' is wanted ({})",
                         wanted, subject)
                   : fmt::format("host name mismatch: it is for {}, '{}' is wanted ({})", names, wanted,
                                 subject);
    }
    return fmt::format("{} ({}, depth {})", X509_verify_cert_error_string(error), subject,
                       X509_STORE_CTX_get_error_depth(store));
}

bool expect_server(ssl_st* ssl, ServerCheck& check) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(
        parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set_ex_data(ssl, check_index(), &check);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, &on_verify);
    const char* name = check.server_name.c_str();
    if (is_ip_address(check.server_name)) return X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1;
    return !check.server_name.empty() && X509_VERIFY_PARAM_set1_host(parameters, name, 0) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    check.server_name.data()) == 1;  // SSL_set_tlsext_host_name() without its cast
}

}  // namespace pushsim::transport
