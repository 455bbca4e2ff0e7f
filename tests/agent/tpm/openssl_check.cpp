#include "tests/agent/tpm/openssl_check.hpp"

#include <memory>
#include <stdexcept>
#include <tuple>
#include <utility>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

namespace pushsim::tpm::check {
namespace {

constexpr std::uint16_t rsa = 0x0001;
constexpr std::uint16_t null_algorithm = 0x0010;
constexpr std::uint16_t rsapss = 0x0016;
constexpr std::uint16_t ecdsa = 0x0018;
constexpr std::uint16_t ecc = 0x0023;
constexpr std::uint16_t nist_p256 = 0x0003;
constexpr std::size_t coordinate_size = 32;

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
    void operator()(ECDSA_SIG* p) const { ECDSA_SIG_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

Owned<EVP_PKEY> key_of(const char* type, OSSL_PARAM_BLD* builder) {
    Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
    Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    must(EVP_PKEY_fromdata_init(context.get()) == 1 &&
             EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1,
         "not such a key");
    return Owned<EVP_PKEY>(key);
}

Owned<EVP_PKEY> ecc_key_of(ByteView x, ByteView y) {
    must(x.size() == coordinate_size && y.size() == coordinate_size, "coordinates of another size");
    Bytes point = {0x04};
    point.insert(point.end(), x.begin(), x.end());
    point.insert(point.end(), y.begin(), y.end());
    Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    return key_of("EC", builder.get());
}

Owned<EVP_PKEY> key_of(const Public& area) {
    if (area.type == ecc) return ecc_key_of(area.x, area.y);
    Owned<BIGNUM> n(BN_bin2bn(area.modulus.data(), static_cast<int>(area.modulus.size()), nullptr));
    Owned<BIGNUM> e(BN_new());
    BN_set_word(e.get(), area.exponent == 0 ? 65537 : area.exponent);
    Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    return key_of("RSA", builder.get());
}

const EVP_MD* md_of(std::uint16_t hash) {
    const auto algorithm = hash_algorithm_from(hash);
    must(algorithm.has_value(), "not a hash algorithm");
    return EVP_get_digestbyname(std::string(to_string(*algorithm)).c_str());
}

/// r and s as OpenSSL takes them.
Bytes der_of(ByteView r, ByteView s) {
    const Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
    ECDSA_SIG_set0(signature.get(), BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr),
                   BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
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

/// Seed and what the TPM is given of it: OAEP (TCG TPM 2.0 Part 1, B.10.4).
std::pair<Bytes, Bytes> rsa_seed(const Public& ek) {
    Bytes seed(32);
    must(RAND_bytes(seed.data(), static_cast<int>(seed.size())) == 1, "RAND_bytes");
    const auto key = key_of(ek);
    const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key.get(), nullptr));
    constexpr char label_text[] = "IDENTITY";  // its terminating zero belongs to it
    void* label = OPENSSL_memdup(label_text, sizeof(label_text));
    Bytes encrypted(256);
    std::size_t size = encrypted.size();
    must(EVP_PKEY_encrypt_init(context.get()) == 1 &&
             EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()) == 1 &&
             EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label, sizeof(label_text)) == 1 &&
             EVP_PKEY_encrypt(context.get(), encrypted.data(), &size, seed.data(), seed.size()) == 1,
         "OAEP");
    return {seed, encrypted};
}

/// The same for an ECC key: KDFe of a point of one time, one block (TCG TPM 2.0 Part 1, C.6.1 and 11.4.9.3).
std::pair<Bytes, Bytes> ecc_seed(const Public& ek) {
    const Owned<EVP_PKEY> once(EVP_EC_gen("P-256"));
    Bytes point(1 + 2 * coordinate_size);
    std::size_t size = point.size();
    must(EVP_PKEY_get_octet_string_param(once.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), size, &size) == 1,
         "not a point");
    const ByteView x = ByteView(point).subspan(1, coordinate_size);
    const ByteView y = ByteView(point).last(coordinate_size);
    const auto key = key_of(ek);
    const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(once.get(), nullptr));
    Bytes shared(coordinate_size);
    size = shared.size();
    must(EVP_PKEY_derive_init(context.get()) == 1 &&
             EVP_PKEY_derive_set_peer(context.get(), key.get()) == 1 &&
             EVP_PKEY_derive(context.get(), shared.data(), &size) == 1,
         "ECDH");
    Bytes input;
    append_u32(input, 1);
    append(input, shared);
    append(input, as_bytes(std::string_view("IDENTITY")));
    input.push_back(0);
    append(input, x);
    append(input, ek.x);
    Bytes encrypted;
    for (const ByteView coordinate : {x, y}) {
        append_u16(encrypted, coordinate.size());
        append(encrypted, coordinate);
    }
    return {digest(HashAlgorithm::Sha256, input), encrypted};
}

}  // namespace

Public parse_public(ByteView tpm2b_public) {
    Reader outer(tpm2b_public);
    const Bytes area = outer.sized();
    outer.end();
    Reader reader(area);
    Public key;
    key.type = reader.u16();
    must(key.type == rsa || key.type == ecc, "neither an RSA nor an ECC key");
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
    if (key.type == rsa) {
        key.key_bits = reader.u16();
        key.exponent = reader.u32();
        key.modulus = reader.sized();
    } else {
        key.curve = reader.u16();
        must(key.curve == nist_p256 && reader.u16() == null_algorithm, "not a key of P-256 without a KDF");
        key.x = reader.sized();
        key.y = reader.sized();
    }
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
    const Public area = parse_public(tpm2b_public);
    const std::uint16_t scheme = reader.u16();
    const std::uint16_t hash = reader.u16();
    if (scheme != area.scheme || hash != area.scheme_hash) return false;
    Bytes signature = reader.sized();
    if (scheme == ecdsa) signature = der_of(signature, reader.sized());
    reader.end();
    const auto key = key_of(area);
    const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    must(EVP_DigestVerifyInit(context.get(), &options, md_of(hash), nullptr, key.get()) == 1,
         "not a key to verify");
    if (scheme == rsapss)
        must(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1,
             "PSS");
    return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                            message.size()) == 1;
}

Bytes key_name(ByteView tpm2b_public) {
    const std::uint16_t algorithm = parse_public(tpm2b_public).name_algorithm;
    Bytes name;
    append_u16(name, algorithm);
    append(name, digest(hash_algorithm_from(algorithm).value(), tpm2b_public.subspan(2)));
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

Bytes digest_of(const PcrValues& pcrs, HashAlgorithm algorithm) {
    Bytes all;
    for (const auto& [pcr, value] : pcrs)
        append(all, value);
    return digest(algorithm, all);
}

Credential make_credential(ByteView ek_public, ByteView ak_name, ByteView secret) {
    const Public ek = parse_public(ek_public);
    Credential credential;
    Bytes seed;
    std::tie(seed, credential.encrypted_secret) = ek.type == ecc ? ecc_seed(ek) : rsa_seed(ek);

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
