#include "reports/summary.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "reports/story.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

constexpr std::size_t max_notes = 8;
constexpr std::size_t max_log_lines = 3;
constexpr std::size_t fewest_unanswered = 3;  // once or twice is an accident

/// How often each of these words was said, in the order of their first use.
class Tally {
  public:
    void add(const std::string& word) {
        const auto at =
            std::find_if(counts_.begin(), counts_.end(), [&](const auto& c) { return c.first == word; });
        if (at == counts_.end()) {
            counts_.emplace_back(word, 1);
        } else {
            ++at->second;
        }
    }
    bool empty() const { return counts_.empty(); }
    std::size_t kinds() const { return counts_.size(); }
    const std::string& first() const { return counts_.front().first; }
    /// "FAIL x" or "2 FAIL x, 1 PASS"; "3 × 403 y"
    std::string text() const {
        if (counts_.size() == 1 && counts_[0].second == 1) return counts_[0].first;
        std::vector<std::string> parts;
        for (const auto& [word, count] : counts_) {
            const bool is_number = word.front() >= '0' && word.front() <= '9';
            parts.push_back(fmt::format("{}{}{}", count, is_number ? " × " : " ", word));
        }
        return fmt::format("{}", fmt::join(parts, ", "));
    }

  private:
    std::vector<std::pair<std::string, std::uint64_t>> counts_;
};

struct Story {
    Tally verdicts;
    bool failed = false;
    Tally refusals;  // of cycles: "403 challenges_expired"
    Tally statuses;  // the last of each agent
};

Story story_of(const ScenarioView& scenario) {
    Story story;
    for (const auto& [name, lines] : scenario.by_agent) {
        const std::string* status = nullptr;
        for (const history::Entry* line : lines) {
            if (const auto* verdict = as<history::Verdict>(line)) {
                story.verdicts.add(verdict_words(*verdict));
                story.failed = story.failed || evaluation_of(*verdict) == "fail";
            } else if (const auto* cycle = as<history::Cycle>(line);
                       cycle != nullptr && cycle->ending != "reached" && cycle->doubt.empty() &&
                       !(scenario.plan().by_hand && says_not_enrolled(*cycle))) {
                std::string word = cycle->status ? std::to_string(*cycle->status) : cycle->ending;
                if (!cycle->code.empty()) word += " " + cycle->code;
                story.refusals.add(cycle->phase == "submit" && cycle->status ? word
                                                                             : cycle->phase + " " + word);
            } else if (const auto* read = as<history::StatusRead>(line);
                       read != nullptr && read->error.empty()) {
                status = &read->status;
            }
        }
        if (status != nullptr) story.statuses.add(*status);
    }
    return story;
}

/// Negotiations that asked for evidence and got none.
std::size_t unanswered_negotiations(const ScenarioView& scenario) {
    std::size_t count = 0;
    for (const AgentStory& agent : stories_of(scenario)) {
        count += static_cast<std::size_t>(std::ranges::count_if(agent.attempts, [](const Attempt& attempt) {
            const auto& negotiated = attempt.negotiated().negotiated;
            return attempt.submissions.empty() && negotiated && !negotiated->requested.empty();
        }));
    }
    return count;
}

std::string as_expected_headline(const ScenarioView& scenario, const Account& account) {
    const Story story = story_of(scenario);
    std::vector<std::string> parts;
    if (story.failed) {
        parts.push_back(story.verdicts.text());
    } else if (account.accepted > 0) {
        parts.push_back(counted(account.accepted, "attestation") + " accepted");
    }
    if (const auto unanswered = unanswered_negotiations(scenario); unanswered >= fewest_unanswered)
        parts.push_back(counted(unanswered, "negotiation") + " unanswered");
    if (!story.refusals.empty()) parts.push_back(story.refusals.text());
    if (story.failed || !story.refusals.empty()) {
        parts.emplace_back("as expected");
    } else if (story.statuses.kinds() == 1) {
        parts.push_back("status " + story.statuses.first());
    }
    if (parts.empty()) return "nothing was attested";
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string not_as_expected_headline(const ScenarioView& scenario, const ScenarioReport& report) {
    const auto agents = scenario.agents({});
    const std::string only_agent = agents.size() == 1 ? agents[0] + ": " : "";
    const auto without_name = [&](const std::string& text) {
        return text.starts_with(only_agent) ? text.substr(only_agent.size()) : text;
    };
    for (const ExpectationResult& result : report.expectations) {
        if (result.judgement != Judgement::DoesNotHold) continue;
        // A check names itself as what was expected.
        const std::string actual = without_name(result.actual);
        if (result.what.starts_with(result.expected)) return fmt::format("{}: {}", result.expected, actual);
        return fmt::format("expected {}, was {}", result.expected, actual);
    }
    for (const Finding& finding : report.findings) {
        if (finding.severity == Severity::Wrong)
            return fmt::format("{}: {}", finding.check, without_name(finding.text));
    }
    return "not as expected";
}

}  // namespace

std::string headline(const ScenarioView& scenario, const ScenarioReport& report) {
    if (scenario.plan().by_hand) {
        if (report.outcome == Outcome::Error || report.outcome == Outcome::Skipped) return report.reason;
        const Story story = story_of(scenario);
        std::vector<std::string> parts;
        if (!story.verdicts.empty()) parts.push_back("verdicts: " + story.verdicts.text());
        if (!story.refusals.empty()) parts.push_back("not accepted: " + story.refusals.text());
        if (story.verdicts.empty() && report.account.accepted > 0)
            parts.push_back(counted(report.account.accepted, "attestation") + " accepted, verdict not known");
        return fmt::format("{}", fmt::join(parts, "; "));
    }
    switch (report.outcome) {
        case Outcome::AsExpected:
            return as_expected_headline(scenario, report.account);
        case Outcome::NotAsExpected:
            return not_as_expected_headline(scenario, report);
        case Outcome::Error:
        case Outcome::Skipped:
        case Outcome::Partial:
            break;
    }
    return report.reason;
}

std::vector<std::string> unexplained(const ScenarioView& scenario, const std::vector<Diagnosis>& diagnoses) {
    std::set<std::uint64_t> explained;
    for (const Diagnosis& diagnosis : diagnoses)
        explained.insert(diagnosis.failures.begin(), diagnosis.failures.end());
    std::vector<std::pair<std::string, std::vector<std::string>>> by_text;
    for (const auto& [agent, lines] : scenario.by_agent) {
        for (const history::Entry* line : lines) {
            const auto* verdict = as<history::Verdict>(line);
            if (verdict == nullptr || evaluation_of(*verdict) != "fail" || explained.contains(line->n))
                continue;
            if (!verdict->log.value) continue;
            const auto& details = verdict->log.value->details;
            for (std::size_t i = 0; i < std::min(details.size(), max_log_lines); ++i) {
                const std::string text = "the verifier's log: " + details[i];
                auto at = std::find_if(by_text.begin(), by_text.end(),
                                       [&](const auto& known) { return known.first == text; });
                if (at == by_text.end()) at = by_text.insert(by_text.end(), {text, {}});
                if (at->second.empty() || at->second.back() != agent) at->second.push_back(agent);
            }
        }
    }
    std::vector<std::string> notes;
    for (const auto& [text, agents] : by_text) {
        if (notes.size() == max_notes) {
            notes.push_back(fmt::format("and {} more of the kind", by_text.size() - max_notes));
            break;
        }
        notes.push_back(scenario.by_agent.size() == 1 ? text : some_of(agents) + ": " + text);
    }
    return notes;
}

}  // namespace pushsim::reports
