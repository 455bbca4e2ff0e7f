#include "reports/conformance.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "reports/case_judge.hpp"
#include "reports/conformance_cases.hpp"

namespace pushsim::reports {
namespace {

using history::Deviation;
using history::Requirement;

bool fails(const ExpectationResult& result) {
    return result.judgement == Judgement::DoesNotHold;
}

/// Whether a clause that decides it does not hold, while all controls do.
bool fails_by_itself(const ConformanceCase& one, const std::string& id) {
    for (std::size_t i = 0; i < one.deciding.size(); ++i) {
        if (fails(one.deciding[i]) && std::ranges::find(one.decides[i], id) != one.decides[i].end())
            return std::ranges::none_of(one.controls, fails);
    }
    return false;
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
        std::set<std::string> ids;
        for (const auto& decided : one.decides)
            ids.insert(decided.begin(), decided.end());
        for (const std::string& id : ids) {
            const Requirement* sentence = requirement(id);
            if (sentence == nullptr) continue;
            Judged judged = judge_case(scenario, one, report_.scope.deviations, id);
            if (!sentence->since.empty() && is_too_old_for(*sentence))
                judged = {Standing::Skip, "it is for Keylime from " + sentence->since + " on"};
            // Who may and does not is as specified.
            if (sentence->level == "MAY" && judged.standing == Standing::Fail && judged.by_a_clause)
                judged = {Standing::Skip, "it may, and does not: " + judged.reason};
            one.standings[id] = judged.standing;
            if (judged.deviation != nullptr && !sentence->withheld) one.known[id] = *judged.deviation;
            for (const Deviation* seen : judged.seen) {
                if (!sentence->withheld) one.known_seen[id].push_back(*seen);
            }
            one.withheld = one.withheld || sentence->withheld;
            if (!judged.reason.empty()) one.reasons[id] = judged.reason;
            if (one.reason.empty() && judged.standing != Standing::Pass) one.reason = judged.reason;
            judged_[id].push_back({one.id, judged});
        }
        one.again = again_of(report_.scope, one.withheld ? *ids.begin() : one.id);
        if (one.by_chance && run_.head) one.again += fmt::format(" --seed {}", run_.head->seed);
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
            if (report.standing == Standing::Pass || report.standing == Standing::Skip)
                say_what_was_left_out(report, judged);
        }
        if (sentence.withheld) withhold(report);
        return report;
    }

    using JudgedCases = std::vector<std::pair<std::string, Judged>>;  // case, how

    /// What of the cases that decide it was not played is not obeyed by that.
    void say_what_was_left_out(RequirementReport& report, const JudgedCases& judged) const {
        const auto& in_part = report_.scope.in_part;
        const auto left = std::ranges::find(in_part, report.requirement.id, &history::InPart::requirement);
        if (left != in_part.end() && left->excluded > 0) {
            report.standing = Standing::Excluded;
            report.reason = fmt::format("{} of {} cases that decide it {} left out by --exclude",
                                        left->excluded, left->of, left->excluded == 1 ? "was" : "were");
            return;
        }
        if (report.standing != Standing::Pass) return;
        if (left != in_part.end()) {
            report.reason = fmt::format("in part: {} of {} cases that decide it {} asked for", left->cases,
                                        left->of, left->cases == 1 ? "was" : "were");
        } else if (const auto clause =
                       std::ranges::find_if(judged,
                                            [](const auto& one) {
                                                return one.second.standing == Standing::Pass &&
                                                       one.second.reason.starts_with("in part: ");
                                            });
                   clause != judged.end()) {
            report.reason = clause->second.reason;
        } else if (const auto skipped = std::ranges::find(
                       judged, Standing::Skip, [](const auto& one) { return one.second.standing; });
                   skipped != judged.end()) {
            report.reason = fmt::format("in part: of {} cases that decide it {} skipped: {}", judged.size(),
                                        counted_skips(judged), skipped->second.reason);
        }
        report.in_part = report.reason.starts_with("in part: ");
    }
    static std::string counted_skips(const JudgedCases& judged) {
        const auto count =
            std::ranges::count(judged, Standing::Skip, [](const auto& one) { return one.second.standing; });
        return fmt::format("{} {}", count, count == 1 ? "was" : "were");
    }

    /// Of what is withheld, no more is said than whether it is known not to hold: what was observed has few
    /// possibilities, and whatever is kept of it to compare with, a hash as well, tells which.
    void withhold(RequirementReport& report) {
        report.cases.clear();  // their names say what was done
        if (report.standing != Standing::Fail && report.standing != Standing::Pass) return;
        const std::string& id = report.requirement.id;
        const auto& known = report_.scope.deviations;
        if (const auto at = std::ranges::find(known, id, &Deviation::requirement); at != known.end()) {
            report.deviation = *at;
            if (report.standing == Standing::Pass) {
                report.standing = Standing::Fixed;
            } else if (std::ranges::all_of(report_.cases, [&](const ConformanceCase& one) {
                           const auto standing = one.standings.find(id);
                           return standing == one.standings.end() || standing->second != Standing::Fail ||
                                  fails_by_itself(one, id);
                       })) {
                report.standing = Standing::Deviation;
            }
        }
        report.reason = report.standing == Standing::Pass ? "" : "details withheld";
        for (ConformanceCase& one : report_.cases) {
            const auto at = one.standings.find(id);
            if (at == one.standings.end()) continue;
            if (at->second == Standing::Fail) at->second = report.standing;
            one.reason = "";
            one.reasons.clear();
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
    std::map<std::string, JudgedCases> judged_;  // by requirement
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

std::string again_of(const history::Conformance& scope, const std::string& what) {
    std::string text = scope.again.empty() ? "pushsim conformance {}" : scope.again;
    if (const auto place = text.find("{}"); place != std::string::npos) text.replace(place, 2, what);
    return text;
}

}  // namespace pushsim::reports
