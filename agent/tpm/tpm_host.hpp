#pragma once
// Executes the commands of virtual TPMs: libtpms in this process.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/tpm/commands.hpp"
#include "agent/tpm/library.hpp"
#include "agent/tpm/segment_swap.hpp"
#include "agent/tpm/tpm.hpp"

namespace pushsim::tpm {

class VirtualTpm;
struct SuspendedTpm;
enum class PowerOff : std::uint8_t;
class InProcessTcti;

/// How a TPM makes room for another one.
enum class Swapping : std::uint8_t {
    Segment,  ///< what it changed in the library's writable segment: microseconds, and nothing is lost
    Blobs,    ///< libtpms' own state blobs: portable, but it does all its self-tests again
};

/// One copy of libtpms, which is one TPM at a time: it is swapped for another virtual TPM when a burst needs
/// that. One thread at a time, any number of hosts. A burst that runs another one on the same host is a bug
/// (std::logic_error).
class TpmHost {
  public:
    /// By the segment where that proves right (self_check.hpp), else by blobs. Throws std::runtime_error
    /// where libtpms cannot be set up: also where no copy of it can be loaded and another host has the linked
    /// one.
    TpmHost();
    /// By the segment unless `segment_fault` says what is against it.
    explicit TpmHost(const std::string& segment_fault);
    /// In that way, unproven.
    explicit TpmHost(Swapping swapping, SegmentPart part = whole_segment);
    ~TpmHost();
    TpmHost(const TpmHost&) = delete;
    TpmHost& operator=(const TpmHost&) = delete;

    /// Makes `tpm` the live one if it is not, runs the burst, and leaves it live. Keep together what belongs
    /// together: by blobs a swap costs the self-tests again.
    Result<void> run(VirtualTpm& tpm, const Burst& burst);

    Swapping swapping() const { return segment_ ? Swapping::Segment : Swapping::Blobs; }
    /// Why it is by blobs; empty where it is by the segment, or blobs were asked for.
    const std::string& fallback() const { return fallback_; }

    /// No copy of libtpms could be loaded, so that it has the one that this program is linked with: there is
    /// no other host.
    bool has_linked_library() const { return library_->is_linked(); }

    /// How often a powered TPM was brought back after another one had been live.
    std::uint64_t swaps() const { return swaps_; }

  private:
    friend class VirtualTpm;
    class Use;
    void take_library();
    void prepare_segment(SegmentPart part);

    Result<void> power_on(VirtualTpm& tpm, StartupType type);
    Result<void> power_off(VirtualTpm& tpm, PowerOff how);
    Result<SuspendedTpm> suspend(VirtualTpm& tpm);
    void forget(VirtualTpm& tpm);

    Result<void> swap_in(VirtualTpm& tpm);
    void swap_out_live();
    /// By blobs; it has lost its power where that fails.
    void store_live();
    /// Out of the library, and of the heap.
    void put_out(VirtualTpm& tpm);
    void terminate_live();
    void terminate();

    std::unique_ptr<Library> library_;
    std::string fallback_;
    std::optional<SegmentSwap> segment_;
    VirtualTpm* live_ = nullptr;  ///< whose state is in the library; none: the library is terminated
    std::atomic<bool> in_use_ = false;
    std::uint64_t swaps_ = 0;
    std::unique_ptr<InProcessTcti> tcti_;
    std::unique_ptr<Commands> commands_;
};

/// Several hosts, for a thread each.
struct TpmHosts {
    std::vector<std::unique_ptr<TpmHost>> hosts;  ///< at least one
    std::string why_not_more;                     ///< empty: there are as many as were asked for
};

/// Up to `count`, as many as this machine lets be made: where one more copy of libtpms cannot be loaded they
/// are fewer, and where none can there is one, with the linked libtpms. ErrorKind::System where there is none
/// at all. By the segment where that proves right, or by `swapping`, unproven.
Result<TpmHosts> make_tpm_hosts(std::size_t count, std::optional<Swapping> swapping = std::nullopt);

}  // namespace pushsim::tpm
