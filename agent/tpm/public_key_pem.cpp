#include "agent/tpm/public_key_pem.hpp"

#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "agent/base/owned.hpp"
#include "agent/tpm/marshal.hpp"

namespace pushsim::tpm {
namespace {

constexpr std::size_t kRsa2048ModulusBytes = 256;
constexpr unsigned long kDefaultExponent = 65537;
constexpr std::size_t kCoordinateBytes = 32;  // P-256

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Parameters = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;

Key key_of(const char* type, const Parameters& builder) {
    const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* made = nullptr;
    EVP_PKEY_fromdata_init(context.get());
    EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get());
    return Key(made);
}

Key rsa_key(ByteView modulus) {
    const Owned<BIGNUM, BN_free> n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
    const Parameters builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_ulong(builder.get(), OSSL_PKEY_PARAM_RSA_E, kDefaultExponent);
    return key_of("RSA", builder);
}

bool is_ecc(ByteView tpm2b_public) {
    return tpm2b_public.size() >= 4 && (tpm2b_public[2] << 8 | tpm2b_public[3]) == TPM2_ALG_ECC;
}

Key ecc_key(ByteView tpm2b_public) {
    const auto area = unmarshal("TPM2B_PUBLIC", tpm2b_public, Tss2_MU_TPM2B_PUBLIC_Unmarshal);
    if (!area) throw std::invalid_argument("public_key_pem: " + area.error().message);
    if (area->publicArea.parameters.eccDetail.curveID != TPM2_ECC_NIST_P256)
        throw std::invalid_argument("public_key_pem: no key of the curve P-256");
    constexpr std::uint8_t uncompressed = 0x04;
    Bytes point{uncompressed};
    for (const TPM2B_ECC_PARAMETER& coordinate :
         {area->publicArea.unique.ecc.x, area->publicArea.unique.ecc.y}) {
        const Bytes octets = octets_of(coordinate.size, coordinate.buffer);
        if (octets.size() > kCoordinateBytes)
            throw std::invalid_argument("public_key_pem: no point of the curve P-256");
        point.insert(point.end(), kCoordinateBytes - octets.size(), 0);
        point.insert(point.end(), octets.begin(), octets.end());
    }
    const Parameters builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1, 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    return key_of("EC", builder);
}

}  // namespace

ByteView modulus_of(ByteView rsa2048_public) {
    if (rsa2048_public.size() < kRsa2048ModulusBytes)
        throw std::invalid_argument("public_key_pem: no RSA-2048 public area");
    return rsa2048_public.last(kRsa2048ModulusBytes);
}

std::string public_key_pem(ByteView tpm2b_public) {
    const Key key = is_ecc(tpm2b_public) ? ecc_key(tpm2b_public) : rsa_key(modulus_of(tpm2b_public));
    const Owned<BIO, BIO_free> text(BIO_new(BIO_s_mem()));
    if (!key || PEM_write_bio_PUBKEY(text.get(), key.get()) != 1) {
        throw std::runtime_error("public_key_pem: OpenSSL could not write the key as PEM");
    }
    char* pem = nullptr;
    const long size = BIO_get_mem_data(text.get(), &pem);
    return {pem, static_cast<std::size_t>(size)};
}

}  // namespace pushsim::tpm
