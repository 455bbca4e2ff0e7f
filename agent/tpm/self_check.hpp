#pragma once
// Whether TPMs can be swapped by the writable segment of the libtpms that is here.

#include <string>

namespace pushsim::tpm {

/// What is against it, in a sentence; empty: nothing. Runs the same commands on two TPMs in turns, on a host
/// that swaps them by the segment and on one that swaps them by blobs: all answers must be the same, octet by
/// octet. About 50 ms, once in a process.
const std::string& segment_swap_fault();

}  // namespace pushsim::tpm
