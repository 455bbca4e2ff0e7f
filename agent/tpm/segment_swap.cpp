#include "agent/tpm/segment_swap.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace pushsim::tpm {
namespace {

constexpr std::size_t block_size = SegmentSwap::most / (std::numeric_limits<std::uint16_t>::max() + 1U);

}  // namespace

void SegmentImage::fit() {
    // A TPM is largest while it is provisioned.
    if (octets_.capacity() <= octets_.size() + octets_.size() / 8) return;
    blocks_.shrink_to_fit();
    octets_.shrink_to_fit();
}

SegmentSwap::SegmentSwap(std::span<std::byte> segment)
    : segment_(segment),
      baseline_(segment.begin(), segment.end()),
      blocks_((segment.size() + block_size - 1) / block_size) {
    if (segment.size() > most) throw std::length_error("SegmentSwap: the segment is too large");
}

std::span<std::byte> SegmentSwap::block(std::size_t index) const {
    const std::size_t begin = index * block_size;
    return segment_.subspan(begin, std::min(block_size, segment_.size() - begin));
}

std::span<const std::byte> SegmentSwap::original(std::size_t index) const {
    const std::size_t begin = index * block_size;
    return std::span(baseline_).subspan(begin, std::min(block_size, baseline_.size() - begin));
}

void SegmentSwap::out(SegmentImage& image) {
    changed_.clear();
    std::size_t size = 0;
    for (std::size_t i = 0; i < blocks_; ++i) {
        const auto now = block(i);
        if (std::memcmp(now.data(), original(i).data(), now.size()) == 0) continue;
        changed_.push_back(static_cast<std::uint16_t>(i));
        size += now.size();
    }
    image.blocks_.resize(changed_.size());
    std::ranges::copy(changed_, image.blocks_.begin());
    image.octets_.resize(size);
    std::byte* to = image.octets_.data();
    for (const std::uint16_t i : changed_) {
        const auto now = block(i);
        const auto before = original(i);
        std::memcpy(to, now.data(), now.size());
        std::memcpy(now.data(), before.data(), before.size());
        to += now.size();
    }
    image.fit();
}

void SegmentSwap::in(SegmentImage& image) {
    const std::byte* from = image.octets_.data();
    for (const std::uint16_t i : image.blocks_) {
        const auto now = block(i);
        std::memcpy(now.data(), from, now.size());
        from += now.size();
    }
    image.blocks_.clear();
    image.octets_.clear();
}

void SegmentSwap::reset() {
    std::memcpy(segment_.data(), baseline_.data(), baseline_.size());
}

}  // namespace pushsim::tpm
