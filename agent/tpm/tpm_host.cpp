#include "agent/tpm/tpm_host.hpp"

#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>
#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <unistd.h>

#include "agent/tpm/in_process_tcti.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::tpm {
namespace {

std::atomic<bool> a_host_exists = false;

constexpr TPM_RESULT failure_mode = 0x101;  // TPM_RC_FAILURE

Error does_not_start(TPM_RESULT result) {
    return {ErrorKind::Tpm, fmt::format("libtpms does not start (TPMLIB_MainInit: 0x{:x})", result),
            "its NV contents are damaged, could not be written, or come from another version of libtpms"};
}

}  // namespace

TpmHost::OnlyOne::OnlyOne() {
    if (a_host_exists.exchange(true))
        throw std::logic_error("a second TpmHost: libtpms is one TPM in this process");
}

TpmHost::OnlyOne::~OnlyOne() {
    a_host_exists = false;
}

/// While it lives the host is taken.
class TpmHost::Use {
  public:
    explicit Use(TpmHost& host) : host_(host) {
        if (host_.in_use_.exchange(true))
            throw std::logic_error("a TpmHost was used by two threads at once, or from inside a burst");
    }
    ~Use() { host_.in_use_ = false; }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

  private:
    TpmHost& host_;
};

TpmHost::TpmHost() {
    // libtpms reports internal failures on standard error unless it has somewhere else to write.
    log_ = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    TPMLIB_SetDebugFD(log_);
    register_nv_callbacks();
    if (const TPM_RESULT result = TPMLIB_ChooseTPMVersion(TPMLIB_TPM_VERSION_2); result != TPM_SUCCESS)
        throw std::runtime_error(fmt::format("TPMLIB_ChooseTPMVersion: 0x{:x}", result));
    tcti_ = std::make_unique<InProcessTcti>();
    commands_ = std::make_unique<Commands>(tcti_->context());
}

std::string TpmHost::library_version() {
    // libtpms/tpm_library.h, TPM_LIBRARY_VERSION: major, minor, micro.
    const std::uint32_t version = TPMLIB_GetVersion();
    return fmt::format("{}.{}.{}", version >> 16, (version >> 8) & 0xFF, version & 0xFF);
}

TpmHost::~TpmHost() {
    if (live_ != nullptr) terminate_live();
    TPMLIB_SetDebugFD(-1);
    ::close(log_);
}

Result<void> TpmHost::run(VirtualTpm& tpm, const Burst& burst) {
    const Use use(*this);
    if (!tpm.powered_) return fail(ErrorKind::Tpm, "the virtual TPM is off: " + tpm.off_because_);
    if (auto in = swap_in(tpm); !in) return in;
    const NvScope nv(tpm.nv_);
    return burst(*commands_);
}

Result<void> TpmHost::power_on(VirtualTpm& tpm, StartupType type) {
    const Use use(*this);
    if (tpm.powered_) return fail(ErrorKind::Tpm, "the virtual TPM is on already");
    swap_out_live();
    const NvScope nv(tpm.nv_);
    if (const TPM_RESULT result = TPMLIB_MainInit(); result != TPM_SUCCESS) {
        TPMLIB_Terminate();
        const Error error = does_not_start(result);
        tpm.off_because_ = error.message;
        return fail(error);
    }
    live_ = &tpm;
    if (auto started = commands_->startup(type); !started) {
        terminate_live();
        tpm.off_because_ = started.error().message;
        return started;
    }
    tpm.got_power();
    return {};
}

Result<void> TpmHost::power_off(VirtualTpm& tpm, PowerOff how) {
    const Use use(*this);
    if (!tpm.powered_) return fail(ErrorKind::Tpm, "the virtual TPM is off: " + tpm.off_because_);
    Result<void> shut_down;
    if (how != PowerOff::Loss) {
        shut_down = swap_in(tpm);
        const NvScope nv(tpm.nv_);
        if (shut_down)
            shut_down =
                commands_->shutdown(how == PowerOff::OrderlyState ? StartupType::State : StartupType::Clear);
    }
    if (live_ == &tpm) terminate_live();
    tpm.lost_power("it was powered off");
    return shut_down;
}

Result<SuspendedTpm> TpmHost::suspend(VirtualTpm& tpm) {
    const Use use(*this);
    if (live_ == &tpm) swap_out_live();
    if (!tpm.powered_) return fail(ErrorKind::Tpm, "the virtual TPM is off: " + tpm.off_because_);
    SuspendedTpm suspended{tpm.permanent_state(), std::move(*tpm.nv_.volatile_state)};
    tpm.lost_power("it was suspended");
    return suspended;
}

void TpmHost::forget(VirtualTpm& tpm) {
    const Use use(*this);
    if (live_ == &tpm) terminate_live();
}

Result<void> TpmHost::swap_in(VirtualTpm& tpm) {
    if (live_ == &tpm) return {};
    swap_out_live();
    const NvScope nv(tpm.nv_);
    // Loads the volatile state too, and so goes on without TPM2_Startup; a TPM that was in failure mode is so
    // again.
    const TPM_RESULT result = TPMLIB_MainInit();
    // The state of the random generator is in it: loaded twice, it would give the same numbers twice.
    tpm.nv_.volatile_state.reset();
    if (result != TPM_SUCCESS && result != failure_mode) {
        TPMLIB_Terminate();
        const Error error = does_not_start(result);
        tpm.lost_power("it could not be swapped in: " + error.message);
        return fail(error);
    }
    live_ = &tpm;
    ++swaps_;
    return {};
}

void TpmHost::swap_out_live() {
    if (live_ == nullptr) return;
    VirtualTpm& tpm = *live_;
    unsigned char* state = nullptr;
    std::uint32_t size = 0;
    const TPM_RESULT result = TPMLIB_VolatileAll_Store(&state, &size);
    if (result == TPM_SUCCESS) {
        tpm.nv_.volatile_state.emplace(state, state + size);
    } else {
        tpm.lost_power(fmt::format("it could not be swapped out (TPMLIB_VolatileAll_Store: 0x{:x})", result));
    }
    std::free(state);
    terminate_live();
}

void TpmHost::terminate_live() {
    const NvScope nv(live_->nv_);
    TPMLIB_Terminate();
    live_ = nullptr;
}

}  // namespace pushsim::tpm
