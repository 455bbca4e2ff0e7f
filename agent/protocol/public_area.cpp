#include "agent/protocol/public_area.hpp"

#include <utility>

#include <fmt/format.h>

#include "agent/tpm/hash_algorithm.hpp"

namespace pushsim::protocol {
namespace {

// TPM_ALG_ID and TPM_ECC_CURVE (TCG TPM 2.0 Part 2, 6.3 and 6.4; TCG Algorithm Registry).
constexpr std::uint16_t kRsa = 0x0001, kEcc = 0x0023, kNull = 0x0010, kRsaes = 0x0015, kEcdaa = 0x001A;

const char* scheme_name(std::uint16_t scheme) {
    switch (scheme) {
        case 0x0014:
            return "rsassa";
        case kRsaes:
            return "rsaes";
        case 0x0016:
            return "rsapss";
        case 0x0017:
            return "oaep";
        case 0x0018:
            return "ecdsa";
        case 0x0019:
            return "ecdh";
        case kEcdaa:
            return "ecdaa";
        case 0x001B:
            return "sm2";
        case 0x001C:
            return "ecschnorr";
        default:
            return nullptr;
    }
}

int curve_bits(std::uint16_t curve) {
    switch (curve) {
        case 0x0001:
            return 192;
        case 0x0002:
            return 224;
        case 0x0003:
        case 0x0010:
        case 0x0020:
            return 256;
        case 0x0004:
            return 384;
        case 0x0005:
            return 521;
        case 0x0011:
            return 638;
        default:
            return 0;
    }
}

/// Reads big-endian fields; remembers the first failure.
class Fields {
  public:
    explicit Fields(ByteView data) : rest_{data} {}

    std::uint32_t number(std::size_t octets, const char* field) {
        const ByteView data = take(octets, field);
        std::uint32_t value = 0;
        for (const std::uint8_t octet : data)
            value = value << 8 | octet;
        return value;
    }
    std::uint16_t number16(const char* field) { return static_cast<std::uint16_t>(number(2, field)); }
    void sized(const char* field) { take(number(2, field), field); }
    std::size_t left() const { return rest_.size(); }
    void wrong(std::string what) {
        if (error_.empty()) error_ = std::move(what);
    }
    const std::string& error() const { return error_; }

  private:
    ByteView take(std::size_t octets, const char* field) {
        if (octets > rest_.size()) {
            wrong(fmt::format("ends within {}", field));
            rest_ = {};
            return {};
        }
        const ByteView data = rest_.first(octets);
        rest_ = rest_.subspan(octets);
        return data;
    }

    ByteView rest_;
    std::string error_;
};

void read_symmetric(Fields& fields) {
    if (fields.number16("symmetric") == kNull) return;
    fields.number(2, "symmetric key bits");
    fields.number(2, "symmetric mode");
}

void read_scheme(Fields& fields, PublicArea& area) {
    const std::uint16_t scheme = fields.number16("scheme");
    if (scheme == kNull) return;
    const char* name = scheme_name(scheme);
    if (name == nullptr) return fields.wrong(fmt::format("unknown scheme {:#06x}", scheme));
    area.scheme = name;
    if (scheme == kRsaes) return;
    const std::uint16_t algorithm = fields.number16("scheme hash");
    const auto hash = tpm::hash_algorithm_from(algorithm);
    if (!hash) return fields.wrong(fmt::format("unknown scheme hash {:#06x}", algorithm));
    area.hash = tpm::to_string(*hash);
    if (scheme == kEcdaa) fields.number(2, "scheme count");
}

void read_rsa(Fields& fields, PublicArea& area) {
    area.algorithm = "rsa";
    read_symmetric(fields);
    read_scheme(fields, area);
    area.key_size = fields.number16("key bits");
    fields.number(4, "exponent");
    fields.sized("unique");
}

void read_ecc(Fields& fields, PublicArea& area) {
    area.algorithm = "ecc";
    read_symmetric(fields);
    read_scheme(fields, area);
    const std::uint16_t curve = fields.number16("curve");
    area.key_size = curve_bits(curve);
    if (area.key_size == 0) fields.wrong(fmt::format("unknown curve {:#06x}", curve));
    if (fields.number16("kdf") != kNull) fields.number(2, "kdf hash");
    fields.sized("unique.x");
    fields.sized("unique.y");
}

Bytes name_of(tpm::HashAlgorithm algorithm, ByteView bare) {
    const auto id = static_cast<std::uint16_t>(algorithm);
    Bytes name = {static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
    const Bytes digest = tpm::hash(algorithm, bare);
    name.insert(name.end(), digest.begin(), digest.end());
    return name;
}

}  // namespace

Result<PublicArea> read_public_area(ByteView tpm2b_public) {
    const auto bad = [](std::string_view what) {
        return fail(ErrorKind::Parse, fmt::format("TPM2B_PUBLIC: {}", what));
    };
    Fields size_field{tpm2b_public};
    const std::size_t size = size_field.number(2, "size");
    if (size_field.left() != size || size == 0) {
        return bad(fmt::format("size {} before {} octets", size, size_field.left()));
    }
    const ByteView bare = tpm2b_public.subspan(2);

    PublicArea area;
    area.bare.assign(bare.begin(), bare.end());
    Fields fields{bare};
    const std::uint16_t type = fields.number16("type");
    const std::uint16_t name_algorithm = fields.number16("nameAlg");
    const auto hash = tpm::hash_algorithm_from(name_algorithm);
    if (!hash) fields.wrong(fmt::format("unknown nameAlg {:#06x}", name_algorithm));
    fields.number(4, "objectAttributes");
    fields.sized("authPolicy");
    if (type == kRsa) {
        read_rsa(fields, area);
    } else if (type == kEcc) {
        read_ecc(fields, area);
    } else {
        fields.wrong(fmt::format("type {:#06x} is neither RSA nor ECC", type));
    }
    if (fields.left() != 0) fields.wrong(fmt::format("{} octets behind its end", fields.left()));
    if (!fields.error().empty()) return bad(fields.error());
    area.name = name_of(*hash, bare);
    return area;
}

}  // namespace pushsim::protocol
