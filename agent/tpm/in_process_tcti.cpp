#include "agent/tpm/in_process_tcti.hpp"

#include <algorithm>
#include <cstdlib>

#include <libtpms/tpm_error.h>

namespace pushsim::tpm {
namespace {

constexpr std::uint64_t magic = 0x7075736873696d31;  // "pushsim1"

TSS2_RC no_cancel(TSS2_TCTI_CONTEXT*) {
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

TSS2_RC no_poll_handles(TSS2_TCTI_CONTEXT*, TSS2_TCTI_POLL_HANDLE*, std::size_t* count) {
    *count = 0;
    return TSS2_RC_SUCCESS;
}

TSS2_RC locality_0_only(TSS2_TCTI_CONTEXT*, std::uint8_t locality) {
    return locality == 0 ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_NOT_SUPPORTED;
}

TSS2_RC no_sticky(TSS2_TCTI_CONTEXT*, TPM2_HANDLE*, std::uint8_t) {
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

void nothing_to_finalize(TSS2_TCTI_CONTEXT*) {}

}  // namespace

InProcessTcti::InProcessTcti(const Library& library) {
    wire_.process = library.process;
    TSS2_TCTI_CONTEXT_COMMON_V1& common = wire_.head.v1;
    common.magic = magic;
    common.version = 2;
    common.transmit = transmit;
    common.receive = receive;
    common.finalize = nothing_to_finalize;
    common.cancel = no_cancel;
    common.getPollHandles = no_poll_handles;
    common.setLocality = locality_0_only;
    wire_.head.makeSticky = no_sticky;
}

InProcessTcti::~InProcessTcti() {
    std::free(wire_.response);
}

TSS2_RC InProcessTcti::transmit(TSS2_TCTI_CONTEXT* context, std::size_t size, const std::uint8_t* command) {
    auto& wire = *reinterpret_cast<Wire*>(context);
    if (wire.answered) return TSS2_TCTI_RC_BAD_SEQUENCE;
    const TPM_RESULT result =
        wire.process(&wire.response, &wire.response_size, &wire.response_capacity,
                     const_cast<unsigned char*>(command), static_cast<std::uint32_t>(size));
    if (result != TPM_SUCCESS) return TSS2_TCTI_RC_IO_ERROR;
    wire.answered = true;
    return TSS2_RC_SUCCESS;
}

TSS2_RC InProcessTcti::receive(TSS2_TCTI_CONTEXT* context, std::size_t* size, std::uint8_t* response,
                               std::int32_t) {
    auto& wire = *reinterpret_cast<Wire*>(context);
    if (!wire.answered) return TSS2_TCTI_RC_BAD_SEQUENCE;
    const std::size_t room = *size;
    *size = wire.response_size;
    if (response == nullptr) return TSS2_RC_SUCCESS;
    if (room < wire.response_size) return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    std::copy_n(wire.response, wire.response_size, response);
    wire.answered = false;
    return TSS2_RC_SUCCESS;
}

}  // namespace pushsim::tpm
