// Faults of the evidence as a message: what stands in it. Those of the quote itself are in quote.cpp.

#include <utility>

#include <fmt/format.h>

#include "agent/base/bytes.hpp"
#include "sim/faults/evidence_message.hpp"
#include "sim/faults/kinds.hpp"

namespace pushsim::faults {
namespace {

using lifecycle::Phase;
using scenario::FaultKind;

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
        case FaultKind::Signature:
            return std::make_unique<Signature>(plan);
        case FaultKind::PcrValue:
            return std::make_unique<PcrValue>(plan);
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
        default:
            return nullptr;
    }
}

}  // namespace pushsim::faults
