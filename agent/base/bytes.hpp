#pragma once
// Octets and their text forms.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace pushsim {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The octets of a text, without conversion.
inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Lower-case hexadecimal, two digits an octet, no prefix.
std::string to_hex(ByteView data);

/// Upper or lower case digits, an even number of them; anything else is ErrorKind::Parse.
Result<Bytes> from_hex(std::string_view text);

/// Base64 with padding (RFC 4648, section 4).
std::string to_base64(ByteView data);

/// Strict: canonical alphabet, padding and trailing bits, no white space; anything else is ErrorKind::Parse.
Result<Bytes> from_base64(std::string_view text);

}  // namespace pushsim
