#include "reports/summary.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "reports/story.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

constexpr std::size_t max_notes = 8;
constexpr std::size_t max_findings = 3;             // of one check
constexpr std::size_t fewest_without_evidence = 3;  // once or twice is an accident

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
        const history::Text* status = nullptr;
        for (const history::Entry* line : lines) {
            if (const auto* verdict = as<history::Verdict>(line)) {
                story.verdicts.add(verdict_words(*verdict));
                story.failed = story.failed || evaluation_of(*verdict) == "fail";
            } else if (const auto* cycle = as<history::Cycle>(line);
                       cycle != nullptr && cycle->ending != "reached" && cycle->doubt.empty() &&
                       !(scenario.plan().by_hand && says_not_enrolled(*cycle))) {
                std::string word = cycle->status ? std::to_string(*cycle->status) : cycle->ending.str();
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
std::size_t negotiations_without_evidence(const ScenarioView& scenario) {
    std::size_t count = 0;
    for (const AgentStory& agent : stories_of(scenario).agents) {
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
    if (const auto without = negotiations_without_evidence(scenario); without >= fewest_without_evidence)
        parts.push_back(counted(without, "negotiation") + " without evidence");
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
        const std::string actual = without_name(result.actual);
        if (result.expected == nothing_wrong)
            return fmt::format("{}: {}", result.what.substr(0, result.what.find(',')), actual);
        return fmt::format("expected {}, was {}", result.expected, actual);
    }
    for (const Finding& finding : report.findings) {
        if (finding.severity == Severity::Wrong && report.failed_agents >= fewest_counted)
            return failed_words(report);
        if (finding.severity == Severity::Wrong)
            return fmt::format("{}: {}", finding.check, without_name(finding.text));
    }
    return "not as expected";
}

}  // namespace

std::string failed_words(const ScenarioReport& scenario) {
    return fmt::format("{} of {} failed", scenario.failed_agents, counted(scenario.agents, "agent"));
}

std::string totals_words(const Totals& totals) {
    std::vector<std::string> parts;
    const auto part = [&](int count, const char* words) {
        if (count > 0) parts.push_back(fmt::format("{} {}", count, words));
    };
    part(totals.as_expected, "as expected");
    part(totals.reproduced, "reproduced");
    part(totals.not_seen, "not seen");
    part(totals.not_as_expected, "not as expected");
    part(totals.error, "could not be judged");
    part(totals.skipped, "skipped");
    part(totals.partial, "partial");
    const std::string all = counted(static_cast<std::uint64_t>(totals.scenarios), "scenario");
    return parts.empty() ? all : fmt::format("{}: {}", all, fmt::join(parts, ", "));
}

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
        case Outcome::Reproduced:  // said of all tries together (tries.hpp)
        case Outcome::NotSeen:
            break;
    }
    return report.reason;
}

std::vector<Finding> first_of_each(const std::vector<Finding>& findings) {
    std::vector<Finding> first;
    std::map<std::string, std::size_t> of_check;
    for (const Finding& finding : findings) {
        if (++of_check[finding.check] <= max_findings) first.push_back(finding);
    }
    // Where there are many, one stands for them.
    std::set<std::string> named;
    std::erase_if(first, [&](const Finding& finding) {
        return of_check[finding.check] > max_findings && !named.insert(finding.check).second;
    });
    for (const Finding& finding : std::vector(first)) {
        const auto more = of_check.extract(finding.check);
        if (more && more.mapped() > max_findings)
            first.push_back({finding.check, finding.severity,
                             fmt::format("and {} more (report.json)", more.mapped() - 1)});
    }
    return first;
}

std::vector<std::string> notes_of(const ScenarioReport& scenario) {
    std::vector<std::string> notes;
    if (!scenario.agents_at_end.empty()) notes.push_back(scenario.agents_at_end);
    for (const Diagnosis& one : scenario.unexplained) {
        const bool is_verdict = !one.failures.empty();
        // That an answer was no success needs no explanation where it was expected.
        if (!is_verdict && (scenario.agents <= 1 || scenario.outcome != Outcome::NotAsExpected)) continue;
        if (scenario.agents <= 1) {
            notes.insert(notes.end(), one.shown.begin(), one.shown.end());
        } else {
            notes.push_back(fmt::format("{}: {}, of no cause that pushsim knows (history line {}){}{}",
                                        agents_text(one.agents), one.cause, line_number(one.evidence.front()),
                                        one.shown.empty() ? "" : "; ", fmt::join(one.shown, "; ")));
        }
    }
    if (notes.size() > max_notes) {
        const std::size_t more = notes.size() - max_notes;
        notes.resize(max_notes);
        notes.push_back(fmt::format("and {} more of the kind", more));
    }
    return notes;
}

}  // namespace pushsim::reports
