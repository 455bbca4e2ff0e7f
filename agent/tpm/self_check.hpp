#pragma once
// Whether TPMs can be swapped by the writable segment of the libtpms that is here.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/tpm/segment_swap.hpp"

namespace pushsim::tpm {

/// What is against it, in a sentence; empty: nothing. Runs the same commands on two TPMs in turns, on a host
/// that swaps them by the segment and on one that swaps them by blobs: all answers must be the same, octet by
/// octet. About 50 ms, once in a process.
const std::string& segment_swap_fault();

/// The same, each time it is called, with that part of the segment alone swapped. Throws as TpmHost does.
std::string find_segment_swap_fault(SegmentPart part);

/// Of one command of the check.
struct CheckAnswer {
    std::string_view command;
    std::uint32_t code;
    Bytes said;  ///< parameters of the response; none where they are by chance
    bool operator==(const CheckAnswer&) const = default;
};

/// What is against it in these answers; commands that failed by blobs are, too.
std::string difference(const std::vector<CheckAnswer>& by_blobs, const std::vector<CheckAnswer>& by_segment);

}  // namespace pushsim::tpm
