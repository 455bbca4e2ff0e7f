#include "sim/scenario/language.hpp"

#include <algorithm>
#include <array>

namespace pushsim::scenario {
namespace {

constexpr auto later = Availability::Later;

constexpr std::array<Name, 13> scenario_key_table{{
    {"scenario", "the name: lower-case words with hyphens, unique in a run"},
    {"title", "one line for lists and reports"},
    {"about", "what it shows, for people"},
    {"requirements", "list of the requirement ids it decides, KPM-AREA-001"},
    {"tags", "list of words to choose scenarios by"},
    {"stack", "what the servers must be like"},
    {"agents", "map from group name to what its agents are"},
    {"script", "list of steps, done in order"},
    {"expect", "list of clauses about the whole run"},
    {"faults", "what goes wrong, for chosen agents and times", later},
    {"matrix", "one case for each combination of values", later},
    {"exclude", "combinations of the matrix to leave out", later},
    {"intermittent", "what comes by chance: how often it is tried", later},
}};

constexpr std::array<Name, 8> stack_key_table{{
    {"verifier",
     "options of the verifier by Keylime's own names; `raw: true` allows what Keylime cannot take"},
    {"registrar", "options of the registrar by Keylime's own names"},
    {"database", "sqlite"},
    {"fresh", "true: shared with no other scenario"},
    {"certificate", "kind of the servers' certificate", later},
    {"workers", "number of verifier processes", later},
    {"needs", "what the stack must be able to do", later},
    {"keylime", "versions of Keylime it is for", later},
}};

constexpr std::array<Name, 16> group_key_table{{
    {"count", "how many agents; 1 if left out"},
    {"id", "uuid (default), hash_ek, or a literal in which {n} is the agent's number"},
    {"tpm", "software (default), swtpm (one of its own), or one that is there: swtpm:… or device:…"},
    {"ak", "child of the EK (default), or primary, which is quicker to make"},
    {"source", "shared (default), or own: each agent connects from an address of its own in 127.0.0.0/8"},
    {"boot", "what is measured before the script begins"},
    {"enrol", "what the tenant tells the verifier; false: not enrolled"},
    {"habits", "how the agent takes refusals and errors: correct (default) or rust-agent"},
    {"connections", "one, rust-agent or per_request; as the habits have it if left out"},
    {"tls", "how TLS is used: {resumption: true}"},
    {"like", "another group, of which only the differences follow", later},
    {"key", "key type of the AK", later},
    {"scheme", "signature scheme of the AK", later},
    {"hash", "hash algorithm of the AK", later},
    {"transient_slots", "objects the TPM can hold at once", later},
    {"clock", "how far its clock is off", later},
}};

constexpr std::array<Name, 5> boot_key_table{{
    {"extend", "PCR: [measurement, …], in order"},
    {"pcrs", "bank: {PCR: hex}, values to reach", later},
    {"ima", "entries of the IMA log", later},
    {"uefi", "the UEFI event log", later},
    {"boot_time", "when the machine booted", later},
}};

constexpr std::array<Name, 8> enrol_key_table{{
    {"tpm_policy", "none (default), {from_boot: [PCR, …]}, PCR: [hex, …], or {json: text as sent}"},
    {"accept_tpm_hash_algs", "in order of preference; [sha256] if left out"},
    {"accept_tpm_encryption_algs", "[rsa] if left out"},
    {"accept_tpm_signing_algs", "[rsassa] if left out"},
    {"runtime_policy", "the IMA policy", later},
    {"mb_policy", "the measured boot policy", later},
    {"runtime_policy_name", "a named IMA policy", later},
    {"mb_policy_name", "a named measured boot policy", later},
}};

constexpr std::array<Name, 3> step_sibling_table{{
    {"expect", "a clause about this step, or a list of them"},
    {"as", "a name for its exchanges"},
    {"after", "in `together`: how much later it begins", later},
}};

constexpr std::array<Name, 16> expect_key_table{{
    {"agents", "the group, or list of groups, it is about"},
    {"response", "the last response of the step: {status: …, code: …}"},
    {"verdict", "pass, fail or none: what the record of each attestation says"},
    {"reason", "with `verdict: fail`: policy_violation or broken_evidence_chain"},
    {"status", "PENDING, PASS, FAIL or TIMEOUT: what the status API says"},
    {"within", "with `status`: it becomes so within that time"},
    {"requests", "how many requests of a kind each agent sends: {sessions: 1}"},
    {"all", "true: every agent must satisfy the clause (default)"},
    {"at_least", "so many agents must satisfy the clause"},
    {"at_most", "no more agents may satisfy the clause"},
    {"exactly", "exactly so many agents must satisfy the clause"},
    {"since", "with `requests`: start, to count from there", later},
    {"cycles", "last: judge the last cycle alone", later},
    {"always", "the status is so all the time", later},
    {"never", "the status is so at no time", later},
    {"poll", "how often the status is read", later},
}};

constexpr std::array<Name, 6> response_key_table{{
    {"status", "HTTP status: a number, a range \"200-299\", or a list of these"},
    {"code", "JSON:API error code, or a list of codes"},
    {"pointer", "JSON:API error source pointer", later},
    {"header", "response header", later},
    {"retry_after", "value of Retry-After", later},
    {"body", "response body", later},
}};

constexpr std::array<Name, 6> request_kind_table{{
    {"registrations", "POST of the agent's keys to the registrar"},
    {"activations", "PUT of its answer to the registrar's challenge"},
    {"sessions", "POST for a session, each a proof of possession that the verifier has to check"},
    {"proofs", "PATCH of a session"},
    {"negotiations", "POST for an attestation"},
    {"submissions", "PATCH of an attestation"},
}};

constexpr std::array<Name, 5> check_table{{
    {"accounted", "everything sent is accounted for, agent by agent"},
    {"no_5xx", "no answer has a status of 500 or more", later},
    {"nonces_distinct", "no challenge is issued twice", later},
    {"tokens_secret", "no token appears where it should not", later},
    {"invariants", "all built-in checks", later},
}};

constexpr std::array<Name, 3> id_scheme_table{{
    {"uuid", "drawn anew for every run"},
    {"hash_ek", "SHA-256 of the EK's public key"},
    {"hostname", "name of the machine", later},
}};
constexpr std::array<Name, 2> tpm_kind_table{{
    {"software", "libtpms, in this process"},
    {"swtpm", "a swtpm of the agent's own, which pushsim starts and ends"},
}};
constexpr std::array<Name, 2> ak_kind_table{{
    {"child", "made under the EK, as Keylime's Rust agent does"},
    {"primary", "made from a seed, as `pushsim pool make` does where it is not told otherwise"},
}};
constexpr std::array<Name, 2> source_kind_table{{
    {"shared", "the system's choice, the same for all"},
    {"own", "an address of 127.0.0.0/8 for each agent; servers must be on loopback"},
}};
constexpr std::array<Name, 2> habit_table{{
    {"correct", "what a careful client does"},
    {"rust-agent", "what Keylime's Rust agent does; {rust-agent: {…}} sets its options"},
}};
constexpr std::array<Name, 5> rust_agent_key_table{{
    {"interval", "attestation_interval_seconds: the pause after what went wrong; 60s if left out"},
    {"max_retries", "exponential_backoff_max_retries; 5 if left out"},
    {"backoff_initial", "exponential_backoff_initial_delay; 10s if left out"},
    {"backoff_longest", "exponential_backoff_max_delay; 300s if left out"},
    {"timeout", "of one request; 5s if left out"},
}};
constexpr std::array<Name, 3> connection_kind_table{{
    {"one", "to the verifier, for everything"},
    {"rust-agent", "one for sessions, one for attestations, both kept open"},
    {"per_request", "a new one for each request, closed after its answer"},
}};
constexpr std::array<Name, 3> tls_key_table{{
    {"resumption", "true: each new connection continues the TLS session of the one before; else false"},
    {"ca", "which CA it trusts", later},
    {"certificate", "which certificate it shows", later},
}};
constexpr std::array<Name, 2> database_table{{
    {"sqlite", "a file of each server's own"},
    {"postgresql", "a private PostgreSQL", later},
}};
constexpr std::array<Name, 3> verdict_table{{
    {"pass", "the evidence satisfied the policy"},
    {"fail", "it did not, or could not be authenticated"},
    {"none", "no verdict was reached"},
}};
constexpr std::array<Name, 2> failure_reason_table{{
    {"policy_violation", "authentic evidence that the policy does not allow"},
    {"broken_evidence_chain", "evidence that could not be authenticated"},
}};
constexpr std::array<Name, 4> agent_status_table{{
    {"PENDING", "never judged"},
    {"PASS", "judged, and no failure since"},
    {"FAIL", "a failure that nothing has cleared"},
    {"TIMEOUT", "no evidence for too long"},
}};

}  // namespace

std::span<const Name> scenario_keys() {
    return scenario_key_table;
}
std::span<const Name> stack_keys() {
    return stack_key_table;
}
std::span<const Name> group_keys() {
    return group_key_table;
}
std::span<const Name> group_key_values(std::string_view key) {
    struct Values {
        std::string_view key;
        std::span<const Name> names;
    };
    const std::array<Values, 9> values{{{"id", id_schemes()},
                                        {"tpm", tpm_kinds()},
                                        {"ak", ak_kinds()},
                                        {"source", source_kinds()},
                                        {"boot", boot_keys()},
                                        {"enrol", enrol_keys()},
                                        {"habits", habits()},
                                        {"connections", connection_kinds()},
                                        {"tls", tls_keys()}}};
    const auto found = std::ranges::find(values, key, &Values::key);
    return found == values.end() ? std::span<const Name>{} : found->names;
}
std::span<const Name> boot_keys() {
    return boot_key_table;
}
std::span<const Name> enrol_keys() {
    return enrol_key_table;
}
std::span<const Name> step_sibling_keys() {
    return step_sibling_table;
}
std::span<const Name> expect_keys() {
    return expect_key_table;
}
std::span<const Name> response_keys() {
    return response_key_table;
}
std::span<const Name> request_kinds() {
    return request_kind_table;
}
std::span<const Name> checks() {
    return check_table;
}
std::span<const Name> id_schemes() {
    return id_scheme_table;
}
std::span<const Name> tpm_kinds() {
    return tpm_kind_table;
}
std::span<const Name> ak_kinds() {
    return ak_kind_table;
}
std::span<const Name> source_kinds() {
    return source_kind_table;
}
std::span<const Name> habits() {
    return habit_table;
}
std::span<const Name> rust_agent_keys() {
    return rust_agent_key_table;
}
std::span<const Name> connection_kinds() {
    return connection_kind_table;
}
std::span<const Name> tls_keys() {
    return tls_key_table;
}
std::span<const Name> databases() {
    return database_table;
}
std::span<const Name> verdicts() {
    return verdict_table;
}
std::span<const Name> failure_reasons() {
    return failure_reason_table;
}
std::span<const Name> agent_statuses() {
    return agent_status_table;
}

std::string_view version() {
    return PUSHSIM_VERSION;
}

}  // namespace pushsim::scenario
