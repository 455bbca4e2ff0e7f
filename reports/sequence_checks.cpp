// `indexes_monotonic` and `stages_legal`: what comes after what at the verifier, attestation by attestation.
#include <algorithm>
#include <array>
#include <set>
#include <span>

#include <fmt/format.h>

#include "reports/checks.hpp"
#include "reports/findings.hpp"
#include "reports/identities.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

// Indexes.

/// Those that one enrolment has given.
class Indexes {
  public:
    /// `begun`: the enrolment is in the history.
    explicit Indexes(bool begun) : begun_(begun) {}

    /// What is wrong with the index of an answer to a negotiation; empty: nothing.
    std::string take(const history::ExchangeSeen& negotiation) {
        const int index = *negotiation.index;
        const std::string wrong = wrong_with(index, highest_before(negotiation.start));
        given_.insert(index);
        const Duration ended = negotiation.start + negotiation.total;
        highest_.emplace_back(highest_.empty() ? ended : std::max(ended, highest_.back().first),
                              highest_.empty() ? index : std::max(index, highest_.back().second));
        return wrong;
    }
    bool none() const { return given_.empty(); }
    /// A negotiation that may have made an attestation, although its answer did not come yet.
    void lost() { lost_ = true; }

  private:
    /// Of negotiations that had ended by then: those that overlap may be answered in any order.
    std::optional<int> highest_before(Duration start) const {
        const auto after = std::upper_bound(highest_.begin(), highest_.end(), start,
                                            [](Duration t, const auto& one) { return t < one.first; });
        if (after == highest_.begin()) return std::nullopt;
        return std::prev(after)->second;
    }
    std::string wrong_with(int index, std::optional<int> highest) const {
        if (given_.contains(index)) return fmt::format("the index {} was given before", index);
        if (highest && index < *highest) return fmt::format("the index {} came after {}", index, *highest);
        if (begun_ && given_.empty() && !lost_ && index != 0)
            return fmt::format("the first index after the enrolment is {}", index);
        return {};
    }

    bool begun_;
    bool lost_ = false;
    std::set<int> given_;
    std::vector<std::pair<Duration, int>> highest_;  // from then on that is the highest; both grow
};

/// Whether another negotiation began before that one ended, whose answer came later.
bool is_overtaken(std::span<const history::Entry* const> later, const history::ExchangeSeen& negotiation) {
    return std::ranges::any_of(later, [&](const history::Entry* line) {
        const auto* other = as<history::ExchangeSeen>(line);
        return other != nullptr && other->phase == "negotiate" &&
               other->start < negotiation.start + negotiation.total;
    });
}

/// Gives the number of indexes it looked at.
std::uint64_t check_indexes_of(const Identity& identity, bool by_hand, Findings& findings) {
    std::uint64_t looked_at = 0;
    Indexes indexes{false};
    const std::span<const history::Entry* const> lines(identity.lines);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const history::Entry* line = lines[i];
        const auto* act = as<history::TenantActSeen>(line);
        if (act != nullptr && is_done(*act, "enrol")) indexes = Indexes{true};
        // What comes behind may have been enrolled by a request of a script's own.
        if (act != nullptr && is_done(*act, "delete")) indexes = Indexes{false};
        const auto* exchange = as<history::ExchangeSeen>(line);
        if (exchange == nullptr || exchange->phase != "negotiate") continue;
        if (!exchange->status || *exchange->status >= 500) indexes.lost();
        if (exchange->status != 201 || !exchange->index) continue;
        // Whom a person runs, a person may have enrolled anew, from another terminal.
        if (by_hand && *exchange->index == 0) indexes = Indexes{false};
        ++looked_at;
        if (indexes.none() && is_overtaken(lines.subspan(i + 1), *exchange)) indexes.lost();
        if (const std::string wrong = indexes.take(*exchange); !wrong.empty())
            findings.wrong(line->where->agent + ": " + wrong, line);
    }
    return looked_at;
}

// Stages.

constexpr std::array<std::string_view, 3> stages{"awaiting_evidence", "evaluating_evidence",
                                                 "verification_complete"};
constexpr std::size_t complete = 2;

/// What one place says of an attestation.
struct Reading {
    std::size_t stage = 0;
    std::string evaluation;
    const history::Entry* line = nullptr;  // absent: it has not spoken yet
};

