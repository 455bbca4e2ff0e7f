#pragma once
// The agents of a scenario: groups of them that are alike.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/time.hpp"
#include "sim/scenario/policy.hpp"
#include "sim/scenario/position.hpp"

namespace pushsim::scenario {

/// `enrol:`, what the tenant tells the verifier about the agents of a group.
struct Enrolment {
    bool enrolled = true;  ///< `enrol: false`: never enrolled by itself; the step `enrol` still does it
    TpmPolicy tpm_policy;
    RuntimePolicy runtime_policy;
    std::string runtime_policy_name;  ///< empty: the verifier names it
    std::vector<std::string> accept_hash_algorithms{"sha256"};
    std::vector<std::string> accept_encryption_algorithms{"rsa"};
    std::vector<std::string> accept_signing_algorithms{"rsassa"};

    bool operator==(const Enrolment&) const = default;
};

/// How the agents of a group get their ids.
struct AgentId {
    enum class Scheme {
        Uuid,     ///< drawn anew for every run
        HashEk,   ///< Keylime's hash_ek: SHA-256 of the EK's public key
        Literal,  ///< `text`, in which {n} stands for the agent's number in its group, from 0
    };
    Scheme scheme = Scheme::Uuid;
    std::string text;  ///< Literal only

    bool operator==(const AgentId&) const = default;
};
/// The id of agent `number`; for Scheme::Literal only.
std::string literal_id(const AgentId& id, int number);
/// What the verifier takes in a path: [\w.-]+ (protocol: agent_id), here of at most 80 characters.
bool is_agent_id(std::string_view text);

enum class TpmKind {
    Software,  ///< libtpms, in this process
    Swtpm,     ///< a swtpm of the agent's own, which pushsim starts and ends
    Outside,   ///< one that is there already, at `tcti`
};
struct TpmChoice {
    TpmKind kind = TpmKind::Software;
    std::string tcti = {};  ///< Outside only: "swtpm:port=2321", "device:/dev/tpmrm0"

    bool operator==(const TpmChoice&) const = default;
};

/// `habits:`, how the agent takes refusals and errors.
enum class Habits { Correct, RustAgent };

/// What can be set of `habits: rust-agent`: options of the Rust agent by other names, with its defaults
/// (rust-keylime, keylime/src/config/base.rs).
struct RustAgentHabits {
    Duration interval = std::chrono::seconds{60};          ///< attestation_interval_seconds
    int max_retries = 5;                                   ///< exponential_backoff_max_retries
    Duration backoff_initial = std::chrono::seconds{10};   ///< exponential_backoff_initial_delay
    Duration backoff_longest = std::chrono::seconds{300};  ///< exponential_backoff_max_delay
    Duration timeout = std::chrono::seconds{5};            ///< --timeout: of one exchange

    bool operator==(const RustAgentHabits&) const = default;
};

/// `connections:`, how many of them an agent has.
enum class Connections {
    One,         ///< one to the verifier
    RustAgent,   ///< one for sessions, one for attestations
    PerRequest,  ///< a new one for each request, closed after its answer
};
enum class AkKind {
    Child,    ///< made under the EK, as the Rust agent does
    Primary,  ///< made from a seed: quicker
};

/// `key:`, of the AK and of the EK, which are of the same family, as the Rust agent's.
enum class AkKey { Rsa2048, Ecc256 };
/// `scheme:`, by which the AK signs; each for one kind of key.
enum class AkScheme { Rsassa, Rsapss, Ecdsa };
/// `hash:`, of what the AK signs, and of its name.
enum class AkHash { Sha256, Sha384 };

struct AkAlgorithms {
    AkKey key = AkKey::Rsa2048;
    AkScheme scheme = AkScheme::Rsassa;
    AkHash hash = AkHash::Sha256;

    bool operator==(const AkAlgorithms&) const = default;
};
bool goes_with(AkScheme scheme, AkKey key);

/// Where an agent's connections come from.
enum class Source {
    Shared,  ///< the system's choice, the same for all
    Own,     ///< an address of 127.0.0.0/8 for each agent
};

/// Agents that are alike.
struct Group {
    std::string name;
    int count = 1;
    AgentId id;
    TpmChoice tpm;
    AkKind ak = AkKind::Child;
    AkAlgorithms algorithms;  ///< of its AK; where the scheme is left out, the first that goes with the key
    Source source = Source::Shared;
    std::vector<Extension> boot;   ///< `boot: {extend: …}`: what is measured before the script, in order
    std::optional<int> ima_files;  ///< `boot: {ima: {entries: N}}`: in its IMA log, after boot_aggregate
    Enrolment enrol;
    Habits habits = Habits::Correct;
    RustAgentHabits rust_agent;                  ///< Habits::RustAgent only
    Connections connections = Connections::One;  ///< where it is left out, those of the habits
    Duration clock_offset{};                     ///< `clock: {offset: …}`: so much ahead
    bool tls_resumption = false;  ///< `tls: {resumption: …}`: a new connection continues the session before
    Position position;

    bool operator==(const Group&) const = default;
};

// As they are written in files, histories and reports.
const char* to_string(AgentId::Scheme scheme);
const char* to_string(Habits habits);
const char* to_string(Connections connections);
const char* to_string(AkKind kind);
const char* to_string(AkKey key);
const char* to_string(AkScheme scheme);
const char* to_string(AkHash hash);
const char* to_string(TpmKind kind);
/// As `tpm:` takes it.
std::string to_string(const TpmChoice& tpm);
const char* to_string(Source source);

/// "tpm: software, ak: child, source: shared, connections: one, tls: {resumption: false}"
std::string text(const Group& group);

}  // namespace pushsim::scenario
