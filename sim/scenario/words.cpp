// The tables of words that can stand as values.

#include <array>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

constexpr auto later = Availability::Later;

constexpr std::array<Name, 9> check_table{{
    {"accounted", "everything sent is accounted for, agent by agent"},
    {"no_5xx", "no answer has a status of 500 or more"},
    {"nonces_distinct", "no challenge is issued twice"},
    {"tokens_secret", "no token or key stands where it should not"},
    {"indexes_monotonic", "the attestations of an agent are numbered upwards"},
    {"stages_legal", "attestations go through their stages in order"},
    {"verdict_sources_agree", "record, database and log say the same of each attestation"},
    {"status_agrees", "the status is what Keylime's rules make of the verdicts"},
    {"invariants", "every check there is holds"},
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
constexpr std::array<Name, 2> ak_key_table{{
    {"rsa2048", "RSA of 2048 bits"},
    {"ecc256", "NIST P-256"},
}};
constexpr std::array<Name, 3> ak_scheme_table{{
    {"rsassa", "RSA, PKCS #1 v1.5; of rsa2048"},
    {"rsapss", "RSA, PSS; of rsa2048"},
    {"ecdsa", "of ecc256"},
}};
constexpr std::array<Name, 2> ak_hash_table{{
    {"sha256", "32 octets"},
    {"sha384", "48 octets"},
}};
constexpr std::array<Name, 2> source_kind_table{{
    {"shared", "the system's choice, the same for all"},
    {"own", "an address of 127.0.0.0/8 for each agent; servers must be on loopback"},
}};
constexpr std::array<Name, 2> habit_table{{
    {"correct", "what a careful client does"},
    {"rust-agent", "what Keylime's Rust agent does; {rust-agent: {…}} sets its options"},
}};
constexpr std::array<Name, 3> connection_kind_table{{
    {"one", "to the verifier, for everything"},
    {"rust-agent", "one for sessions, one for attestations, both kept open"},
    {"per_request", "a new one for each request, closed after its answer"},
}};
constexpr std::array<Name, 2> database_table{{
    {"sqlite", "a file of each server's own"},
    {"postgresql", "a private PostgreSQL, started with the servers"},
}};
constexpr std::array<Name, 3> need_table{{
    {"measured_boot", "the verifier can judge UEFI logs: tpm2-tools are there"},
    {"log", "the verifier's log can be read"},
    {"database", "the verifier's database can be read"},
}};
constexpr std::array<Name, 3> server_table{{
    {"verifier", "judges agents"},
    {"registrar", "knows their keys"},
    {"database", "of both, where it is a server: `database: postgresql`"},
}};
constexpr std::array<Name, 6> phase_table{{
    {"register", "the agent tells the registrar its keys"},
    {"activate", "it proves that EK and AK are in one TPM"},
    {"authenticate", "it gets a token by proof of possession"},
    {"negotiate", "it offers evidence and is told what to send"},
    {"collect", "it makes the quote"},
    {"submit", "it sends the evidence"},
}};
constexpr std::array<Name, 2> instant_table{{
    {"challenges_expire_at", "until when evidence is taken after a negotiation"},
    {"token_expires_at", "until when the agent's token holds"},
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
constexpr std::array<Name, 1> start_table{{{"start", "since the start of the script"}}};
constexpr std::array<Name, 1> cycle_table{{{"last", "the last cycle of the step alone"}}};
constexpr std::array<Name, 3> request_peer_table{{
    {"verifier", "over TLS"},
    {"registrar", "over TLS, where the tenant goes"},
    {"registrar_http", "without TLS, where agents register"},
}};
constexpr std::array<Name, 2> tpm_word_table{{
    {"same", "from the agent's own TPM"},
    {"other", "from another TPM, which did not have that id before"},
}};
constexpr std::array<Name, 4> make_table{{
    {"absent", "it is not there"},
    {"null", "it is null"},
    {"wrong_type", "a number where the honest value is a text, else a text"},
    {"empty", "the empty text, list or map"},
}};
constexpr std::array<Name, 3> quote_member_table{{
    {"message", "TPMS_ATTEST"},
    {"signature", "TPMT_SIGNATURE"},
    {"subject_data", "PCR values"},
}};
constexpr std::array<Name, 2> chosen_member_table{{
    {"signature_scheme", "by which the quote is signed"},
    {"hash_algorithm", "of the signature; the PCR bank is the one that was chosen"},
}};
constexpr std::array<Name, 5> chosen_algorithm_table{{
    {"rsapss", "RSA, PSS"},
    {"rsassa", "RSA, PKCS #1 v1.5"},
    {"ecdsa", "of elliptic curves"},
    {"sha256", "32 octets"},
    {"sha384", "48 octets"},
}};
constexpr std::array<Name, 2> log_and_quote_table{{
    {"log", "the IMA log is read, then the quote is made: it is over one entry more"},
    {"quote", "the quote is made, then the IMA log is read: it has one entry more"},
}};
constexpr std::array<Name, 2> request_turn_table{{
    {"first", "the GET of the registrar's versions, the POST of a session"},
    {"second", "the POST of keys, the PATCH of a session"},
}};
constexpr std::array<Name, 5> hash_table{{
    {"sha1", "20 octets"},
    {"sha256", "32 octets"},
    {"sha384", "48 octets"},
    {"sha512", "64 octets"},
    {"sm3_256", "32 octets"},
}};
constexpr std::array<Name, 11> encryption_table{{
    {"rsa", "RSA of any size"},
    {"rsa1024", "RSA"},
    {"rsa2048", "RSA"},
    {"rsa3072", "RSA"},
    {"rsa4096", "RSA"},
    {"ecc", "a curve of any size"},
    {"ecc192", "NIST P-192"},
    {"ecc224", "NIST P-224"},
    {"ecc256", "NIST P-256"},
    {"ecc384", "NIST P-384"},
    {"ecc521", "NIST P-521"},
}};
constexpr std::array<Name, 5> signing_table{{
    {"rsassa", "RSA, PKCS #1 v1.5"},
    {"rsapss", "RSA, PSS"},
    {"ecdsa", "curves"},
    {"ecdaa", "curves, anonymous"},
    {"ecschnorr", "curves, Schnorr"},
}};
constexpr std::array<Name, 3> ima_template_table{{
    {"ima-ng", "digest and path"},
    {"ima-sig", "with a signature", later},
    {"ima-buf", "with a buffer", later},
}};

}  // namespace

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
std::span<const Name> ak_keys() {
    return ak_key_table;
}
std::span<const Name> ak_schemes() {
    return ak_scheme_table;
}
std::span<const Name> ak_hashes() {
    return ak_hash_table;
}
std::span<const Name> source_kinds() {
    return source_kind_table;
}
std::span<const Name> habits() {
    return habit_table;
}
std::span<const Name> connection_kinds() {
    return connection_kind_table;
}
std::span<const Name> databases() {
    return database_table;
}
std::span<const Name> needs() {
    return need_table;
}
std::span<const Name> servers() {
    return server_table;
}
std::span<const Name> keylime_servers() {
    return servers().first(2);
}
std::span<const Name> phases() {
    return phase_table;
}
std::span<const Name> instants() {
    return instant_table;
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
std::span<const Name> starts() {
    return start_table;
}
std::span<const Name> cycle_words() {
    return cycle_table;
}
std::span<const Name> request_peers() {
    return request_peer_table;
}
std::span<const Name> tpm_words() {
    return tpm_word_table;
}
std::span<const Name> makes() {
    return make_table;
}
std::span<const Name> quote_members() {
    return quote_member_table;
}
std::span<const Name> chosen_members() {
    return chosen_member_table;
}
std::span<const Name> chosen_algorithms() {
    return chosen_algorithm_table;
}
std::span<const Name> log_and_quote() {
    return log_and_quote_table;
}
std::span<const Name> request_turns() {
    return request_turn_table;
}
std::span<const Name> hash_algorithms() {
    return hash_table;
}
std::span<const Name> encryption_algorithms() {
    return encryption_table;
}
std::span<const Name> signing_algorithms() {
    return signing_table;
}
std::span<const Name> ima_templates() {
    return ima_template_table;
}
std::string_view version() {
    return PUSHSIM_VERSION;
}

}  // namespace pushsim::scenario
