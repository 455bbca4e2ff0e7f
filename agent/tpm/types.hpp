#pragma once
// What a TPM tells and proves, as plain values without any TSS header.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/tpm/hash_algorithm.hpp"

namespace pushsim::tpm {

/// PCR number -> digest.
using PcrValues = std::map<int, Bytes>;

/// Of the EK and the AK, which are of the same family, as the Keylime Rust agent's.
enum class KeyAlgorithm { Rsa2048, EccP256 };

/// TPM_ALG_ID (TCG TPM 2.0 Part 2, 6.3).
enum class SignatureScheme : std::uint16_t { Rsassa = 0x0014, Rsapss = 0x0016, Ecdsa = 0x0018 };

/// How an AK signs. A TPM refuses a scheme that is not for the key.
struct AkAlgorithms {
    KeyAlgorithm key = KeyAlgorithm::Rsa2048;
    SignatureScheme scheme = SignatureScheme::Rsassa;
    HashAlgorithm hash = HashAlgorithm::Sha256;  ///< of what it signs, and of its name
};

/// What an agent offers of its TPM when it registers and negotiates.
struct Description {
    Bytes ek_public;                             ///< marshalled TPM2B_PUBLIC
    Bytes ak_public;                             ///< marshalled TPM2B_PUBLIC
    std::string ek_certificate;                  ///< PEM, leaf first, then its CAs; empty when NV holds none
    std::vector<std::string> hash_algorithms;    ///< those with a non-empty PCR bank, Keylime's names
    std::vector<std::string> signature_schemes;  ///< Keylime's names, sorted
    std::map<std::string, std::vector<int>> available_pcrs;  ///< bank -> PCR numbers
};

/// TPM2_Certify of the AK by itself: proof of possession.
struct Certification {
    Bytes message;    ///< marshalled TPMS_ATTEST
    Bytes signature;  ///< marshalled TPMT_SIGNATURE
};

/// TPMS_CLOCK_INFO (TCG TPM 2.0 Part 2, 10.11.1).
struct ClockInfo {
    std::uint64_t clock = 0;  ///< milliseconds that the TPM has run, over all its power cycles
    std::uint32_t reset_count = 0;
    std::uint32_t restart_count = 0;
    bool safe = false;  ///< no higher clock was ever told

    bool operator==(const ClockInfo&) const = default;
};

/// TPM2_Quote, with the values of the PCRs it covers, which were read so that they match its digest.
struct Quote {
    Bytes message;    ///< marshalled TPMS_ATTEST
    Bytes signature;  ///< marshalled TPMT_SIGNATURE
    HashAlgorithm bank = HashAlgorithm::Sha256;
    PcrValues pcrs;
    ClockInfo clock = {};  ///< as it stands in the message
};

}  // namespace pushsim::tpm
