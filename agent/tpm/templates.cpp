#include "agent/tpm/templates.hpp"

#include <algorithm>

#include "agent/tpm/marshal.hpp"

namespace pushsim::tpm {
namespace {

// TPM2_PolicySecret(TPM_RH_ENDORSEMENT): TCG EK Credential Profile, B.6.2 (PolicyA, SHA-256).
constexpr BYTE endorsement_policy[] = {0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
                                       0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
                                       0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};
constexpr TPMA_OBJECT ek_attributes = 0x000300B2;
constexpr TPMA_OBJECT ak_attributes = 0x00050072;

TPMT_PUBLIC rsa_2048(TPMA_OBJECT attributes) {
    TPMT_PUBLIC area{};
    area.type = TPM2_ALG_RSA;
    area.nameAlg = TPM2_ALG_SHA256;
    area.objectAttributes = attributes;
    area.parameters.rsaDetail.keyBits = 2048;
    area.parameters.rsaDetail.exponent = 0;
    return area;
}

}  // namespace

Bytes ek_template() {
    TPMT_PUBLIC area = rsa_2048(ek_attributes);
    area.authPolicy.size = sizeof(endorsement_policy);
    std::ranges::copy(endorsement_policy, area.authPolicy.buffer);
    TPMS_RSA_PARMS& rsa = area.parameters.rsaDetail;
    rsa.symmetric.algorithm = TPM2_ALG_AES;
    rsa.symmetric.keyBits.aes = 128;
    rsa.symmetric.mode.aes = TPM2_ALG_CFB;
    rsa.scheme.scheme = TPM2_ALG_NULL;
    area.unique.rsa.size = 256;
    return marshal(area, Tss2_MU_TPMT_PUBLIC_Marshal);
}

Bytes ak_template() {
    TPMT_PUBLIC area = rsa_2048(ak_attributes);
    TPMS_RSA_PARMS& rsa = area.parameters.rsaDetail;
    rsa.symmetric.algorithm = TPM2_ALG_NULL;
    rsa.scheme.scheme = TPM2_ALG_RSASSA;
    rsa.scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
    return marshal(area, Tss2_MU_TPMT_PUBLIC_Marshal);
}

}  // namespace pushsim::tpm
