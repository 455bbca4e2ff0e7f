#include "agent/tpm/ek_certificate.hpp"

#include <algorithm>

namespace pushsim::tpm {
namespace {

constexpr Handle nv_index = 0x01c00002;

/// Octets of the outermost DER element, which in NV may be followed by padding; 0 where there is none.
std::size_t der_size(ByteView data) {
    constexpr std::uint8_t sequence = 0x30;
    if (data.size() < 2 || data[0] != sequence) return 0;
    std::size_t header = 2;
    std::size_t length = data[1];
    if (length >= 0x80) {
        const std::size_t octets = length & 0x7F;
        if (octets == 0 || octets > 3 || data.size() < 2 + octets) return 0;
        length = 0;
        for (std::size_t i = 0; i < octets; ++i)
            length = length << 8 | data[2 + i];
        header += octets;
    }
    return header + length <= data.size() ? header + length : 0;
}

std::string pem(ByteView der) {
    const std::string text = to_base64(der);
    std::string out = "-----BEGIN CERTIFICATE-----\n";
    for (std::size_t at = 0; at < text.size(); at += 64)
        out += text.substr(at, 64) + "\n";
    return out + "-----END CERTIFICATE-----\n";
}

}  // namespace

Result<std::string> read_ek_certificate(Commands& commands) {
    const auto contents = commands.nv_read(nv_index);
    if (!contents) return fail(contents.error().in("EK certificate"));
    if (!contents->has_value()) return std::string();
    const ByteView octets = **contents;
    const std::size_t size = der_size(octets);
    if (size == 0) return fail(ErrorKind::Tpm, "EK certificate: NV index 0x1c00002 holds no DER certificate");
    return pem(octets.first(size));
}

}  // namespace pushsim::tpm
