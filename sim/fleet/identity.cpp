#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "sim/fleet/play.hpp"

namespace pushsim::fleet {
namespace {

template <auto Free>
struct Freed {
    template <typename T>
    void operator()(T* thing) const {
        Free(thing);
    }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

constexpr std::size_t kRsa2048ModulusBytes = 256;
constexpr unsigned long kDefaultExponent = 65537;

}  // namespace

std::string own_address(int overall) {
    constexpr int per_octet = 254;  // without 0 and 255
    const int low = overall % per_octet + 1;
    const int middle = overall / per_octet % per_octet;
    return fmt::format("127.{}.{}.{}", 64 + overall / per_octet / per_octet, middle, low);
}

std::string hash_ek(ByteView ek_public) {
    if (ek_public.size() < kRsa2048ModulusBytes)
        throw std::invalid_argument("hash_ek: no RSA-2048 public area");
    const ByteView modulus = ek_public.last(kRsa2048ModulusBytes);
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
        throw std::runtime_error("hash_ek: OpenSSL could not write the EK as PEM");
    }
    char* pem = nullptr;
    const long size = BIO_get_mem_data(text.get(), &pem);
    Bytes digest(32);
    EVP_Digest(pem, static_cast<std::size_t>(size), digest.data(), nullptr, EVP_sha256(), nullptr);
    return to_hex(digest);
}

}  // namespace pushsim::fleet
