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
    explicit HoldEvidence(Duration offset) : offset_(offset) {}

    std::string text() const override { return "hold_evidence until " + scenario::expiry_text(offset_); }

    // Before the expiry by whatever clock, or after it by whatever clock.
    Duration before(const Moment& moment) const override {
        const auto expires = is_early() ? moment.expires_earliest : moment.expires_latest;
        if (moment.phase != Phase::Submit || !expires) return {};
        return std::max(*expires + offset_ - moment.now, Duration::zero());
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
    bool is_early() const { return offset_ < Duration::zero(); }
    Duration offset_;
};

class Delay final : public Fault {
  public:
    Delay(scenario::StepKind phase, Duration duration) : phase_(phase), duration_(duration) {}
    std::string text() const override {
        return fmt::format("delay before {} for {}", scenario::to_string(phase_), to_text(duration_));
    }
    Duration before(const Moment& moment) const override {
        return moment.phase == phase_of(phase_) ? duration_ : Duration::zero();
    }

  private:
    scenario::StepKind phase_;
    Duration duration_;
};

class Stall final : public Fault {
  public:
    Stall(scenario::StepKind phase, Duration duration) : phase_(phase), duration_(duration) {}
    std::string text() const override {
        return fmt::format("stall after {} for {}", scenario::to_string(phase_), to_text(duration_));
    }
    Duration after(const Moment& moment) const override {
        return moment.phase == phase_of(phase_) ? duration_ : Duration::zero();
    }

  private:
    scenario::StepKind phase_;
    Duration duration_;
};

class Early final : public Fault {
  public:
    explicit Early(Duration by) : by_(by) {}
    std::string text() const override { return "early by " + to_text(by_); }
    Duration sooner() const override { return by_; }

  private:
    Duration by_;
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
                faults.push_back(std::make_unique<HoldEvidence>(fault.offset));
                break;
            case scenario::FaultKind::Delay:
                faults.push_back(std::make_unique<Delay>(fault.phase, fault.duration));
                break;
            case scenario::FaultKind::Stall:
                faults.push_back(std::make_unique<Stall>(fault.phase, fault.duration));
                break;
            case scenario::FaultKind::Early:
                faults.push_back(std::make_unique<Early>(fault.duration));
                break;
        }
    }
    return faults;
}

}  // namespace pushsim::faults
