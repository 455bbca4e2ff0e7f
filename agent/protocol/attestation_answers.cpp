#include <charconv>

#include <fmt/format.h>

#include "agent/protocol/answer.hpp"
#include "agent/protocol/attestation.hpp"

namespace pushsim::protocol {
namespace {

using json::Value;

constexpr int kPcrs = 24;
constexpr std::size_t kBanks = 16;                      // TPM2_NUM_PCR_BANKS
constexpr std::size_t kItems = 16;                      // Keylime knows three types of evidence
constexpr double kLongestInterval = 366.0 * 24 * 3600;  // seconds

std::vector<int> pcr_numbers(const Value& list) {
    std::vector<int> pcrs;
    for (const Value& element : list.as_array(kPcrs)) {
        const std::uint64_t pcr = element.as_count();
        if (pcr >= kPcrs) {
            element.wrong({}, fmt::format("{}, expected a PCR (0 to {})", pcr, kPcrs - 1));
            break;
        }
        pcrs.push_back(static_cast<int>(pcr));
    }
    return pcrs;
}

QuoteRequest quote_request(const Value& parameters) {
    QuoteRequest quote;
    quote.challenge = parameters.base64("challenge");
    if (quote.challenge.empty()) parameters.wrong("challenge", "empty");
    quote.signature_scheme = parameters.text("signature_scheme");
    quote.hash_algorithm = parameters.text("hash_algorithm");
    for (const auto& [bank, pcrs] : parameters.members("selected_subjects", kBanks)) {
        if (!tpm::hash_algorithm_from(bank)) {
            pcrs.wrong({}, "the name of no hash algorithm");
            break;
        }
        if (!pcrs.is_null()) quote.selected_subjects[std::string{bank}] = pcr_numbers(pcrs);
    }
    if (!quote.selected_subjects.contains(quote.hash_algorithm)) {
        parameters.wrong("selected_subjects",
                         fmt::format("selects nothing of hash_algorithm '{:.40}'", quote.hash_algorithm));
    }
    if (const auto key = parameters.optional_object("certification_key")) {
        quote.key_server_identifier = key->optional_text("server_identifier").value_or("");
        quote.key_local_identifier = key->optional_text("local_identifier").value_or("");
    }
    return quote;
}

template <typename Log>
Log log_request(const Value& parameters) {
    Log log;
    log.starting_offset = parameters.optional_count("starting_offset").value_or(0);
    log.entry_count = parameters.optional_count("entry_count");
    log.format = parameters.optional_text("format").value_or("");
    return log;
}

EvidenceRequest evidence_request_in(const Value& item) {
    const std::string evidence_class = item.text("evidence_class");
    const std::string evidence_type = item.text("evidence_type");
    if (evidence_type == "tpm_quote") return quote_request(item.object("chosen_parameters"));
    if (evidence_type == "uefi_log") return log_request<UefiLogRequest>(item.object("chosen_parameters"));
    if (evidence_type == "ima_log") return log_request<ImaLogRequest>(item.object("chosen_parameters"));
    return UnknownEvidenceRequest{evidence_class, evidence_type};
}

/// Path and query of an absolute path or http(s) URL; repeated slashes collapse, as they do in the Rust
/// agent. Empty if the text is neither, or cannot be sent back.
std::string target_of(std::string_view location) {
    if (!can_be_sent_back(location)) return {};
    location = location.substr(0, location.find('#'));
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (!location.starts_with(scheme)) continue;
        const auto path = location.find('/', scheme.size());
        location = path == std::string_view::npos ? "/" : location.substr(path);
        break;
    }
    if (!location.starts_with('/')) return {};
    std::string target;
    bool in_query = false;
    for (const char c : location) {
        in_query = in_query || c == '?';
        if (in_query || c != '/' || !target.ends_with('/')) target += c;
    }
    return target;
}

std::optional<int> index_of(std::string_view target) {
    target = target.substr(0, target.find('?'));
    const std::string_view last = target.substr(target.rfind('/') + 1);
    int index = 0;
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), index);
    if (error != std::errc{} || end != last.data() + last.size() || index < 0) return std::nullopt;
    return index;
}

}  // namespace

Result<Negotiation> parse_negotiation(const HttpResponse& answer, std::string_view call) {
    auto document = open_answer(answer, {201}, call);
    if (!document) return fail(std::move(document).error());
    auto located = parse_location(answer, call);
    if (!located) return located;
    Negotiation negotiation = *std::move(located);

    const Value attributes = open_resource(*document, "attestation");
    negotiation.stage = one_of(attributes, "stage", {"awaiting_evidence"});
    bool has_challenge = false;
    for (const Value& item : attributes.array("evidence_requested", kItems)) {
        negotiation.evidence_requested.push_back(evidence_request_in(item.as_object()));
        has_challenge =
            has_challenge || std::holds_alternative<QuoteRequest>(negotiation.evidence_requested.back());
    }
    negotiation.capabilities_received_at = attributes.optional_time("capabilities_received_at");
    negotiation.challenges_expire_at = has_challenge ? attributes.time("challenges_expire_at")
                                                     : attributes.optional_time("challenges_expire_at");
    return close_answer(*document, call, std::move(negotiation));
}

Result<Negotiation> parse_location(const HttpResponse& answer, std::string_view call) {
    Negotiation negotiation;
    const auto location = answer.header("Location");
    if (!location) return fail(malformed(call, "header Location: missing"));
    negotiation.location = *location;
    negotiation.target = target_of(*location);
    if (negotiation.target.empty()) {
        return fail(
            malformed(call, "header Location: neither an absolute path nor an http URL, or over 4 KiB"));
    }
    negotiation.index = index_of(negotiation.target);
    return negotiation;
}

Result<EvidenceAnswer> parse_evidence_answer(const HttpResponse& answer, std::string_view call) {
    auto document = open_answer(answer, {202}, call);
    if (!document) return fail(std::move(document).error());
    const Value attributes = open_resource(*document, "attestation");
    EvidenceAnswer accepted;
    accepted.stage = one_of(attributes, "stage", {"evaluating_evidence", "verification_complete"});
    accepted.capabilities_received_at = attributes.optional_time("capabilities_received_at");
    accepted.challenges_expire_at = attributes.optional_time("challenges_expire_at");
    accepted.evidence_received_at = attributes.optional_time("evidence_received_at");
    const auto seconds = document->root().object_if_any("meta").number_if_any("seconds_to_next_attestation");
    if (seconds && *seconds >= 0 && *seconds <= kLongestInterval) {
        accepted.next_attestation =
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>{*seconds});
    }
    return close_answer(*document, call, std::move(accepted));
}

}  // namespace pushsim::protocol
