#include "agent/tpm/response_code.hpp"

#include <fmt/format.h>
#include <tss2/tss2_rc.h>

namespace pushsim::tpm {
namespace {

std::string mend_for(std::uint32_t code) {
    if (tpm_code(code) == TPM2_RC_LOCKOUT)
        return "reset the lockout (TPM2_DictionaryAttackLockReset), and end every power cycle with "
               "TPM2_Shutdown";
    if (tpm_code(code) == TPM2_RC_OBJECT_MEMORY)
        return "flush transient objects that others left loaded (tpm2_flushcontext -t), or use /dev/tpmrm0";
    if (tpm_code(code) == TPM2_RC_FAILURE) return "the TPM is in failure mode: power it off and on";
    if (is_tcti_code(code)) return "check that the TPM runs and that nobody else uses it";
    return {};
}

}  // namespace

std::string describe_response_code(std::uint32_t code) {
    return fmt::format("{} (0x{:x})", Tss2_RC_Decode(code), code);
}

Error response_code_error(const std::string& what, std::uint32_t code) {
    return {ErrorKind::Tpm, what + ": " + describe_response_code(code), mend_for(code)};
}

std::uint32_t tpm_code(std::uint32_t code) {
    return (code & TSS2_RC_LAYER_MASK) == TSS2_RESMGR_TPM_RC_LAYER ? code & ~TSS2_RC_LAYER_MASK : code;
}

bool is_tcti_code(std::uint32_t code) {
    return (code & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER;
}

bool says_lost(std::uint32_t code) {
    const std::uint32_t own = tpm_code(code);
    return own == TPM2_RC_INITIALIZE || (own >= TPM2_RC_REFERENCE_H0 && own <= TPM2_RC_REFERENCE_S6);
}

bool calls_for_resending(std::uint32_t code) {
    const std::uint32_t own = tpm_code(code);
    return own == TPM2_RC_RETRY || own == TPM2_RC_YIELDED || own == TPM2_RC_TESTING;
}

}  // namespace pushsim::tpm
