// Faults of timing.

#include <utility>

#include <fmt/format.h>

#include "sim/faults/kinds.hpp"

namespace pushsim::faults {
namespace {

using lifecycle::Phase;

class HoldEvidence final : public Fault {
  public:
    using Fault::Fault;

    // Before the expiry by whatever clock, or after it by whatever clock.
    Duration before(const Moment& moment) const override {
        const auto& expires = expiry(moment);
        // The evidence of a negotiation that came after a refusal is not held until another end.
        const bool first = moment.begun.at(static_cast<std::size_t>(Phase::Submit)) <= 1;
        if (moment.phase != Phase::Submit || !expires || !first) return {};
        return std::max((is_early() ? expires->earliest : expires->latest) + plan().until.offset - moment.now,
                        Duration::zero());
    }

    std::string doubt(const Moment& moment) const override {
        const auto& expires = expiry(moment);
        if (moment.phase != Phase::Submit || !is_early() || !expires || moment.now < expires->earliest)
            return {};
        const auto late = std::chrono::ceil<std::chrono::milliseconds>(moment.now - expires->earliest);
        return fmt::format(
            "inconclusive: the answer came {} ms after the {} may have expired, so the evidence may have "
            "arrived too late",
            late.count(), is_of_token() ? "token" : "challenge");
    }

  private:
    bool is_early() const { return plan().until.offset < Duration::zero(); }
    bool is_of_token() const { return plan().until.name == scenario::InstantName::TokenExpiresAt; }
    const std::optional<Span>& expiry(const Moment& moment) const {
        return is_of_token() ? moment.token_expires : moment.challenge_expires;
    }
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

/// Those that have it in a cycle go into a phase at one instant.
class Herd final : public Fault {
  public:
    Herd(const scenario::Fault& plan, std::shared_ptr<Rendezvous> place)
        : Fault(plan), place_(std::move(place)) {}

    Rendezvous* meeting(const Moment& moment) override {
        const bool first = moment.begun[static_cast<std::size_t>(moment.phase)] == 1;
        return first && moment.phase == phase_of(plan().phase) ? place_.get() : nullptr;
    }

  private:
    std::shared_ptr<Rendezvous> place_;
};

/// Within its window an agent neither sends nor reads.
class Swizzle final : public Fault {
  public:
    Swizzle(const scenario::Fault& plan, const std::optional<Window>& frozen)
        : Fault(plan), frozen_(frozen) {}
    Duration sending(const Moment& moment) const override { return left(moment); }
    Duration after(const Moment& moment) const override { return left(moment); }

  private:
    Duration left(const Moment& moment) const {
        const bool within = frozen_ && moment.now >= frozen_->begin && moment.now < frozen_->end;
        return within ? frozen_->end - moment.now : Duration::zero();
    }

    std::optional<Window> frozen_;
};

class ClockSkew final : public Fault {
  public:
    using Fault::Fault;
    std::string depart(Departure& departure) const override {
        if (plan().duration == Duration::zero()) return {};
        departure.clock_offset += plan().duration;
        const bool ahead = plan().duration >= Duration::zero();
        return fmt::format("its clock is {} {}", to_text(ahead ? plan().duration : -plan().duration),
                           ahead ? "ahead" : "behind");
    }
};

}  // namespace

std::unique_ptr<Fault> timing_fault(const scenario::Fault& plan, Given given) {
    switch (plan.kind) {
        case scenario::FaultKind::HoldEvidence:
            return std::make_unique<HoldEvidence>(plan);
        case scenario::FaultKind::Delay:
            return std::make_unique<Delay>(plan);
        case scenario::FaultKind::Stall:
            return std::make_unique<Stall>(plan);
        case scenario::FaultKind::Early:
            return std::make_unique<Early>(plan);
        case scenario::FaultKind::Herd:
            return std::make_unique<Herd>(plan, std::move(given.place));
        case scenario::FaultKind::Swizzle:
            return std::make_unique<Swizzle>(plan, given.frozen);
        case scenario::FaultKind::ClockSkew:
            return std::make_unique<ClockSkew>(plan);
        default:
            return nullptr;
    }
}

}  // namespace pushsim::faults
