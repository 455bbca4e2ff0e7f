// What happens to the machine that a TPM is in.

#include <utility>

#include <fmt/format.h>

#include "agent/tpm/virtual_tpm.hpp"
#include "sim/fleet/tpm_device.hpp"

namespace pushsim::fleet {

Result<tpm::VirtualTpm*> TpmDevice::inside(std::string_view done) {
    if (auto awake = wake(); !awake) return fail(awake.error());
    auto* tpm = dynamic_cast<tpm::VirtualTpm*>(tpm_.get());
    if (tpm == nullptr) {
        return fail(ErrorKind::Usage,
                    fmt::format("a TPM that is not in pushsim ({}) cannot be {} by it",
                                to_string(options_.tpm), done),
                    fmt::format("use tpm: software for agents whose TPM is {}", done));
    }
    return tpm;
}

Result<tpm::VirtualTpm*> TpmDevice::before_power_off(std::string_view done) {
    auto tpm = inside(done);
    if (!tpm) return tpm;
    if (keys_ && options_.restored) (void)keys_->release();
    // What is loaded goes with the power.
    keys_.reset();
    if (!options_.restored) return tpm;
    auto now = (*tpm)->suspend();
    if (!now) return fail(now.error());
    before_ = {*now, kept_.measurements};
    auto same = std::make_unique<tpm::VirtualTpm>(host_, std::move(*now));
    *tpm = same.get();
    tpm_ = std::move(same);
    return tpm;
}

Result<void> TpmDevice::reboot(bool orderly) {
    const auto tpm = before_power_off("rebooted");
    if (!tpm) return fail(tpm.error());
    kept_.measurements.clear();
    (void)(*tpm)->power_off(orderly ? tpm::PowerOff::OrderlyClear : tpm::PowerOff::Loss);
    return (*tpm)->power_on();
}

Result<void> TpmDevice::suspend() {
    const auto tpm = before_power_off("suspended");
    if (!tpm) return fail(tpm.error());
    std::erase_if(kept_.measurements, [](const KeptTpm::Measurement& measured) {
        return boot::is_lost_in_sleep(measured.first);
    });
    if (auto off = (*tpm)->power_off(tpm::PowerOff::OrderlyState); !off) return off;
    return (*tpm)->power_on(tpm::StartupType::State);
}

Result<void> TpmDevice::clear() {
    // What is cleared away with the rest is made again below.
    if (auto ready = need_keys(); !ready) return ready;
    const bool lost_with_it = options_.pooled && options_.pooled->pool->about().ak == tpm::AkParent::Ek;
    if (lost_with_it) {
        return fail(ErrorKind::Usage, "TPM2_Clear would take the AK with it, which is in a pool's TPM alone",
                    "play with a pool of primary AKs, or without one");
    }
    const auto tpm = inside("cleared");
    if (!tpm) return fail(tpm.error());
    if (auto cleared = (*tpm)->run([](tpm::Commands& commands) { return commands.clear(); }); !cleared)
        return cleared;
    keys_.reset();
    if (!options_.pooled) return {};
    // The keys that were persistent are made from the seed again, which is as it was.
    auto again = tpm::AttestationKeys::provision(*tpm_, tpm::AkParent::None);
    if (!again) return fail(again.error());
    if (auto persistent = again->make_persistent(); !persistent) return persistent;
    keys_.emplace(std::move(*again));
    return {};
}

Result<void> TpmDevice::restore() {
    if (const auto tpm = inside("restored"); !tpm) return fail(tpm.error());
    if (!before_) {
        return fail(
            ErrorKind::Usage,
            "the agent's machine was neither rebooted nor suspended: there is no earlier state of its "
            "TPM to go back to",
            "let it `reboot` or `suspend` before");
    }
    keys_.reset();
    kept_.measurements = before_->measurements;
    tpm_ = std::make_unique<tpm::VirtualTpm>(host_, before_->tpm);
    return {};
}

}  // namespace pushsim::fleet
