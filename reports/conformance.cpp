#include "reports/conformance.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "reports/view.hpp"
#include "sim/history/digest.hpp"

namespace pushsim::reports {
namespace {

using history::Deviation;
using history::Requirement;

/// What stands behind a standing: the worst of several counts.
struct Judged {
    Standing standing = Standing::Undecided;
    std::string reason;
    const Deviation* deviation = nullptr;
};

int rank(Standing standing) {
    constexpr std::array order{Standing::Fail,      Standing::Error, Standing::Fixed, Standing::Deviation,
                               Standing::Undecided, Standing::Pass,  Standing::Skip,  Standing::Excluded};
    return static_cast<int>(std::ranges::find(order, standing) - order.begin());
}

bool holds(const ExpectationResult& result) {
    return result.judgement == Judgement::Holds;
}
bool fails(const ExpectationResult& result) {
    return result.judgement == Judgement::DoesNotHold;
}

std::string seen(const ExpectationResult& result) {
    return fmt::format("{}: expected {}, seen {}", result.what, result.expected, result.actual);
}

/// What was seen of one case, as it is judged.
class CaseJudge {
  public:
    CaseJudge(const ScenarioReport& scenario, const ConformanceCase& one, const std::vector<Deviation>& known)
        : scenario_(scenario), case_(one), known_(known) {}

    Judged of(const std::string& id) const {
        if (const auto early = not_judged()) return *early;
        for (const ExpectationResult& control : case_.controls) {
            if (fails(control)) return {Standing::Fail, "what must be accepted was not: " + seen(control)};
        }
        Judged judged{Standing::Skip, ""};
        bool any = false;
        for (std::size_t i = 0; i < case_.deciding.size(); ++i) {
            if (!decides(i, id)) continue;
            const Judged clause = of_clause(case_.deciding[i], id);
            if (!any || rank(clause.standing) < rank(judged.standing)) judged = clause;
            any = true;
        }
        if (judged.standing == Standing::Pass || judged.standing == Standing::Skip) {
            // What a check found is said where no clause has said it already.
            for (const Finding& finding : case_.findings) {
                if (finding.severity == Severity::Wrong)
                    return {Standing::Fail, fmt::format("{}: {}", finding.check, finding.text)};
            }
        }
        if (judged.standing != Standing::Pass) return judged;
        for (std::size_t i = 0; i < case_.deciding.size() && judged.reason.empty(); ++i) {
            if (decides(i, id) && case_.deciding[i].judgement == Judgement::Skipped)
                judged.reason = "in part: " + case_.deciding[i].reason;
        }
        return known_that_are_gone(id, judged);
    }

  private:
    bool decides(std::size_t clause, const std::string& id) const {
        return std::ranges::find(case_.decides[clause], id) != case_.decides[clause].end();
    }

    std::optional<Judged> not_judged() const {
        switch (scenario_.outcome) {
            case Outcome::Error:
                return Judged{Standing::Error, scenario_.reason};
            case Outcome::Partial:
                return Judged{Standing::Undecided, scenario_.reason};
            case Outcome::NotSeen:
                return Judged{Standing::Undecided, "it comes by chance, and was not seen this time"};
            case Outcome::Skipped:
                // Of one that was played, single clauses may have been judged.
                if (case_.deciding.empty() || std::ranges::none_of(case_.deciding, [](const auto& one) {
                        return one.judgement != Judgement::Skipped;
                    }))
                    return Judged{Standing::Skip, scenario_.reason};
                return std::nullopt;
            case Outcome::AsExpected:
            case Outcome::NotAsExpected:
            case Outcome::Reproduced:
                break;
        }
        return std::nullopt;
    }

    Judged of_clause(const ExpectationResult& result, const std::string& id) const {
        if (holds(result)) return {Standing::Pass, ""};
        if (!fails(result)) return {Standing::Skip, result.reason};
        const Deviation* deviation = known_for(id);
        if (deviation != nullptr && !deviation->withheld && is_as_known(result))
            return {Standing::Deviation, seen(result), deviation};
        return {Standing::Fail, seen(result)};
    }

