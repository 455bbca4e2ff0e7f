// Faults of the evidence: what is asked of the TPM for it, and what then stands in the message. What a TPM
// signed is never changed behind it: where the signed part is to be another, the TPM is asked for another.

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "agent/base/bytes.hpp"
#include "agent/protocol/pcr_blob.hpp"
#include "agent/tpm/hash_algorithm.hpp"
#include "sim/faults/kinds.hpp"

namespace pushsim::faults {
namespace {

using Json = nlohmann::ordered_json;
using lifecycle::Phase;
using scenario::FaultKind;

/// It is quoted beside those that are asked for, where the agent's habits say so (tpm::DataPcr).
constexpr int kDataPcr = 16;

// What is asked of the TPM.

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
    Result<std::string> label(Outgoing& outgoing, const lifecycle::QuotePcrs& asked) const override;
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

// What stands in the message.

/// The body of evidence that was collected.
class Message {
  public:
    explicit Message(const std::string& body) : body_(Json::parse(body)) {}
    Json& items() { return body_["data"]["attributes"]["evidence_collected"]; }
    /// Of the quote: message, signature, subject_data. Null where there is no quote.
    Json* quote() {
        for (Json& item : items()) {
            if (item["evidence_type"] == "tpm_quote") return &item["data"];
        }
        return nullptr;
    }
    std::string text() const { return body_.dump(-1, ' ', false, Json::error_handler_t::replace); }

  private:
    Json body_;
};

/// A fault of the items.
class OfItems : public Fault {
  public:
    using Fault::Fault;

    Result<std::string> send(Outgoing& outgoing, const Sender& /*sender*/) const final {
        if (outgoing.phase != Phase::Submit) return {};
        Message message(outgoing.request.body);
        auto changed = change(message);
        if (changed) outgoing.request.body = message.text();
        return changed;
    }

  private:
    virtual Result<std::string> change(Message& message) const = 0;
};

/// A fault of what stands in a quote's item.
class OfQuoteItem : public OfItems {
  public:
    using OfItems::OfItems;

  private:
    Result<std::string> change(Message& message) const final {
        Json* quote = message.quote();
        if (quote == nullptr) {
            return fail(ErrorKind::Usage, "there is no quote in the evidence",
                        "let the agent's policy name a PCR");
        }
        return change_quote(*quote);
    }
    virtual Result<std::string> change_quote(Json& quote) const = 0;
};

class Signature final : public OfQuoteItem {
  public:
    using OfQuoteItem::OfQuoteItem;

  private:
    Result<std::string> change_quote(Json& quote) const override {
        auto octets = from_base64(quote["signature"].get<std::string>());
        if (!octets) return fail(octets.error());
        octets->back() ^= 1U;
        quote["signature"] = to_base64(*octets);
        return "one bit of the signature is another";
    }
};

class NotBase64 final : public OfQuoteItem {
  public:
    using OfQuoteItem::OfQuoteItem;

  private:
    Result<std::string> change_quote(Json& quote) const override {
        // Nine letters of the alphabet: no base64 either to a reader that leaves the space out.
        quote[plan().member] = "not base64";
        return fmt::format("{} is not base64", plan().member);
    }
};

/// Changes the PCR values of a quote's item.
Result<void> change_pcrs(Json& quote, const std::function<Result<void>(tpm::PcrValues&)>& change) {
    const auto octets = from_base64(quote["subject_data"].get<std::string>());
    if (!octets) return fail(octets.error());
    auto blob = protocol::read_pcr_blob(*octets);
    if (!blob) return fail(blob.error());
    if (auto changed = change(blob->pcrs); !changed) return changed;
    quote["subject_data"] = to_base64(protocol::write_pcr_blob(blob->bank, blob->pcrs));
    return {};
}

class PcrValue final : public OfQuoteItem {
  public:
    using OfQuoteItem::OfQuoteItem;

