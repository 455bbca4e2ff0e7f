#include "agent/protocol/pcr_blob.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace pushsim::protocol {
namespace {

// TPML_PCR_SELECTION with 16 slots, then the number of TPML_DIGESTs of 8 digests each.
constexpr std::size_t kSlots = 16, kSlotSize = 8, kCountAt = 4 + kSlots * kSlotSize, kHeadSize = kCountAt + 4;
constexpr std::size_t kDigests = 8, kDigestMax = 64, kListSize = 4 + kDigests * (2 + kDigestMax);
constexpr int kPcrs = 24;

void put16(Bytes& data, std::size_t at, std::size_t value) {
    data[at] = static_cast<std::uint8_t>(value);
    data[at + 1] = static_cast<std::uint8_t>(value >> 8);
}

std::size_t get16(ByteView data, std::size_t at) {
    return data[at] | static_cast<std::size_t>(data[at + 1]) << 8;
}

std::size_t get32(ByteView data, std::size_t at) {
    return get16(data, at) | get16(data, at + 2) << 16;
}

std::size_t list_at(std::size_t index) {
    return kHeadSize + index / kDigests * kListSize;
}

std::size_t digest_at(std::size_t index) {
    return list_at(index) + 4 + index % kDigests * (2 + kDigestMax);
}

tl::unexpected<Error> bad(const std::string& what) {
    return fail(ErrorKind::Parse, "PCR blob: " + what);
}

}  // namespace

Bytes write_pcr_blob(tpm::HashAlgorithm bank, const tpm::PcrValues& pcrs) {
    const std::size_t lists = (pcrs.size() + kDigests - 1) / kDigests;
    Bytes blob(kHeadSize + lists * kListSize, 0);
    put16(blob, 0, 1);
    put16(blob, 4, static_cast<std::uint16_t>(bank));
    blob[6] = 3;
    put16(blob, kCountAt, lists);
    std::size_t index = 0;
    for (const auto& [pcr, digest] : pcrs) {
        if (pcr < 0 || pcr >= kPcrs || digest.empty() || digest.size() > kDigestMax) {
            throw std::invalid_argument(fmt::format("PCR {} with a digest of {} octets", pcr, digest.size()));
        }
        const auto bit = static_cast<unsigned>(pcr);
        blob[7 + bit / 8] = static_cast<std::uint8_t>(blob[7 + bit / 8] | 1U << bit % 8);
        put16(blob, list_at(index), std::min(kDigests, pcrs.size() - index / kDigests * kDigests));
        put16(blob, digest_at(index), digest.size());
        std::ranges::copy(digest, blob.begin() + static_cast<std::ptrdiff_t>(digest_at(index) + 2));
        ++index;
    }
    return blob;
}

Result<PcrBlob> read_pcr_blob(ByteView blob) {
    if (blob.size() < kHeadSize) {
        return bad(fmt::format("{} octets, the head alone has {}", blob.size(), kHeadSize));
    }
    if (const auto banks = get32(blob, 0); banks != 1) return bad(fmt::format("{} banks, expected 1", banks));
    const auto algorithm = static_cast<std::uint16_t>(get16(blob, 4));
    const auto bank = tpm::hash_algorithm_from(algorithm);
    if (!bank) return bad(fmt::format("unknown hash algorithm {:#06x}", algorithm));
    if (blob[6] != 3) return bad(fmt::format("selection of {} octets, expected 3", blob[6]));
    for (std::size_t slot = 1; slot < kSlots; ++slot) {
        const auto unused = blob.subspan(4 + slot * kSlotSize, 6);
        if (std::ranges::any_of(unused, [](std::uint8_t octet) { return octet != 0; })) {
            return bad(fmt::format("unused slot {} is not zero", slot));
        }
    }
    const std::size_t lists = get32(blob, kCountAt);
    if (lists > kPcrs / kDigests || blob.size() != kHeadSize + lists * kListSize) {
        return bad(fmt::format("{} octets do not fit {} digest lists", blob.size(), lists));
    }
    PcrBlob read{*bank, {}};
    std::size_t index = 0;
    for (int pcr = 0; pcr < kPcrs; ++pcr) {
        const auto bit = static_cast<unsigned>(pcr);
        if ((blob[7 + bit / 8] >> bit % 8 & 1U) == 0) continue;
        if (index >= lists * kDigests) return bad(fmt::format("no digest for PCR {}", pcr));
        const std::size_t at = digest_at(index++), size = get16(blob, at);
        if (size != tpm::digest_size(*bank)) {
            return bad(fmt::format("PCR {} has {} octets, expected {}", pcr, size, tpm::digest_size(*bank)));
        }
        const auto digest = blob.subspan(at + 2, size);
        read.pcrs.emplace(pcr, Bytes(digest.begin(), digest.end()));
    }
    for (; index < lists * kDigests; ++index) {
        if (get16(blob, digest_at(index)) != 0) return bad("more digests than PCRs selected");
    }
    return read;
}

}  // namespace pushsim::protocol