    /// One of the clauses that say what a deviation looks like in place of this one holds.
    bool is_as_known(const ExpectationResult& result) const {
        std::map<int, bool> all;  // by clause, which may have given several results
        for (const ExpectationResult& other : scenario_.instead) {
            if (other.instead_of != result.clause) continue;
            const auto [at, is_new] = all.try_emplace(other.clause, true);
            at->second = at->second && holds(other);
        }
        return std::ranges::any_of(all, [](const auto& one) { return one.second; });
    }

    const Deviation* known_for(const std::string& id) const {
        const auto at = std::ranges::find_if(known_, [&](const Deviation& one) {
            return one.requirement == id && (one.case_id.empty() || matches_wildcard(one.case_id, case_.id));
        });
        return at == known_.end() ? nullptr : &*at;
    }

    Judged known_that_are_gone(const std::string& id, Judged judged) const {
        const Deviation* deviation = known_for(id);
        if (deviation == nullptr || deviation->withheld) return judged;
        if (deviation->intermittent)
            return {Standing::Pass, "a known deviation comes by chance, and was not seen this time",
                    deviation};
        return {Standing::Fixed, "a known deviation is no more", deviation};
    }

    const ScenarioReport& scenario_;
    const ConformanceCase& case_;
    const std::vector<Deviation>& known_;
};

/// The lines of one scenario, by the case of their step.
class CaseLines {
  public:
    explicit CaseLines(const ScenarioView* view) {
        if (view == nullptr) return;
        for (const auto& [number, step] : view->steps)
            cases_[number] = step->case_name;
        for (const history::Entry* line : view->lines)
            lines_[case_of(*line)].push_back(line->n);
    }

    /// Empty where it is of no case.
    std::string case_of(const history::Entry& line) const {
        const auto at = line.where.step ? cases_.find(*line.where.step) : cases_.end();
        return at == cases_.end() ? std::string{} : at->second;
    }
    /// Of the scenario as a whole all lines.
    std::vector<std::uint64_t> of(const std::string& case_name) const {
        if (!case_name.empty()) {
            const auto at = lines_.find(case_name);
            return at == lines_.end() ? std::vector<std::uint64_t>{} : at->second;
        }
        std::vector<std::uint64_t> all;
        for (const auto& [name, lines] : lines_)
            all.insert(all.end(), lines.begin(), lines.end());
        std::ranges::sort(all);
        return all;
    }

