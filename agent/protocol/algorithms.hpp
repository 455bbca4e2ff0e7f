#pragma once
// Hash algorithms by TPM_ALG_ID, for the binary formats of this folder.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pushsim::protocol {

struct HashInfo {
    std::string_view name;  ///< Keylime's and OpenSSL's
    std::size_t size;       ///< octets of a digest
};

/// TCG TPM 2.0 Part 2, 6.3; null for what is no hash we know.
inline const HashInfo* hash_info(std::uint16_t algorithm) {
    static constexpr HashInfo sha1{"sha1", 20}, sha256{"sha256", 32}, sha384{"sha384", 48},
        sha512{"sha512", 64};
    switch (algorithm) {
        case 0x0004:
            return &sha1;
        case 0x000B:
            return &sha256;
        case 0x000C:
            return &sha384;
        case 0x000D:
            return &sha512;
        default:
            return nullptr;
    }
}

}  // namespace pushsim::protocol