struct AttestationStages {
    const history::Entry* accepted = nullptr;  // its evidence
    Reading record;
    Reading database;
};

class Stages {
  public:
    explicit Stages(Findings& findings) : findings_(findings) {}

    void take(const history::Entry& line) {
        const auto* act = as<history::TenantActSeen>(&line);
        if (act != nullptr && (is_done(*act, "enrol") || is_done(*act, "delete"))) attestations_.clear();
        const auto* submission = as_submission(&line);
        if (submission != nullptr && is_accepted(*submission) && submission->index)
            accepted(line, *submission);
        if (const auto* verdict = as<history::Verdict>(&line)) {
            AttestationStages& attestation = attestations_[verdict->index];
            if (const auto& said = verdict->record.value)
                read(line, verdict->index, "record", said->stage, said->evaluation, attestation,
                     attestation.record);
            if (const auto& said = verdict->database.value)
                read(line, verdict->index, "database", said->stage, said->evaluation, attestation,
                     attestation.database);
        }
    }
    std::uint64_t readings() const { return readings_; }

  private:
    void accepted(const history::Entry& line, const history::ExchangeSeen& submission) {
        AttestationStages& attestation = attestations_[*submission.index];
        const auto wrong = [&](const std::string& why) {
            findings_.wrong(fmt::format("{}: attestation {}: its evidence was accepted {}", line.where->agent,
                                        *submission.index, why),
                            &line);
        };
        if (attestation.accepted != nullptr) {
            wrong(fmt::format("a second time, first in line {}", line_number(attestation.accepted->n)));
        } else if (is_complete_by(attestation.record, submission.start) ||
                   is_complete_by(attestation.database, submission.start)) {
            wrong("after its verification was complete");
        }
        attestation.accepted = &line;
    }
    static bool is_complete_by(const Reading& reading, Duration when) {
        return reading.line != nullptr && reading.stage == complete && reading.line->t <= when;
    }

    void read(const history::Entry& line, int index, const char* place, const std::string& stage,
              const std::string& evaluation, const AttestationStages& attestation, Reading& last) {
        ++readings_;
        const auto at = std::find(stages.begin(), stages.end(), stage);
        const Reading now{static_cast<std::size_t>(at - stages.begin()), evaluation, &line};
        const std::string why = at == stages.end() ? "which is no stage" : wrong_with(now, attestation, last);
        if (!why.empty()) {
            findings_.wrong(fmt::format("{}: attestation {}: the {} says {} {}, {}", line.where->agent, index,
                                        place, stage, evaluation, why),
                            &line);
        }
        if (at != stages.end()) last = now;
    }
    static std::string wrong_with(const Reading& now, const AttestationStages& attestation,
                                  const Reading& last) {
        const bool decided = now.evaluation == "pass" || now.evaluation == "fail";
        const bool open = now.evaluation.empty() || now.evaluation == "pending";
        if (now.stage == complete ? !decided : !open) return "which do not go together";
        if (now.stage == 0 && attestation.accepted != nullptr) return "although its evidence was accepted";
        if (last.line == nullptr) return {};
        if (now.stage < last.stage) return fmt::format("after {}", stages[last.stage]);
        if (last.stage == complete && now.evaluation != last.evaluation)
            return fmt::format("after {}", last.evaluation);
        return {};
    }

    Findings& findings_;
    std::map<int, AttestationStages> attestations_;
    std::uint64_t readings_ = 0;
};

}  // namespace

void check_indexes(const ScenarioView& scenario, Checked& checked) {
    Findings findings{"indexes_monotonic", checked};
    std::uint64_t looked_at = 0;
    for (const Identity& identity : identities(scenario))
        looked_at += check_indexes_of(identity, scenario.plan().by_hand, findings);
    if (looked_at == 0) findings.nothing_to_check("no negotiation was answered with an index");
}

void check_stages(const ScenarioView& scenario, Checked& checked) {
    Findings findings{"stages_legal", checked};
    std::uint64_t readings = 0;
    for (const Identity& identity : identities(scenario)) {
        Stages stages_of{findings};
        for (const history::Entry* line : identity.lines)
            stages_of.take(*line);
        readings += stages_of.readings();
    }
    if (readings == 0) findings.nothing_to_check("no stage of an attestation was read");
}

}  // namespace pushsim::reports
