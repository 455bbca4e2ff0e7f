#pragma once
// The hash algorithms of PCR banks and key names: the one table of their numbers, names and sizes.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/base/bytes.hpp"

namespace pushsim::tpm {

/// TPM_ALG_ID (TCG TPM 2.0 Part 2, 6.3).
enum class HashAlgorithm : std::uint16_t { Sha1 = 0x0004, Sha256 = 0x000B, Sha384 = 0x000C, Sha512 = 0x000D };

/// All of them, by their numbers.
inline constexpr std::array hash_algorithms{HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384,
                                            HashAlgorithm::Sha512};

/// Keylime's names: sha1, sha256, sha384, sha512.
std::string_view to_string(HashAlgorithm algorithm);

/// By Keylime's name or by TPM_ALG_ID; none for what is not in the table.
std::optional<HashAlgorithm> hash_algorithm_from(std::string_view name);
std::optional<HashAlgorithm> hash_algorithm_from(std::uint16_t id);

/// Octets.
std::size_t digest_size(HashAlgorithm algorithm);

/// digest_size() octets. Throws std::runtime_error where libcrypto does not offer the algorithm.
Bytes hash(HashAlgorithm algorithm, ByteView data);

}  // namespace pushsim::tpm
