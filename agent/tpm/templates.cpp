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

TPMT_PUBLIC area_of(KeyAlgorithm key, HashAlgorithm name, TPMA_OBJECT attributes) {
    TPMT_PUBLIC area{};
    area.type = key == KeyAlgorithm::Rsa2048 ? TPM2_ALG_RSA : TPM2_ALG_ECC;
    area.nameAlg = static_cast<TPMI_ALG_HASH>(name);
    area.objectAttributes = attributes;
    if (key == KeyAlgorithm::Rsa2048) {
        area.parameters.rsaDetail.keyBits = 2048;
        area.parameters.rsaDetail.exponent = 0;
    } else {
        area.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
        area.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    }
    return area;
}

TPMT_SYM_DEF_OBJECT aes_128_cfb() {
    TPMT_SYM_DEF_OBJECT aes{};
    aes.algorithm = TPM2_ALG_AES;
    aes.keyBits.aes = 128;
    aes.mode.aes = TPM2_ALG_CFB;
    return aes;
}

}  // namespace

Bytes ek_template(KeyAlgorithm algorithm) {
    TPMT_PUBLIC area = area_of(algorithm, HashAlgorithm::Sha256, ek_attributes);
    area.authPolicy.size = sizeof(endorsement_policy);
    std::ranges::copy(endorsement_policy, area.authPolicy.buffer);
    if (algorithm == KeyAlgorithm::Rsa2048) {
        area.parameters.rsaDetail.symmetric = aes_128_cfb();
        area.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
        area.unique.rsa.size = 256;
    } else {
        area.parameters.eccDetail.symmetric = aes_128_cfb();
        area.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
        area.unique.ecc.x.size = 32;
        area.unique.ecc.y.size = 32;
    }
    return marshal(area, Tss2_MU_TPMT_PUBLIC_Marshal);
}

Bytes ak_template(const AkAlgorithms& algorithms) {
    TPMT_PUBLIC area = area_of(algorithms.key, algorithms.hash, ak_attributes);
    const auto scheme = static_cast<TPM2_ALG_ID>(algorithms.scheme);
    const auto hash = static_cast<TPMI_ALG_HASH>(algorithms.hash);
    if (algorithms.key == KeyAlgorithm::Rsa2048) {
        TPMS_RSA_PARMS& rsa = area.parameters.rsaDetail;
        rsa.symmetric.algorithm = TPM2_ALG_NULL;
        rsa.scheme.scheme = scheme;
        rsa.scheme.details.anySig.hashAlg = hash;
    } else {
        TPMS_ECC_PARMS& ecc = area.parameters.eccDetail;
        ecc.symmetric.algorithm = TPM2_ALG_NULL;
        ecc.scheme.scheme = scheme;
        ecc.scheme.details.anySig.hashAlg = hash;
    }
    return marshal(area, Tss2_MU_TPMT_PUBLIC_Marshal);
}

}  // namespace pushsim::tpm
