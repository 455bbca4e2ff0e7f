#pragma once
// What libtpms keeps between commands and power cycles, in memory instead of files.

#include <optional>

#include "agent/base/bytes.hpp"
#include "agent/tpm/library.hpp"

namespace pushsim::tpm {

struct NvMemory {
    std::optional<Bytes> permanent;       ///< "permall": survives power cycles
    std::optional<Bytes> volatile_state;  ///< "volatilestate": only while a powered TPM is swapped out
    bool failing = false;                 ///< writes are refused
};

/// Registers the callbacks with that libtpms; throws std::runtime_error where it refuses.
void register_nv_callbacks(const Library& library);

/// While this lives, the NV callbacks of every libtpms on this thread use `memory`.
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
