#pragma once
// The tenant's acts and the verifier's verdicts, asked for from the loop: the blocking calls run on a thread
// of their own, answers come back to the loop.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/protocol/admin.hpp"
#include "sim/fleet/worker.hpp"
#include "sim/history/record.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/database.hpp"

namespace pushsim::fleet {

/// Calls `done` once from the loop, unless the loop ends before. Only the loop's thread may call.
class TenantDesk {
  public:
    /// `database`: the verifier's, where the address names no file of it.
    TenantDesk(const stack::StackAddress& address, const Clock& clock, Worker::Post post,
               std::shared_ptr<stack::VerifierDatabase> database = nullptr);
    /// Cuts the exchange that is under way and drops what waits.
    ~TenantDesk();
    TenantDesk(const TenantDesk&) = delete;
    TenantDesk& operator=(const TenantDesk&) = delete;

    /// What waits is not done; its `done` is never called.
    void drop_waiting() { worker_.drop_waiting(); }
    /// Something is under way, or waits.
    bool busy() const { return worker_.pending() > 0; }

    /// An act as it goes into the history, and why it failed (an answer that is no success is a failure).
    struct Acted {
        history::TenantAct act;
        Result<void> result;
    };
    void enrol(const std::string& agent_id, const protocol::Enrolment& enrolment,
               std::function<void(Acted)> done);
    void remove(const std::string& agent_id, std::function<void(Acted)> done);
    void reactivate(const std::string& agent_id, std::function<void(Acted)> done);
    void change_runtime_policy(const std::string& name, const std::string& policy,
                               std::function<void(Acted)> done);
    /// Takes the agent off the registrar too, for stacks that stay.
    void forget(const std::string& agent_id, std::function<void(Acted)> done);

    struct StatusSeen {
        history::TenantAct act;  ///< "read_status"
        history::StatusRead status;
        std::string tpm_policy;       ///< that the verifier has; empty where the status could not be read
        bool runtime_policy = false;  ///< that it has one
        bool mb_policy = false;
        bool known = true;  ///< false: the verifier answered that it knows no such agent
    };
    void read_status(const std::string& agent_id, std::function<void(StatusSeen)> done);
    /// The same, with the AK that the agent is enrolled with, where that can be read.
    void read_enrolment(const std::string& agent_id, std::function<void(StatusSeen)> done);
    /// What the servers said, as it goes into the history, and what it means.
    template <typename T>
    struct Looked {
        std::vector<history::TenantAct> acts;
        Result<T> result;
    };
    /// Whether verifier or registrar know an agent of this id: the name of the one that does, or empty.
    void find(const std::string& agent_id, std::function<void(Looked<std::string>)> done);
    /// Whether verifier and registrar (both ports) answer anything at all; ErrorKind::Stack, naming the one
    /// that does not.
    void probe(std::function<void(Looked<void>)> done);

    struct Judged {
        history::TenantAct act;  ///< "read_verdict": what `verdict.record` comes from
        history::Verdict verdict;
        bool settled = false;  ///< every source that is there has decided
    };
    /// Verdicts that stand in the log up to now are none on what this agent sends from now on: for whoever
    /// did not enrol it here, before each attestation.
    void verdicts_from_here(const std::string& agent_id);
    void read_verdict(const std::string& agent_id, int index, std::function<void(Judged)> done);

  private:
    struct Inside;
    std::shared_ptr<Inside> inside_;
    Worker worker_;
};

}  // namespace pushsim::fleet
