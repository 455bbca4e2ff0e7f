#pragma once
// An attestation: capabilities offered, evidence asked for, evidence given (verifier, v3 API). Enhancement
// 103, "Proposed Attestation Protocol"; keylime/web/verifier/attestation_controller.py,
// keylime/verification/tpm_engine.py. Parsers fail as protocol.hpp says.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/base/http.hpp"
#include "agent/base/time.hpp"
#include "agent/protocol/call.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::protocol {

// Negotiation: what the agent can do.

struct CertificationKey {
    std::string algorithm = "rsa";  ///< "rsa" or "ecc"
    std::string key_class = "asymmetric";
    int key_size = 2048;  ///< bits
    std::string server_identifier = "ak";
    std::string local_identifier;  ///< hex of the key's Name
    Bytes public_area;             ///< bare TPMT_PUBLIC, without size
    std::vector<std::string> hash_algorithms;
    std::vector<std::string> signature_schemes;
};

struct QuoteCapabilities {
    std::string component_version = "2.0";
    std::vector<std::string> hash_algorithms;
    std::vector<std::string> signature_schemes;
    std::map<std::string, std::vector<int>> available_subjects;  ///< bank -> PCR numbers
    std::vector<CertificationKey> certification_keys;
};

/// A log that is offered, by the number of its entries. The other members are fixed, as in the Rust agent: a
/// UEFI log has version 2.1 and is given whole, an IMA log can be read from an offset and grows.
struct LogCapabilities {
    std::uint64_t entry_count = 0;
};

struct Capabilities {
    QuoteCapabilities tpm_quote;
    std::optional<LogCapabilities> uefi_log = LogCapabilities{};
    std::optional<LogCapabilities> ima_log = LogCapabilities{};
    WallTime boot_time;  ///< sent in whole seconds, as the Rust agent does
};

/// What the Rust agent offers of such a TPM: one certification key, the AK. ErrorKind::Parse if `ak_public`
/// is not the TPM2B_PUBLIC of a signing key.
Result<Capabilities> make_capabilities(const tpm::Description& tpm, WallTime boot_time,
                                       std::uint64_t uefi_entries = 0, std::uint64_t ima_entries = 0);

/// POST /v3.0/agents/{agent_id}/attestations (AttestationController.create); the members and their order are
/// those of the Rust agent (rust-keylime, keylime-push-model-agent/src/struct_filler.rs).
HttpRequest negotiation_request(std::string_view agent_id, const Capabilities& capabilities,
                                const CallHeaders& headers);

// Negotiation: what the verifier asks for.

struct QuoteRequest {
    Bytes challenge;  ///< qualifyingData
    std::string signature_scheme;
    std::string hash_algorithm;  ///< the bank to quote, and the hash of the signature
    std::map<std::string, std::vector<int>>
        selected_subjects;              ///< bank -> PCRs; banks the verifier gave null are left out
    std::string key_server_identifier;  ///< empty when the verifier names none
    std::string key_local_identifier;   ///< hex of the key's Name; empty when the verifier names none

    /// The PCRs to quote: those selected of the bank `hash_algorithm`.
    std::vector<int> pcrs() const;
};

struct LogRequest {
    std::uint64_t starting_offset = 0;         ///< 0 when absent: the whole log
    std::optional<std::uint64_t> entry_count;  ///< how many at most; Keylime never says
    std::string format;                        ///< "text/plain"; empty when absent
};

struct UefiLogRequest : LogRequest {};
struct ImaLogRequest : LogRequest {};
/// An evidence type we do not know.
struct UnknownEvidenceRequest {
    std::string evidence_class;
    std::string evidence_type;
};
using EvidenceRequest = std::variant<QuoteRequest, UefiLogRequest, ImaLogRequest, UnknownEvidenceRequest>;

struct Negotiation {
    std::string stage;         ///< "awaiting_evidence"
    std::string location;      ///< as the header has it
    std::string target;        ///< where the evidence goes: path and query of `location`
    std::optional<int> index;  ///< the last segment of `target`, where that is a number
    std::vector<EvidenceRequest> evidence_requested;  ///< in the order to answer in; may be empty
    std::optional<WallTime> capabilities_received_at;
    std::optional<WallTime> challenges_expire_at;  ///< required when a quote is requested
};

/// 201 with a `Location`. ErrorKind::Parse also for a Location that is no path, a stage other than
/// `awaiting_evidence`, a quote without challenge or of a bank that is not selected, PCRs and banks that no
/// TPM has, and more than 16 requests.
Result<Negotiation> parse_negotiation(const HttpResponse& answer, std::string_view call = {});

/// `location`, `target` and `index` of a 201 alone, whatever its body says.
Result<Negotiation> parse_location(const HttpResponse& answer, std::string_view call = {});

// Submission.

struct QuoteEvidence {
    Bytes message;       ///< marshalled TPMS_ATTEST
    Bytes signature;     ///< marshalled TPMT_SIGNATURE
    Bytes subject_data;  ///< PCR blob
};
/// The evidence that a quote makes.
QuoteEvidence make_quote_evidence(const tpm::Quote& quote);

struct UefiLogEvidence {
    Bytes log;  ///< the raw log
};
struct ImaLogEvidence {
    std::string entries;  ///< each line ends in a newline
    std::uint64_t entry_count = 0;
};
using Evidence = std::variant<QuoteEvidence, UefiLogEvidence, ImaLogEvidence>;

/// "/v3.0/agents/{agent_id}/attestations/{index}"; index may be "latest".
std::string attestation_target(std::string_view agent_id, std::string_view index);

/// PATCH of an attestation (AttestationController.update), normally to Negotiation::target.
HttpRequest evidence_request(std::string_view target, const std::vector<Evidence>& evidence,
                             const CallHeaders& headers);

/// What the Rust agent sends when it could not collect: a resource of type "error" without evidence
/// (struct_filler.rs); Keylime answers 400.
HttpRequest evidence_error_request(std::string_view target, const CallHeaders& headers);

/// A 202: the evidence is well formed. The verdict is not in it, and never comes to the agent.
struct EvidenceAnswer {
    std::string stage;  ///< "evaluating_evidence" or "verification_complete"
    std::optional<WallTime> capabilities_received_at;
    std::optional<WallTime> challenges_expire_at;
    std::optional<WallTime> evidence_received_at;
    /// `meta.seconds_to_next_attestation`; absent when it is absent, no number, negative or above a year.
    std::optional<Duration> next_attestation;
};

/// 202. ErrorKind::Parse also for a stage that cannot follow evidence.
Result<EvidenceAnswer> parse_evidence_answer(const HttpResponse& answer, std::string_view call = {});

}  // namespace pushsim::protocol
