#pragma once
// A scenario as a plan: what a file says, checked, with every default filled in. The language is described by
// the tables in language.hpp; loader.hpp makes these values from files.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/base/time.hpp"

namespace pushsim::scenario {

/// A place in a file; line and column count from 1, columns in octets as compilers do. Line 0: the file as a
/// whole.
struct Position {
    std::string file;
    int line = 0;
    int column = 0;

    std::string text() const;  ///< "file:line:column", or "file" where the line is 0
    bool operator==(const Position&) const = default;
};

/// Options of one server by Keylime's own names, in Keylime's own text ("2", not "2s"); nullopt = leave the
/// option out of its configuration file.
using ServerOptions = std::map<std::string, std::optional<std::string>>;

/// How a duration is drawn (the scenario language, "distributions").
struct Distribution {
    enum class Kind {
        Uniform,      ///< from values[0] to values[1]
        Normal,       ///< mean values[0], deviation values[1], never less than nothing
        Exponential,  ///< mean values[0]
        OneOf,        ///< any of them
        List,         ///< one after the other, then again
    };
    Kind kind = Kind::Uniform;
    std::vector<Duration> values;

    bool operator==(const Distribution&) const = default;
};
/// A duration that may vary.
struct Amount {
    Duration fixed{};
    std::optional<Distribution> varies = {};  ///< then `fixed` is not looked at

    bool operator==(const Amount&) const = default;
};

/// `stack:`, the servers a scenario wants.
struct StackOptions {
    ServerOptions verifier;
    ServerOptions registrar;
    bool verifier_raw = false;   ///< `raw: true`: values that Keylime cannot take are wanted
    bool registrar_raw = false;  ///< the same for the registrar
    std::string database = "sqlite";
    std::optional<int> workers;      ///< processes of the verifier; as Keylime decides if absent
    std::vector<std::string> needs;  ///< words of needs()
    std::string keylime;             ///< ">=7.14"; empty: any version
    bool fresh = false;              ///< a stack of its own, shared with no other scenario

    bool operator==(const StackOptions&) const = default;
};

/// Whether two scenarios may run against one stack: neither wants a fresh one, and their options agree.
bool can_share(const StackOptions& a, const StackOptions& b);

/// What a PCR is extended with. `text:…` extends every bank, with that bank's own hash of the text;
/// `sha256:HEX` (or sha1, sha384, sha512) extends that bank alone.
struct Measurement {
    std::string as_written;  ///< "text:secure-boot-on" or "sha256:9b71…", boot::parse_measurement reads it
    std::string bank;        ///< "" for a text, else Keylime's name of the hash algorithm
    Bytes bytes;             ///< the octets of the text (not hashed), or the digest

    bool operator==(const Measurement&) const = default;
};

/// One TPM2_PCR_Extend; PCR 0 to 23.
struct Extension {
    int pcr = 0;
    Measurement measurement;

    bool operator==(const Extension&) const = default;
};

/// `tpm_policy: none`: enrolled with a policy that names no PCR; `runtime_policy: none`: with none.
struct NoPolicy {
    bool operator==(const NoPolicy&) const = default;
};
/// `tpm_policy: {from_boot: [0, 7]}`: exactly the SHA-256 values these PCRs have at the moment of enrolment.
struct PolicyFromBoot {
    std::vector<int> pcrs;  ///< in the order written
    bool operator==(const PolicyFromBoot&) const = default;
};
/// `tpm_policy: {7: ["00…"]}`: PCR -> the values it may have, lower-case hex.
struct LiteralPolicy {
    std::map<int, std::vector<std::string>> allowed;
    bool operator==(const LiteralPolicy&) const = default;
};
/// `tpm_policy: {json: '{"7": "…"}'}`: the text that the tenant sends, right or wrong.
struct PolicyText {
    std::string json;
    bool operator==(const PolicyText&) const = default;
};
using TpmPolicy = std::variant<NoPolicy, PolicyFromBoot, LiteralPolicy, PolicyText>;

/// `runtime_policy: from_boot`: exactly the files that are in the agent's IMA log at the moment of enrolment,
/// or with `{from_boot: GROUP}` in those of a group's agents when the tenant acts.
struct PolicyFromLog {
    std::string group;  ///< empty: the agent's own
    bool operator==(const PolicyFromLog&) const = default;
};
/// The IMA policy.
using RuntimePolicy = std::variant<NoPolicy, PolicyFromLog, PolicyText>;

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

/// Closed range of HTTP status codes.
struct StatusRange {
    int first = 0;
    int last = 0;

