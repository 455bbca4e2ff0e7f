// One cycle: capabilities offered, evidence collected and submitted.

#include <algorithm>
#include <utility>

#include "agent/base/text.hpp"
#include "agent/boot/boot_state.hpp"
#include "agent/lifecycle/state.hpp"

namespace pushsim::lifecycle {
namespace {

constexpr int kNegotiated = 201;

bool contains(const auto& values, const auto& value) {
    return std::ranges::find(values, value) != values.end();
}

std::string kind_of(const protocol::EvidenceRequest& request) {
    if (std::holds_alternative<protocol::QuoteRequest>(request)) return "tpm_quote";
    if (std::holds_alternative<protocol::UefiLogRequest>(request)) return "uefi_log";
    if (std::holds_alternative<protocol::ImaLogRequest>(request)) return "ima_log";
    return std::get<protocol::UnknownEvidenceRequest>(request).evidence_type;
}

bool is_offered(const protocol::EvidenceRequest& request, const protocol::Capabilities& offered) {
    if (std::holds_alternative<protocol::UefiLogRequest>(request)) return offered.uefi_log.has_value();
    if (std::holds_alternative<protocol::ImaLogRequest>(request)) return offered.ima_log.has_value();
    return std::holds_alternative<protocol::QuoteRequest>(request);
}

/// The quote to make, or why what is asked was never offered.
Result<QuotePcrs> plan_quote(const std::vector<protocol::EvidenceRequest>& asked,
                             const protocol::Capabilities& offers) {
    const protocol::QuoteCapabilities& offered = offers.tpm_quote;
    const auto refuse = [](const std::string& what) {
        return fail(ErrorKind::Protocol, "the verifier asks for " + what);
    };
    const auto named = [](const std::string& word) { return "'" + escaped(word, kLongestWord) + "'"; };
    const protocol::QuoteRequest* quote = nullptr;
    for (const auto& request : asked) {
        const auto* other = std::get_if<protocol::QuoteRequest>(&request);
        if (!is_offered(request, offers)) return refuse(named(kind_of(request)) + ", which was not offered");
        if (other != nullptr && quote != nullptr) return refuse("two quotes, which was not offered");
        if (other != nullptr) quote = other;
    }
    if (quote == nullptr) return refuse("logs without a quote, which was not offered");
    const std::string& hash = quote->hash_algorithm;
    const auto bank = tpm::hash_algorithm_from(hash);
    if (!bank || !contains(offered.hash_algorithms, hash)) {
        return refuse("hash algorithm " + named(hash) + ", which was not offered");
    }
    const auto& key = offered.certification_keys.front();
    // It is the hash of the signature, too: another one than the key's gives a quote that never verifies.
    if (!contains(key.hash_algorithms, hash)) {
        return refuse("hash algorithm " + named(hash) + ", which the attestation key cannot do");
    }
    if (!contains(key.signature_schemes, quote->signature_scheme)) {
        return refuse("signature scheme " + named(quote->signature_scheme) +
                      ", which the attestation key cannot do");
    }
    const bool names_key =
        quote->key_server_identifier.empty()
            ? quote->key_local_identifier.empty() || quote->key_local_identifier == key.local_identifier
            : quote->key_server_identifier == key.server_identifier;
    if (!names_key) return refuse("a certification key that was not offered");
    std::vector<int> pcrs = quote->pcrs();
    if (pcrs.empty()) return refuse("a quote of no PCR of bank " + hash);
    const auto available = offered.available_subjects.find(hash);
    for (const int pcr : pcrs) {
        if (available == offered.available_subjects.end() || !contains(available->second, pcr)) {
            return refuse("PCR " + std::to_string(pcr) + " of bank " + hash + ", which was not offered");
        }
    }
    return QuotePcrs{quote->challenge, *bank, std::move(pcrs)};
}

/// PCR values as protocol::write_pcr_blob takes them; a TPM may be somebody else's and answer anything.
bool fits_a_pcr_blob(const tpm::Quote& quote) {
    return std::ranges::all_of(quote.pcrs, [&](const auto& value) {
        return value.first >= 0 && value.first < 24 && value.second.size() == tpm::digest_size(quote.bank);
    });
}

}  // namespace

Result<void> Machine::State::offer() {
    const boot::ImaLog* log = ima_log();
    auto capabilities = protocol::make_capabilities(description, settings.boot_time, 0,
                                                    log != nullptr ? log->entry_count() : 0);
    if (!capabilities) return fail(std::move(capabilities).error());
    if (!settings.habits.offers_empty_logs) {
        // There is no UEFI log to give yet.
        capabilities->uefi_log.reset();
        if (log == nullptr) capabilities->ima_log.reset();
    }
    offered = *std::move(capabilities);
    return {};
}

Want Machine::State::negotiate() {
    if (const auto known = offer(); !known)
        return finish(Finished::Ending::Failed, {}, "negotiate: " + known.error().line());
    return send(Peer::Verifier, protocol::negotiation_request(settings.agent_id, *offered, headers(true)));
}

Want Machine::State::take_negotiation(const HttpResponse& answer) {
    auto negotiated = protocol::parse_negotiation(answer, run.call);
    if (!negotiated) return malformed(answer, negotiated.error());
    negotiation = *std::move(negotiated);
    evidence.reset();
    nothing_collected = false;
    may_have_arrived.reset(static_cast<std::size_t>(Call::Submit));
    run.negotiated = true;
    Grounds grounds;
    grounds.status = answer.status;
    return after(Phase::Negotiate, grounds,
                 nothing_asked() ? "negotiated; the verifier asks for no evidence: no policy names a PCR"
                                 : "negotiated");
}

Want Machine::State::collect() {
    if (nothing_asked()) {
        if (settings.habits.reports_errors) return report_error();
        evidence.emplace();
        return after(Phase::Collect, {}, "nothing to collect: the verifier asks for no evidence");
    }
    // What nobody negotiated is collected as if all had been offered.
    if (!offered) {
        if (const auto known = offer(); !known)
            return finish(Finished::Ending::Failed, {}, "collect: " + known.error().line());
    }
    auto plan = plan_quote(negotiation->evidence_requested, *offered);
    if (!plan && settings.habits.reports_errors) return report_error();
    if (!plan) {
        Grounds grounds;
        grounds.status = kNegotiated;
        return finish(Finished::Ending::Failed, grounds, "collect: " + plan.error().line());
    }
    plan->data_pcr = settings.habits.data_pcr;
    return use_tpm(*std::move(plan));
}

Want Machine::State::report_error() {
    Grounds grounds;
    grounds.status = kNegotiated;
    if (run.goal != Phase::Submit) {
        return finish(Finished::Ending::Failed, grounds, "collect: there is no evidence for what is asked");
    }
    evidence.reset();
    nothing_collected = true;
    may_have_arrived.reset(static_cast<std::size_t>(Call::Submit));
    return enter(Step::Submit);
}

Want Machine::State::take_quote(const tpm::Quote& quote) {
    if (!fits_a_pcr_blob(quote)) {
        return finish(Finished::Ending::Failed, {},
                      "collect: the quote's PCR values do not fit the evidence format");
    }
    evidence.emplace();
    for (const auto& request : negotiation->evidence_requested) {
        if (std::holds_alternative<protocol::UefiLogRequest>(request)) {
            evidence->push_back(protocol::UefiLogEvidence{});
        } else if (const auto* ima = std::get_if<protocol::ImaLogRequest>(&request)) {
            evidence->push_back(read_ima_log(*ima));
        } else {
            evidence->push_back(protocol::make_quote_evidence(quote));
        }
    }
    return after(Phase::Collect, {}, "evidence collected");
}

const boot::ImaLog* Machine::State::ima_log() const {
    if (settings.measured == nullptr || settings.measured->ima_log().entry_count() == 0) return nullptr;
    return &settings.measured->ima_log();
}

/// After the quote, as the Rust agent does: what was measured in between is in the log, and not yet
/// certified.
protocol::ImaLogEvidence Machine::State::read_ima_log(const protocol::ImaLogRequest& request) const {
    protocol::ImaLogEvidence read;
    const boot::ImaLog* log = ima_log();
    if (log == nullptr) return read;
    read.entries = log->text(request.starting_offset, request.entry_count);
    read.entry_count = static_cast<std::uint64_t>(std::ranges::count(read.entries, '\n'));
    return read;
}

Want Machine::State::submit() {
    return send(Peer::Verifier,
                nothing_collected
                    ? protocol::evidence_error_request(negotiation->target, headers(true))
                    : protocol::evidence_request(negotiation->target, *evidence, headers(true)));
}

Want Machine::State::take_submission(const HttpResponse& answer) {
    const auto accepted = protocol::parse_evidence_answer(answer, run.call);
    if (!accepted) return malformed(answer, accepted.error());
    Grounds grounds;
    grounds.status = answer.status;
    // The Rust agent reads an integer and nothing else.
    auto next = accepted->next_attestation;
    if (settings.habits.interval && next && *next % std::chrono::seconds{1} != Duration::zero()) next.reset();
    return after(Phase::Submit, grounds,
                 nothing_asked() ? "accepted, although no evidence was asked for: no policy names a PCR"
                                 : "evidence accepted",
                 next);
}

bool Machine::State::nothing_asked() const {
    return negotiation && negotiation->evidence_requested.empty();
}

std::optional<int> Machine::State::index() const {
    return negotiation ? negotiation->index : std::nullopt;
}

}  // namespace pushsim::lifecycle
