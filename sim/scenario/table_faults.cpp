// The table of faults.

#include <algorithm>
#include <array>
#include <stdexcept>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

using namespace forms;
constexpr auto now = Availability::Now;
constexpr auto later = Availability::Later;

constexpr Form phase_word{.kind = Form::Kind::Word, .example = "submit", .words = phases};
constexpr Key before_key{{"before", "the phase that begins late", now}, phase_word, true};
constexpr Key for_key{{"for", "how long", now}, varying_duration, true};
constexpr Key of_key{{"of", "the group whose agent of the same number it is", now}, group, true};

constexpr std::array<Key, 1> hold_keys{
    {{{"until",
       "the instant at which it is sent: challenges_expire_at or token_expires_at, + or - a duration", now},
      instant,
      true}}};
constexpr std::array<Key, 2> delay_keys{{before_key, for_key}};
constexpr std::array<Key, 2> stall_keys{
    {{{"after", "the phase whose answer is not looked at", now}, phase_word, true}, for_key}};
constexpr std::array<Key, 1> early_keys{{{{"by", "how much before it is due", now}, varying_duration, true}}};
constexpr std::array<Key, 1> herd_keys{{before_key}};
constexpr std::array<Key, 2> swizzle_keys{{
    {{"share", "of the agents, which are chosen by chance", now}, share, true},
    {{"every", "one is stopped so often, and, when all are, let go so often", now}, duration, true},
}};
constexpr std::array<Key, 1> skew_keys{{{{"by", "its clock is so much ahead", now}, varying_duration, true}}};
constexpr std::array<Key, 1> connections_key{{{{"connections", "how many", now}, integer(2, 1000), true}}};
constexpr std::array<Key, 1> count_key{{{{"count", "how many", now}, integer(2, 1000), true}}};
constexpr std::array<Key, 1> of_keys{{of_key}};
constexpr std::array<Key, 1> reregister_keys{{{{"tpm", "same or other", now}, word(tpm_words), true}}};

constexpr std::array kSubmit{StepKind::Submit};
constexpr std::array kNegotiate{StepKind::Negotiate};
constexpr std::array kToken{StepKind::Negotiate, StepKind::Submit};
constexpr std::array kSession{StepKind::Authenticate};
constexpr std::array kActivate{StepKind::Activate};
constexpr std::array kVerifier{StepKind::Authenticate, StepKind::Negotiate, StepKind::Submit};
constexpr FaultName fault(std::string_view group, std::string_view name, std::string_view about,
                          FaultKind kind, std::span<const StepKind> phases, std::span<const Key> keys = {},
                          bool of_one_step = false) {
    return {{name, about, now}, group, kind, keys, phases, of_one_step};
}
constexpr FaultName not_yet_there(std::string_view group, std::string_view name, std::string_view about) {
    return {{name, about, later}, group};
}

