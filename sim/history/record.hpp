#pragma once
// What a run puts down, one struct for each kind of line (DESIGN "How data flows"). Producers fill these;
// HistoryWriter redacts and writes them, HistoryReader gives them back (exchanges and tenant acts in their
// redacted form, `…Seen`).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/base/http.hpp"
#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/transport/exchange.hpp"
#include "sim/history/conformance.hpp"
#include "sim/history/expectation.hpp"
#include "sim/history/shared.hpp"

namespace pushsim::history {

/// Version of the format; a reader takes its own and older ones.
inline constexpr int current_format = 1;

/// What a line is about. Empty and absent members are left out of the line.
struct Where {
    Text scenario = {};
    /// Number of the step, in document order from 1; 0: before the first, one more than there are: after the
    /// last.
    std::optional<int> step = {};
    Text agent = {};  ///< "group[0]"

    bool operator==(const Where&) const = default;
};

/// The registrar and verifier that answered.
struct StackFacts {
    std::string kind;             ///< local, kind, external
    std::string keylime_version;  ///< "7.14.3"
    std::string keylime_where;    ///< where it runs, for a person: "on loopback", "at verifier.example:8881",
                                  ///< "from /home/me/keylime at v7.14.3-7-g9b1f6e6a, on loopback"
    std::string registrar;        ///< "127.0.0.1:41810"
    std::string verifier;         ///< "127.0.0.1:41811"
    std::string mode = "push";
    std::string keylime_origin = {};  ///< the program or checkout that ran, with its commit; empty: not known
    /// "verifier started with 4 workers on 2 processors by a changed start"; empty: Keylime's own start
    std::string changed_start = {};

    bool operator==(const StackFacts&) const = default;
};

/// Names of facts in a head that reports look for.
namespace facts {
/// tpm::to_string() of those that are on; absent: none is.
inline constexpr const char* accelerators = "accelerators";
/// Why TPMs take turns by libtpms' state blobs, which is slower; absent: they do not.
inline constexpr const char* tpms_by_blobs = "tpms_by_blobs";
}  // namespace facts

/// First line of every history, written by HistoryWriter::open.
struct Head {
    std::string pushsim_version;
    std::string command;  ///< the command line, as typed
    std::uint64_t seed = 0;
    WallTime started{};
    std::optional<StackFacts> stack = {};           ///< where it is known before anything starts
    std::map<std::string, std::string> facts = {};  ///< further facts by name (pool hash, machine)
};

/// Agents are called "name[0]" to "name[count-1]".
struct Group {
    std::string name;
    int count = 1;

    bool operator==(const Group&) const = default;
};

/// A scenario of what comes by chance is tried until it shows it, at most `of` times.
struct Try {
    int number = 1;  ///< from 1
    int of = 1;

    bool operator==(const Try&) const = default;
};

struct ScenarioStart {
    std::string title;
    std::string file;
    std::string plan;  ///< the resolved plan, YAML; may be empty
    std::vector<Group> groups;
    std::vector<Expectation> expectations;
    bool by_hand = false;  ///< an agent that a person runs: nobody says beforehand what is expected of it
    std::optional<Try> attempt = {};  ///< each try begins and ends a scenario of that name
};

struct ScenarioEnd {
    enum class Ending {
        Ran,          ///< all steps were done; reports judge what they showed
        Skipped,      ///< not run: `reason` says what it would have needed
        Failed,       ///< the stack or pushsim failed: `reason` and `mend`
        Interrupted,  ///< a person stopped it
    };
    Ending ending = Ending::Ran;
    std::string reason = {};
    std::string mend = {};
    std::string agents = {};  ///< of an early end: what they were doing
};

/// `Where::step` says which step.
struct StepStart {
    std::string step_kind;            ///< "attest", "extend", …
    std::vector<std::string> agents;  ///< groups ("late") or single agents ("late[3]") it acts on
    std::string name = {};            ///< of `as:`
    std::string case_name = {};       ///< of `case:`
};

struct StepEnd {
    std::string step_kind;
    std::string error = {};  ///< why the step could not be done; empty when it was
};

/// One request of an agent and what came of it.
struct Exchange {
    std::string phase;  ///< register, activate, authenticate, negotiate, submit
    std::string peer;   ///< registrar, verifier
    HttpRequest request;
    transport::Outcome outcome;
    int attempt = 1;
    std::string request_id = {};      ///< X-Request-ID as sent
    std::optional<int> index = {};    ///< of the attestation; else taken from the target or from Location
    std::optional<Instant> due = {};  ///< when it was meant to start, in an open model
    std::string source = {};          ///< address that the agent has for itself; empty: the system's choice
    std::optional<Duration> queued = {};  ///< before its start it waited so long, for others to end
    bool keep = false;  ///< headers and bodies are kept whatever WriterOptions say: they are to be judged
};

/// A message as it is kept: always its size and digest, headers and body only where they were kept.
struct MessageSeen {
    std::uint64_t size = 0;  ///< octets of the body as sent or received
    Text sha256 = {};        ///< of the redacted body, hexadecimal; empty where the body is empty
    bool kept = false;
    bool cut = false;                                        ///< the body is longer than what was kept of it
    List<std::pair<std::string, std::string>> headers = {};  ///< redacted
    Text body = {};                                          ///< redacted; at most 64 KiB
    /// Of an answer: fingerprints of the secrets in its headers and body, kept or not; each once.
    List<Text> secrets = {};
};

/// What the verifier's answer to a negotiation says of the attestation (protocol, "POST …/attestations").
struct NegotiatedSeen {
    List<Text> requested = {};  ///< evidence types in order: tpm_quote, uefi_log, ima_log
    Text received_at = {};      ///< capabilities_received_at, by the verifier's clock, as sent
    Text expire_at = {};        ///< challenges_expire_at; empty where no challenge was issued
    /// From the one to the other; nothing where one of them is no time. In memory alone.
    std::optional<Duration> lifetime = {};

