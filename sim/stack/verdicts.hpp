#pragma once
// The verdict on one attestation, from the three places that know it (DESIGN, decision 4).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/log_verdicts.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::stack {

/// As the admin API shows an attestation. It hides the reason.
struct RecordVerdict {
    std::string stage;       ///< "awaiting_evidence", "evaluating_evidence", "verification_complete"
    std::string evaluation;  ///< "pending", "pass", "fail"
};

/// The body of an answer to GET /v3.0/agents/ID/attestations/INDEX; ErrorKind::Parse, naming the member.
Result<RecordVerdict> parse_record_verdict(const HttpResponse& answer);

/// As the verifier's database has it.
struct DatabaseVerdict {
    std::string stage;
    std::string evaluation;
    std::string failure_reason;  ///< "policy_violation", "broken_evidence_chain"; empty for none
    std::optional<WallTime> capabilities_received_at;
    std::optional<WallTime> challenges_expire_at;
    std::optional<WallTime> evidence_received_at;
};

/// What one place says, or why it says nothing.
template <typename T>
struct Source {
    enum class State {
        Known,        ///< `value` is set
        Absent,       ///< the place was read and knows nothing of the attestation (yet, or no more)
        Unavailable,  ///< the place cannot be read here; `why_not` says why
    };
    State state = State::Unavailable;
    std::optional<T> value;
    std::string why_not;
};

struct Verdict {
    std::string agent_id;
    std::uint64_t index = 0;
    Source<RecordVerdict> record;
    Source<DatabaseVerdict> database;
    Source<LogVerdict> log;
    Call record_call;  ///< the exchange that `record` comes from, for the history

    /// Some place has decided, and none that can be read is still waiting. The verifier deletes most records
    /// of passed attestations: an absent record waits for nothing once the log has decided.
    bool settled() const;
};

class VerifierDatabase;

/// Reads verdicts. Follows the log from its beginning. Not thread-safe.
class VerdictReader {
  public:
    /// `database`: in place of the file that the address names.
    VerdictReader(StackAddress address, const Clock& clock,
                  std::shared_ptr<VerifierDatabase> database = nullptr);
    ~VerdictReader();

    /// Asks once; poll until settled().
    Verdict read(const std::string& agent_id, std::uint64_t index);
    /// Marshalled TPM2B_PUBLIC of the AK that the agent is enrolled with; nothing where that cannot be read.
    std::optional<Bytes> enrolled_ak(const std::string& agent_id) const;
    /// As AdminClient::cut().
    void cut();
    /// To be called when an agent is enrolled: log lines up to now belong to an earlier agent of that id.
    void enrolled(const std::string& agent_id);

  private:
    struct Inner;
    std::unique_ptr<Inner> inner_;
};

}  // namespace pushsim::stack
