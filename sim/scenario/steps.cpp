// The tables of steps and faults.

#include <array>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

constexpr auto later = Availability::Later;
constexpr auto now = Availability::Now;

constexpr Name agents_key{"agents", "the group, or list of groups; may be left out where there is one group"};
constexpr Name bare_key{"bare", "true: no missing earlier phases, no retries"};
constexpr Name faults_key{"faults", "what goes wrong in this step: a list"};

constexpr std::array<Name, 1> machine_keys{{agents_key}};
constexpr std::array<Name, 2> repeat_keys{{
    {"times", "how often"},
    {"steps", "a list of steps"},
}};
constexpr std::array<Name, 3> phase_keys{{agents_key, bare_key, faults_key}};
constexpr std::array<Name, 2> tenant_keys{{agents_key, bare_key}};
constexpr std::array<Name, 6> enrol_step_keys{{
    agents_key,
    bare_key,
    {"tpm_policy", "instead of the group's, in one of its forms"},
    {"runtime_policy", "the IMA policy", later},
    {"mb_policy", "the measured boot policy", later},
    faults_key,
}};
constexpr std::array<Name, 9> attest_keys{{
    agents_key,
    bare_key,
    {"times", "how many cycles, one after the other; 1 if left out"},
    faults_key,
    {"every", "one cycle at each due time", later},
    {"jitter", "how far due times stray", later},
    {"spread", "over what time the agents begin", later},
    {"for", "how long", later},
    {"stages", "rates that change", later},
}};

constexpr StepName phase(std::string_view name, std::string_view about, StepKind kind, bool submits = false) {
    return {{name, about, now}, kind, phase_keys, true, submits};
}
constexpr StepName tenant(std::string_view name, std::string_view about, StepKind kind) {
    return {{name, about, now}, kind, tenant_keys, true, false};
}
constexpr StepName not_yet_there(std::string_view name, std::string_view about) {
    return {{name, about, later}, std::nullopt, {}, false, false};
}

constexpr std::array<StepName, 33> step_table{{
    phase("register", "the agent tells the registrar its keys", StepKind::Register),
    phase("activate", "it proves that EK and AK are in one TPM", StepKind::Activate),
    phase("authenticate", "it gets a token from the verifier by proof of possession", StepKind::Authenticate),
    phase("negotiate", "it offers evidence and is told what to send", StepKind::Negotiate),
    phase("collect", "it makes the quote", StepKind::Collect),
    phase("submit", "it sends the evidence", StepKind::Submit, true),
    {{"attest", "negotiate, collect and submit, `times` over", now},
     StepKind::Attest,
     attest_keys,
     true,
     true},
    {{"extend", "PCRs of the agent's TPM: PCR: [measurement, …]", now}, StepKind::Extend, machine_keys},
    {{"enrol", "the tenant adds the agent at the verifier", now},
     StepKind::Enrol,
     enrol_step_keys,
     true,
     false},
    tenant("delete", "the tenant removes the agent from the verifier", StepKind::Delete),
    tenant("reactivate", "the tenant lets the verifier take its evidence again", StepKind::Reactivate),
    tenant("read_status", "the tenant asks the verifier for the agent's status", StepKind::ReadStatus),
    {{"restart_agent", "the agent begins again, its TPM does not", now},
     StepKind::RestartAgent,
     machine_keys},
    {{"wait", "for a duration, such as 2s", now}, StepKind::Wait},
    {{"repeat", "steps, several times: {times: N, steps: [step, …]}", now}, StepKind::Repeat, repeat_keys},
    not_yet_there("measure", "adds to the IMA log"),
    not_yet_there("reboot", "the agent's machine, orderly or not"),
    not_yet_there("suspend", "the agent's machine, to memory"),
    not_yet_there("hibernate", "the agent's machine, to disk"),
    not_yet_there("kexec", "starts another kernel without a reboot"),
    not_yet_there("update_firmware", "changes what firmware measures"),
    not_yet_there("clear_tpm", "TPM2_Clear"),
    not_yet_there("clone_tpm", "another agent gets the TPM's permanent state"),
    not_yet_there("restore_tpm", "an earlier permanent state comes back"),
    not_yet_there("stop_agent", "the agent does nothing more"),
    not_yet_there("change_policy", "replaces a named policy"),
    not_yet_there("restart", "a server"),
    not_yet_there("stop", "a server"),
    not_yet_there("start", "a server that was stopped"),
    not_yet_there("kill", "a server, at once"),
    not_yet_there("pause", "a server, for a duration"),
    not_yet_there("request", "one raw request"),
    not_yet_there("together", "child steps side by side"),
}};

constexpr FaultName fault(std::string_view name, std::string_view about) {
    return {{name, about, later}};
}