    bool operator==(const StatusRange&) const = default;
};

// What a clause of `expect:` can ask for.

/// Closed range of seconds.
struct SecondRange {
    int first = 0;
    int last = 0;

    bool operator==(const SecondRange&) const = default;
};

/// The last response of the step. What is empty asks for nothing.
struct ExpectResponse {
    std::vector<StatusRange> status;             ///< any of these
    std::vector<std::string> code;               ///< any of these JSON:API error codes
    std::string pointer;                         ///< JSON:API source pointer of the first error
    std::map<std::string, std::string> headers;  ///< name, value; "*": any; "absent": none
    std::vector<SecondRange> retry_after;        ///< any of these
    std::map<std::string, std::string> body;     ///< JSON pointer, value as JSON text

    bool operator==(const ExpectResponse&) const = default;
};

enum class Verdict { Pass, Fail, None };
enum class FailureReason { PolicyViolation, BrokenEvidenceChain };

/// The record of each attestation of the step.
struct ExpectVerdict {
    Verdict verdict = Verdict::Pass;
    std::optional<FailureReason> reason;  ///< with Verdict::Fail only

    bool operator==(const ExpectVerdict&) const = default;
};

enum class AgentStatus { Pending, Pass, Fail, Timeout };

/// What the status API says of the agent.
struct ExpectStatus {
    enum class When {
        Last,    ///< at the last look
        Always,  ///< at every look during the step
        Never,   ///< at none
    };
    AgentStatus status = AgentStatus::Pending;
    When when = When::Last;
    std::optional<Duration> within;  ///< Last: becomes so within that time; absent: is so at the first look
    Duration poll = std::chrono::milliseconds{100};  ///< Always, Never: from one look to the next

    bool operator==(const ExpectStatus&) const = default;
};

/// How many requests of a kind each agent sends, in the step or in the whole run.
struct ExpectRequests {
    std::map<std::string, int> counts;  ///< by the words of request_kinds()
    bool since_start = false;           ///< of a step: counted since the start of the script

    bool operator==(const ExpectRequests&) const = default;
};

/// A comparison like "submit.p99 < 250ms", over the whole run.
struct ExpectMetric {
    std::string metric;      ///< "submit.p99"
    std::string comparison;  ///< <, <=, >, >=, ==
    double value = 0;        ///< seconds, per second, a share of 1, or a count
    std::string as_written;  ///< "250ms"

    bool operator==(const ExpectMetric&) const = default;
};

/// A word of checks(), over the whole history.
struct ExpectCheck {
    std::string check;

    bool operator==(const ExpectCheck&) const = default;
};

using Condition =
    std::variant<ExpectResponse, ExpectVerdict, ExpectStatus, ExpectRequests, ExpectMetric, ExpectCheck>;

/// How many of the agents must satisfy a clause.
struct HowMany {
    enum class Rule { All, AtLeast, AtMost, Exactly };
    Rule rule = Rule::All;
    int number = 0;  ///< not for All

    bool operator==(const HowMany&) const = default;
    bool holds(int satisfied, int total) const;
};

/// One clause: an agent satisfies it when all its conditions hold for it, in every cycle of the step.
struct Expectation {
    std::vector<std::string> agents;  ///< group names, resolved; empty only for the checks of the whole run
    std::vector<Condition> conditions;
    HowMany how_many;
    bool last_cycle_only = false;  ///< `cycles: last`
    Position position;

