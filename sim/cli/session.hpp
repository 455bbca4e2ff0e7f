#pragma once
// The stack that a run's scenarios play against: started, kept, or somewhere else.

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "sim/cli/commands.hpp"
#include "sim/history/record.hpp"
#include "sim/kind/cluster.hpp"
#include "sim/scenario/sharing.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/install.hpp"
#include "sim/stack/local_stack.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::cli {

/// "127.0.0.1:8881", "[::1]:8881", "https://host:8881". ErrorKind::Usage, naming `option`.
Result<stack::HostPort> parse_host_port(const std::string& option, const std::string& text);

/// What a run, `stack up` and the tests start a local stack with.
Result<stack::LocalStackOptions> local_options(const StackChoice& choice,
                                               const std::filesystem::path& folder);

/// Of the Keylime that will run; empty where it cannot be known.
Result<std::string> version_under_test(const StackChoice& choice);

/// The address that the options of `--stack external` make. ErrorKind::Usage names the one that is missing.
Result<stack::StackAddress> external_address(const StackChoice& choice);

/// What another command has to be told to find the same external stack, as a shell reads it, with a blank
/// before; empty for a local one.
std::string stack_words(const StackChoice& choice);

/// The external stack, or the one that `stack up` keeps; ErrorKind::Config where none is up, or several are.
Result<stack::StackAddress> running_address(const StackChoice& choice, const Clock& clock);

/// A scenario for which the servers of a cluster need not be made anew: they are configured like that, and
/// nothing stays there.
bool fits_as_found(const RunOptions& options, const scenario::Scenario& scenario);

class StackSession {
  public:
    /// `folder` is the run's; local stacks live in `folder`/stack, `folder`/stack-2, …, by what `stacks`
    /// counts, which sessions of one run share.
    StackSession(const RunOptions& options, std::filesystem::path folder, const stack::Registry& registry,
                 const Clock& clock, std::atomic<int>& stacks);

    /// Makes sure that a stack runs as the scenario wants it, on which none before has left anything. Says in
    /// `started` whether it is another than before, in `kept` whether `stack up` made it.
    struct Ready {
        stack::StackAddress address;
        bool fresh = false;  ///< another one than the scenario before had
        bool kept = false;
        std::string how = {};  ///< for the history, where it is `fresh`
    };
    Result<Ready> prepare(const scenario::Scenario& scenario);
    /// The next scenario is not to meet what is left on the present stack. One that stays is used all the
    /// same: it cannot be made anew.
    void spoil() { spoiled_ = true; }
    /// The scenario that was played has begun so many sessions from one address, which may be more than its
    /// plan told.
    void began(std::uint64_t sessions, const scenario::Scenario& scenario);

    /// Why the scenario cannot be played at all; an external stack cannot be configured.
    std::optional<std::string> cannot_play(const scenario::Scenario& scenario) const;

    /// Why the stack under the scenario is no more; of an external one nothing is known but what was said of
    /// it with failed().
    std::optional<Error> failure();
    /// It did not answer.
    void failed(const Error& error) { failed_ = error; }
    /// Which kept stack is used, or why the one that is there is not; empty where there is none, or where a
    /// stack of its own was asked for.
    const std::string& about_kept() const { return about_kept_; }
    /// Agents that are made known to it must be taken off it again.
    bool stays() const { return cluster_ ? cluster_->as_found() : local_ == nullptr; }
    /// Where the address names no file of it: the verifier's database.
    std::shared_ptr<stack::VerifierDatabase> database() const;

    /// Does it to a server of the scenario's stack; RunningStack::act_on(). From any thread, while prepare()
    /// and stop() are not called. ErrorKind::Usage with why_not_acted_on().
    Result<std::string> act(stack::ServerAct what, stack::ServerName server);
    /// As LocalStack::cut_acts(), of the present stack. The next scenario needs another.
    void cut_acts();
    /// Why servers of the present stack are not acted on; nothing where they are: of one that was started for
    /// this run.
    std::optional<std::string> why_not_acted_on() const;

    /// Ends what was started here; says whether there was anything.
    Result<bool> stop();

  private:
    std::optional<std::string> cannot_play_elsewhere(const scenario::Scenario& scenario) const;
    std::optional<std::string> cannot_play_in_cluster(const scenario::Scenario& scenario) const;
    Result<Ready> prepare_cluster(const scenario::Scenario& scenario);
    stack::RunningStack* running() const;
    bool can_go_on_with(const scenario::Scenario& scenario) const;
    std::optional<stack::StackRecord> kept_stack(const stack::LocalStackOptions& wanted);

    const RunOptions& options_;
    std::filesystem::path folder_;
    const stack::Registry& registry_;
    const Clock& clock_;
    std::unique_ptr<stack::LocalStack> local_;
    std::unique_ptr<kind::Cluster> cluster_;
    std::optional<scenario::StackOptions> played_;  ///< the options of the present stack
    scenario::AddressLoad load_;                    ///< of what was played on the stack
    bool spoiled_ = false;
    stack::StackAddress address_;
    std::optional<stack::StackRecord> kept_;  ///< of `stack up`
    std::string about_kept_;
    std::optional<Error> failed_;
    std::atomic<int>& stacks_;
};

/// For the history: which Keylime, where.
history::StackFacts facts_of(const stack::StackAddress& address);

}  // namespace pushsim::cli