  private:
    Result<std::string> change_quote(Json& quote) const override {
        const auto changed = change_pcrs(quote, [&](tpm::PcrValues& pcrs) -> Result<void> {
            const auto value = pcrs.find(plan().pcr);
            if (value == pcrs.end()) {
                return fail(ErrorKind::Usage, fmt::format("PCR {} is not in the evidence", plan().pcr),
                            "name one that the agent's policy names");
            }
            value->second.front() ^= 1U;
            return {};
        });
        if (!changed) return fail(changed.error());
        return fmt::format("sends another value for PCR {} than was quoted", plan().pcr);
    }
};

Result<std::string> Selection::label(Outgoing& outgoing, const lifecycle::QuotePcrs& asked) const {
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

class MissingItem final : public OfItems {
  public:
    using OfItems::OfItems;

  private:
    Result<std::string> change(Message& message) const override {
        Json& items = message.items();
        if (items.empty())
            return fail(ErrorKind::Usage, "there is no item to leave out",
                        "let the agent's policy ask for evidence");
        const std::string type = items.back()["evidence_type"];
        items.erase(items.size() - 1);
        return "leaves the item " + type + " out";
    }
};

class SwapItems final : public OfItems {
  public:
    using OfItems::OfItems;

  private:
    Result<std::string> change(Message& message) const override {
        Json& items = message.items();
        if (items.size() < 2) {
            return fail(
                ErrorKind::Usage,
                fmt::format("the evidence has {} items, and two are needed to swap them", items.size()),
                "give the agent an IMA log (boot: { ima: … })");
        }
        std::swap(items[0], items[1]);
        return "sends the second item before the first";
    }
};

class EmptyList final : public OfItems {
  public:
    using OfItems::OfItems;

  private:
    Result<std::string> change(Message& message) const override {
        message.items() = Json::array();
        return "sends no items";
    }
};

class HugeItem final : public OfItems {
  public:
    using OfItems::OfItems;

  private:
    Result<std::string> change(Message& message) const override {
        Json& items = message.items();
        if (items.empty())
            return fail(ErrorKind::Usage, "there is no item to pad",
                        "let the agent's policy ask for evidence");
        Json& item = items.back();
        item["data"]["padding"] = "";
        const std::size_t size = item.dump(-1, ' ', false, Json::error_handler_t::replace).size();
        const auto wanted = static_cast<std::size_t>(plan().size);
        if (size > wanted) {
            return fail(ErrorKind::Usage, fmt::format("the item has {} octets already", size),
                        "name a larger size");
        }
        item["data"]["padding"] = std::string(wanted - size, 'x');
        return fmt::format("pads the item {} to {} octets", item["evidence_type"].get<std::string>(), wanted);
    }
};

class ErrorResource final : public Fault {
  public:
    using Fault::Fault;
    Result<std::string> send(Outgoing& outgoing, const Sender& /*sender*/) const override {
        if (outgoing.phase != Phase::Submit) return {};
        outgoing.request.body = protocol::evidence_error_request(outgoing.request.target, {}).body;
        return "sends an error in place of evidence, as the Rust agent does";
    }
};

}  // namespace

std::unique_ptr<Fault> evidence_fault(const scenario::Fault& plan) {
    switch (plan.kind) {
        case FaultKind::StaleNonce:
            return std::make_unique<StaleNonce>(plan);
        case FaultKind::WrongNonce:
            return std::make_unique<WrongNonce>(plan);
        case FaultKind::NonceAsText:
            return std::make_unique<NonceAsText>(plan);
        case FaultKind::WrongKey:
            return std::make_unique<WrongKey>(plan);
        case FaultKind::Signature:
            return std::make_unique<Signature>(plan);
        case FaultKind::Selection:
            return std::make_unique<Selection>(plan);
        case FaultKind::PcrValue:
            return std::make_unique<PcrValue>(plan);
        case FaultKind::ExtraPcr:
            return std::make_unique<ExtraPcr>(plan);
        case FaultKind::MissingItem:
            return std::make_unique<MissingItem>(plan);
        case FaultKind::SwapItems:
            return std::make_unique<SwapItems>(plan);
        case FaultKind::NotBase64:
            return std::make_unique<NotBase64>(plan);
        case FaultKind::EmptyList:
            return std::make_unique<EmptyList>(plan);
        case FaultKind::HugeItem:
            return std::make_unique<HugeItem>(plan);
        case FaultKind::ErrorResource:
            return std::make_unique<ErrorResource>(plan);
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
