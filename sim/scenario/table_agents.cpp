// The keys of a group of agents.

#include <array>

#include "sim/scenario/policy_forms.hpp"

namespace pushsim::scenario {
namespace {

using namespace forms;
constexpr auto now = Availability::Now;
constexpr auto later = Availability::Later;

constexpr Form literal_id{
    .kind = Form::Kind::Text, .pattern = "^[A-Za-z0-9_.{}-]{1,80}$", .example = "node-{n}"};
constexpr std::array<Form, 2> id_forms{{word(id_schemes), literal_id}};
constexpr Form tcti{.kind = Form::Kind::Text, .pattern = "^(swtpm|device):.+$", .example = "swtpm:port=2321"};
constexpr std::array<Form, 2> tpm_forms{{word(tpm_kinds), tcti}};
constexpr std::array<Form, 2> enrol_forms{{{.kind = Form::Kind::Boolean}, map(enrol_keys)}};
constexpr Form enrolment{
    .kind = Form::Kind::AnyOf, .example = "{ tpm_policy: { from_boot: [0, 7] } }", .any = enrol_forms};
constexpr std::array<Form, 2> habit_forms{{word(habits), map(habit_keys)}};

constexpr std::array<Key, 16> group_table{{
    {{"count", "how many agents; 1 if left out", now}, integer(1, 100'000)},
    {{"like", "another group, whose keys it has, too; a key that is given here takes the place of that one's",
      now},
     group},
    {{"id", "uuid (default), hash_ek, or a literal in which {n} is the agent's number", now},
     any_of(id_forms)},
    {{"tpm", "software (default), swtpm (one of its own), or one that is there: swtpm:… or device:…", now},
     any_of(tpm_forms)},
    {{"ak", "child of the EK (default), or primary, which is quicker to make", now}, word(ak_kinds)},
    {{"key", "of the AK: rsa2048 (default) or ecc256; the EK is of the same kind", now}, word(ak_keys)},
    {{"scheme", "by which the AK signs: rsassa (default) or rsapss with rsa2048, ecdsa with ecc256", now},
     word(ak_schemes)},
    {{"hash",
      "sha256 (default) or sha384: of what the AK signs, of its name, and the bank of `tpm_policy: "
      "{from_boot}`",
      now},
     word(ak_hashes)},
    {{"source", "shared (default), or own: each agent connects from an address of its own in 127.0.0.0/8",
      now},
     word(source_kinds)},
    {{"boot", "what is measured before the script begins", now}, map(boot_keys)},
    {{"enrol", "what the tenant tells the verifier; false: not enrolled", now}, enrolment},
    {{"habits", "how the agent takes refusals and errors: correct (default) or rust-agent", now},
     any_of(habit_forms)},
    {{"connections", "one, rust-agent or per_request; as the habits have it if left out", now},
     word(connection_kinds)},
    {{"tls", "how TLS is used: {resumption: true}", now}, map(tls_keys)},
    {{"clock", "how far its clock is off: {offset: 1h}", now}, map(clock_keys)},
    {{"transient_slots", "objects the TPM can hold at once", later}, integer(1, 100)},
}};

constexpr std::array<Key, 5> boot_table{{
    {{"extend", "PCR: [measurement, …], in order", now}, {.kind = Form::Kind::ByPcr, .item = &measurements}},
    {{"ima", "the IMA log, after `extend`: {entries: N}", now}, map(ima_keys)},
    {{"pcrs", "bank: {PCR: hex}, values to reach", later}, any_text},
    {{"uefi", "the UEFI event log", later}, any_text},
    {{"boot_time", "when the machine booted", later}, any_text},
}};
constexpr std::array<Key, 4> ima_table{{
    {{"entries", "so many files, each with a path and digest of its own, after boot_aggregate", now},
     integer(0, 100'000),
     true},
    {{"template", "ima-ng (default)", now}, word(ima_templates)},
    {{"file", "a log of a machine", later}, any_text},
    {{"list", "files and their digests", later}, any_text},
}};
constexpr Form signed_duration{
    .kind = Form::Kind::Text, .pattern = "^-?([0-9]+(h|m|s|ms|us))+$", .example = "-1h"};
constexpr std::array<Key, 1> clock_table{{
    {{"offset", "its clock is so much ahead; with a minus behind", now}, signed_duration, true},
}};

constexpr Form hash_form = word(hash_algorithms);
constexpr Form encryption_form = word(encryption_algorithms);
constexpr Form signing_form = word(signing_algorithms);
constexpr std::array<Key, 8> enrol_table{{
    {{"tpm_policy", "none (default), {from_boot: [PCR, …]}, PCR: [hex, …], {json: text as sent} or {file: …}",
      now},
     tpm_policy},
    {{"accept_tpm_hash_algs", "in order of preference; [sha256] if left out", now}, one_or_list(&hash_form)},
    {{"accept_tpm_encryption_algs", "[rsa] if left out", now}, one_or_list(&encryption_form)},
    {{"accept_tpm_signing_algs", "[rsassa] if left out", now}, one_or_list(&signing_form)},
    {{"runtime_policy",
      "the IMA policy: none (default), from_boot (what is in its log at the moment of enrolment), "
      "{json: text as sent}, {file: …} or {from_boot: GROUP}",
      now},
     runtime_policy},
    {{"runtime_policy_name", "the name under which the verifier keeps the IMA policy", now}, plain_name},
    {{"mb_policy", "the measured boot policy", later}, any_text},
    {{"mb_policy_name", "a named measured boot policy", later}, any_text},
}};
constexpr Form pcr{.kind = Form::Kind::Pcr};
constexpr std::array<Key, 3> tpm_policy_table{{
    {{"from_boot", "the values that these PCRs have at the moment of enrolment", now}, list(&pcr)},
    {{"json", "the text that is sent, right or wrong", now}, any_text},
    {{"file", "a file with that text, beside the scenario's or anywhere", now}, any_text},
}};
constexpr std::array<Key, 3> runtime_policy_table{{
    {{"json", "the text that is sent, right or wrong", now}, any_text},
    {{"file", "a file with that text, beside the scenario's or anywhere", now}, any_text},
    {{"from_boot", "the files that are in the IMA logs of this group's agents at that moment", now}, group},
}};

constexpr std::array<Key, 2> habit_table{{
    {{"correct", "has no parameters; write it by its name alone", later}, null},
    {{"rust-agent", "its options", now}, map(rust_agent_keys)},
}};
constexpr std::array<Key, 5> rust_agent_table{{
    {{"interval", "attestation_interval_seconds: the pause after what went wrong; 60s if left out", now},
     duration},
    {{"max_retries", "exponential_backoff_max_retries; 5 if left out", now}, integer(0, 1000)},
    {{"backoff_initial", "exponential_backoff_initial_delay; 10s if left out", now}, duration},
    {{"backoff_longest", "exponential_backoff_max_delay; 300s if left out", now}, duration},
    {{"timeout", "of one request; 5s if left out", now}, duration},
}};
constexpr std::array<Key, 3> tls_table{{
    {{"resumption", "true: each new connection continues the TLS session of the one before; else false", now},
     boolean},
    {{"ca", "which CA it trusts", later}, any_text},
    {{"certificate", "which certificate it shows", later}, any_text},
}};

}  // namespace

std::span<const Key> group_keys() {
    return group_table;
}
std::span<const Key> boot_keys() {
    return boot_table;
}
std::span<const Key> ima_keys() {
    return ima_table;
}
std::span<const Key> clock_keys() {
    return clock_table;
}
std::span<const Key> enrol_keys() {
    return enrol_table;
}
std::span<const Key> tpm_policy_keys() {
    return tpm_policy_table;
}
std::span<const Key> runtime_policy_keys() {
    return runtime_policy_table;
}
std::span<const Key> habit_keys() {
    return habit_table;
}
std::span<const Key> rust_agent_keys() {
    return rust_agent_table;
}
std::span<const Key> tls_keys() {
    return tls_table;
}

}  // namespace pushsim::scenario
