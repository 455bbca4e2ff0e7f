#pragma once
// The rules, one function each, by theme in a file of its own; their table is in table.cpp. Each returns
// nothing unless all its evidence is there.

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "reports/diagnosis.hpp"

namespace pushsim::reports::rule {

using Found = std::vector<Diagnosis>;

/// Numbers of these lines, then of those.
std::vector<std::uint64_t> lines_of(std::initializer_list<const history::Entry*> these,
                                    const Lines& those = {});
/// A session that was answered with 429.
bool is_refused(const history::Entry* session);

// pcr.cpp
Found pcr_changed(const AgentStory& agent, const Stories& all);
Found policy_in_upper_case(const AgentStory& agent, const Stories& all);
Found policy_of_another_bank(const AgentStory& agent, const Stories& all);
Found policy_not_enforced(const AgentStory& agent, const Stories& all);
Found pcr_missing_from_policy(const AgentStory& agent, const Stories& all);

// clock.cpp
Found tpm_clock_went_back(const AgentStory& agent, const Stories& all);

// challenges.cpp
Found no_policy_no_challenge(const AgentStory& agent, const Stories& all);
Found evidence_after_expiry(const AgentStory& agent, const Stories& all);
Found negotiated_again(const AgentStory& agent, const Stories& all);

// sessions.cpp
Found token_expired(const AgentStory& agent, const Stories& all);
Found token_dropped_on_403(const AgentStory& agent, const Stories& all);
Found restarts_before_evidence(const AgentStory& agent, const Stories& all);
Found negotiations_without_evidence(const AgentStory& agent, const Stories& all);
Found token_of_another_agent(const AgentStory& agent, const Stories& all);

// rate_limits.cpp
Found limit_of_an_agent(const AgentStory& agent, const Stories& all);
Found limit_of_an_address(const AgentStory& agent, const Stories& all);
Found locked_out_by_others(const AgentStory& agent, const Stories& all);

// enrolment.cpp
Found proof_with_another_ak(const AgentStory& agent, const Stories& all);
Found verifier_in_pull_mode(const AgentStory& agent, const Stories& all);
Found deleted_by_tenant(const AgentStory& agent, const Stories& all);
Found id_of_another_tpm(const AgentStory& agent, const Stories& all);

// status.cpp
Found failure_sticks(const AgentStory& agent, const Stories& all);
Found no_evidence_for_too_long(const AgentStory& agent, const Stories& all);
Found timeout_although_in_time(const AgentStory& agent, const Stories& all);
Found pass_though_silent(const AgentStory& agent, const Stories& all);

// ima.cpp
Found file_not_in_runtime_policy(const AgentStory& agent, const Stories& all);

}  // namespace pushsim::reports::rule
