#pragma once
// One agent's lines, sorted by what belongs together, for those who explain them.

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
    const history::Entry* verdict = nullptr;  ///< on its evidence, wherever in the history

    const history::ExchangeSeen& negotiated() const { return *as<history::ExchangeSeen>(negotiation); }
};

struct AgentStory {
    std::string name;
    Lines lines;
    Lines enrolments;  ///< that succeeded
    Lines extensions;  ///< of PCRs: MachineAct
    Lines sessions;    ///< POST /sessions, whatever the answer
    Lines statuses;    ///< that could be read
    std::vector<Attempt> attempts;

    /// How often the PCR was extended after the line `since` and before `until`.
    std::size_t extended(int pcr, const history::Entry& since, const history::Entry& until) const;
};

/// In the order of their names.
std::vector<AgentStory> stories_of(const ScenarioView& scenario);

}  // namespace pushsim::reports
