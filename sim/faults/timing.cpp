// Faults of timing.

#include <fmt/format.h>

#include "sim/faults/kinds.hpp"

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
        return std::max(*expires + plan().until.offset - moment.now, Duration::zero());
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
    bool is_early() const { return plan().until.offset < Duration::zero(); }
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

std::unique_ptr<Fault> timing_fault(const scenario::Fault& plan) {
    switch (plan.kind) {
        case scenario::FaultKind::HoldEvidence:
            return std::make_unique<HoldEvidence>(plan);
        case scenario::FaultKind::Delay:
            return std::make_unique<Delay>(plan);
        case scenario::FaultKind::Stall:
            return std::make_unique<Stall>(plan);
        case scenario::FaultKind::Early:
            return std::make_unique<Early>(plan);
        default:
            return nullptr;
    }
}

}  // namespace pushsim::faults
