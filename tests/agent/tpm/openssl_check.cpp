#include "tests/agent/tpm/openssl_check.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

namespace pushsim::tpm::check {
namespace {

constexpr std::uint16_t rsa = 0x0001;
constexpr std::uint16_t sha256 = 0x000B;
constexpr std::uint16_t null_algorithm = 0x0010;
constexpr std::uint16_t rsassa = 0x0014;

class Reader {
  public:
    explicit Reader(ByteView data) : data_(data) {}

    std::uint64_t number(std::size_t octets) {
        std::uint64_t value = 0;
        for (const std::uint8_t octet : take(octets))
            value = value << 8 | octet;
        return value;
    }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    Bytes sized() {
        const ByteView octets = take(u16());
        return {octets.begin(), octets.end()};
    }
    ByteView take(std::size_t size) {
        if (size > data_.size() - at_) throw std::runtime_error("the structure ends too early");
        at_ += size;
        return data_.subspan(at_ - size, size);
    }
    void end() const {
        if (at_ != data_.size()) throw std::runtime_error("octets follow the structure");
    }

  private:
    ByteView data_;
    std::size_t at_ = 0;
};

void must(bool condition, const char* what) {
    if (!condition) throw std::runtime_error(what);
}

struct Free {
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
    void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
    void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
    void operator()(BIGNUM* p) const { BN_free(p); }
    void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
    void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

Owned<EVP_PKEY> key_of(const RsaPublic& area) {
    Owned<BIGNUM> n(BN_bin2bn(area.modulus.data(), static_cast<int>(area.modulus.size()), nullptr));
    Owned<BIGNUM> e(BN_new());
    BN_set_word(e.get(), area.exponent == 0 ? 65537 : area.exponent);
    Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* key = nullptr;
    must(EVP_PKEY_fromdata_init(context.get()) == 1 &&
             EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1,
         "not an RSA key");
    return Owned<EVP_PKEY>(key);
}

void append(Bytes& to, ByteView octets) {
    to.insert(to.end(), octets.begin(), octets.end());
}
void append_u16(Bytes& to, std::size_t value) {
    to.push_back(static_cast<std::uint8_t>(value >> 8));
    to.push_back(static_cast<std::uint8_t>(value));
}
void append_u32(Bytes& to, std::size_t value) {
    append_u16(to, value >> 16);
    append_u16(to, value & 0xFFFF);
}

Bytes hmac(ByteView key, ByteView data) {
    Bytes out(32);
    unsigned int size = 0;
    must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(), out.data(),
              &size) != nullptr,
         "HMAC");
    return out;
}

/// KDFa with SHA-256, one block (TCG TPM 2.0 Part 1, 11.4.9.2).
Bytes kdfa(ByteView key, std::string_view label, ByteView context, std::size_t bits) {
    Bytes input;
    append_u32(input, 1);
    append(input, as_bytes(label));
    input.push_back(0);
    append(input, context);
    append_u32(input, bits);
    Bytes out = hmac(key, input);
    out.resize(bits / 8);
    return out;
}

}  // namespace

RsaPublic parse_public(ByteView tpm2b_public) {
    Reader outer(tpm2b_public);
    const Bytes area = outer.sized();
    outer.end();
    Reader reader(area);
    RsaPublic key;
    must(reader.u16() == rsa, "not an RSA key");
    key.name_algorithm = reader.u16();
    key.attributes = reader.u32();
    key.policy = reader.sized();
    key.symmetric = reader.u16();
    if (key.symmetric != null_algorithm) {
        key.symmetric_bits = reader.u16();
        key.symmetric_mode = reader.u16();
    }
    key.scheme = reader.u16();
    if (key.scheme != null_algorithm) key.scheme_hash = reader.u16();
    key.key_bits = reader.u16();
    key.exponent = reader.u32();
    key.modulus = reader.sized();
    reader.end();
    return key;
}