constexpr std::array<FaultName, 67> fault_table{{
    fault("timing", "delay", "waits before a phase", FaultKind::Delay, {}, delay_keys),
    fault("timing", "hold_evidence", "sends the evidence at an instant", FaultKind::HoldEvidence, kSubmit,
          hold_keys),
    fault("timing", "early", "attests before it is due", FaultKind::Early, kSubmit, early_keys),
    fault("timing", "stall", "the agent is frozen for a while", FaultKind::Stall, {}, stall_keys),
    fault("timing", "herd", "all at one instant", FaultKind::Herd, {}, herd_keys, true),
    fault("timing", "swizzle", "stops agents one by one and lets them go in random order", FaultKind::Swizzle,
          {}, swizzle_keys, true),
    fault("timing", "clock_skew", "the agent's clock is off", FaultKind::ClockSkew, {}, skew_keys),
    fault("order", "skip_negotiation", "evidence without a negotiation", FaultKind::SkipNegotiation, kSubmit),
    fault("order", "old_index", "evidence for an earlier attestation", FaultKind::OldIndex, kSubmit),
    fault("order", "future_index", "evidence for an attestation that does not exist", FaultKind::FutureIndex,
          kSubmit),
    fault("order", "duplicate_submit", "the same evidence twice", FaultKind::DuplicateSubmit, kSubmit),
    fault("order", "concurrent_submit", "the same evidence on several connections at once",
          FaultKind::ConcurrentSubmit, kSubmit, connections_key),
    fault("order", "concurrent_negotiate", "several negotiations at once", FaultKind::ConcurrentNegotiate,
          kNegotiate, count_key),
    fault("order", "never_submit", "no evidence", FaultKind::NeverSubmit, kSubmit),
    fault("order", "resubmit_after_verdict", "evidence again after the verdict",
          FaultKind::ResubmitAfterVerdict, kSubmit),
    not_yet_there("wire", "slow_request", "the request is sent slowly"),
    not_yet_there("wire", "slow_read", "the answer is read slowly"),
    not_yet_there("wire", "truncate_request", "half a request"),
    not_yet_there("wire", "reset", "the connection is reset"),
    not_yet_there("wire", "drop_response", "the answer is not read"),
    not_yet_there("wire", "lost_connection", "the connection is closed"),
    not_yet_there("wire", "oversize", "a body that is too large"),
    not_yet_there("wire", "chunked", "chunked transfer coding"),
    not_yet_there("wire", "header", "a header set or removed"),
    not_yet_there("wire", "content_type", "another content type"),
    not_yet_there("wire", "plain_http", "no TLS"),
    not_yet_there("wire", "wrong_port", "another port"),
    not_yet_there("wire", "tls_version", "another version of TLS"),
    not_yet_there("wire", "body", "a changed body"),
    not_yet_there("evidence", "stale_nonce", "a quote over an earlier challenge"),
    not_yet_there("evidence", "wrong_nonce", "a quote over another challenge"),
    not_yet_there("evidence", "nonce_as_text", "a quote over the challenge's base64"),
    not_yet_there("evidence", "wrong_key", "signed by another key"),
    not_yet_there("evidence", "pcr_value", "another PCR value than quoted"),
    not_yet_there("evidence", "extra_pcr", "a PCR nobody asked for"),
    not_yet_there("evidence", "missing_item", "an item is left out"),
    not_yet_there("evidence", "swap_items", "items in another order"),
    not_yet_there("evidence", "not_base64", "not base64"),
    not_yet_there("evidence", "empty_list", "no items"),
    not_yet_there("evidence", "huge_item", "an item that is too large"),
    not_yet_there("evidence", "error_resource", "an error in place of evidence"),
    not_yet_there("evidence", "clock_back", "the TPM's clock goes back"),
    not_yet_there("evidence", "not_safe", "the TPM's clock is not safe"),
    not_yet_there("evidence", "signature", "a changed signature"),
    not_yet_there("evidence", "selection", "another PCR selection"),
    not_yet_there("log", "ima_from_zero", "the whole IMA log again"),
    not_yet_there("log", "ima_gap", "IMA entries left out"),
    not_yet_there("log", "ima_short", "the IMA log ends early"),
    not_yet_there("log", "ima_tampered", "a changed IMA entry"),
    not_yet_there("log", "ima_no_newline", "no newline at the end of the IMA log"),
    not_yet_there("log", "measure_between", "a measurement between log and quote"),
    not_yet_there("log", "entry_count", "another number of entries"),
    not_yet_there("log", "uefi_tampered", "a changed UEFI event"),
    not_yet_there("log", "uefi_unparsable", "a UEFI log that cannot be read"),
    not_yet_there("log", "uefi_missing", "no UEFI log"),
    fault("identity", "no_token", "no token", FaultKind::NoToken, kToken),
    fault("identity", "garbled_token", "a changed token", FaultKind::GarbledToken, kToken),
    fault("identity", "old_token", "the token of an earlier session", FaultKind::OldToken, kToken),
    fault("identity", "expired_token", "a token that has expired", FaultKind::ExpiredToken, kToken),
    fault("identity", "foreign_token", "another agent's token", FaultKind::ForeignToken, kToken, of_keys),
    fault("identity", "admin_certificate", "the tenant's certificate and no token",
          FaultKind::AdminCertificate, kToken),
    fault("identity", "certificate_and_token", "the tenant's certificate and a token",
          FaultKind::CertificateAndToken, kToken),
    fault("identity", "other_agent_id", "another agent's id", FaultKind::OtherAgentId, kVerifier, of_keys),
    fault("identity", "wrong_activation_tag", "a wrong proof at activation", FaultKind::WrongActivationTag,
          kActivate),
    fault("identity", "reregister", "registers again, from the same or another TPM", FaultKind::Reregister,
          kVerifier, reregister_keys),
    fault("identity", "foreign_pop", "another agent's proof of possession", FaultKind::ForeignPop, kSession,
          of_keys),
    fault("identity", "reuse_pop", "an earlier proof of possession", FaultKind::ReusePop, kSession),
}};

constexpr std::array<Key, 3> sibling_table{{
    {{"agents", "of the step's agents these alone", now}, groups},
    {{"phase", "in this phase alone, where the fault may be in several", now}, phase_word},
    {{"probability", "how often it is there, by chance; 100% if left out", now}, share},
}};
constexpr std::array<Key, 5> run_sibling_table{{
    {{"agents", "the group, or list of groups; all if left out", now}, groups},
    {{"phase", "in this phase alone, where the fault may be in several", now}, phase_word},
    {{"probability", "how often it is there, by chance; 100% if left out", now}, share},
    {{"from", "cycles that begin so long after the script's beginning, or later; 0s if left out", now},
     duration},
    {{"until", "cycles that begin before that; to the end if left out", now}, duration},
}};

}  // namespace

std::span<const FaultName> faults() {
    return fault_table;
}
std::span<const Key> fault_sibling_keys() {
    return sibling_table;
}
std::span<const Key> run_fault_sibling_keys() {
    return run_sibling_table;
}

const FaultName* find_fault(std::string_view name) {
    const auto at = std::ranges::find(fault_table, name, &FaultName::name);
    return at == fault_table.end() ? nullptr : &*at;
}

const FaultName& name_of(FaultKind kind) {
    const auto at = std::ranges::find(fault_table, std::optional(kind), &FaultName::kind);
    if (at == fault_table.end()) throw std::logic_error("a kind of fault without a name");
    return *at;
}

std::string to_string(FaultKind kind) {
    return std::string(name_of(kind).name);
}

bool FaultName::takes_phase() const {
    return kind == FaultKind::Swizzle || (phases.size() > 1 && kind != FaultKind::Reregister);
}

bool concerns(FaultKind fault, StepKind step) {
    const std::span<const StepKind> about = name_of(fault).phases;
    const std::span<const StepKind> phases = phases_of(step);
    return !phases.empty() && (about.empty() || std::ranges::any_of(phases, [&](StepKind phase) {
                                   return std::ranges::find(about, phase) != about.end();
                               }));
}

}  // namespace pushsim::scenario
