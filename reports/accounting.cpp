// `accounted`: what agents sent and what the verifier says it made of it, agent by agent.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "reports/checks.hpp"
#include "reports/findings.hpp"
#include "reports/identities.hpp"

namespace pushsim::reports {
namespace {

/// What became of one attestation of an agent.
struct Attestation {
    const history::Entry* accepted = nullptr;  // the submission whose answer says that the evidence is there
    const history::Entry* tried = nullptr;     // the last submission that may have arrived
    const history::Entry* verdict = nullptr;   // the last word

    std::string evaluation() const {
        const auto* said = as<history::Verdict>(verdict);
        return said == nullptr ? "" : evaluation_of(*said);
    }
    /// The verifier commits the record together with the agent's count and status; its log runs ahead of
    /// both.
    bool committed() const {
        const auto* said = as<history::Verdict>(verdict);
        return said != nullptr &&
               ((said->record.value && said->record.value->evaluation == evaluation_of(*said)) ||
                (said->database.value && said->database.value->evaluation == evaluation_of(*said)));
    }
};

/// From one enrolment of an agent to the next: indexes and counts begin anew with each.
struct Enrolment {
    const history::Entry* begun = nullptr;  // the enrolment, if it is in the history
    std::map<int, Attestation> attestations;
    std::vector<const history::Entry*> statuses;
    std::uint64_t tried_without_index = 0;

    /// Attestations whose evidence may be at the verifier without an answer that says so.
    std::uint64_t unsure() const {
        return tried_without_index + static_cast<std::uint64_t>(std::count_if(
                                         attestations.begin(), attestations.end(), [](const auto& pair) {
                                             return pair.second.tried != nullptr &&
                                                    pair.second.accepted == nullptr;
                                         }));
    }
};

/// Evidence that is sent again because the answer was lost is refused where it had arrived: it was accepted.
bool says_delivered(const history::ExchangeSeen& submission, const Enrolment& enrolment) {
    if (submission.status != 403 || submission.code != "evidence_immutable" || !submission.index)
        return false;
    const auto before = enrolment.attestations.find(*submission.index);
    return before != enrolment.attestations.end() && before->second.tried != nullptr &&
           before->second.accepted == nullptr;
}

struct AgentAccount {
    Account account;
    std::uint64_t reached = 0;  // cycles that ended with their evidence accepted
    std::vector<Enrolment> enrolments{1};
    std::vector<const history::Entry*> unsent;  // cycles decided by an answer that is not in the history
    std::uint64_t accepted_without_index = 0;
};

AgentAccount account_for(const Lines& lines) {
    AgentAccount result;
    bool submitted = false;  // since the last cycle ended
    for (const history::Entry* line : lines) {
        Enrolment& enrolment = result.enrolments.back();
        if (const auto* act = as<history::TenantActSeen>(line)) {
            if (is_done(*act, "enrol")) {
                result.enrolments.emplace_back();
                result.enrolments.back().begun = line;
            }
        } else if (const auto* submission = as_submission(line)) {
            submitted = true;
            ++result.account.sent;
            const bool accepted = is_accepted(*submission) || says_delivered(*submission, enrolment);
            ++(accepted             ? result.account.accepted
               : submission->status ? result.account.refused
                                    : result.account.in_transit);
            if (submission->failure == "cancelled") ++result.account.given_up;
            if (!accepted && !may_have_arrived(*submission)) continue;
            if (!submission->index) {
                ++(accepted ? result.accepted_without_index : enrolment.tried_without_index);
                continue;
            }
            Attestation& attestation = enrolment.attestations[*submission->index];
            (accepted ? attestation.accepted : attestation.tried) = line;
        } else if (const auto* cycle = as<history::Cycle>(line)) {
            if (cycle->phase == "submit") {
                if (cycle->ending == "reached") ++result.reached;
                if (cycle->status && !submitted) result.unsent.push_back(line);
            }
            submitted = false;
        } else if (const auto* verdict = as<history::Verdict>(line)) {
            enrolment.attestations[verdict->index].verdict = line;
        } else if (const auto* read = as<history::StatusRead>(line)) {
            if (read->error.empty()) enrolment.statuses.push_back(line);
        }
    }
    return result;
}

class Accounted {
  public:
    /// `stopped`: agents may have been stopped within a cycle or before its verdict, or run where they are
    /// told none.
    Accounted(Checked& checked, bool stopped)
        : checked_(checked), stopped_(stopped), findings_("accounted", checked) {}