Attest parse_attest(ByteView attest) {
    Reader reader(attest);
    Attest out;
    out.magic = reader.u32();
    out.type = reader.u16();
    out.qualified_signer = reader.sized();
    out.extra_data = reader.sized();
    out.clock = reader.number(8);
    out.reset_count = reader.u32();
    out.restart_count = reader.u32();
    out.safe = reader.number(1) != 0;
    reader.number(8);  // firmware version
    if (out.type == 0x8018) {
        must(reader.u32() == 1, "not one PCR selection");
        out.bank = reader.u16();
        const std::size_t octets = reader.number(1);
        for (std::size_t i = 0; i < octets; ++i) {
            const auto bits = reader.number(1);
            for (int bit = 0; bit < 8; ++bit)
                if ((bits >> bit & 1) != 0) out.pcrs.push_back(static_cast<int>(i) * 8 + bit);
        }
        out.pcr_digest = reader.sized();
    } else if (out.type == 0x8017) {
        out.name = reader.sized();
        out.qualified_name = reader.sized();
    } else {
        throw std::runtime_error("neither a quote nor a certification");
    }
    reader.end();
    return out;
}

bool verifies(ByteView tpm2b_public, ByteView message, ByteView tpmt_signature) {
    Reader reader(tpmt_signature);
    if (reader.u16() != rsassa || reader.u16() != sha256) return false;
    const Bytes signature = reader.sized();
    reader.end();
    const auto key = key_of(parse_public(tpm2b_public));
    const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                            message.size()) == 1;
}

Bytes key_name(ByteView tpm2b_public) {
    Bytes name = {0x00, 0x0B};
    append(name, digest(HashAlgorithm::Sha256, tpm2b_public.subspan(2)));
    return name;
}

Bytes digest(HashAlgorithm algorithm, ByteView data) {
    Bytes out(EVP_MAX_MD_SIZE);
    unsigned int size = 0;
    must(EVP_Digest(data.data(), data.size(), out.data(), &size,
                    EVP_get_digestbyname(std::string(to_string(algorithm)).c_str()), nullptr) == 1,
         "EVP_Digest");
    out.resize(size);
    return out;
}

Bytes digest_of(const PcrValues& pcrs) {
    Bytes all;
    for (const auto& [pcr, value] : pcrs)
        append(all, value);
    return digest(HashAlgorithm::Sha256, all);
}

Credential make_credential(ByteView ek_public, ByteView ak_name, ByteView secret) {
    Bytes seed(32);
    must(RAND_bytes(seed.data(), static_cast<int>(seed.size())) == 1, "RAND_bytes");

    const auto key = key_of(parse_public(ek_public));
    const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key.get(), nullptr));
    constexpr char label_text[] = "IDENTITY";  // its terminating zero belongs to it
    void* label = OPENSSL_memdup(label_text, sizeof(label_text));
    Credential credential;
    credential.encrypted_secret.resize(256);
    std::size_t size = credential.encrypted_secret.size();
    must(EVP_PKEY_encrypt_init(context.get()) == 1 &&
             EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()) == 1 &&
             EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label, sizeof(label_text)) == 1 &&
             EVP_PKEY_encrypt(context.get(), credential.encrypted_secret.data(), &size, seed.data(),
                              seed.size()) == 1,
         "OAEP");

    Bytes plain;
    append_u16(plain, secret.size());
    append(plain, secret);
    const Bytes symmetric_key = kdfa(seed, "STORAGE", ak_name, 128);
    const Bytes zero_iv(16, 0);
    Bytes encrypted(plain.size());
    int written = 0;
    const Owned<EVP_CIPHER_CTX> cipher(EVP_CIPHER_CTX_new());
    must(EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_cfb128(), nullptr, symmetric_key.data(),
                            zero_iv.data()) == 1 &&
             EVP_EncryptUpdate(cipher.get(), encrypted.data(), &written, plain.data(),
                               static_cast<int>(plain.size())) == 1,
         "AES-CFB");

    Bytes protected_data = encrypted;
    append(protected_data, ak_name);
    const Bytes integrity = hmac(kdfa(seed, "INTEGRITY", {}, 256), protected_data);
    append_u16(credential.id_object, integrity.size());
    append(credential.id_object, integrity);
    append(credential.id_object, encrypted);
    return credential;
}

}  // namespace pushsim::tpm::check
