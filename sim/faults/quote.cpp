// Faults of the quote: what is asked of the TPM for it. What a TPM signed is never changed behind it: where
// the signed part is to be another, the TPM is asked for another.

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/base/bytes.hpp"
#include "agent/tpm/hash_algorithm.hpp"
#include "sim/faults/evidence_message.hpp"
#include "sim/faults/kinds.hpp"

namespace pushsim::faults {
namespace {

using lifecycle::Phase;
using scenario::FaultKind;

/// It is quoted beside those that are asked for, where the agent's habits say so (tpm::DataPcr).
constexpr int kDataPcr = 16;

/// A fault of the quote itself.
class OfQuote : public Fault {
  public:
    using Fault::Fault;

    Result<std::string> send(Outgoing& outgoing, const Sender& sender) const final {
        if (outgoing.phase != Phase::Submit) return {};
        if (sender.asked == nullptr) {
            return fail(ErrorKind::Usage,
                        "no quote was made in this step: the verifier asks for none, or the evidence was "
                        "collected before",
                        "let the same step collect, as `attest` does");
        }
        return label(outgoing, *sender.asked);
    }

  private:
    /// How the message presents it.
    virtual Result<std::string> label(Outgoing& /*outgoing*/, const lifecycle::QuotePcrs& /*asked*/) const {
        return {};
    }
};

class StaleNonce final : public OfQuote {
  public:
    using OfQuote::OfQuote;
    Result<std::string> quote(Quoting& quoting, const Sender& sender) const override {
        if (sender.challenge_before == nullptr) {
            return fail(lack(sender.turned_away,
                             "the agent has no challenge of a negotiation before this one",
                             "let it `negotiate` or attest before"));
        }
        quoting.quote.challenge = *sender.challenge_before;
        return "quotes over the challenge of the negotiation before";
    }
};

class WrongNonce final : public OfQuote {
  public:
    using OfQuote::OfQuote;
    Result<std::string> quote(Quoting& quoting, const Sender& sender) const override {
        constexpr unsigned kOctet = 0xFF;
        Bytes& challenge = quoting.quote.challenge;
        const Bytes honest = challenge;
        do {
            for (auto& octet : challenge)
                octet = static_cast<std::uint8_t>(sender.random.next() & kOctet);
        } while (challenge == honest && !challenge.empty());
        return "quotes over a challenge that nobody issued";
    }
};

class NonceAsText final : public OfQuote {
  public:
    using OfQuote::OfQuote;
    Result<std::string> quote(Quoting& quoting, const Sender& /*sender*/) const override {
        const std::string text = to_base64(quoting.quote.challenge);
        quoting.quote.challenge.assign(text.begin(), text.end());
        return "quotes over the base64 text of the challenge";
    }
};

class WrongKey final : public OfQuote {
  public:
    using OfQuote::OfQuote;
    Result<std::string> quote(Quoting& quoting, const Sender& /*sender*/) const override {
        quoting.by_another_key = true;
        return "quotes by another attestation key of its TPM";
    }
};

class ExtraPcr final : public OfQuote {
  public:
    using OfQuote::OfQuote;
    Result<std::string> quote(Quoting& quoting, const Sender& /*sender*/) const override {
        std::vector<int>& pcrs = quoting.quote.pcrs;
        if (std::ranges::find(pcrs, plan().pcr) != pcrs.end()) {
            return fail(ErrorKind::Usage,
                        fmt::format("the verifier asks for PCR {}, it is none that is too many", plan().pcr),
                        fmt::format("name one that it does not ask for; it asks for {}",
                                    fmt::join(quoting.quote.pcrs, ", ")));
        }
        pcrs.push_back(plan().pcr);
        return fmt::format("quotes and sends PCR {} beside those asked for", plan().pcr);
    }
};

/// PCR values under other numbers.
class Selection final : public OfQuote {
  public:
    using OfQuote::OfQuote;
    Result<std::string> quote(Quoting& quoting, const Sender& /*sender*/) const override {
        std::vector<int>& pcrs = quoting.quote.pcrs;
        constexpr int kPcrs = 24;
        for (int other = 0; other < kPcrs; ++other) {
            if (other == kDataPcr || std::ranges::find(pcrs, other) != pcrs.end()) continue;
            const auto replaced = std::ranges::find_if(pcrs, [](int pcr) { return pcr != kDataPcr; });
            if (replaced == pcrs.end()) break;
            *replaced = other;
            return fmt::format("quotes PCR {}", fmt::join(pcrs, ", "));
        }
        return fail(ErrorKind::Usage, "there is no PCR that could stand for one of those asked for",
                    "let the policy name others");
    }

