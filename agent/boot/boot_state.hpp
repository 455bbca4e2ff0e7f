#pragma once
// What was measured since boot, and the PCR values and policies that follow from it.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/boot/ima_log.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::boot {

/// Digests by PCR bank; what one TPM2_PCR_Extend takes (TCG TPM 2.0 Part 3, 22.2).
using Digests = std::map<tpm::HashAlgorithm, Bytes>;

/// One measurement: what was measured, as written by whoever wrote it, and the digests it extends with.
struct Measurement {
    std::string as_written;
    Digests digests;
};

/// Reads `text:…` (hashed with each bank's own algorithm) or `sha1:HEX`, `sha256:HEX`, `sha384:HEX`,
/// `sha512:HEX` (that bank alone); ErrorKind::Parse otherwise, naming what was found.
Result<Measurement> parse_measurement(std::string_view written);

/// hash(old ‖ digest), the new value of a PCR (Part 1, 11.4.7).
Bytes extend(tpm::HashAlgorithm bank, ByteView old_value, ByteView digest);

/// One thing that was measured into a PCR.
struct Event {
    int pcr;
    Measurement measurement;
};

/// Whether TPM2_Startup(STATE) lets the PCR begin anew (TCG PC Client Platform TPM Profile, 4.6, PCR
/// attributes).
constexpr bool is_lost_in_sleep(int pcr) {
    return pcr >= 16;
}

/// The measurements since boot, in order. It is the record of what happened, not a TPM: a TPM that was given
/// the same measurements has the PCR values this predicts. Copies share what they have in common until one of
/// them measures.
class BootState {
  public:
    explicit BootState(WallTime boot_time) : boot_time_(boot_time) {}
    /// Another machine, with the same measurements so far.
    BootState(WallTime boot_time, const BootState& measured_alike)
        : boot_time_(boot_time), measured_(measured_alike.measured_) {}

    WallTime boot_time() const { return boot_time_; }

    void measure(int pcr, Measurement measurement);

    /// The kernel's IMA begins: boot_aggregate, the SHA-256 of the values that PCR 0 to 9 have now, is the
    /// first entry of its log (Linux, security/integrity/ima/ima_init.c, ima_crypto.c).
    void start_ima();
    /// IMA measures a file: into its log, and into its PCR in every bank. After start_ima() alone.
    void measure_file(ImaFile file);

    /// The TPM went on from a sleep (is_lost_in_sleep).
    void resume();

    const std::vector<Event>& events() const { return measured_->events; }
    /// Empty where IMA was not started.
    const ImaLog& ima_log() const { return measured_->ima_log; }

    /// The value of a PCR since a cold start: zeros, or ones for PCR 17 to 22 (TCG PC Client Platform TPM
    /// Profile, 4.6, PCR attributes), then extended in order. The TPM itself refuses measurements into 17 to
    /// 22 from where software runs (locality 0).
    Bytes pcr_value(tpm::HashAlgorithm bank, int pcr) const;

    /// A TPM policy that allows exactly the present values: PCR -> [lower-case hex].
    std::map<int, std::vector<std::string>> policy_for(tpm::HashAlgorithm bank,
                                                       const std::vector<int>& pcrs) const;

  private:
    struct Measured {
        std::vector<Event> events;
        ImaLog ima_log;
    };
    /// That nobody else has.
    Measured& own();

    WallTime boot_time_;
    std::shared_ptr<Measured> measured_ = std::make_shared<Measured>();
};

}  // namespace pushsim::boot
