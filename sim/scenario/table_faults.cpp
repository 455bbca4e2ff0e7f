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

constexpr Form pointer{.kind = Form::Kind::Text, .pattern = "^/.*$", .example = "/data/type"};
constexpr Form pointer_or_whole{.kind = Form::Kind::Text, .pattern = "^(/.*)?$", .example = "/data/type"};
constexpr Form members{.kind = Form::Kind::OpenMap,
                       .least = 1,
                       .pattern = "^/.*$",
                       .example = "{ /data/type: other }",
                       .item = &anything};
constexpr std::array<Form, 2> make_forms{{word(makes), null}};
constexpr Key request_key{
    {"request", "first or second, in a phase that has two; else, of a body: the first that has it", now},
    word(request_turns)};
constexpr std::array<Key, 6> body_keys{{
    {{"set", "JSON pointer: value; of a member that is there, or a new one of one that is", now}, members},
    {{"remove", "a JSON pointer, or a list of them", now}, one_or_list(&pointer)},
    {{"at", "a JSON pointer, \"\" for the whole: of what `make` is about", now}, pointer_or_whole},
    {{"make", "with `at`: absent, null, wrong_type or empty", now}, any_of(make_forms)},
    {{"raw", "a text in place of the whole body; alone", now}, any_text},
    request_key,
}};
constexpr Form header_name{.kind = Form::Kind::Text, .pattern = "^[A-Za-z0-9-]{1,64}$", .example = "Accept"};
constexpr Form headers{.kind = Form::Kind::OpenMap,
                       .least = 1,
                       .pattern = "^[A-Za-z0-9-]{1,64}$",
                       .example = "{ X-Request-ID: one }",
                       .item = &scalar};
constexpr std::array<Key, 3> header_keys{{
    {{"set", "name: text; in place of one of that name, or beside the others", now}, headers},
    {{"remove", "a name, or a list of them", now}, one_or_list(&header_name)},
    request_key,
}};
constexpr Form media_type{.kind = Form::Kind::Text, .pattern = "^[^\\n]*$", .example = "text/plain"};
constexpr std::array<Key, 1> content_type_keys{
    {{{"is", "what stands in its place, in each request that has one", now}, media_type, true}}};

constexpr Form pcr{.kind = Form::Kind::Integer, .least = 0, .most = 23, .example = "7"};
constexpr std::array<Key, 1> quoted_pcr_keys{{{{"pcr", "which; of those that are quoted", now}, pcr, true}}};
constexpr std::array<Key, 1> extra_pcr_keys{{{{"pcr", "which; none that is asked for", now}, pcr, true}}};
constexpr std::array<Key, 1> not_base64_keys{
    {{{"of", "message, signature or subject_data", now}, word(quote_members), true}}};
constexpr std::array<Key, 2> other_choice_keys{
    {{{"of", "signature_scheme or hash_algorithm", now}, word(chosen_members), true},
     {{"is", "what it takes for chosen; the verifier has to choose another", now},
      word(chosen_algorithms),
      true}}};
constexpr std::array<Key, 1> measure_between_keys{
    {{{"first", "log or quote: what is there before the file is used", now}, word(log_and_quote), true}}};
constexpr Form item_size{.kind = Form::Kind::Size};
constexpr std::array<Key, 1> huge_item_keys{{{{"size", "of its JSON; at most 64MiB", now}, item_size, true}}};

constexpr std::array kSubmit{StepKind::Submit};
constexpr std::array kNegotiate{StepKind::Negotiate};
constexpr std::array kToken{StepKind::Negotiate, StepKind::Submit};
constexpr std::array kSession{StepKind::Authenticate};
constexpr std::array kActivate{StepKind::Activate};
constexpr std::array kRequests{StepKind::Register, StepKind::Activate, StepKind::Authenticate,
                               StepKind::Negotiate, StepKind::Submit};
constexpr std::array kVerifier{StepKind::Authenticate, StepKind::Negotiate, StepKind::Submit};
constexpr FaultName fault(std::string_view group, std::string_view name, std::string_view about,
                          FaultKind kind, std::span<const StepKind> phases, std::span<const Key> keys = {},
                          bool of_one_step = false) {
    return {{name, about, now}, group, kind, keys, phases, of_one_step};
}
constexpr FaultName not_yet_there(std::string_view group, std::string_view name, std::string_view about) {
    return {{name, about, later}, group};
}

