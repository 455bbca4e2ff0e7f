#include "reports/course.hpp"

#include <fmt/format.h>

namespace pushsim::reports {
namespace {

/// A run of lines that say the same.
struct Same {
    std::string said;   ///< by each of them
    std::string first;  ///< by the first of them, in full
    Duration t{};
    std::optional<int> from{};  ///< attestations, of those that are about one
    std::optional<int> to{};
    int count = 1;

    std::string text() const {
        if (count == 1) return first;
        if (from == to) return fmt::format("{} ({} times)", from ? first : said, count);
        return fmt::format("attestations {} to {}: {}", *from, *to, said);
    }
    bool goes_on_with(const Same& next) const {
        return said == next.said && (to == next.from || (to && next.from && *next.from == *to + 1));
    }
};

/// Without what differs from one request to the next, as session numbers do.
std::string refusal(const history::Cycle& cycle) {
    if (!cycle.status) return cycle.reason;
    const std::string answer =
        fmt::format("{}{}{}", *cycle.status, cycle.code.empty() ? "" : " ", cycle.code);
    return cycle.index ? answer : fmt::format("{}: {}", cycle.phase, answer);
}

std::optional<Same> said_by(const history::Entry* line) {
    if (const auto* verdict = as<history::Verdict>(line)) {
        const std::string said = verdict_words(*verdict);
        return Same{said, fmt::format("attestation {}: {}", verdict->index, said), line->t, verdict->index,
                    verdict->index};
    }
    if (const auto* cycle = as<history::Cycle>(line); cycle != nullptr && cycle->ending != "reached")
        return Same{refusal(*cycle), cycle->reason, line->t, cycle->index, cycle->index};
    std::string words;
    if (const auto* act = as<history::TenantActSeen>(line); act != nullptr && !act->tpm_policy.empty()) {
        words = "enrolled with policy " + act->tpm_policy;
    } else if (const auto* done = as<history::MachineAct>(line)) {
        words = done->pcr ? fmt::format("PCR {} extended: {}", *done->pcr, done->text) : done->act;
    } else if (const auto* used = as<history::TpmOperation>(line);
               used != nullptr && used->operation == "provision") {
        words = used->error;  // of later ones the cycle tells
    }
    if (words.empty()) return std::nullopt;
    return Same{words, words, line->t};
}

}  // namespace

std::vector<CourseLine> course_of(const ScenarioView& scenario, WallTime started) {
    std::vector<Same> rows;
    for (const history::Entry* line : scenario.lines) {
        const auto now = said_by(line);
        if (!now) continue;
        if (!rows.empty() && rows.back().goes_on_with(*now)) {
            rows.back().to = now->to;
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
