#include "agent/protocol/credential.hpp"

#include <array>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace pushsim::protocol {
namespace {

constexpr std::array<std::uint8_t, 8> kHead = {0xBA, 0xDC, 0xC0, 0xDE, 0, 0, 0, 1};

/// The part behind a 16-bit size, big-endian; `rest` moves behind it.
Result<Bytes> sized_part(ByteView& rest, std::string_view name) {
    if (rest.size() < 2) {
        return fail(ErrorKind::Parse, fmt::format("credential blob ends before the size of its {}", name));
    }
    const auto size = static_cast<std::size_t>(rest[0]) << 8 | rest[1];
    rest = rest.subspan(2);
    if (size == 0 || size > rest.size()) {
        return fail(ErrorKind::Parse, fmt::format("credential blob: its {} has size {}, of {} octets left",
                                                  name, size, rest.size()));
    }
    Bytes part(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
    rest = rest.subspan(size);
    return part;
}

void append_sized(Bytes& blob, const Bytes& part) {
    if (part.size() > 0xFFFF) throw std::invalid_argument("part of a credential blob over 65535 octets");
    blob.push_back(static_cast<std::uint8_t>(part.size() >> 8));
    blob.push_back(static_cast<std::uint8_t>(part.size()));
    blob.insert(blob.end(), part.begin(), part.end());
}

}  // namespace

Result<CredentialBlob> split_credential_blob(ByteView blob) {
    if (blob.size() < kHead.size()) {
        return fail(ErrorKind::Parse, fmt::format("credential blob of {} octets has no head", blob.size()));
    }
    if (!std::equal(kHead.begin(), kHead.end(), blob.begin())) {
        return fail(ErrorKind::Parse, fmt::format("credential blob begins with {}, expected {}",
                                                  to_hex(blob.first(kHead.size())), to_hex(kHead)));
    }
    ByteView rest = blob.subspan(kHead.size());
    auto id_object = sized_part(rest, "id object");
    if (!id_object) return fail(std::move(id_object).error());
    auto encrypted_secret = sized_part(rest, "encrypted secret");
    if (!encrypted_secret) return fail(std::move(encrypted_secret).error());
    if (!rest.empty()) {
        return fail(ErrorKind::Parse,
                    fmt::format("credential blob has {} octets behind its end", rest.size()));
    }
    return CredentialBlob{*std::move(id_object), *std::move(encrypted_secret)};
}

Bytes join_credential_blob(const CredentialBlob& parts) {
    Bytes blob(kHead.begin(), kHead.end());
    append_sized(blob, parts.id_object);
    append_sized(blob, parts.encrypted_secret);
    return blob;
}

std::string auth_tag(std::string_view agent_id, ByteView secret) {
    const std::string key = to_base64(secret);
    const ByteView text = as_bytes(agent_id);
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> tag{};
    std::size_t size = 0;
    if (EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA384", nullptr, key.data(), key.size(), text.data(),
                  text.size(), tag.data(), tag.size(), &size) == nullptr) {
        throw std::runtime_error("OpenSSL has no HMAC-SHA384");
    }
    return to_hex(ByteView{tag}.first(size));
}

}  // namespace pushsim::protocol
