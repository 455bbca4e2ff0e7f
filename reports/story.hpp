#pragma once
// One agent's lines, sorted by what belongs together, for those who explain them.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/view.hpp"

namespace pushsim::reports {

/// From one negotiation that was answered (201) to the next.
struct Attempt {
    const history::Entry* negotiation = nullptr;
    const history::Entry* enrolment = nullptr;  ///< the last before it; absent: not in this history
    const history::Entry* quote = nullptr;      ///< the TPM operation that made the evidence
    Lines submissions;
    bool in_doubt = false;                    ///< nobody can say whether they were refused for good reason
    bool tpm_failed = false;                  ///< so that there was no evidence to send
    const history::Entry* verdict = nullptr;  ///< on its evidence, wherever in the history

    const history::ExchangeSeen& negotiated() const { return *as<history::ExchangeSeen>(negotiation); }
};

/// What the policy in force says of one PCR, beside what was quoted of it.
struct PolicyEntry {
    int pcr = 0;
    std::string bank;                 ///< of the quote
    bool is_list = false;             ///< else a text where a list belongs
    std::vector<std::string> values;  ///< that it may have
    std::string quoted;               ///< empty: not quoted
};

/// The PCRs that the policy names, lowest first; nothing where enrolment or quote are not in the history.
std::optional<std::vector<PolicyEntry>> policy_entries(const Attempt& attempt);

/// PCRs that the enrolment's policy names, and whether it gives them a value; nothing where the enrolment is
/// not in the history or its policy is no JSON object.
std::optional<std::map<int, bool>> policy_names(const Attempt& attempt);

/// Points into the view, which must outlive it.
struct AgentStory {
    std::string name;
    std::span<const history::Entry* const> lines;
    Lines enrolments;  ///< that succeeded; of one by somebody else the reading of its policy
    Lines proofs;      ///< of possession, that passed
    Lines extensions;  ///< of PCRs: MachineAct
    Lines sessions;    ///< POST /sessions, whatever the answer
    Lines statuses;    ///< that could be read
    std::vector<Attempt> attempts;

    /// Extensions of the PCR after the line `since` and before `until`.
    Lines extended(int pcr, const history::Entry& since, const history::Entry& until) const;
};

/// How many sessions the verifier takes within a window; what the plan does not say is as Keylime 7.14 has
/// it.
struct SessionLimit {
    std::size_t sessions;
    Duration window;
};

struct Stories {
    std::vector<AgentStory> agents;         ///< by group and number
    std::vector<std::uint64_t> exchanges;   ///< line numbers of all agents' requests, ascending
    std::map<std::string, Lines> sessions;  ///< that were taken (200), by the address they came from, by time
    /// That were taken, by the digest of what was asked, which has the agent's id: also by who is no agent.
    std::map<std::string, Lines> sessions_for;
    std::map<std::string, const history::Entry*> proofs;  ///< by the fingerprint of the token they brought
    std::map<std::string, Lines> registrations;           ///< that were taken, by their target
    Lines verifier_starts;                                ///< StackEvent: start and restart
    SessionLimit of_agent{15, std::chrono::seconds{60}};
    SessionLimit of_address{50, std::chrono::seconds{60}};
};

Stories stories_of(const ScenarioView& scenario);

}  // namespace pushsim::reports
