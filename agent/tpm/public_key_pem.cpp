#include "agent/tpm/public_key_pem.hpp"

#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "agent/base/owned.hpp"

namespace pushsim::tpm {
namespace {

constexpr std::size_t kRsa2048ModulusBytes = 256;
constexpr unsigned long kDefaultExponent = 65537;

}  // namespace

ByteView modulus_of(ByteView rsa2048_public) {
    if (rsa2048_public.size() < kRsa2048ModulusBytes)
        throw std::invalid_argument("public_key_pem: no RSA-2048 public area");
    return rsa2048_public.last(kRsa2048ModulusBytes);
}

std::string public_key_pem(ByteView rsa2048_public) {
    const ByteView modulus = modulus_of(rsa2048_public);
    const Owned<BIGNUM, BN_free> n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
    const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_ulong(builder.get(), OSSL_PKEY_PARAM_RSA_E, kDefaultExponent);
    const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* made = nullptr;
    EVP_PKEY_fromdata_init(context.get());
    EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get());
    const Owned<EVP_PKEY, EVP_PKEY_free> key(made);
    const Owned<BIO, BIO_free> text(BIO_new(BIO_s_mem()));
    if (!key || PEM_write_bio_PUBKEY(text.get(), key.get()) != 1) {
        throw std::runtime_error("public_key_pem: OpenSSL could not write the key as PEM");
    }
    char* pem = nullptr;
    const long size = BIO_get_mem_data(text.get(), &pem);
    return {pem, static_cast<std::size_t>(size)};
}

}  // namespace pushsim::tpm
