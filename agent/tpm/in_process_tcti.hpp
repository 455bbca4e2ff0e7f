#pragma once
// A TCTI (TCG TSS 2.0 TCTI specification) whose other end is libtpms in this process.

#include <cstdint>

#include <tss2/tss2_tcti.h>

#include "agent/tpm/library.hpp"

namespace pushsim::tpm {

/// Whatever TPM is live in that libtpms, which must outlive this, answers; a command runs to its end when it
/// is sent. Locality 0 only. TPM2_Cancel is not offered: it would hit whichever TPM is live.
class InProcessTcti {
  public:
    explicit InProcessTcti(const Library& library);
    ~InProcessTcti();
    InProcessTcti(const InProcessTcti&) = delete;
    InProcessTcti& operator=(const InProcessTcti&) = delete;

    TSS2_TCTI_CONTEXT* context() { return reinterpret_cast<TSS2_TCTI_CONTEXT*>(&wire_.head); }

  private:
    struct Wire {
        TSS2_TCTI_CONTEXT_COMMON_V2 head;  ///< first: what the TSS passes to the functions
        decltype(Library::process) process;
        unsigned char* response;  ///< libtpms allocates and reuses it
        std::uint32_t response_size;
        std::uint32_t response_capacity;
        bool answered;
    };
    static TSS2_RC transmit(TSS2_TCTI_CONTEXT* context, std::size_t size, const std::uint8_t* command);
    static TSS2_RC receive(TSS2_TCTI_CONTEXT* context, std::size_t* size, std::uint8_t* response,
                           std::int32_t timeout);

    Wire wire_{};
};

}  // namespace pushsim::tpm