    /// In words: "every agent of honest: response 202, verdict pass".
    std::string text() const;
    bool operator==(const Expectation&) const = default;
};
/// In words: "verdict fail (policy_violation)".
std::string text(const Condition& condition);

enum class StepKind {
    Register,
    Activate,
    Authenticate,
    Negotiate,
    Collect,
    Submit,
    Attest,
    Extend,
    Measure,
    Enrol,
    Delete,
    Reactivate,
    ReadStatus,
    RestartAgent,
    StopAgent,
    Reboot,
    ChangePolicy,
    Stop,
    Start,
    Restart,
    Kill,
    Pause,
    Request,
    Wait,
    Together,
    Repeat,
};

enum class FaultKind {
    // timing
    Delay,
    HoldEvidence,
    Early,
    Stall,
    Herd,
    Swizzle,
    ClockSkew,
    // protocol order
    SkipNegotiation,
    OldIndex,
    FutureIndex,
    DuplicateSubmit,
    ConcurrentSubmit,
    ConcurrentNegotiate,
    NeverSubmit,
    ResubmitAfterVerdict,
    // identity
    NoToken,
    GarbledToken,
    OldToken,
    ExpiredToken,
    ForeignToken,
    AdminCertificate,
    CertificateAndToken,
    OtherAgentId,
    WrongActivationTag,
    Reregister,
    ForeignPop,
    ReusePop,
};

/// Instants that a verifier sets.
enum class InstantName {
    ChallengesExpireAt,
    TokenExpiresAt,
};
/// "challenges_expire_at - 500ms"
struct InstantOffset {
    InstantName name = InstantName::ChallengesExpireAt;
    Duration offset{};

    bool operator==(const InstantOffset&) const = default;
};

/// What goes wrong in a step (the scenario language, "faults"). Fields that its kind does not use keep their
/// defaults.
struct Fault {
    FaultKind kind = FaultKind::Delay;
    InstantOffset until;                   ///< HoldEvidence: until then
    StepKind phase = StepKind::Negotiate;  ///< Delay, Herd: before it; Stall: after its answer
    Duration duration{};  ///< Delay, Stall: how long; Early, ClockSkew: by how much; Swizzle: `every`
    std::optional<Distribution> varies;  ///< Delay, Stall, Early, ClockSkew: the duration is drawn each time
    int count = 2;                       ///< ConcurrentSubmit: connections; ConcurrentNegotiate: how many
    double share = 0;                    ///< Swizzle: of the agents
    std::string of;          ///< ForeignToken, ForeignPop, OtherAgentId: the group whose agent it is
    bool other_tpm = false;  ///< Reregister: from another TPM
    // Where it is:
    std::vector<std::string> agents;   ///< groups; empty: all of the step, or of the scenario
    std::optional<StepKind> in_phase;  ///< in this phase alone
    double probability = 1;            ///< of each cycle
    // At the top of a file, of cycles that begin, since the start of the script:
    Duration from{};
    std::optional<Duration> to;
    std::string drawn;  ///< in a play: what was drawn for the cycle it is for; not compared, not written
    Position position;

    bool operator==(const Fault&) const = default;
};

/// `request:`, a raw request. Texts may have references (references.hpp).
struct RawRequest {
    std::string to = "verifier";  ///< a word of request_peers()
    std::string by = "nobody";    ///< or "admin", or a group
    std::string method = "GET";
    std::string path;
    std::map<std::string, std::string> headers;
    std::string body;  ///< as sent
    int times = 1;
    int connections = 1;

