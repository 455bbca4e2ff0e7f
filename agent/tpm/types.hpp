#pragma once
// What a TPM tells and proves, as plain values without any TSS header.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/bytes.hpp"

namespace pushsim::tpm {

/// TPM_ALG_ID of the hash algorithms that PCR banks use (TCG TPM 2.0 Part 2, 6.3).
enum class HashAlgorithm : std::uint16_t { Sha1 = 0x0004, Sha256 = 0x000B, Sha384 = 0x000C, Sha512 = 0x000D };

/// Keylime's names: sha1, sha256, sha384, sha512.
std::string_view to_string(HashAlgorithm algorithm);
std::optional<HashAlgorithm> hash_algorithm_from(std::string_view name);
std::size_t digest_size(HashAlgorithm algorithm);

/// PCR number -> digest.
using PcrValues = std::map<int, Bytes>;

/// What an agent offers of its TPM when it registers and negotiates.
struct Description {
    Bytes ek_public;                             ///< marshalled TPM2B_PUBLIC
    Bytes ak_public;                             ///< marshalled TPM2B_PUBLIC
    Bytes ak_name;                               ///< nameAlg ‖ digest
    std::string ek_certificate;                  ///< PEM, empty when NV holds none
    std::vector<std::string> hash_algorithms;    ///< those with a non-empty PCR bank, Keylime's names
    std::vector<std::string> signature_schemes;  ///< Keylime's names, sorted
    std::map<std::string, std::vector<int>> available_pcrs;  ///< bank -> PCR numbers
};

/// TPM2_Certify of the AK by itself: proof of possession.
struct Certification {
    Bytes message;    ///< marshalled TPMS_ATTEST
    Bytes signature;  ///< marshalled TPMT_SIGNATURE
};

/// TPM2_Quote, with the values of the PCRs it covers, which were read so that they match its digest.
struct Quote {
    Bytes message;    ///< marshalled TPMS_ATTEST
    Bytes signature;  ///< marshalled TPMT_SIGNATURE
    HashAlgorithm bank = HashAlgorithm::Sha256;
    PcrValues pcrs;
};

}  // namespace pushsim::tpm
