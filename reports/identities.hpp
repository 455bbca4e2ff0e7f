#pragma once
// Agents as the verifier knows them: by id, whoever of the scenario acts under it.

#include <string>
#include <string_view>
#include <vector>

#include "reports/view.hpp"

namespace pushsim::reports {

/// The lines of all agents that have one id at the verifier, in order; mostly of one agent.
struct Identity {
    std::string id;  ///< empty: the history does not tell it
    Lines lines;
};

/// In the order of by_agent. Groups may share an id: they have one enrolment and one row of attestations.
std::vector<Identity> identities(const ScenarioView& scenario);

/// "…/agents/<id>/…" -> id; empty if there is none.
std::string_view agent_id_in(std::string_view target);

/// The tenant did this, and was told that it is done.
bool is_done(const history::TenantActSeen& act, std::string_view name);

}  // namespace pushsim::reports
