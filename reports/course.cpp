#include "reports/course.hpp"

#include <fmt/format.h>

namespace pushsim::reports {
namespace {

/// A run of lines that say the same.
struct Same {
    std::string said;
    Duration t{};
    int first = 0;  ///< attestation, of verdicts
    int last = 0;
    int count = 0;
    bool is_verdict = false;

    std::string text() const {
        if (!is_verdict) return count == 1 ? said : fmt::format("{} ({} times)", said, count);
        if (count == 1) return fmt::format("attestation {}: {}", first, said);
        return fmt::format("attestations {} to {}: {}", first, last, said);
    }
};

std::optional<Same> said_by(const history::Entry* line) {
    if (const auto* verdict = as<history::Verdict>(line))
        return Same{verdict_words(*verdict), line->t, verdict->index, verdict->index, 1, true};
    std::string words;
    if (const auto* act = as<history::TenantActSeen>(line); act != nullptr && !act->tpm_policy.empty()) {
        words = "enrolled with policy " + act->tpm_policy;
    } else if (const auto* done = as<history::MachineAct>(line)) {
        words = done->pcr ? fmt::format("PCR {} extended: {}", *done->pcr, done->text) : done->act;
    } else if (const auto* cycle = as<history::Cycle>(line); cycle != nullptr && cycle->ending != "reached") {
        words = cycle->reason;
    } else if (const auto* used = as<history::TpmOperation>(line);
               used != nullptr && used->operation == "provision") {
        words = used->error;  // of later ones the cycle tells
    }
    if (words.empty()) return std::nullopt;
    return Same{words, line->t, 0, 0, 1, false};
}

}  // namespace

std::vector<CourseLine> course_of(const ScenarioView& scenario, WallTime started) {
    std::vector<Same> rows;
    for (const history::Entry* line : scenario.lines) {
        const auto now = said_by(line);
        if (!now) continue;
        if (!rows.empty() && rows.back().said == now->said && rows.back().is_verdict == now->is_verdict) {
            rows.back().last = now->last;
            ++rows.back().count;
        } else {
            rows.push_back(*now);
        }
    }
    std::vector<CourseLine> course;
    course.reserve(rows.size());
    for (const Same& row : rows)
        course.push_back({started + std::chrono::duration_cast<WallTime::duration>(row.t), row.text()});
    return course;
}

}  // namespace pushsim::reports