    bool operator==(const NegotiatedSeen&) const = default;
};

/// How long each phase of an exchange took, as in transport::Timings.
struct PhasesSeen {
    std::optional<Duration> connect = {};
    std::optional<Duration> tls = {};
    std::optional<Duration> send = {};
    std::optional<Duration> wait = {};
    std::optional<Duration> receive = {};

    bool operator==(const PhasesSeen&) const = default;
};

/// An Exchange as it stands in the history.
struct ExchangeSeen {
    Text phase;
    Text peer;
    int attempt = 1;
    Text request_id = {};
    Text source = {};
    Text method = {};
    Text target = {};
    std::optional<int> index = {};
    std::optional<int> status = {};  ///< absent when no complete answer came
    Text code = {};                  ///< JSON:API error code of the answer
    Text pointer = {};               ///< JSON:API source pointer of its first error
    Text retry_after = {};           ///< header of the answer
    Text failure = {};               ///< transport failure as a word: "timeout", …
    Text failure_text = {};
    Duration start{};                     ///< since the start of the run
    std::optional<Duration> due = {};     ///< since the start of the run
    std::optional<Duration> queued = {};  ///< before `start`, where there is a bound on exchanges at a time
    Shared<PhasesSeen> phases = {};
    Duration total{};
    bool reused = false;                     ///< the connection had carried an exchange before
    bool resumed = false;                    ///< its TLS handshake continued an earlier session
    Shared<NegotiatedSeen> negotiated = {};  ///< of a 201 to a negotiation
    /// The nonce that a 201 to a negotiation or a 200 to a request for a session brings, base64 as sent. It
    /// is no secret, and spent.
    Text challenge = {};
    std::optional<int> seconds_to_next = {};  ///< of a 202 to a submission: until the next is due
    /// Of a proof that passed: from response_received_at to token_expires_at, by the verifier's clock.
    std::optional<Duration> token_lifetime = {};
    MessageSeen request = {};
    MessageSeen response = {};
};

/// PCR values that a quote covers, lower-case hexadecimal.
struct QuoteValues {
    std::string bank;
    std::map<int, std::string> pcrs = {};
    bool same = false;  ///< in the file only: the values are those of this agent's quote before

    bool operator==(const QuoteValues&) const = default;
};

/// Of a quote: the clock of the TPM that made it (tpm::ClockInfo).
struct QuoteClock {
    std::uint64_t clock = 0;  ///< milliseconds
    std::uint64_t resets = 0;
    std::uint64_t restarts = 0;
    bool safe = false;

