#include "sim/pki/certificate.hpp"

#include <array>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace pushsim::pki {
namespace {

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeExtension {
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
struct FreeNumber {
    void operator()(BIGNUM* number) const { BN_free(number); }
};
struct FreeNames {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
struct FreeName {
    void operator()(X509_NAME* name) const { X509_NAME_free(name); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

void check(bool done, const char* what) {
    if (done) return;
    const char* reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    throw std::runtime_error(fmt::format("{}: {}", what, reason == nullptr ? "no reason given" : reason));
}

void add_extension(X509* certificate, X509V3_CTX* context, int kind, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, FreeExtension> extension(
        X509V3_EXT_conf_nid(nullptr, context, kind, value.c_str()));
    check(extension != nullptr, OBJ_nid2sn(kind));
    check(X509_add_ext(certificate, extension.get(), -1) == 1, OBJ_nid2sn(kind));
}

void set_time(ASN1_TIME* field, WallTime time) {
    check(ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(time)) != nullptr, "ASN1_TIME_set");
}

/// 159 random bits: positive and at most 20 octets (RFC 5280, 4.1.2.2).
void set_serial(X509* certificate) {
    const std::unique_ptr<BIGNUM, FreeNumber> serial(BN_new());
    check(serial && BN_rand(serial.get(), 159, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1, "BN_rand");
    check(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr, "serial number");
}

void set_subject(X509* certificate, const std::string& common_name) {
    X509_NAME* subject = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
    check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, static_cast<int>(common_name.size()),
                                     -1, 0) == 1,
          "common name");
}

void add_name(GENERAL_NAMES* names, int type, ASN1_STRING* value) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    if (name == nullptr) ASN1_STRING_free(value);
    check(name != nullptr, "GENERAL_NAME_new");
    GENERAL_NAME_set0_value(name, type, value);
    if (sk_GENERAL_NAME_push(names, name) == 0) {
        GENERAL_NAME_free(name);
        check(false, "subject alternative name");
    }
}

/// Manufacturer (of libtpms), model and version of the TPM.
void add_tpm_name(GENERAL_NAMES* names) {
    std::unique_ptr<X509_NAME, FreeName> name(X509_NAME_new());
    for (const auto& [oid, value] : {std::pair{"2.23.133.2.1", "id:49424D00"},
                                     {"2.23.133.2.2", "pushsim"},
                                     {"2.23.133.2.3", "id:00010000"}}) {
        check(X509_NAME_add_entry_by_txt(name.get(), oid, MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(value), -1, -1, 0) == 1,
              "name of the TPM");
    }
    GENERAL_NAME* directory = GENERAL_NAME_new();
    check(directory != nullptr, "GENERAL_NAME_new");
    GENERAL_NAME_set0_value(directory, GEN_DIRNAME, name.release());
    if (sk_GENERAL_NAME_push(names, directory) == 0) {
        GENERAL_NAME_free(directory);
        check(false, "name of the TPM");
    }
}

/// Built by hand and not from text, in which a name with a comma could add names of its own.
void add_alternative_names(X509* certificate, const Contents& contents) {
    if (contents.dns.empty() && contents.ip.empty() && !contents.is_ek) return;
    const std::unique_ptr<GENERAL_NAMES, FreeNames> names(sk_GENERAL_NAME_new_null());
    check(names != nullptr, "GENERAL_NAMES");
    if (contents.is_ek) add_tpm_name(names.get());
    for (const std::string& dns : contents.dns) {
        ASN1_STRING* value = ASN1_IA5STRING_new();
        check(value != nullptr && ASN1_STRING_set(value, dns.data(), static_cast<int>(dns.size())) == 1,
              "DNS name");
        add_name(names.get(), GEN_DNS, value);
    }
    for (const std::string& ip : contents.ip) {
        ASN1_OCTET_STRING* value = a2i_IPADDRESS(ip.c_str());
        ERR_clear_error();
        if (value == nullptr) throw std::invalid_argument(fmt::format("'{}' is no IP address", ip));
        add_name(names.get(), GEN_IPADD, value);
    }
    check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1,
          "subject alternative names");
}

const char* key_usage(const Contents& contents, const EVP_PKEY* key) {
    if (contents.is_ca) return "critical,keyCertSign,cRLSign";
    if (contents.is_ek) return "critical,keyEncipherment";
    // RSA keys may encipher keys (TLS 1.2).
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? "critical,digitalSignature,keyEncipherment"
                                                     : "critical,digitalSignature";
}

std::string text_of(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return {text, static_cast<std::size_t>(size)};
}

/// Nobody is asked for a passphrase.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return -1;
}

