#pragma once
// What a registrar and a verifier do with a TPM's answers, in OpenSSL alone: neither libtpms nor tpm2-tss.

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::tpm::check {

/// TPMT_PUBLIC of an RSA or ECC key, from a marshalled TPM2B_PUBLIC. The parsers throw std::runtime_error.
struct Public {
    std::uint16_t type = 0;
    std::uint16_t name_algorithm = 0;
    std::uint32_t attributes = 0;
    Bytes policy;
    std::uint16_t symmetric = 0;
    std::uint16_t symmetric_bits = 0;
    std::uint16_t symmetric_mode = 0;
    std::uint16_t scheme = 0;
    std::uint16_t scheme_hash = 0;
    // RSA
    std::uint16_t key_bits = 0;
    std::uint32_t exponent = 0;
    Bytes modulus;
    // ECC
    std::uint16_t curve = 0;
    Bytes x;
    Bytes y;
};
Public parse_public(ByteView tpm2b_public);

/// TPMS_ATTEST of a quote or a certification.
struct Attest {
    std::uint32_t magic = 0;
    std::uint16_t type = 0;
    Bytes qualified_signer;
    Bytes extra_data;
    std::uint64_t clock = 0;
    std::uint32_t reset_count = 0;
    std::uint32_t restart_count = 0;
    bool safe = false;
    // quote
    std::uint16_t bank = 0;
    std::vector<int> pcrs;
    Bytes pcr_digest;
    // certification
    Bytes name;
    Bytes qualified_name;
};
Attest parse_attest(ByteView attest);

/// A signature of the message by the key of a TPM2B_PUBLIC, with the scheme and the hash of that key.
bool verifies(ByteView tpm2b_public, ByteView message, ByteView tpmt_signature);

/// nameAlg ‖ H(TPMT_PUBLIC).
Bytes key_name(ByteView tpm2b_public);

Bytes digest(HashAlgorithm algorithm, ByteView data);

/// Digest over the values in ascending order, as a quote has it that is signed with that hash.
Bytes digest_of(const PcrValues& pcrs, HashAlgorithm algorithm = HashAlgorithm::Sha256);

struct Credential {
    Bytes id_object;         ///< without its TPM2B size
    Bytes encrypted_secret;  ///< without its TPM2B size
};
/// TPM2_MakeCredential as the Keylime registrar does it: for an EK with SHA-256 and AES-128-CFB.
Credential make_credential(ByteView ek_public, ByteView ak_name, ByteView secret);

}  // namespace pushsim::tpm::check
