#include "agent/tpm/ek_certificate.hpp"

namespace pushsim::tpm {
namespace {

constexpr Handle first_ca_index = 0x01c00100;
constexpr Handle last_ca_index = 0x01c001ff;

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

/// The contents of the CAs' indices one after the other: a certificate may go over from one to the next.
Result<Bytes> read_cas(Commands& commands) {
    auto indices = commands.handles(first_ca_index);
    if (!indices) return fail(indices.error());
    Bytes cas;
    for (const Handle index : *indices) {
        if (index > last_ca_index) break;
        const auto contents = commands.nv_read(index);
        if (!contents) return fail(contents.error());
        if (contents->has_value()) cas.insert(cas.end(), (*contents)->begin(), (*contents)->end());
    }
    return cas;
}

}  // namespace

Result<std::string> read_ek_certificate(Commands& commands, KeyAlgorithm ek) {
    const auto contents =
        commands.nv_read(ek == KeyAlgorithm::Rsa2048 ? ek_certificate_index : ecc_ek_certificate_index);
    if (!contents) return fail(contents.error().in("EK certificate"));
    if (!contents->has_value()) return std::string();
    const auto cas = read_cas(commands);
    if (!cas) return fail(cas.error().in("CAs of the EK certificate"));

    const ByteView leaf = **contents;
    const std::size_t size = der_size(leaf);
    std::string chain;
    for (ByteView rest = *cas; der_size(rest) > 0; rest = rest.subspan(der_size(rest)))
        chain = pem(rest.first(der_size(rest))) + chain;
    return pem(size > 0 ? leaf.first(size) : leaf) + chain;
}

}  // namespace pushsim::tpm