  private:
    std::map<int, std::string> cases_;
    std::map<std::string, std::vector<std::uint64_t>> lines_;
};

bool contains(const std::vector<std::uint64_t>& sorted, std::uint64_t n) {
    return std::ranges::binary_search(sorted, n);
}

/// The view whose lines the report speaks of: of tries the one that decided.
const ScenarioView* view_of(const ScenarioReport& report, const std::vector<ScenarioView>& views) {
    const ScenarioView* found = nullptr;
    for (const ScenarioView& view : views) {
        if (view.name != report.name) continue;
        found = &view;
        const auto* attempt = view.plan().attempt ? &*view.plan().attempt : nullptr;
        if (attempt != nullptr && report.tries && attempt->number == report.tries->reproduced) break;
    }
    return found;
}

/// Agents whose exchanges decided that a clause does not hold; empty where that cannot be told of each.
std::set<std::string> failing_agents(const ConformanceCase& one) {
    std::set<std::string> agents;
    for (const auto* results : {&one.controls, &one.deciding}) {
        for (const ExpectationResult& result : *results) {
            if (!fails(result)) continue;
            if (!result.exchange || result.exchange->agent.empty()) return {};
            agents.insert(result.exchange->agent);
        }
    }
    return agents;
}

/// Of the agents that something else befell, causes explain nothing.
bool explains(const Diagnosis& diagnosis, const ConformanceCase& one, const std::set<std::string>& agents) {
    const auto is_of_the_case = [&](std::uint64_t n) { return contains(one.lines, n); };
    const auto is_failing = [&](const std::string& agent) { return agents.contains(agent); };
    return std::ranges::any_of(diagnosis.evidence, is_of_the_case) &&
           (agents.empty() || std::ranges::any_of(diagnosis.agents, is_failing));
}

/// Builds the cases of a scenario, without their standings.
std::vector<ConformanceCase> cases_of(const ScenarioReport& scenario, const ScenarioView* view) {
    std::vector<ConformanceCase> cases;
    const auto case_named = [&](const std::string& name) -> ConformanceCase& {
        const std::string id = name.empty() ? scenario.name : scenario.name + "/" + name;
        const auto at = std::ranges::find(cases, id, &ConformanceCase::id);
        if (at != cases.end()) return *at;
        cases.emplace_back();
        cases.back().id = id;
        cases.back().scenario = scenario.name;
        cases.back().title = scenario.title;
        cases.back().file = scenario.file;
        return cases.back();
    };
    std::vector<ExpectationResult> of_all;  // controls of each case
    for (const ExpectationResult& result : scenario.expectations) {
        if (!result.decides.empty()) {
            ConformanceCase& one = case_named(result.case_name);
            if (one.deciding.empty() && !result.source.empty()) one.file = result.source;
            one.deciding.push_back(result);
            one.decides.push_back(result.decides);
        } else if (!result.case_name.empty()) {
            case_named(result.case_name).controls.push_back(result);
        } else {
            of_all.push_back(result);
        }
    }
    std::erase_if(cases, [](const ConformanceCase& one) { return one.deciding.empty(); });
    const CaseLines lines(view);
    for (ConformanceCase& one : cases) {
        const std::string name = one.id == one.scenario ? "" : one.id.substr(one.scenario.size() + 1);
        one.controls.insert(one.controls.end(), of_all.begin(), of_all.end());
        one.lines = lines.of(name);
        for (const Finding& finding : scenario.findings) {
            if (!finding.n || contains(one.lines, *finding.n)) one.findings.push_back(finding);
        }
        const std::set<std::string> agents = failing_agents(one);
        for (const Diagnosis& diagnosis : scenario.diagnoses) {
            if (explains(diagnosis, one, agents)) one.diagnoses.push_back(diagnosis);
        }
    }
    return cases;
}

/// What the failing clauses of a requirement came to: the same for the same behaviour.
std::string fingerprint_of(const std::string& id, const std::vector<ConformanceCase>& cases) {
    std::set<std::string> seen_in_cases;
    for (const ConformanceCase& one : cases) {
        for (std::size_t i = 0; i < one.deciding.size(); ++i) {
            const bool is_its = std::ranges::find(one.decides[i], id) != one.decides[i].end();
            if (!is_its || !fails(one.deciding[i])) continue;
            std::string line = one.id;
            for (const std::string& came_to : one.deciding[i].came_to)
                line += "\n  " + came_to;
            seen_in_cases.insert(line);
        }
    }
    std::string all = id;
    for (const std::string& line : seen_in_cases)
        all += "\n" + line;
    return seen_in_cases.empty() ? "" : history::sha256_hex(all);
}

class Assessment {
  public:
    Assessment(const history::History& history, const RunReport& run, const history::Conformance& scope)
        : run_(run) {
        report_.scope = scope;
        const std::vector<ScenarioView> views = split(history);
        for (const ScenarioReport& scenario : run.scenarios) {
            for (ConformanceCase& one : cases_of(scenario, view_of(scenario, views))) {
                judge(scenario, one);
                report_.cases.push_back(std::move(one));
            }
        }
    }

    ConformanceReport finish() && {
        for (const Requirement& requirement : report_.scope.requirements) {
            RequirementReport one = of(requirement);
            ++report_.totals[one.standing];
            ++report_.by_area[requirement.area()][requirement.level][one.standing];
            report_.requirements.push_back(std::move(one));
        }
        report_.exit_code = exit_code();
        return std::move(report_);
    }

  private:
    const Requirement* requirement(const std::string& id) const {
        const auto& all = report_.scope.requirements;
        const auto at = std::ranges::find(all, id, &Requirement::id);
        return at == all.end() ? nullptr : &*at;
    }

    void judge(const ScenarioReport& scenario, ConformanceCase& one) {
        const CaseJudge judge(scenario, one, report_.scope.deviations);
        std::set<std::string> ids;
        for (const auto& decided : one.decides)
            ids.insert(decided.begin(), decided.end());
        for (const std::string& id : ids) {
            const Requirement* sentence = requirement(id);
            if (sentence == nullptr) continue;
            Judged judged = judge.of(id);
            if (!sentence->since.empty() && is_too_old_for(*sentence))
                judged = {Standing::Skip, "it is for Keylime from " + sentence->since + " on"};
            one.standings[id] = judged.standing;
            one.withheld = one.withheld || sentence->withheld;
            if (one.reason.empty() && judged.standing != Standing::Pass) one.reason = judged.reason;
            judged_[id].push_back({one.id, judged});
        }
        one.again = "pushsim conformance " + (one.withheld ? *ids.begin() : one.id);
    }

