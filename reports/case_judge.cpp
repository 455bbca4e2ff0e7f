#include "reports/case_judge.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

using history::Deviation;

bool holds(const ExpectationResult& result) {
    return result.judgement == Judgement::Holds;
}
bool fails(const ExpectationResult& result) {
    return result.judgement == Judgement::DoesNotHold;
}

/// What was seen of one case, as it is judged.
class CaseJudge {
  public:
    CaseJudge(const ScenarioReport& scenario, const ConformanceCase& one, const std::vector<Deviation>& known)
        : scenario_(scenario), case_(one), known_(known) {}

    Judged of(const std::string& id) const {
        if (const auto early = not_judged()) return *early;
        for (const ExpectationResult& control : case_.controls) {
            if (fails(control)) return {Standing::Fail, "a control does not hold: " + sentence(control)};
        }
        Judged judged{Standing::Skip, ""};
        bool any = false;
        for (std::size_t i = 0; i < case_.deciding.size(); ++i) {
            if (!decides(i, id)) continue;
            const Judged clause = of_clause(i, id);
            if (!any || rank(clause.standing) < rank(judged.standing)) judged = clause;
            any = true;
        }
        if (judged.standing != Standing::Fail) {
            // What a check found is said where no clause has said it already.
            for (const Finding& finding : case_.findings) {
                if (finding.severity != Severity::Wrong || is_known(finding, judged.deviation)) continue;
                return {Standing::Fail, fmt::format("{}: {}", finding.check, finding.text)};
            }
        }
        if (judged.standing == Standing::Deviation) return unless_another_is_gone(id, std::move(judged));
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

    static bool is_known(const Finding& finding, const Deviation* deviation) {
        return deviation != nullptr &&
               std::ranges::find(deviation->checks, finding.check) != deviation->checks.end();
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

    Judged of_clause(std::size_t clause, const std::string& id) const {
        const ExpectationResult& result = case_.deciding[clause];
        if (holds(result)) return {Standing::Pass, ""};
        if (!fails(result)) return {Standing::Skip, result.reason};
        if (const Deviation* deviation = seen_of(clause, id))
            return {Standing::Deviation, sentence(result), deviation};
        std::string reason = sentence(result);
        const auto others = known_of([&](const Deviation& one) { return one.requirement == id; });
        if (!others.empty() && !others.front()->observed.empty())
            reason += "; what is known of this version: " + others.front()->observed;
        return {.standing = Standing::Fail, .reason = std::move(reason), .by_a_clause = true};
    }

    const Deviation* seen_of(std::size_t clause, const std::string& id) const {
        const auto seen = all_seen_of(clause, id);
        return seen.empty() ? nullptr : seen.front();
    }

    /// The known deviations of that requirement that were seen in place of the clause. What a deviation looks
    /// like stands in the plan in the order of the deviations, for each that is of something the clause
    /// decides; the parts of one have the same source.
    std::vector<const Deviation*> all_seen_of(std::size_t clause, const std::string& id) const {
        std::vector<std::pair<std::string, bool>> looks;  // source, whether all of it holds
        for (const ExpectationResult& other : scenario_.instead) {
            if (other.instead_of != case_.deciding[clause].clause) continue;
            auto at = std::ranges::find(looks, other.source, &std::pair<std::string, bool>::first);
            if (at == looks.end()) at = looks.insert(at, {other.source, true});
            at->second = at->second && holds(other);
        }
        const auto known = known_of([&](const Deviation& one) { return decides(clause, one.requirement); });
        std::vector<const Deviation*> seen;
        if (known.size() != looks.size()) return seen;  // not the deviations that it was planned with
        for (std::size_t i = 0; i < known.size(); ++i) {
            if (looks[i].second && known[i]->requirement == id) seen.push_back(known[i]);
        }
        return seen;
    }

    /// Those of this case, without what is withheld.
    template <typename Fits>
    std::vector<const Deviation*> known_of(Fits fits) const {
        std::vector<const Deviation*> all;
        for (const Deviation& one : known_) {
            const bool is_of_case = one.case_id.empty() || matches_wildcard(one.case_id, case_.id);
            if (is_of_case && !one.withheld && fits(one)) all.push_back(&one);
        }
        return all;
    }

    /// Of several that are known of one case each has to be seen, in place of one clause or another.
    Judged unless_another_is_gone(const std::string& id, Judged judged) const {
        std::vector<const Deviation*> seen;
        for (std::size_t i = 0; i < case_.deciding.size(); ++i) {
            if (!decides(i, id) || holds(case_.deciding[i])) continue;
            if (!fails(case_.deciding[i])) return judged;  // what nobody could judge may have been the other
            const auto here = all_seen_of(i, id);
            seen.insert(seen.end(), here.begin(), here.end());
        }
        const auto gone = known_of([&](const Deviation& one) {
            return one.requirement == id && !one.intermittent && std::ranges::find(seen, &one) == seen.end();
        });
        if (gone.empty()) {
            for (const Deviation& one : known_) {
                if (std::ranges::find(seen, &one) != seen.end()) judged.seen.push_back(&one);
            }
            return judged;
        }
        return {Standing::Fixed,
                "a known deviation is no more, beside another that is: " + gone.front()->observed,
                gone.front()};
    }

    Judged known_that_are_gone(const std::string& id, Judged judged) const {
        const auto known = known_of([&](const Deviation& one) { return one.requirement == id; });
        if (known.empty()) return judged;
        const auto always = std::ranges::find(known, false, &Deviation::intermittent);
        if (always == known.end())
            return {Standing::Pass, "a known deviation comes by chance, and was not seen this time",
                    known.front()};
        return {Standing::Fixed, "a known deviation is no more", *always};
    }

    const ScenarioReport& scenario_;
    const ConformanceCase& case_;
    const std::vector<Deviation>& known_;
};

}  // namespace

int rank(Standing standing) {
    constexpr std::array order{Standing::Fail,      Standing::Error, Standing::Fixed, Standing::Deviation,
                               Standing::Undecided, Standing::Pass,  Standing::Skip,  Standing::Excluded};
    return static_cast<int>(std::ranges::find(order, standing) - order.begin());
}

Judged judge_case(const ScenarioReport& scenario, const ConformanceCase& one,
                  const std::vector<Deviation>& known, const std::string& requirement) {
    return CaseJudge(scenario, one, known).of(requirement);
}

}  // namespace pushsim::reports
