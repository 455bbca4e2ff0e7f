// Faults of the protocol's order: requests that are left out, come twice, at once, or for another
// attestation.

#include <algorithm>

#include <fmt/format.h>

#include "sim/faults/kinds.hpp"

namespace pushsim::faults {
namespace {

using lifecycle::Phase;
using Again = Outgoing::Again;

class SkipNegotiation final : public Fault {
  public:
    using Fault::Fault;
    std::string depart(Departure& departure) const override {
        if (departure.goal <= Phase::Negotiate) return {};
        departure.course.negotiates = false;
        return "does not negotiate";
    }
};

class NeverSubmit final : public Fault {
  public:
    using Fault::Fault;
    std::string depart(Departure& departure) const override {
        if (departure.goal != Phase::Submit) return {};
        departure.goal = Phase::Collect;
        return "ends after collect";
    }
};

/// Evidence goes to an attestation so many behind the one that was negotiated.
class OtherIndex final : public Fault {
  public:
    OtherIndex(const scenario::Fault& plan, int further) : Fault(plan), further_(further) {}

    Result<std::string> send(Outgoing& outgoing, const Sender& sender) const override {
        if (outgoing.phase != Phase::Submit) return {};
        std::string& target = outgoing.request.target;
        const auto slash = target.rfind('/');
        const std::string number = target.substr(slash + 1);
        constexpr std::size_t kMostDigits = 9;
        if (number.empty() || number.size() > kMostDigits ||
            number.find_first_not_of("0123456789") != std::string::npos) {
            return fail(ErrorKind::Protocol, "the verifier gave the attestation no number: " + target, "");
        }
        const int index = std::stoi(number) + further_;
        if (index < 0) {
            return fail(lack(sender.turned_away,
                             "the attestation is the agent's first, there is none before it",
                             "let it attest before"));
        }
        target.replace(slash + 1, std::string::npos, std::to_string(index));
        return fmt::format("submits to attestation {}, not {}", index, number);
    }

  private:
    int further_;
};

class ToLatest final : public Fault {
  public:
    using Fault::Fault;

    Result<std::string> send(Outgoing& outgoing, const Sender& /*sender*/) const override {
        if (outgoing.phase != Phase::Submit) return {};
        std::string& target = outgoing.request.target;
        const auto slash = target.rfind('/');
        const std::string number = target.substr(slash + 1);
        target.replace(slash + 1, std::string::npos, "latest");
        return fmt::format("submits to attestation latest, not {}", number);
    }
};

class SubmitAgain final : public Fault {
  public:
    SubmitAgain(const scenario::Fault& plan, Again when) : Fault(plan), when_(when) {}

    Result<std::string> send(Outgoing& outgoing, const Sender& /*sender*/) const override {
        if (outgoing.phase != Phase::Submit) return {};
        outgoing.again = when_;
        return when_ == Again::AfterAnswer ? "submits a second time after the answer"
                                           : "submits a second time after the verdict";
    }

  private:
    Again when_;
};

class AtOnce final : public Fault {
  public:
    AtOnce(const scenario::Fault& plan, Phase phase) : Fault(plan), phase_(phase) {}

    Result<std::string> send(Outgoing& outgoing, const Sender& /*sender*/) const override {
        if (outgoing.phase != phase_) return {};
        outgoing.copies = std::max(outgoing.copies, plan().count);
        return fmt::format("sends the request on {} connections at once", plan().count);
    }

  private:
    Phase phase_;
};

}  // namespace

std::unique_ptr<Fault> order_fault(const scenario::Fault& plan) {
    switch (plan.kind) {
        case scenario::FaultKind::SkipNegotiation:
            return std::make_unique<SkipNegotiation>(plan);
        case scenario::FaultKind::NeverSubmit:
            return std::make_unique<NeverSubmit>(plan);
        case scenario::FaultKind::OldIndex:
            return std::make_unique<OtherIndex>(plan, -1);
        case scenario::FaultKind::FutureIndex:
            return std::make_unique<OtherIndex>(plan, 1);
        case scenario::FaultKind::ToLatest:
            return std::make_unique<ToLatest>(plan);
        case scenario::FaultKind::DuplicateSubmit:
            return std::make_unique<SubmitAgain>(plan, Again::AfterAnswer);
        case scenario::FaultKind::ResubmitAfterVerdict:
            return std::make_unique<SubmitAgain>(plan, Again::AfterVerdict);
        case scenario::FaultKind::ConcurrentSubmit:
            return std::make_unique<AtOnce>(plan, Phase::Submit);
        case scenario::FaultKind::ConcurrentNegotiate:
            return std::make_unique<AtOnce>(plan, Phase::Negotiate);
        default:
            return nullptr;
    }
}

protocol::Negotiation never_negotiated(const std::string& agent_id) {
    constexpr std::size_t kChallengeSize = 16;
    protocol::Negotiation negotiation;
    negotiation.stage = "awaiting_evidence";
    negotiation.index = 0;
    negotiation.target = protocol::attestation_target(agent_id, "0");
    negotiation.location = negotiation.target;
    negotiation.evidence_requested.push_back(protocol::QuoteRequest{.challenge = Bytes(kChallengeSize, 0),
                                                                    .signature_scheme = "rsassa",
                                                                    .hash_algorithm = "sha256",
                                                                    .selected_subjects = {{"sha256", {0}}},
                                                                    .key_server_identifier = "ak",
                                                                    .key_local_identifier = ""});
    return negotiation;
}

}  // namespace pushsim::faults