    bool operator==(const RawRequest&) const = default;
};

/// One line of the script. Fields that its kind does not use keep their defaults.
struct Step {
    StepKind kind = StepKind::Attest;
    int number = 0;                       ///< in the order of the file, from 1
    std::vector<std::string> agents;      ///< group names, resolved; empty where none acts
    std::string as;                       ///< name of its exchanges, "" without
    bool bare = false;                    ///< no missing earlier phases, no retries
    int times = 1;                        ///< Attest, Repeat
    std::optional<Duration> every;        ///< Attest: open model
    Amount jitter;                        ///< Attest, with `every`
    Duration spread{};                    ///< Attest
    std::vector<Extension> extend;        ///< Extend, in order
    std::string path;                     ///< Measure
    Measurement file;                     ///< Measure: what the file holds, as a text or by its SHA-256
    bool orderly = true;                  ///< Reboot
    std::optional<TpmPolicy> tpm_policy;  ///< Enrol: instead of the group's
    std::optional<RuntimePolicy>
        runtime_policy;                  ///< Enrol: instead of the group's; ChangePolicy: the new one
    std::string runtime_policy_name;     ///< ChangePolicy
    std::vector<std::string> servers;    ///< Stop, Start, Restart, Kill, Pause: words of servers()
    RawRequest request;                  ///< Request
    std::vector<Fault> faults;           ///< of phases, in the order of the file
    Amount wait;                         ///< Wait, Pause
    std::optional<InstantOffset> until;  ///< Wait, in place of that
    Amount after;                        ///< of a child of Together
    std::vector<Step> steps;             ///< Together, Repeat
    std::vector<Expectation> expect;
    Position position;

    bool operator==(const Step&) const = default;
};

struct Scenario {
    std::string name;
    std::string title;
    std::string about;
    std::vector<std::string> requirements;
    std::vector<std::string> tags;
    StackOptions stack;
    std::vector<Group> groups;  ///< in the order of the file
    std::vector<Step> script;
    std::vector<Expectation> expect;  ///< over the whole run
    std::vector<Fault> faults;        ///< of all steps, in the order of the file
    std::optional<int> tries;         ///< `intermittent`
    /// Of the matrix, the values that make this case; its name ends with them: "x[workers=4]".
    std::map<std::string, std::string> values;
    std::string file;
    Position position;  ///< of its name

    const Group* group(std::string_view name) const;  ///< nullptr when there is none
    /// The number of the last step, those within others included.
    int last_number() const;
    bool operator==(const Scenario&) const = default;
};

// The words of the language, as they are written in files, histories and reports.
const char* to_string(AgentId::Scheme scheme);
const char* to_string(Habits habits);
const char* to_string(Connections connections);
const char* to_string(AkKind kind);
const char* to_string(TpmKind kind);
/// As `tpm:` takes it.
std::string to_string(const TpmChoice& tpm);
const char* to_string(Source source);
const char* to_string(Verdict verdict);
const char* to_string(FailureReason reason);
const char* to_string(AgentStatus status);
const char* to_string(HowMany::Rule rule);
std::string to_string(StepKind kind);
std::string to_string(FaultKind kind);
const char* to_string(ExpectStatus::When when);
const char* to_string(Distribution::Kind kind);
const char* to_string(InstantName name);
/// "challenges_expire_at - 500ms", as in files.
std::string to_string(const InstantOffset& instant);

// In words, for people.
std::string text(const Fault& fault);           ///< "hold_evidence until challenges_expire_at - 500ms"
std::string text(const Amount& amount);         ///< "2s", "1s to 3s"
std::string share_text(double share);           ///< "12.5%"
std::string signed_text(Duration duration);     ///< "-1h"
std::string text(const TpmPolicy& policy);      ///< "the values of PCR 0, 7 at enrolment"
std::string text(const RuntimePolicy& policy);  ///< "the files in its log at enrolment"
/// "tpm: software, ak: child, source: shared, connections: one, tls: {resumption: false}"
std::string text(const Group& group);

/// Whether both say the same, wherever they are written: files and positions are not compared.
bool same_plan(const Scenario& a, const Scenario& b);

/// The plan as YAML with every default written out, for plan.yaml. Loading it again gives the same plan.
std::string resolved(const Scenario& scenario);

}  // namespace pushsim::scenario