    bool is_too_old_for(const Requirement& sentence) const {
        return !run_.stacks.empty() && !run_.stacks.front().keylime_version.empty() &&
               compare_versions(run_.stacks.front().keylime_version, sentence.since) < 0;
    }

    RequirementReport of(const Requirement& sentence) {
        RequirementReport report{.requirement = sentence};
        const auto& excluded = report_.scope.excluded;
        const auto kept = std::ranges::find(excluded, sentence.id, &history::Excluded::requirement);
        auto& judged = judged_[sentence.id];
        std::ranges::stable_sort(judged, {}, [](const auto& one) { return rank(one.second.standing); });
        for (const auto& [case_id, how] : judged)
            report.cases.push_back(case_id);
        if (kept != excluded.end()) {
            report.standing = Standing::Excluded;
            report.reason = kept->reason;
        } else if (!sentence.planned.empty()) {
            report.reason = "nothing decides it yet: it waits for " + sentence.planned;
        } else if (judged.empty()) {
            report.reason = run_.reason.empty() ? "what decides it was not played"
                                                : "what decides it was not played: " + run_.reason;
        } else {
            const Judged& worst = judged.front().second;
            report.standing = worst.standing;
            report.reason = worst.reason;
            if (worst.deviation != nullptr) report.deviation = *worst.deviation;
        }
        if (sentence.withheld) withhold(report);
        return report;
    }

    /// Of what is withheld, no more is said than whether it is as it is known.
    void withhold(RequirementReport& report) {
        if (report.standing != Standing::Fail && report.standing != Standing::Pass) return;
        const std::string& id = report.requirement.id;
        report.fingerprint = fingerprint_of(id, report_.cases);
        const auto& known = report_.scope.deviations;
        if (const auto at = std::ranges::find(known, id, &Deviation::requirement); at != known.end()) {
            report.deviation = *at;
            if (report.standing == Standing::Pass) {
                report.standing = Standing::Fixed;
            } else if (report.fingerprint == at->fingerprint) {
                report.standing = Standing::Deviation;
            }
        }
        report.reason = report.standing == Standing::Pass ? "" : "details withheld";
        for (ConformanceCase& one : report_.cases) {
            const auto at = one.standings.find(id);
            if (at == one.standings.end()) continue;
            if (at->second == Standing::Fail) at->second = report.standing;
            one.reason = "";
        }
    }

    int exit_code() const {
        constexpr int as_expected = 0;
        constexpr int not_as_expected = 1;
        constexpr int failed = 3;
        constexpr int nothing_ran = 4;
        const auto count = [&](Standing standing) {
            const auto at = report_.totals.find(standing);
            return at == report_.totals.end() ? 0 : at->second;
        };
        if (run_.exit_code > nothing_ran) return run_.exit_code;  // interrupted
        if (run_.exit_code == failed || count(Standing::Error) > 0) return failed;
        if (count(Standing::Fail) + count(Standing::Fixed) > 0) return not_as_expected;
        if (report_.scope.strict && count(Standing::Deviation) > 0) return not_as_expected;
        if (count(Standing::Pass) + count(Standing::Deviation) == 0) return nothing_ran;
        return as_expected;
    }

    const RunReport& run_;
    ConformanceReport report_;
    std::map<std::string, std::vector<std::pair<std::string, Judged>>> judged_;  // by requirement: case, how
};

}  // namespace

const char* to_string(Standing standing) {
    switch (standing) {
        case Standing::Pass:
            return "pass";
        case Standing::Fail:
            return "fail";
        case Standing::Deviation:
            return "deviation";
        case Standing::Fixed:
            return "fixed";
        case Standing::Skip:
            return "skip";
        case Standing::Undecided:
            return "undecided";
        case Standing::Excluded:
            return "excluded";
        case Standing::Error:
            return "error";
    }
    return "";
}

std::optional<ConformanceReport> assess(const history::History& history, const RunReport& run) {
    for (const history::Entry& line : history.entries) {
        if (const auto* scope = as<history::Conformance>(&line))
            return Assessment(history, run, *scope).finish();
    }
    return std::nullopt;
}

}  // namespace pushsim::reports