template <typename T>
T* from_pem(const std::string& pem, T* (*read)(BIO*, T**, pem_password_cb*, void*)) {
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    T* const thing = bio ? read(bio.get(), nullptr, no_passphrase, nullptr) : nullptr;
    ERR_clear_error();
    return thing;
}

}  // namespace

Key make_key(KeyType type) {
    Key key(type == KeyType::EcP256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048));
    check(key != nullptr, "making a key");
    return key;
}

Authority make_authority(const std::string& name, WallTime now, KeyType keys) {
    using std::chrono::days, std::chrono::years;
    Authority authority;
    authority.key = make_key(keys);
    const Contents contents{.common_name = name,
                            .not_before = now - days{60},
                            .not_after = now + std::chrono::duration_cast<std::chrono::seconds>(years{10}),
                            .is_ca = true};
    authority.certificate = make_certificate(contents, authority.key.get(), nullptr, nullptr);
    authority.pem = to_pem(authority.certificate.get());
    return authority;
}

std::optional<Authority> authority_from(const Credentials& kept) {
    Authority authority{private_key_from_pem(kept.key_pem), certificate_from_pem(kept.certificate_pem),
                        kept.certificate_pem};
    if (!authority.key || !authority.certificate ||
        X509_check_private_key(authority.certificate.get(), authority.key.get()) != 1)
        return std::nullopt;
    return authority;
}

Certificate make_certificate(const Contents& contents, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
    Certificate made(X509_new());
    X509* certificate = made.get();
    check(certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1, "X509_new");
    set_serial(certificate);
    set_subject(certificate, contents.common_name);
    X509* signer = issuer == nullptr ? certificate : issuer;
    check(X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1, "issuer");
    set_time(X509_getm_notBefore(certificate), contents.not_before);
    set_time(X509_getm_notAfter(certificate), contents.not_after);
    check(X509_set_pubkey(certificate, key) == 1, "public key");

    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, signer, certificate, nullptr, nullptr, 0);
    add_extension(certificate, &context, NID_basic_constraints,
                  contents.is_ca ? "critical,CA:TRUE,pathlen:1" : "critical,CA:FALSE");
    add_extension(certificate, &context, NID_key_usage, key_usage(contents, key));
    if (!contents.extended_usage.empty()) {
        add_extension(certificate, &context, NID_ext_key_usage, contents.extended_usage);
    }
    add_extension(certificate, &context, NID_subject_key_identifier, "hash");
    add_extension(certificate, &context, NID_authority_key_identifier, "keyid:always");
    add_alternative_names(certificate, contents);
    check(X509_sign(certificate, issuer == nullptr ? key : issuer_key, EVP_sha256()) > 0, "signing");
    return made;
}

std::string to_pem(const X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    check(bio && PEM_write_bio_X509(bio.get(), certificate) == 1, "certificate to PEM");
    return text_of(bio.get());
}

std::string to_pem(const EVP_PKEY* key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    check(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "key to PEM");
    return text_of(bio.get());
}

Bytes to_der(const X509* certificate) {
    unsigned char* octets = nullptr;
    const int size = i2d_X509(certificate, &octets);
    check(size > 0, "certificate to DER");
    Bytes der(octets, octets + size);
    OPENSSL_free(octets);
    return der;
}

Certificate certificate_from_pem(const std::string& pem) {
    return Certificate(from_pem(pem, PEM_read_bio_X509));
}
Key private_key_from_pem(const std::string& pem) {
    return Key(from_pem(pem, PEM_read_bio_PrivateKey));
}
Key public_key_from_pem(const std::string& pem) {
    return Key(from_pem(pem, PEM_read_bio_PUBKEY));
}

}  // namespace pushsim::pki