  private:
    Result<std::string> label(Outgoing& outgoing, const lifecycle::QuotePcrs& asked) const override {
        Message message(outgoing.request.body);
        Json* quote = message.quote();
        if (quote == nullptr) return fail(ErrorKind::Usage, "there is no quote in the evidence");
        const auto changed = change_pcrs(*quote, [&](tpm::PcrValues& pcrs) -> Result<void> {
            std::set<int> numbers(asked.pcrs.begin(), asked.pcrs.end());
            if (asked.data_pcr == tpm::DataPcr::HoldsAk) numbers.insert(kDataPcr);
            if (numbers.size() != pcrs.size()) return fail(ErrorKind::Usage, "the evidence has other PCRs");
            tpm::PcrValues labelled;
            auto number = numbers.begin();
            // In the order of the digest.
            for (auto& [pcr, value] : pcrs)
                labelled[*number++] = std::move(value);
            pcrs = std::move(labelled);
            return {};
        });
        if (!changed) return fail(changed.error());
        outgoing.request.body = message.text();
        return fmt::format("sends its values as those of PCR {}", fmt::join(asked.pcrs, ", "));
    }
};

class OtherClock final : public OfQuote {
  public:
    OtherClock(const scenario::Fault& plan, Quoting::Clock clock) : OfQuote(plan), clock_(clock) {}
    Result<std::string> quote(Quoting& quoting, const Sender& /*sender*/) const override {
        quoting.clock = clock_;
        return clock_ == Quoting::Clock::BeginsAnew
                   ? "quotes after a TPM2_Clear, with a clock that began anew"
                   : "quotes after a loss of power, with a clock that is not safe";
    }

  private:
    Quoting::Clock clock_;
};

class NotAQuote final : public OfQuote {
  public:
    using OfQuote::OfQuote;
    Result<std::string> quote(Quoting& quoting, const Sender& /*sender*/) const override {
        quoting.certifies = true;
        return "certifies its attestation key over the challenge, and quotes nothing";
    }
};

/// The agent reads another algorithm in the answer to its negotiation than stands there, and signs by that.
class OtherChoice final : public OfQuote {
  public:
    using OfQuote::OfQuote;
    void read(HttpResponse& answer, const Sender& /*sender*/) const override {
        Json body = Json::parse(answer.body, nullptr, false);
        const Json::json_pointer requested{"/data/attributes/evidence_requested"};
        if (body.is_discarded() || !body.contains(requested) || !body[requested].is_array()) return;
        const Json::json_pointer member{"/chosen_parameters/" + plan().member};
        for (Json& item : body[requested]) {
            if (!item.contains(member) || !item[member].is_string()) continue;
            chosen_ = item[member].get<std::string>();
            item[member] = plan().text;
            // A hash names the PCR bank, too, whose PCRs are asked for under its name.
            const Json::json_pointer subjects{"/chosen_parameters/selected_subjects"};
            if (plan().member == "hash_algorithm" && item.contains(subjects / chosen_))
                item[subjects / plan().text] = item[subjects / chosen_];
            answer.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
        }
    }
    Result<std::string> quote(Quoting& quoting, const Sender& sender) const override {
        if (chosen_.empty()) {
            return fail(lack(sender.turned_away, fmt::format("no {} was chosen in this step", plan().member),
                             "let the same step negotiate, as `attest` does"));
        }
        if (chosen_ == plan().text) {
            // As of what a server refused: the case fails, and the play goes on.
            return fail(ErrorKind::Protocol,
                        fmt::format("the verifier chose {} itself, it is none other", chosen_),
                        "enrol the agent so that it prefers another, and let the offer have both");
        }
        if (plan().member == "hash_algorithm") {
            // Of another bank the verifier would not look at the signature.
            const auto bank = tpm::hash_algorithm_from(chosen_);
            if (!bank)
                return fail(ErrorKind::Usage, "the TPM has no PCR bank '" + chosen_ + "'", "offer none");
            quoting.quote.bank = *bank;
        }
        return fmt::format("signs by {} {}, where the verifier chose {}", plan().member, plan().text,
                           chosen_);
    }

  private:
    mutable std::string chosen_;  ///< empty: nothing was
};

class MeasureBetween final : public OfQuote {
  public:
    using OfQuote::OfQuote;
    Result<std::string> quote(Quoting& quoting, const Sender& /*sender*/) const override {
        const bool log_first = plan().first == "log";
        quoting.measured = log_first ? Quoting::Measured::BeforeQuote : Quoting::Measured::AfterQuote;
        return log_first ? "uses a file after its log was read, and then quotes"
                         : "uses a file after its quote, and then reads its log";
    }
};

}  // namespace

std::unique_ptr<Fault> quote_fault(const scenario::Fault& plan) {
    switch (plan.kind) {
        case FaultKind::StaleNonce:
            return std::make_unique<StaleNonce>(plan);
        case FaultKind::WrongNonce:
            return std::make_unique<WrongNonce>(plan);
        case FaultKind::NonceAsText:
            return std::make_unique<NonceAsText>(plan);
        case FaultKind::WrongKey:
            return std::make_unique<WrongKey>(plan);
        case FaultKind::Selection:
            return std::make_unique<Selection>(plan);
        case FaultKind::ExtraPcr:
            return std::make_unique<ExtraPcr>(plan);
        case FaultKind::ClockBack:
            return std::make_unique<OtherClock>(plan, Quoting::Clock::BeginsAnew);
        case FaultKind::NotSafe:
            return std::make_unique<OtherClock>(plan, Quoting::Clock::IsNotSafe);
        case FaultKind::NotAQuote:
            return std::make_unique<NotAQuote>(plan);
        case FaultKind::OtherChoice:
            return std::make_unique<OtherChoice>(plan);
        case FaultKind::MeasureBetween:
            return std::make_unique<MeasureBetween>(plan);
        default:
            return nullptr;
    }
}

}  // namespace pushsim::faults
