#include "agent/tpm/virtual_tpm.hpp"

#include <utility>

#include "agent/tpm/tpm_host.hpp"

namespace pushsim::tpm {

VirtualTpm::VirtualTpm(TpmHost& host, Bytes permanent_state) : host_(host) {
    nv_.permanent = std::move(permanent_state);
}

VirtualTpm::VirtualTpm(TpmHost& host, SuspendedTpm suspended) : host_(host) {
    nv_.permanent = std::move(suspended.permanent);
    nv_.volatile_state = std::move(suspended.volatile_state);
    got_power();
}

VirtualTpm::~VirtualTpm() {
    host_.forget(*this);
}

Result<void> VirtualTpm::power_on(StartupType type) {
    return host_.power_on(*this, type);
}

Result<void> VirtualTpm::power_off(PowerOff how) {
    return host_.power_off(*this, how);
}

Result<SuspendedTpm> VirtualTpm::suspend() {
    return host_.suspend(*this);
}

void VirtualTpm::got_power() {
    powered_ = true;
    ++power_epoch_;
}

void VirtualTpm::lost_power(std::string because) {
    powered_ = false;
    ++power_epoch_;
    off_because_ = std::move(because);
    nv_.volatile_state.reset();
}

Result<void> VirtualTpm::run(const Burst& burst) {
    return host_.run(*this, burst);
}

}  // namespace pushsim::tpm