constexpr std::array<FaultName, 70> fault_table{{
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
    fault("order", "to_latest", "evidence for attestations/latest, in place of the number",
          FaultKind::ToLatest, kSubmit),
    fault("order", "duplicate_submit", "the same evidence twice", FaultKind::DuplicateSubmit, kSubmit),
    fault("order", "concurrent_submit", "the same evidence on several connections at once",
          FaultKind::ConcurrentSubmit, kSubmit, connections_key),
    fault("order", "concurrent_negotiate", "several negotiations at once", FaultKind::ConcurrentNegotiate,
          kNegotiate, count_key),
    fault("order", "never_submit", "no evidence", FaultKind::NeverSubmit, kSubmit),
    fault("order", "resubmit_after_verdict", "evidence again after the verdict",
          FaultKind::ResubmitAfterVerdict, kSubmit),
    fault("wire", "body", "a changed body", FaultKind::Body, kRequests, body_keys),
    fault("wire", "header", "a header set or removed", FaultKind::Header, kRequests, header_keys),
    fault("wire", "content_type", "another content type", FaultKind::ContentType, kRequests,
          content_type_keys),
    not_yet_there("wire", "slow_request", "the request is sent slowly"),
    not_yet_there("wire", "slow_read", "the answer is read slowly"),
    not_yet_there("wire", "truncate_request", "half a request"),
    not_yet_there("wire", "reset", "the connection is reset"),
    not_yet_there("wire", "drop_response", "the answer is not read"),
    not_yet_there("wire", "lost_connection", "the connection is closed"),
    not_yet_there("wire", "oversize", "a body that is too large"),
    not_yet_there("wire", "chunked", "chunked transfer coding"),
    not_yet_there("wire", "plain_http", "no TLS"),
    not_yet_there("wire", "wrong_port", "another port"),
    not_yet_there("wire", "tls_version", "another version of TLS"),
    fault("evidence", "stale_nonce", "a quote over the challenge of the negotiation before",
          FaultKind::StaleNonce, kSubmit),
    fault("evidence", "wrong_nonce", "a quote over a challenge that nobody issued", FaultKind::WrongNonce,
          kSubmit),
    fault("evidence", "nonce_as_text", "a quote over the challenge's base64", FaultKind::NonceAsText,
          kSubmit),
    fault("evidence", "wrong_key", "signed by another attestation key of the same TPM", FaultKind::WrongKey,
          kSubmit),
    fault("evidence", "signature", "a changed signature", FaultKind::Signature, kSubmit),
    fault("evidence", "selection", "another PCR selection", FaultKind::Selection, kSubmit),
    fault("evidence", "pcr_value", "another PCR value than quoted", FaultKind::PcrValue, kSubmit,
          quoted_pcr_keys),
    fault("evidence", "extra_pcr", "a PCR nobody asked for, quoted and sent", FaultKind::ExtraPcr, kSubmit,
          extra_pcr_keys),
    fault("evidence", "missing_item", "the last item is left out", FaultKind::MissingItem, kSubmit),
    fault("evidence", "swap_items", "the first two items in the other order", FaultKind::SwapItems, kSubmit),
    fault("evidence", "not_base64", "a member of the quote is not base64", FaultKind::NotBase64, kSubmit,
          not_base64_keys),
    fault("evidence", "empty_list", "no items", FaultKind::EmptyList, kSubmit),
    fault("evidence", "huge_item", "the last item padded to a size", FaultKind::HugeItem, kSubmit,
          huge_item_keys),
    fault("evidence", "error_resource", "an error in place of evidence", FaultKind::ErrorResource, kSubmit),
    fault("evidence", "clock_back", "the TPM's clock begins anew (TPM2_Clear)", FaultKind::ClockBack,
          kSubmit),
    fault("evidence", "not_safe", "the TPM's clock is not safe, after a loss of power", FaultKind::NotSafe,
          kSubmit),
    fault("evidence", "not_a_quote",
          "what the TPM signs is no quote, but TPM2_Certify of its attestation key", FaultKind::NotAQuote,
          kSubmit),
    fault("evidence", "other_choice",
          "the agent takes it that the verifier chose another algorithm, and signs by that",
          FaultKind::OtherChoice, kSubmit, other_choice_keys),
    not_yet_there("log", "ima_from_zero", "the whole IMA log again"),
    not_yet_there("log", "ima_gap", "IMA entries left out"),
    not_yet_there("log", "ima_short", "the IMA log ends early"),
    not_yet_there("log", "ima_tampered", "a changed IMA entry"),
    not_yet_there("log", "ima_no_newline", "no newline at the end of the IMA log"),
    fault("log", "measure_between",
          "between IMA log and quote the file of the log's last entry is used, and measured, once more",
          FaultKind::MeasureBetween, kSubmit, measure_between_keys),
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