    void agent(const std::string& name, const AgentAccount& agent) {
        name_ = name;
        Account account = agent.account;
        for (const history::Entry* line : agent.unsent) {
            const auto* cycle = as<history::Cycle>(line);
            wrong(fmt::format("a cycle ended with {} ({}), but the submission is not in the history",
                              *cycle->status, cycle->ending),
                  line);
        }
        if (stopped_ ? agent.reached > account.accepted : agent.reached != account.accepted) {
            wrong(fmt::format("{} ended with their evidence accepted, but {} accepted",
                              counted(agent.reached, "cycle"),
                              counted(account.accepted, "submission") + " were"),
                  nullptr);
        }
        if (agent.accepted_without_index > 0) {
            not_checked_.insert(
                "accepted submissions to a path without an index have no verdict to look for");
        }
        for (const Enrolment& enrolment : agent.enrolments) {
            verdicts(enrolment, account);
            growth(enrolment);
        }
        add(account);
    }

    void finish() {
        if (checked_.account.sent == 0) {
            findings_.nothing_to_check("no evidence was sent");
            return;
        }
        for (const std::string& reason : not_checked_)
            findings_.not_in_full(reason);
        if (no_count_ > 0) {
            findings_.not_in_full(
                fmt::format("the verifier's own count was not read for {}", counted(no_count_, "agent")));
        }
    }

  private:
    void verdicts(const Enrolment& enrolment, Account& account) {
        for (const auto& [index, attestation] : enrolment.attestations) {
            if (attestation.accepted == nullptr) {
                // A submission whose answer was lost may have been judged all the same.
                if (attestation.verdict != nullptr && attestation.tried == nullptr) {
                    wrong(fmt::format("attestation {} has a verdict, but no submission of it was accepted",
                                      index),
                          attestation.verdict);
                }
                continue;
            }
            const std::string evaluation = attestation.evaluation();
            if (evaluation == "pass") {
                ++account.passed;
            } else if (evaluation == "fail") {
                ++account.failed;
            } else if (attestation.verdict != nullptr) {
                ++account.pending;
            } else if (stopped_) {
                ++account.pending;
                not_checked_.insert("not every verdict was looked for");
            } else {
                wrong(fmt::format(
                          "attestation {} was accepted (202), but has neither a verdict nor is it pending",
                          index),
                      attestation.accepted);
            }
        }
    }

    /// passes = growth of attestation_count, from the enrolment (0) or the first reading to the last.
    void growth(const Enrolment& enrolment) {
        const history::Entry* first = enrolment.begun;
        std::int64_t before = 0;
        const history::Entry* last = nullptr;
        std::int64_t after = 0;
        for (const history::Entry* line : enrolment.statuses) {
            const auto count = as<history::StatusRead>(line)->attestation_count;
            if (!count) continue;
            if (first == nullptr) {
                first = line;
                before = *count;
            }
            last = line;
            after = *count;
        }
        const bool any_accepted =
            std::any_of(enrolment.attestations.begin(), enrolment.attestations.end(),
                        [](const auto& pair) { return pair.second.accepted != nullptr; });
        if (last == nullptr || last == first) {
            if (any_accepted) ++no_count_;
            return;
        }
        std::int64_t least = 0;
        auto most = static_cast<std::int64_t>(enrolment.unsure());
        for (const auto& [index, attestation] : enrolment.attestations) {
            if (attestation.accepted == nullptr || attestation.accepted->n > last->n) continue;
            if (attestation.verdict != nullptr && attestation.verdict->n < first->n) continue;
            const bool passed = attestation.evaluation() == "pass";
            const bool surely = passed && attestation.committed() && attestation.verdict->n < last->n &&
                                attestation.accepted->n > first->n;
            least += surely ? 1 : 0;
            most += attestation.evaluation() == "fail" ? 0 : 1;
        }
        const std::int64_t grown = after - before;
        if (grown < least || grown > most) {
            wrong(fmt::format("{} passed, but the verifier's attestation_count grew by {}",
                              least == most ? counted(static_cast<std::uint64_t>(least), "attestation")
                                            : fmt::format("{} to {} attestations", least, most),
                              grown),
                  last);
        }
    }

    void wrong(const std::string& text, const history::Entry* line) {
        findings_.wrong(name_ + ": " + text, line);
    }

    void add(const Account& account) {
        Account& sum = checked_.account;
        sum.sent += account.sent;
        sum.accepted += account.accepted;
        sum.refused += account.refused;
        sum.in_transit += account.in_transit;
        sum.given_up += account.given_up;
        sum.passed += account.passed;
        sum.failed += account.failed;
        sum.pending += account.pending;
    }

    Checked& checked_;
    bool stopped_;
    Findings findings_;
    std::string name_;
    std::uint64_t no_count_ = 0;
    std::set<std::string> not_checked_;
};

}  // namespace

void check_accounted(const ScenarioView& scenario, Checked& checked) {
    const auto* end = as<history::ScenarioEnd>(scenario.end);
    const bool early = end == nullptr || end->ending != history::ScenarioEnd::Ending::Ran;
    Accounted accounted{checked, early || scenario.plan().by_hand};
    for (const auto& [name, lines] : scenario.by_agent)
        accounted.agent(name, account_for(lines));
    accounted.finish();
}

}  // namespace pushsim::reports
