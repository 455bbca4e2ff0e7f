#include "agent/tpm/tpm_host.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>
#include <libtpms/tpm_error.h>

#include "agent/tpm/in_process_tcti.hpp"
#include "agent/tpm/self_check.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::tpm {
namespace {

constexpr TPM_RESULT failure_mode = 0x101;  // TPM_RC_FAILURE

/// libtpms reports internal failures on standard error unless it has somewhere else to write. One for all of
/// them, as long as the process lives; tried again by the next host where it could not be opened.
int nowhere() {
    static const int descriptor = [] {
        const int opened = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (opened < 0) throw std::runtime_error(fmt::format("/dev/null: {}", std::strerror(errno)));
        return opened;
    }();
    return descriptor;
}

Error does_not_start(TPM_RESULT result) {
    return {ErrorKind::Tpm, fmt::format("libtpms does not start (TPMLIB_MainInit: 0x{:x})", result),
            "its NV contents are damaged, could not be written, or come from another version of libtpms"};
}

}  // namespace

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

TpmHost::TpmHost() : TpmHost(segment_swap_fault()) {}

TpmHost::TpmHost(const std::string& segment_fault)
    : TpmHost(segment_fault.empty() ? Swapping::Segment : Swapping::Blobs) {
    if (fallback_.empty()) fallback_ = segment_fault;
}

TpmHost::TpmHost(Swapping swapping, SegmentPart part) {
    take_library();
    library_->set_debug_fd(nowhere());
    register_nv_callbacks(*library_);
    if (const TPM_RESULT result = library_->choose_version(TPMLIB_TPM_VERSION_2); result != TPM_SUCCESS)
        throw std::runtime_error(fmt::format("TPMLIB_ChooseTPMVersion: 0x{:x}", result));
    tcti_ = std::make_unique<InProcessTcti>(*library_);
    commands_ = std::make_unique<Commands>(tcti_->context());
    if (swapping == Swapping::Segment) prepare_segment(part);
}

void TpmHost::take_library() {
    auto copy = Library::copy();
    if (copy) {
        library_ = std::move(*copy);
        return;
    }
    fallback_ = copy.error().message;
    auto linked = Library::linked();
    if (!linked) throw std::runtime_error(fallback_ + ", and " + linked.error().message);
    library_ = std::move(*linked);
}

void TpmHost::prepare_segment(SegmentPart part) {
    if (library_->writable().empty()) {
        if (fallback_.empty()) fallback_ = "its program headers do not show where libtpms keeps its state";
        return;
    }
    const auto segment = part(library_->writable());
    if (segment.size() > SegmentSwap::most) {
        fallback_ = fmt::format("libtpms keeps its state in {} octets, more than {}", segment.size(),
                                SegmentSwap::most);
        return;
    }
    // A first TPM, thrown away: what it leaves behind (above all an NV image that is nearly all constant)
    // need not be in the image of every other one.
    NvMemory thrown_away;
    const NvScope nv(thrown_away);
    if (const TPM_RESULT result = library_->main_init(); result != TPM_SUCCESS)
        throw std::runtime_error(does_not_start(result).message);
    library_->terminate();
    segment_.emplace(segment);
}

TpmHost::~TpmHost() {
    if (live_ != nullptr) terminate_live();
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
    if (const TPM_RESULT result = library_->main_init(); result != TPM_SUCCESS) {
        terminate();
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
    put_out(tpm);
    tpm.lost_power("it was powered off");
    return shut_down;
}

Result<SuspendedTpm> TpmHost::suspend(VirtualTpm& tpm) {
    const Use use(*this);
    if (!tpm.powered_) return fail(ErrorKind::Tpm, "the virtual TPM is off: " + tpm.off_because_);
    if (auto in = swap_in(tpm); !in) return fail(in.error());
    store_live();
    if (!tpm.powered_) return fail(ErrorKind::Tpm, "the virtual TPM is off: " + tpm.off_because_);
    SuspendedTpm suspended{tpm.permanent_state(), std::move(*tpm.nv_.volatile_state)};
    tpm.lost_power("it was suspended");
    return suspended;
}

void TpmHost::forget(VirtualTpm& tpm) {
    const Use use(*this);
    put_out(tpm);
}

void TpmHost::put_out(VirtualTpm& tpm) {
    // What it has on the heap goes with TPMLIB_Terminate only.
    if (!tpm.image_.empty()) (void)swap_in(tpm);
    if (live_ == &tpm) terminate_live();
}

Result<void> TpmHost::swap_in(VirtualTpm& tpm) {
    if (live_ == &tpm) return {};
    swap_out_live();
    if (!tpm.image_.empty()) {
        segment_->in(tpm.image_);
        live_ = &tpm;
        ++swaps_;
        return {};
    }
    const NvScope nv(tpm.nv_);
    // Loads the volatile state too, and so goes on without TPM2_Startup; a TPM that was in failure mode is so
    // again.
    const TPM_RESULT result = library_->main_init();
    // The state of the random generator is in it: loaded twice, it would give the same numbers twice.
    tpm.nv_.volatile_state.reset();
    if (result != TPM_SUCCESS && result != failure_mode) {
        terminate();
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
    if (!segment_) {
        store_live();
        return;
    }
    segment_->out(live_->image_);
    live_ = nullptr;
}

void TpmHost::store_live() {
    VirtualTpm& tpm = *live_;
    unsigned char* state = nullptr;
    std::uint32_t size = 0;
    const TPM_RESULT result = library_->store_volatile(&state, &size);
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
    terminate();
    live_ = nullptr;
}

void TpmHost::terminate() {
    library_->terminate();
    if (segment_) segment_->reset();
}

Result<TpmHosts> make_tpm_hosts(std::size_t count, std::optional<Swapping> swapping) {
    TpmHosts made;
    try {
        do {
            auto host = swapping ? std::make_unique<TpmHost>(*swapping) : std::make_unique<TpmHost>();
            if (host->has_linked_library()) made.why_not_more = host->fallback();
            // Beside copies the linked one would be slow where nobody expects it.
            if (made.why_not_more.empty() || made.hosts.empty()) made.hosts.push_back(std::move(host));
        } while (made.hosts.size() < count && made.why_not_more.empty());
    } catch (const std::runtime_error& error) {
        if (made.hosts.empty()) return fail(ErrorKind::System, error.what());
        made.why_not_more = error.what();
    }
    if (made.hosts.size() >= count) made.why_not_more.clear();
    return made;
}

}  // namespace pushsim::tpm