constexpr std::array<Name, 1> hold_keys{{{"until", "challenges_expire_at, + or - a duration"}}};
constexpr std::array<Name, 2> delay_keys{{
    {"before", "negotiate, collect or submit: the phase that begins late"},
    {"for", "how long"},
}};
constexpr std::array<Name, 2> stall_keys{{
    {"after", "negotiate or submit: the phase whose answer is not looked at"},
    {"for", "how long"},
}};
constexpr std::array<Name, 1> early_keys{{{"by", "how much before it is due"}}};

using About = FaultName::About;

constexpr std::array<FaultName, 67> fault_table{{
    {{"delay", "timing: waits before a phase", now}, FaultKind::Delay, delay_keys},
    {{"hold_evidence", "timing: sends the evidence at an instant", now},
     FaultKind::HoldEvidence,
     hold_keys,
     About::Evidence},
    {{"early", "timing: attests before it is due", now}, FaultKind::Early, early_keys, About::Evidence},
    {{"stall", "timing: the agent is frozen for a while", now}, FaultKind::Stall, stall_keys},
    fault("herd", "timing: all at one instant"),
    fault("swizzle", "timing: stops agents one by one and lets them go in random order"),
    fault("clock_skew", "timing: the agent's clock is off"),
    fault("skip_negotiation", "order: evidence without a negotiation"),
    fault("old_index", "order: evidence for an earlier attestation"),
    fault("future_index", "order: evidence for an attestation that does not exist"),
    fault("duplicate_submit", "order: the same evidence twice"),
    fault("concurrent_submit", "order: the same evidence on several connections at once"),
    fault("concurrent_negotiate", "order: several negotiations at once"),
    fault("never_submit", "order: no evidence"),
    fault("resubmit_after_verdict", "order: evidence again after the verdict"),
    fault("slow_request", "wire: the request is sent slowly"),
    fault("slow_read", "wire: the answer is read slowly"),
    fault("truncate_request", "wire: half a request"),
    fault("reset", "wire: the connection is reset"),
    fault("drop_response", "wire: the answer is not read"),
    fault("lost_connection", "wire: the connection is closed"),
    fault("oversize", "wire: a body that is too large"),
    fault("chunked", "wire: chunked transfer coding"),
    fault("header", "wire: a header set or removed"),
    fault("content_type", "wire: another content type"),
    fault("plain_http", "wire: no TLS"),
    fault("wrong_port", "wire: another port"),
    fault("tls_version", "wire: another version of TLS"),
    fault("body", "wire: a changed body"),
    fault("stale_nonce", "evidence: a quote over an earlier challenge"),
    fault("wrong_nonce", "evidence: a quote over another challenge"),
    fault("nonce_as_text", "evidence: a quote over the challenge's base64"),
    fault("wrong_key", "evidence: signed by another key"),
    fault("pcr_value", "evidence: another PCR value than quoted"),
    fault("extra_pcr", "evidence: a PCR nobody asked for"),
    fault("missing_item", "evidence: an item is left out"),
    fault("swap_items", "evidence: items in another order"),
    fault("not_base64", "evidence: not base64"),
    fault("empty_list", "evidence: no items"),
    fault("huge_item", "evidence: an item that is too large"),
    fault("error_resource", "evidence: an error in place of evidence"),
    fault("clock_back", "evidence: the TPM's clock goes back"),
    fault("not_safe", "evidence: the TPM's clock is not safe"),
    fault("signature", "evidence: a changed signature"),
    fault("selection", "evidence: another PCR selection"),
    fault("ima_from_zero", "log: the whole IMA log again"),
    fault("ima_gap", "log: IMA entries left out"),
    fault("ima_short", "log: the IMA log ends early"),
    fault("ima_tampered", "log: a changed IMA entry"),
    fault("ima_no_newline", "log: no newline at the end of the IMA log"),
    fault("measure_between", "log: a measurement between log and quote"),
    fault("entry_count", "log: another number of entries"),
    fault("uefi_tampered", "log: a changed UEFI event"),
    fault("uefi_unparsable", "log: a UEFI log that cannot be read"),
    fault("uefi_missing", "log: no UEFI log"),
    fault("no_token", "identity: no token"),
    fault("garbled_token", "identity: a changed token"),
    {{"old_token", "identity: the token of an earlier session", now}, FaultKind::OldToken, {}, About::Token},
    fault("expired_token", "identity: a token that has expired"),
    fault("foreign_token", "identity: another agent's token"),
    fault("admin_certificate", "identity: the tenant's certificate"),
    fault("certificate_and_token", "identity: a certificate and a token"),
    fault("other_agent_id", "identity: another agent's id"),
    fault("wrong_activation_tag", "identity: a wrong proof at activation"),
    fault("reregister", "identity: registers again, from the same or another TPM"),
    fault("foreign_pop", "identity: another agent's proof of possession"),
    fault("reuse_pop", "identity: an earlier proof of possession"),
}};

}  // namespace

std::span<const StepName> steps() {
    return step_table;
}
std::span<const FaultName> faults() {
    return fault_table;
}

}  // namespace pushsim::scenario
