#pragma once
// The stack under a run's scenarios: which one the next of them is played on, and whether it still is there.

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "sim/cli/stack_source.hpp"
#include "sim/scenario/sharing.hpp"

namespace pushsim::cli {

class StackSession {
  public:
    /// `folder` is the run's; local stacks live in `folder`/stack, `folder`/stack-2, …, by what `stacks`
    /// counts, which sessions of one run share.
    StackSession(const RunOptions& options, std::filesystem::path folder, const stack::Registry& registry,
                 const Clock& clock, std::atomic<int>& stacks);

    /// Makes sure that a stack runs as the scenario wants it, on which none before has left anything. Says in
    /// `fresh` whether it is another than before, in `kept` whether `stack up` made it.
    struct Ready {
        stack::StackAddress address;
        bool fresh = false;    ///< another one than the scenario before had
        bool kept = false;     ///< where it is `fresh`
        std::string how = {};  ///< for the history, where it is `fresh`
    };
    Result<Ready> prepare(const scenario::Scenario& scenario);
    /// The next scenario is not to meet what is left on the present stack. False: it is used all the same,
    /// for it cannot be made anew.
    bool spoil();
    /// The scenario that was played has begun so many sessions from one address, which may be more than its
    /// plan told.
    void began(std::uint64_t sessions, const scenario::Scenario& scenario);

    /// Why the scenario cannot be played at all; an external stack cannot be configured.
    std::optional<std::string> cannot_play(const scenario::Scenario& scenario) const {
        return source_->cannot_play(scenario);
    }

    /// Why the stack under the scenario is no more; of an external one nothing is known but what was said of
    /// it with failed().
    std::optional<Error> failure() const;
    /// It did not answer.
    void failed(const Error& error) { failed_ = error; }
    /// What a person should know of how the present stack was chosen; may be empty.
    std::string about() const { return source_->about(); }
    /// Agents that are made known to it must be taken off it again.
    bool stays() const { return source_->stays(); }
    /// Where the address names no file of it: the verifier's database.
    std::shared_ptr<stack::VerifierDatabase> database() const;

    /// Does it to a server of the scenario's stack; RunningStack::act_on(). From any thread, while prepare()
    /// and stop() are not called. ErrorKind::Usage with why_not_acted_on().
    Result<std::string> act(stack::ServerAct what, stack::ServerName server);
    /// As RunningStack::cut_acts(), of the present stack. The next scenario needs another.
    void cut_acts();
    /// Why servers of the present stack are not acted on; nothing where they are: of one that was started for
    /// this run.
    std::optional<std::string> why_not_acted_on() const { return source_->why_not_acted_on(); }

    /// Ends what was started here; says whether there was anything.
    Result<bool> stop();

  private:
    std::unique_ptr<StackSource> source_;
    std::optional<scenario::StackOptions> played_;  ///< the options of the present stack
    scenario::AddressLoad load_;                    ///< of what was played on the stack
    bool spoiled_ = false;
    stack::StackAddress address_;
    std::optional<Error> failed_;
};

}  // namespace pushsim::cli
