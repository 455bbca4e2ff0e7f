#pragma once
// Agents and policies that a run makes known to a stack that stays (kept or external): a list on disk beside
// the registry, so that what a killed run could not take off again is found and removed.

#include <filesystem>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::stack {

/// The list of one run and one stack. Each id is in the file before add() returns, so it outlives a kill.
class AgentList {
  public:
    /// ErrorKind::System, with the way out, if the list cannot be made.
    static Result<AgentList> begin(const Registry& registry, const StackAddress& address);

    Result<void> add(const std::string& agent_id);
    /// A named runtime policy that was not there before.
    Result<void> add_policy(const std::string& name);
    /// All of them are gone again: nothing is left to remember.
    void finish() const;

  private:
    explicit AgentList(std::filesystem::path file) : file_(std::move(file)) {}
    std::filesystem::path file_;
};

/// What a list says whose run is no more.
struct LeftAgents {
    std::filesystem::path file;
    StackAddress address;
    pid_t owner = 0;
    std::vector<std::string> agent_ids;
    std::vector<std::string> policies;  ///< by name

    /// "3 agents at 127.0.0.1:8881 of a run (process 4711) that is over": ids are noted before the stack
    /// is told of them.
    std::string text() const;
};

/// Of runs that have ended. Lists of other containers are theirs; those without an entry, and those of a
/// local stack whose folder is gone, are dropped.
std::vector<LeftAgents> left_agents(const Registry& registry);

/// Takes them off verifier and registrar; an agent that is gone already is as good. The list goes with the
/// last of them, and stays after an error (Transport, Protocol), which says where it is.
Result<void> remove_left(const LeftAgents& left, const Clock& clock);

}  // namespace pushsim::stack
