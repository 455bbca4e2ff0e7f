#include "agent/protocol/attestation.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/protocol/pcr_blob.hpp"
#include "agent/protocol/public_area.hpp"
#include "agent/protocol/request.hpp"

namespace pushsim::protocol {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kCertification = "certification", kLog = "log";

ordered_json evidence_item(std::string_view evidence_class, std::string_view evidence_type) {
    ordered_json item;
    item["evidence_class"] = evidence_class;
    item["evidence_type"] = evidence_type;
    return item;
}

ordered_json key_json(const CertificationKey& key) {
    ordered_json json;
    json["key_algorithm"] = key.algorithm;
    json["key_class"] = key.key_class;
    json["key_size"] = key.key_size;
    json["server_identifier"] = key.server_identifier;
    json["local_identifier"] = key.local_identifier;
    json["public"] = to_base64(key.public_area);
    json["allowable_hash_algorithms"] = key.hash_algorithms;
    json["allowable_signature_schemes"] = key.signature_schemes;
    return json;
}

ordered_json quote_offer(const QuoteCapabilities& quote) {
    ordered_json item = evidence_item(kCertification, "tpm_quote");
    ordered_json& capabilities = item["capabilities"];
    capabilities["component_version"] = quote.component_version;
    capabilities["hash_algorithms"] = quote.hash_algorithms;
    capabilities["signature_schemes"] = quote.signature_schemes;
    ordered_json& subjects = capabilities["available_subjects"] = ordered_json::object();
    for (const auto& [bank, pcrs] : quote.available_subjects)
        subjects[bank] = pcrs;
    ordered_json& keys = capabilities["certification_keys"] = ordered_json::array();
    for (const CertificationKey& key : quote.certification_keys)
        keys.push_back(key_json(key));
    return item;
}

ordered_json log_offer(std::string_view type, const LogCapabilities& log) {
    const bool is_ima = type == "ima_log";
    ordered_json item = evidence_item(kLog, type);
    ordered_json& capabilities = item["capabilities"];
    if (!is_ima) capabilities["evidence_version"] = "2.1";
    capabilities["entry_count"] = log.entry_count;
    capabilities["supports_partial_access"] = is_ima;
    capabilities["appendable"] = is_ima;
    capabilities["formats"].push_back(is_ima ? "text/plain" : "application/octet-stream");
    return item;
}

struct EvidenceToJson {
    ordered_json operator()(const QuoteEvidence& quote) const {
        ordered_json item = evidence_item(kCertification, "tpm_quote");
        ordered_json& data = item["data"];
        data["message"] = to_base64(quote.message);
        data["signature"] = to_base64(quote.signature);
        data["subject_data"] = to_base64(quote.subject_data);
        return item;
    }
    ordered_json operator()(const UefiLogEvidence& uefi) const {
        ordered_json item = evidence_item(kLog, "uefi_log");
        item["data"]["entries"] = to_base64(uefi.log);
        return item;
    }
    ordered_json operator()(const ImaLogEvidence& ima) const {
        ordered_json item = evidence_item(kLog, "ima_log");
        item["data"]["entries"] = ima.entries;
        item["data"]["entry_count"] = ima.entry_count;
        return item;
    }
};

HttpRequest attestation_request(std::string_view method, std::string target, const CallHeaders& headers,
                                std::string_view type, std::string_view member, ordered_json evidence,
                                ordered_json system_info = nullptr) {
    ordered_json body;
    ordered_json& data = body["data"];
    data["type"] = type;
    ordered_json& attributes = data["attributes"];
    attributes[std::string{member}] = std::move(evidence);
    if (!system_info.is_null()) attributes["system_info"] = std::move(system_info);
    return json_request(method, std::move(target), kJsonApi, kJsonApi, headers, body);
}

}  // namespace

Result<Capabilities> make_capabilities(const tpm::Description& tpm, WallTime boot_time,
                                       std::uint64_t uefi_entries, std::uint64_t ima_entries) {
    auto area = read_public_area(tpm.ak_public);
    if (!area) return fail(area.error().in("attestation key"));
    if (!area->scheme || !area->hash) {
        return fail(ErrorKind::Parse, "attestation key: its public area has no signing scheme");
    }
    CertificationKey key;
    key.algorithm = area->algorithm;
    key.key_size = area->key_size;
    key.local_identifier = to_hex(area->name);
    key.public_area = std::move(area->bare);
    key.hash_algorithms = {*area->hash};
    key.signature_schemes = {*area->scheme};

    Capabilities capabilities;
    capabilities.tpm_quote.hash_algorithms = tpm.hash_algorithms;
    capabilities.tpm_quote.signature_schemes = tpm.signature_schemes;
    capabilities.tpm_quote.available_subjects = tpm.available_pcrs;
    capabilities.tpm_quote.certification_keys.push_back(std::move(key));
    capabilities.uefi_log = LogCapabilities{uefi_entries};
    capabilities.ima_log = LogCapabilities{ima_entries};
    capabilities.boot_time = boot_time;
    return capabilities;
}

HttpRequest negotiation_request(std::string_view agent_id, const Capabilities& capabilities,
                                const CallHeaders& headers) {
    ordered_json offers = ordered_json::array();
    offers.push_back(quote_offer(capabilities.tpm_quote));
    if (capabilities.uefi_log) offers.push_back(log_offer("uefi_log", *capabilities.uefi_log));
    if (capabilities.ima_log) offers.push_back(log_offer("ima_log", *capabilities.ima_log));
    const std::string boot_time = to_rfc3339(capabilities.boot_time);  // …:00.000000Z
    ordered_json system_info;
    system_info["boot_time"] = boot_time.substr(0, boot_time.find('.')) + "Z";
    return attestation_request("POST", agents_target(kPushApiVersion, agent_id) + "/attestations", headers,
                               "attestation", "evidence_supported", std::move(offers),
                               std::move(system_info));
}

std::vector<int> QuoteRequest::pcrs() const {
    const auto found = selected_subjects.find(hash_algorithm);
    return found == selected_subjects.end() ? std::vector<int>{} : found->second;
}

QuoteEvidence make_quote_evidence(const tpm::Quote& quote) {
    return {quote.message, quote.signature, write_pcr_blob(quote.bank, quote.pcrs)};
}

std::string attestation_target(std::string_view agent_id, std::string_view index) {
    return fmt::format("{}/attestations/{}", agents_target(kPushApiVersion, agent_id), index);
}

HttpRequest evidence_request(std::string_view target, const std::vector<Evidence>& evidence,
                             const CallHeaders& headers) {
    ordered_json items = ordered_json::array();
    for (const Evidence& item : evidence)
        items.push_back(std::visit(EvidenceToJson{}, item));
    return attestation_request("PATCH", std::string{target}, headers, "attestation", "evidence_collected",
                               std::move(items));
}

HttpRequest evidence_error_request(std::string_view target, const CallHeaders& headers) {
    return attestation_request("PATCH", std::string{target}, headers, "error", "evidence_collected",
                               ordered_json::array());
}

}  // namespace pushsim::protocol
