#pragma once
// The servers of the cluster as a stack that runs may act on and configure: what is changed is put back.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/kind/infra.hpp"
#include "sim/stack/config.hpp"
#include "sim/stack/running_stack.hpp"

namespace pushsim::kind {

/// The servers that a scenario wants.
struct ClusterWish {
    stack::Options verifier;
    stack::Options registrar;
    std::optional<int> workers;  ///< as in stack::LocalStackOptions
};

/// One run at a time has it. While one thread is in act_on(), others may call act_on(), poll(), address(),
/// database() and cut_acts(); the rest is for one thread.
class Cluster : public stack::RunningStack {
  public:
    struct Options {
        InfraState state;
        const Clock& clock;
        stack::StopAsked stop_asked;                  ///< not for putting back
        std::function<void(const std::string&)> say;  ///< a line for what a person should know
    };
    /// Finds the cluster; what a run that was killed has left there is put back first. ErrorKind::Config
    /// where none is up, or another process has it; Stack where it does not answer.
    static Result<std::unique_ptr<Cluster>> open(Options options);
    /// As put_back(), unless that has failed.
    ~Cluster() override;

    /// Nobody has changed it: its databases are those of others, too.
    bool as_found() const;

    /// Logs go into `folder`, which is made, from the first call on. ErrorKind::Stack unless both servers are
    /// ready.
    Result<void> use_as_found(const std::filesystem::path& folder);

    /// Both servers anew: configured as wished, with new databases, and logs in `folder`, which is made. How
    /// long it took, for the history. ErrorKind::Config (an option), Stack (a server does not get ready; with
    /// its pod, why, and the way out), Interrupted.
    Result<std::string> renew(const ClusterWish& wish, const std::filesystem::path& folder);

    /// The servers as they were found, with their databases; those of runs are dropped. Cuts acts.
    /// Idempotent.
    Result<void> put_back();

    /// How often servers were started anew, and how long that took on average: "14 roll-outs, 6.1 s each".
    std::string roll_outs() const;

    const stack::StackAddress& address() const override;
    std::shared_ptr<stack::VerifierDatabase> database() const override;
    /// `stop` scales to 0; `kill` is SIGKILL to all processes, and the pod deleted with grace 0, its workload
    /// scaled to 0; `start` scales to 1; `restart` is a roll-out; `pause` is SIGSTOP to all processes of the
    /// container but its first, which the kernel does not stop from inside.
    Result<std::string> act_on(stack::ServerAct what, stack::ServerName server) override;
    void cut_acts() override;
    std::optional<Error> poll() override;

  private:
    struct Inner;
    explicit Cluster(std::unique_ptr<Inner> inner);
    std::unique_ptr<Inner> inner_;
};

/// Why its servers cannot be made as wished; nothing where they can. By the files alone.
std::optional<std::string> why_not_configured(const InfraState& state, const ClusterWish& wish);
/// A run that was killed has left the cluster changed.
bool is_changed(const InfraState& state);

/// Where nothing listens at the verifier's port any more: the cluster was deleted, or its node is stopped.
std::optional<Error> why_gone(const InfraState& state, const stack::StackAddress& address);

}  // namespace pushsim::kind
