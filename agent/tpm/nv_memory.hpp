#pragma once
// What libtpms keeps between commands and power cycles, in memory instead of files.

#include <optional>

#include "agent/base/bytes.hpp"

namespace pushsim::tpm {

struct NvMemory {
    std::optional<Bytes> permanent;       ///< "permall": survives power cycles
    std::optional<Bytes> volatile_state;  ///< "volatilestate": only while a powered TPM is swapped out
    bool failing = false;                 ///< writes are refused
};

/// Registers the callbacks with libtpms; throws std::runtime_error where it refuses.
void register_nv_callbacks();

/// While this lives, libtpms' NV callbacks on this thread use `memory`.
class NvScope {
  public:
    explicit NvScope(NvMemory& memory);
    ~NvScope();
    NvScope(const NvScope&) = delete;
    NvScope& operator=(const NvScope&) = delete;

  private:
    NvMemory* previous_;
};

}  // namespace pushsim::tpm
