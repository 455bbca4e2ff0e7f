#include "reports/summary.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pushsim::reports {
namespace {

constexpr std::size_t max_notes = 8;
constexpr std::size_t max_values_shown = 3;
constexpr std::size_t max_log_lines = 3;

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
    /// "FAIL x" or "2 FAIL x, 1 PASS"
    std::string text() const {
        if (counts_.size() == 1 && counts_[0].second == 1) return counts_[0].first;
        std::vector<std::string> parts;
        for (const auto& [word, count] : counts_)
            parts.push_back(fmt::format("{} {}", count, word));
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
                       cycle != nullptr && cycle->ending != "reached") {
                std::string word = cycle->status ? std::to_string(*cycle->status) : cycle->ending;
                if (!cycle->code.empty()) word += " " + cycle->code;
                story.refusals.add(cycle->phase + " " + word);
            } else if (const auto* read = as<history::StatusRead>(line);
                       read != nullptr && read->error.empty()) {
                status = &read->status;
            }
        }
        if (status != nullptr) story.statuses.add(*status);
    }
    return story;
}

std::string as_expected_headline(const ScenarioView& scenario, const Account& account) {
    const Story story = story_of(scenario);
    std::vector<std::string> parts;
    if (story.failed) {
        parts.push_back(story.verdicts.text());
    } else if (account.accepted > 0) {
        parts.push_back(counted(account.accepted, "attestation") + " accepted");
    }
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

std::optional<int> number_in(const std::string& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// The PCRs whose quoted value the policy does not allow. A policy entry that is no list is not enforced by
/// Keylime, and not looked at here.
std::vector<std::string> mismatches(const std::string& policy_text, const history::QuoteValues& quote) {
    std::vector<std::string> notes;
    const auto policy = nlohmann::json::parse(policy_text, nullptr, false);
    if (!policy.is_object()) return notes;
    std::map<int, std::vector<std::string>> allowed;
    for (const auto& [key, values] : policy.items()) {
        const auto pcr = number_in(key);
        if (!pcr || !values.is_array()) continue;
        for (const auto& value : values) {
            if (value.is_string()) allowed[*pcr].push_back(value.get<std::string>());
        }
    }
    for (auto& [pcr, values] : allowed) {
        const auto quoted = quote.pcrs.find(pcr);
        if (quoted != quote.pcrs.end() &&
            std::find(values.begin(), values.end(), quoted->second) != values.end()) {
            continue;
        }
        const std::size_t more = values.size() > max_values_shown ? values.size() - max_values_shown : 0;
        values.resize(values.size() - more);
        notes.push_back(fmt::format("PCR {} ({}): policy allows {}{}, {}", pcr, quote.bank,
                                    fmt::join(values, " or "),
                                    more == 0 ? "" : fmt::format(" or {} more", more),
                                    quoted == quote.pcrs.end() ? "not quoted" : "quoted " + quoted->second));
    }
    return notes;
}

/// Notes on each failed attestation of an agent.
std::vector<std::string> explain(const Lines& lines) {
    std::string policy;
    const history::QuoteValues* quote = nullptr;
    std::map<int, std::pair<std::string, const history::QuoteValues*>>
        submitted;  // by index: policy and quote
    std::vector<std::string> notes;
    for (const history::Entry* line : lines) {
        if (const auto* act = as<history::TenantActSeen>(line); act != nullptr && act->act == "enrol") {
            policy = act->tpm_policy;
        } else if (const auto* operation = as<history::TpmOperation>(line);
                   operation != nullptr && operation->quote) {
            quote = &*operation->quote;
        } else if (const auto* submission = as_submission(line); submission != nullptr && submission->index) {
            submitted[*submission->index] = {policy, quote};
        } else if (const auto* verdict = as<history::Verdict>(line)) {
            if (evaluation_of(*verdict) != "fail") continue;
            const auto behind = submitted.find(verdict->index);
            std::vector<std::string> found;
            if (behind != submitted.end() && behind->second.second != nullptr) {
                found = mismatches(behind->second.first, *behind->second.second);
            }
            if (found.empty() && verdict->log.value) {
                for (const std::string& detail : verdict->log.value->details) {
                    if (found.size() < max_log_lines) found.push_back("the verifier's log: " + detail);
                }
            }
            notes.insert(notes.end(), found.begin(), found.end());
        }
    }
    return notes;
}

std::string names(const std::vector<std::string>& agents) {
    if (agents.size() <= 2) return fmt::format("{}", fmt::join(agents, ", "));
    return fmt::format("{}, {} and {} more", agents[0], agents[1], agents.size() - 2);
}

}  // namespace

std::string headline(const ScenarioView& scenario, const ScenarioReport& report) {
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

std::vector<std::string> explanations(const ScenarioView& scenario) {
    std::vector<std::pair<std::string, std::vector<std::string>>> by_text;
    for (const auto& [agent, lines] : scenario.by_agent) {
        for (const std::string& text : explain(lines)) {
            auto at =
                std::find_if(by_text.begin(), by_text.end(), [&](const auto& n) { return n.first == text; });
            if (at == by_text.end()) at = by_text.insert(by_text.end(), {text, {}});
            if (at->second.empty() || at->second.back() != agent) at->second.push_back(agent);
        }
    }
    std::vector<std::string> notes;
    for (const auto& [text, agents] : by_text) {
        if (notes.size() == max_notes) {
            notes.push_back(fmt::format("and {} more of the kind", by_text.size() - max_notes));
            break;
        }
        notes.push_back(scenario.by_agent.size() == 1 ? text : names(agents) + ": " + text);
    }
    return notes;
}

}  // namespace pushsim::reports
