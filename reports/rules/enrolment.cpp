// What the servers know of an agent is not what it is.

#include <fmt/format.h>

#include "reports/rules/rules.hpp"

namespace pushsim::reports::rule {
namespace {

/// The last line before `until` that tells an AK's name: what made the agent's keys, or an enrolment.
const history::Entry* last_ak(const Lines& lines, const history::Entry& until,
                              const std::string* (*name)(const history::Entry*)) {
    const history::Entry* last = nullptr;
    for (const history::Entry* line : lines) {
        if (line->n >= until.n) break;
        if (name(line) != nullptr) last = line;
    }
    return last;
}

const std::string* own_ak(const history::Entry* line) {
    const auto* made = as<history::TpmOperation>(line);
    return made != nullptr && !made->ak_name.empty() ? &made->ak_name : nullptr;
}

const std::string* enrolled_ak(const history::Entry* line) {
    const auto* act = as<history::TenantActSeen>(line);
    const bool done = act != nullptr && act->status && *act->status >= 200 && *act->status < 300;
    return done && !act->ak_name.empty() ? &act->ak_name : nullptr;
}

bool is_refused_proof(const history::Entry* line) {
    const auto* exchange = as<history::ExchangeSeen>(line);
    return exchange != nullptr && exchange->phase == "authenticate" && exchange->method == "PATCH" &&
           exchange->status == 401;
}

}  // namespace

/// Of an agent that was registered anew, with another TPM or AK, and is enrolled with the old one.
Found proof_with_another_ak(const AgentStory& agent, const Stories& /*all*/) {
    for (const history::Entry* refused : agent.lines) {
        if (!is_refused_proof(refused)) continue;
        const history::Entry* own = last_ak(agent.lines, *refused, own_ak);
        const history::Entry* enrolled = last_ak(agent.lines, *refused, enrolled_ak);
        if (own == nullptr || enrolled == nullptr || *own_ak(own) == *enrolled_ak(enrolled)) continue;
        return {
            {.cause = fmt::format(
                 "The verifier did not take the proof of possession (401): the agent's AK has the name "
                 "{}, and it is enrolled with that of the name {}. The AK of an enrolment is that of the "
                 "registration at that time; who registers with another TPM, or makes another AK, stays "
                 "enrolled with the old one.",
                 *own_ak(own), *enrolled_ak(enrolled)),
             .mend = "If the new TPM or AK is right, delete the agent at the verifier and enrol it again.",
             .evidence = lines_of({refused, own, enrolled}),
             .enrols_again = true}};
    }
    return {};
}

}  // namespace pushsim::reports::rule
