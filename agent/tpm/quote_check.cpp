#include "agent/tpm/quote_check.hpp"

#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <tss2/tss2_mu.h>

#include "agent/tpm/attest.hpp"
#include "agent/tpm/hash_algorithm.hpp"
#include "agent/tpm/marshal.hpp"
#include "agent/tpm/public_key_pem.hpp"

namespace pushsim::tpm {
namespace {

struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

bool is_signed(ByteView message, const TPMS_SIGNATURE_RSASSA& signature, const std::string& key_pem) {
    const std::unique_ptr<BIO, Free> text(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
    const std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr));
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    return key && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), signature.sig.buffer, signature.sig.size, message.data(),
                            message.size()) == 1;
}

}  // namespace

Result<TPMS_ATTEST> parse_attest(ByteView message) {
    return unmarshal("TPMS_ATTEST", message, Tss2_MU_TPMS_ATTEST_Unmarshal);
}

bool covers(const TPMS_ATTEST& message, HashAlgorithm signature_hash, const PcrValues& pcrs) {
    Bytes concatenated;
    for (const auto& [pcr, value] : pcrs)
        concatenated.insert(concatenated.end(), value.begin(), value.end());
    const TPM2B_DIGEST& quoted = message.attested.quote.pcrDigest;
    return hash(signature_hash, concatenated) == octets_of(quoted.size, quoted.buffer);
}

Result<void> check_quote(const Quote& quote, ByteView challenge, ByteView ak_public) {
    const auto wrong = [](const char* what) {
        return fail(ErrorKind::Tpm, std::string("the quote ") + what);
    };
    const auto message = parse_attest(quote.message);
    if (!message) return fail(message.error());
    const auto signature = unmarshal("TPMT_SIGNATURE", quote.signature, Tss2_MU_TPMT_SIGNATURE_Unmarshal);
    if (!signature) return fail(signature.error());
    if (signature->sigAlg != TPM2_ALG_RSASSA || signature->signature.rsassa.hash != TPM2_ALG_SHA256)
        return wrong("is not signed by RSASSA with SHA-256");
    if (!is_signed(quote.message, signature->signature.rsassa, public_key_pem(ak_public)))
        return wrong("is not signed by that key");
    if (message->magic != TPM2_GENERATED_VALUE || message->type != TPM2_ST_ATTEST_QUOTE)
        return wrong("is none that a TPM made");
    const TPM2B_DATA& extra = message->extraData;
    if (octets_of(extra.size, extra.buffer) != Bytes(challenge.begin(), challenge.end()))
        return wrong("is over another challenge");
    if (!covers(*message, HashAlgorithm::Sha256, quote.pcrs)) return wrong("is over other PCR values");
    return {};
}

}  // namespace pushsim::tpm
