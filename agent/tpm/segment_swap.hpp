#pragma once
// Takes a TPM out of a copy of libtpms and puts it back, by what it wrote to the library's writable segment.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pushsim::tpm {

/// The part of a library's writable segment that is swapped.
using SegmentPart = std::span<std::byte> (*)(std::span<std::byte> writable);
/// What is swapped but in tests of what happens where that is not enough.
constexpr std::span<std::byte> whole_segment(std::span<std::byte> writable) {
    return writable;
}

/// What one powered TPM has changed in the segment. It holds every secret of the TPM, and pointers: it is
/// good only for the SegmentSwap that made it, in this process.
class SegmentImage {
  public:
    bool empty() const { return blocks_.empty(); }
    /// Private memory that it takes, in octets.
    std::size_t size() const { return blocks_.capacity() * sizeof(std::uint16_t) + octets_.capacity(); }

  private:
    friend class SegmentSwap;
    void fit();

    std::vector<std::uint16_t> blocks_;  ///< which, ascending
    std::vector<std::byte> octets_;      ///< their contents, one after the other
};

/// libtpms keeps all of a TPM in its writable segment and in heap blocks reached from there alone. Between
/// complete commands that is swapped as a whole; pointers in it stay good, for the segment stays where it is.
class SegmentSwap {
  public:
    /// `segment` as it is now is what every TPM starts from: the library is set up, no TPM is in it.
    /// It must outlive this, and be no larger than `most`.
    static constexpr std::size_t most = std::size_t{256} * 65536;
    explicit SegmentSwap(std::span<std::byte> segment);

    /// The TPM leaves: its changes go to `image`, the segment is as in the beginning.
    void out(SegmentImage& image);

    /// It comes back, into a segment that is as in the beginning. The image is used up (empty).
    void in(SegmentImage& image);

    /// After TPMLIB_Terminate, which frees what is on the heap: nothing is left of the TPM.
    void reset();

  private:
    std::span<std::byte> block(std::size_t index) const;
    std::span<const std::byte> original(std::size_t index) const;

    std::span<std::byte> segment_;
    std::vector<std::byte> baseline_;
    std::size_t blocks_;
    std::vector<std::uint16_t> changed_;  ///< of the last out()
};

}  // namespace pushsim::tpm