    bool operator==(const QuoteClock&) const = default;
};

struct TpmOperation {
    Text operation;  ///< "create_ak", "quote", …
    Duration duration{};
    Text error = {};
    Shared<QuoteValues> quote = {};
    Shared<QuoteClock> clock = {};
    Text ak_name = {};     ///< of "provision": hexadecimal (TCG TPM 2.0 Part 1, 16)
    Duration waited = {};  ///< for a TPM thread, before that
    int ahead = 0;         ///< jobs that the thread had when it was asked
};

/// Something that happened to the machine under an agent.
struct MachineAct {
    std::string act;  ///< "extend", "reboot", …
    std::optional<int> pcr = {};
    std::map<std::string, std::string> digests = {};  ///< bank -> hexadecimal
    std::string text = {};
};

/// Something that a fault of the scenario did to an agent.
struct FaultEffect {
    std::string fault;      ///< as the plan says it: "delay before submit for 2s"
    std::string effect;     ///< what came of it: "waits 2s before submit"
    std::string draw = {};  ///< what chance had a part in it, and how; empty: none
};

/// An act of the tenant at the verifier or registrar. Of repeated readings the one that decides.
struct TenantAct {
    std::string act;  ///< "enrol", "delete", "reactivate", "read_status", "read_verdict", "probe", …
    std::optional<HttpRequest> request = {};
    std::optional<HttpResponse> response = {};
    std::optional<Error> error = {};  ///< why no answer came
    Duration duration{};
    /// JSON text, PCR -> allowed values; empty: none. Of "read_status" where it is news: somebody else
    /// enrolled.
    std::string tpm_policy = {};
    std::string ak_name = {};  ///< that the agent is enrolled with, as of TpmOperation; empty: not known
    bool keep = false;         ///< as of Exchange
};

struct TenantActSeen {
    Text act;
    Text method = {};
    Text target = {};
    std::optional<int> status = {};
    Text error = {};
    Duration duration{};
    Text tpm_policy = {};
    Text ak_name = {};
    MessageSeen request = {};
    MessageSeen response = {};
};

/// So often is a cycle tried that shows nothing (Cycle::doubt), then it is given up.
inline constexpr int tries_in_doubt = 3;

/// How one cycle of an agent ended (lifecycle::Finished).
struct Cycle {
    Text phase;   ///< the phase that decided
    Text ending;  ///< reached, refused, stopped, failed
    std::optional<int> status = {};
    Text code = {};
    std::optional<int> index = {};
    Text reason = {};
    Text doubt = {};  ///< why its ending shows nothing ("inconclusive: …"); it is not judged

    bool operator==(const Cycle&) const = default;
};

/// What one source says, or why it says nothing.
template <typename T>
struct Sourced {
    Shared<T> value = {};
    Text unavailable = {};  ///< "the record was deleted", "the stack's log is not visible"

    bool operator==(const Sourced&) const = default;
};

struct RecordVerdict {
    Text stage;       ///< awaiting_evidence, evaluating_evidence, verification_complete
    Text evaluation;  ///< pending, pass, fail

    bool operator==(const RecordVerdict&) const = default;
};

struct DatabaseVerdict {
    Text stage;
    Text evaluation;
    Text failure_reason = {};  ///< policy_violation, broken_evidence_chain; empty: null
    Text capabilities_received_at = {};
    Text challenges_expire_at = {};
    Text evidence_received_at = {};

    bool operator==(const DatabaseVerdict&) const = default;
};

struct LogVerdict {
    Text verdict;                    ///< pass, fail
    Text reason = {};                ///< policy_violation, broken_evidence_chain
    List<std::string> details = {};  ///< the lines that say why

    bool operator==(const LogVerdict&) const = default;
};

/// What the verifier made of one attestation, from every place that tells. The producer appends one for each
/// attestation the verifier took (202): a decided one, or at the end of its patience a pending one.
struct Verdict {
    int index = 0;
    Sourced<RecordVerdict> record = {};
    Sourced<DatabaseVerdict> database = {};
    Sourced<LogVerdict> log = {};

    bool operator==(const Verdict&) const = default;
};

/// One reading of the status API (protocol/verifier-admin, "Status").
struct StatusRead {
    Text status;  ///< PENDING, PASS, FAIL, TIMEOUT; empty where it could not be read
    std::optional<std::int64_t> attestation_count = {};
    std::optional<std::int64_t> last_received_quote = {};          ///< Unix seconds
    std::optional<std::int64_t> last_successful_attestation = {};  ///< Unix seconds
    Text error = {};                                               ///< why it could not be read
};

struct StackEvent {
    std::string what;  ///< started, stopped, failed, cleaned
    std::string text = {};
    std::optional<StackFacts> facts = {};  ///< with `started`
};

/// A sentence worth keeping that has no kind of its own.
struct Note {
    std::string text;
};

/// Last line. A history without it is of a run that was killed.
struct End {
    bool partial = false;
    std::string reason = {};            ///< "interrupted", "verifier died"
    std::optional<int> exit_code = {};  ///< where it is not for reports to decide (2, 3, 130)
};

/// What a producer hands to the writer.
using Record =
    std::variant<ScenarioStart, ScenarioEnd, StepStart, StepEnd, Exchange, TpmOperation, MachineAct,
                 FaultEffect, TenantAct, Cycle, Verdict, StatusRead, StackEvent, Conformance, Note, End>;

/// A line of a kind that this version does not know; its members are skipped.
struct Unknown {
    Text kind = {};
};

}  // namespace pushsim::history
