#pragma once
// Where the stacks of a run come from: started here, made of a cluster's servers, or somewhere else.

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "sim/cli/commands.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/stack/config.hpp"
#include "sim/stack/registry.hpp"
#include "sim/stack/running_stack.hpp"

namespace pushsim::cli {

/// One stack at a time. For one thread, but for what running() gives.
class StackSource {
  public:
    virtual ~StackSource() = default;

    /// Why the scenario cannot be played at all.
    virtual std::optional<std::string> cannot_play(const scenario::Scenario& scenario) const = 0;

    struct Made {
        stack::StackAddress address;
        bool kept = false;     ///< it was made by `stack up`, and stays
        std::string how = {};  ///< for the history
    };
    /// A stack as the scenario wants it, in place of the present one. `clean`: nothing is left on the present
    /// one, nor do its limits keep the scenario from being played on it.
    virtual Result<Made> make(const scenario::Scenario& scenario, bool clean) = 0;
    /// Whether the scenario may be played on the present stack, which was made for `played`.
    virtual bool may_go_on(const scenario::Scenario& scenario, const scenario::StackOptions& played,
                           bool clean) const = 0;
    /// One on which something is left gives way to another.
    virtual bool is_replaced() const = 0;
    /// The present stack stays for others: agents that are made known to it must be taken off it again.
    virtual bool stays() const = 0;
    /// Why servers of the present stack are not acted on; nothing where they are.
    virtual std::optional<std::string> why_not_acted_on() const = 0;
    /// The present stack, where this run may act on it, or looks into its servers' databases; else null.
    virtual stack::RunningStack* running() const { return nullptr; }
    /// Why the present stack is no more.
    virtual std::optional<Error> failure() const { return std::nullopt; }
    /// What a person should know of how the present stack was chosen; may be empty.
    virtual std::string about() const { return ""; }
    /// Ends what was started here; says whether there was anything.
    virtual Result<bool> stop() { return false; }
};

/// What sources need to make stacks; outlives them.
struct StackSurroundings {
    const RunOptions& options;
    std::filesystem::path folder;  ///< of the run: stacks live in stack, stack-2, …
    const stack::Registry& registry;
    const Clock& clock;
    std::atomic<int>& stacks;  ///< that the run has had
    std::filesystem::path folder_of(int number) const;
};

/// --stack local: those that `stack up` keeps where they will do, else of their own.
std::unique_ptr<StackSource> local_source(StackSurroundings around);
/// --stack kind: the servers of the cluster, as they are or made anew, and put back.
std::unique_ptr<StackSource> cluster_source(StackSurroundings around);
/// --stack external: taken as it is.
std::unique_ptr<StackSource> external_source(StackSurroundings around);

/// A scenario for which the servers of a cluster need not be made anew: they are configured like that, and
/// nothing stays there.
bool fits_as_found(const RunOptions& options, const scenario::Scenario& scenario);

// For sources:

/// Why the scenario is not for that Keylime.
std::optional<std::string> wrong_version(const scenario::StackOptions& wanted, const std::string& version);
/// The same of the Keylime at that address; one that cannot be reached is told where it is used.
std::optional<std::string> wrong_version(const scenario::StackOptions& wanted,
                                         const Result<stack::StackAddress>& address);
stack::Options as_text(const scenario::ServerOptions& options);
/// Whether both may be played on one stack that is made for the run.
bool may_share(const scenario::Scenario& scenario, const scenario::StackOptions& played);

}  // namespace pushsim::cli
