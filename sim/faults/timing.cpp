// Faults of timing.

#include <fmt/format.h>

#include "sim/faults/fault.hpp"

namespace pushsim::faults {
namespace {

using lifecycle::Phase;

Phase phase_of(scenario::StepKind kind) {
    switch (kind) {
        case scenario::StepKind::Register:
            return Phase::Register;
        case scenario::StepKind::Activate:
            return Phase::Activate;
        case scenario::StepKind::Authenticate:
            return Phase::Authenticate;
        case scenario::StepKind::Collect:
            return Phase::Collect;
        case scenario::StepKind::Submit:
            return Phase::Submit;
        default:
            return Phase::Negotiate;
    }
}

class HoldEvidence final : public Fault {
  public:
    using Fault::Fault;

    // Before the expiry by whatever clock, or after it by whatever clock.
    Duration before(const Moment& moment) const override {
        const auto expires = is_early() ? moment.expires_earliest : moment.expires_latest;
        if (moment.phase != Phase::Submit || !expires) return {};
        return std::max(*expires + plan().offset - moment.now, Duration::zero());
    }

    std::string doubt(const Moment& moment) const override {
        if (moment.phase != Phase::Submit || !is_early() || !moment.expires_earliest ||
            moment.now < *moment.expires_earliest) {
            return {};
        }
        const auto late = std::chrono::ceil<std::chrono::milliseconds>(moment.now - *moment.expires_earliest);
        return fmt::format(
            "inconclusive: the answer came {} ms after the challenge may have expired, so the evidence "
            "may have arrived too late",
            late.count());
    }

  private:
    bool is_early() const { return plan().offset < Duration::zero(); }
};

class Delay final : public Fault {
  public:
    using Fault::Fault;
    Duration before(const Moment& moment) const override {
        return moment.phase == phase_of(plan().phase) ? plan().duration : Duration::zero();
    }
};

class Stall final : public Fault {
  public:
    using Fault::Fault;
    Duration after(const Moment& moment) const override {
        return moment.phase == phase_of(plan().phase) ? plan().duration : Duration::zero();
    }
};

class Early final : public Fault {
  public:
    using Fault::Fault;
    Duration sooner() const override { return plan().duration; }
};

}  // namespace

Duration Fault::before(const Moment& /*moment*/) const {
    return {};
}
Duration Fault::after(const Moment& /*moment*/) const {
    return {};
}
Duration Fault::sooner() const {
    return {};
}
std::string Fault::doubt(const Moment& /*moment*/) const {
    return {};
}

Faults make(const std::vector<scenario::Fault>& plan) {
    Faults faults;
    faults.reserve(plan.size());
    for (const scenario::Fault& fault : plan) {
        switch (fault.kind) {
            case scenario::FaultKind::HoldEvidence:
                faults.push_back(std::make_unique<HoldEvidence>(fault));
                break;
            case scenario::FaultKind::Delay:
                faults.push_back(std::make_unique<Delay>(fault));
                break;
            case scenario::FaultKind::Stall:
                faults.push_back(std::make_unique<Stall>(fault));
                break;
            case scenario::FaultKind::Early:
                faults.push_back(std::make_unique<Early>(fault));
                break;
        }
    }
    return faults;
}

}  // namespace pushsim::faults
