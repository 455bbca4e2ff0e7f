#pragma once
// Verdicts as the verifier's log tells them (logger keylime.verifier, and the ERROR lines before).

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pushsim::stack {

/// A line in the format of our logging.conf: time - process - logger - LEVEL - (reqid=…) message.
struct LogLine {
    std::string time;  ///< local time of the server, as written
    int process = 0;
    std::string logger;      ///< "keylime.verifier"
    std::string level;       ///< "WARNING"
    std::string request_id;  ///< empty when the request had none
    std::string message;
};
/// Nothing for a line of another form (a traceback, for instance).
std::optional<LogLine> parse_log_line(std::string_view line);

/// "Attestation 3 for agent 'ID' …" as a verdict.
struct VerdictMessage {
    std::string agent_id;
    std::uint64_t index = 0;
    bool passed = false;
    std::string failure_reason;  ///< as the database has it; empty for a pass and for words unknown to us
};
std::optional<VerdictMessage> parse_verdict_message(std::string_view message);

/// "PCR #7: 9b71… from quote (from agent ID) does not match expected value ['0000…']".
struct PcrMismatch {
    int pcr = 0;
    std::string quoted;                 ///< lower-case hex
    std::vector<std::string> expected;  ///< lower-case hex
    std::string agent_id;
};
std::optional<PcrMismatch> parse_pcr_mismatch(std::string_view message);

struct LogVerdict {
    std::string evaluation;      ///< "pass", "fail"
    std::string failure_reason;  ///< "policy_violation", "broken_evidence_chain"; empty for a pass
    std::string message;         ///< the verdict's own line
    std::string request_id;      ///< of the request that brought the evidence
    std::vector<std::string>
        details;  ///< WARNING and ERROR messages of the same request before it, at most 32
    std::vector<PcrMismatch> pcr_mismatches;
};

/// Collects verdicts from log text that comes in pieces. A pure function of what it was fed.
class LogVerdicts {
  public:
    void feed(std::string_view text);
    /// The last verdict of this attestation.
    const LogVerdict* find(const std::string& agent_id, std::uint64_t index) const;
    /// Indexes start again after an agent was deleted and enrolled anew: forget what was.
    void forget(const std::string& agent_id);

  private:
    void line(std::string_view text);
    void note(const std::string& request, const std::string& message);
    std::string partial_;
    std::map<std::string, std::map<std::uint64_t, LogVerdict>> verdicts_;
    std::map<std::string, std::vector<std::string>> notes_;  ///< by request id, until its verdict comes
    std::deque<std::string> note_order_;
};

/// Follows a log file: each call gives what was added since.
class LogTail {
  public:
    explicit LogTail(std::filesystem::path file) : file_(std::move(file)) {}
    /// At most `limit` octets; nullopt if the file cannot be read. Starts anew if the file has become
    /// shorter.
    std::optional<std::string> more(std::size_t limit = 16 * 1024 * 1024);

  private:
    std::filesystem::path file_;
    std::uint64_t offset_ = 0;
};

}  // namespace pushsim::stack
