#include "sim/conformance/selection.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/base/text.hpp"
#include "sim/conformance/reading.hpp"
#include "sim/scenario/cases.hpp"

namespace pushsim::conformance {
namespace {

using scenario::Expectation;
using scenario::Scenario;

std::vector<std::string_view> ids_of(const std::vector<Requirement>& requirements) {
    std::vector<std::string_view> ids;
    ids.reserve(requirements.size());
    for (const Requirement& one : requirements)
        ids.push_back(one.id);
    return ids;
}

Result<const Profile*> profile_named(const Suite& suite, const std::string& name) {
    const auto at = std::ranges::find(suite.profiles, name, &Profile::name);
    if (at != suite.profiles.end()) return &*at;
    std::vector<std::string_view> names;
    names.reserve(suite.profiles.size());
    for (const Profile& one : suite.profiles)
        names.push_back(one.name);
    return fail(
        ErrorKind::Usage,
        fmt::format("no profile is called '{}'{}", name, scenario::suggestion(name, names, "there are")),
        "pushsim list profiles");
}

/// "; did you mean X?"; empty where nothing is near.
std::string nearest_of(std::string_view name, const std::vector<std::string_view>& names) {
    const auto near = scenario::nearest(name, names);
    return near && *near != name ? fmt::format("; did you mean {}?", *near) : "";
}

bool is_area(std::string_view name) {
    return !about_area(name).empty();
}

/// Without the values of a matrix: "ops-mode/routes" of "ops-mode[mode=pull]/routes".
std::string without_values(std::string id) {
    const std::size_t open = id.find('[');
    const std::size_t close = id.find(']', open);
    if (open == std::string::npos || close == std::string::npos) return id;
    return id.erase(open, close - open + 1);
}

/// A name of `names` or `excluded` that is that of the case, or of its scenario; that of all combinations of
/// a matrix, too.
bool names_case(const std::string& name, const Deciding& one) {
    const std::string id = one.id();
    return matches_wildcard(name, id) || matches_wildcard(name, one.scenario) ||
           matches_wildcard(name, without_values(id)) || matches_wildcard(name, without_values(one.scenario));
}

/// Whether it is that of a requirement, an area, or a case.
Result<void> check_name(const Suite& suite, const std::string& name, std::string_view option) {
    std::set<std::string> cases;
    for (const Scenario& scenario : suite.scenarios) {
        for (const Deciding& one : cases_of(scenario)) {
            if (names_case(name, one)) return {};
            cases.insert({without_values(one.id()), without_values(one.scenario), one.id()});
        }
    }
    if (is_area(name) || find(suite.requirements, name) != nullptr) return {};
    std::vector<std::string_view> known = ids_of(suite.requirements);
    for (const Area& area : areas())
        known.push_back(area.name);
    known.insert(known.end(), cases.begin(), cases.end());
    constexpr std::string_view prefix = "KPM-";
    const std::string area = name.starts_with(prefix) ? name.substr(prefix.size()) : "";
    const auto near = is_area(area) ? std::optional<std::string_view>(area) : scenario::nearest(name, known);
    return fail(ErrorKind::Usage,
                fmt::format("{}'{}' is no requirement, area, scenario or case", option, name),
                near ? fmt::format("did you mean {}?", *near) : "pushsim list requirements");
}

/// Names that nothing has, each with the nearest that something has.
Result<void> check_names(const Suite& suite, const Selection& selection) {
    for (const std::string& name : selection.names) {
        if (auto known = check_name(suite, name, ""); !known) return known;
    }
    for (const std::string& name : selection.excluded) {
        if (auto known = check_name(suite, name, "--exclude: "); !known) return known;
    }
    for (const std::string& level : selection.levels) {
        if (level != "MUST" && level != "SHOULD" && level != "MAY")
            return fail(ErrorKind::Usage, fmt::format("'{}' is no level", level), "MUST, SHOULD or MAY");
    }
    for (const std::string& tag : selection.tags) {
        std::set<std::string> tags;
        for (const Requirement& one : suite.requirements)
            tags.insert(one.tags.begin(), one.tags.end());
        if (!tags.contains(tag)) {
            return fail(ErrorKind::Usage, fmt::format("no requirement has the tag '{}'", tag),
                        fmt::format("they have {}", fmt::join(tags, ", ")));
        }
    }
    return {};
}

bool has(const std::vector<std::string>& all, const std::string& one) {
    return std::ranges::find(all, one) != all.end();
}

bool is_named(const std::vector<std::string>& names, const Requirement& requirement) {
    return has(names, requirement.id) || has(names, requirement.area());
}

/// The names aside.
bool fits(const Requirement& requirement, const Profile* profile, const Selection& selection) {
    const auto has_tag = [&](const std::string& tag) { return has(selection.tags, tag); };
    return (profile == nullptr || profile->takes(requirement)) &&
           (selection.levels.empty() || has(selection.levels, requirement.level)) &&
           (selection.tags.empty() || std::ranges::any_of(requirement.tags, has_tag));
}

bool is_one_of(const std::vector<std::string>& names, const Deciding& one) {
    return std::ranges::any_of(names, [&](const std::string& name) { return names_case(name, one); });
}

/// What is to be played, case by case.
class Wanted {
  public:
    Wanted(const Suite& suite, const Selection& selection) : suite_(suite), selection_(selection) {}

    /// Whether a name asks for this case to decide that requirement.
    bool asks(const Deciding& one, const Requirement& requirement) const {
        return selection_.names.empty() || is_named(selection_.names, requirement) ||
               is_one_of(selection_.names, one);
    }
    bool is_excluded(const Deciding& one) const { return is_one_of(selection_.excluded, one); }
    bool is_needed(const Deciding& one, const std::set<std::string>& ids) const {
        return !is_excluded(one) && std::ranges::any_of(one.requirements, [&](const std::string& id) {
            const Requirement* requirement = find(suite_.requirements, id);
            return ids.contains(id) && requirement != nullptr && asks(one, *requirement);
        });
    }

  private:
    const Suite& suite_;
    const Selection& selection_;
};

/// The scenario with what is needed of it; nothing where nothing is.
std::optional<Scenario> needed_of(const Scenario& scenario, const std::set<std::string>& ids,
                                  const Wanted& wanted) {
    std::set<std::string> names;
    bool whole = false;
    for (const Deciding& one : cases_of(scenario)) {
        if (!wanted.is_needed(one, ids)) continue;
        whole = whole || one.case_name.empty();
        names.insert(one.case_name);
    }
    if (names.empty()) return std::nullopt;
    // What is decided by the whole of it needs all of its cases.
    return whole ? scenario : scenario::only(scenario, names);
}

/// Where no clause says what it decides, all of them together decide what the scenario names.
void name_what_is_decided(Scenario& scenario) {
    bool said = false;
    for_each_clause(scenario, [&](Expectation& clause, const std::string& /*case_name*/) {
        said = said || !clause.decides.empty();
    });
    if (said) return;
    for_each_clause(scenario, [&](Expectation& clause, const std::string& /*case_name*/) {
        clause.decides = scenario.requirements;
    });
}

/// The sentences that are selected and the ones that are kept from running.
struct Picked {
    std::vector<Requirement> requirements;
    std::vector<history::Excluded> excluded;
    std::vector<history::InPart> in_part;
    std::set<std::string> ids;
};

/// How the cases of a requirement are asked for.
struct CasesAsked {
    int all = 0;
    int named = 0;
    int excluded = 0;  ///< of those that are named
};

Picked pick(const Suite& suite, const Profile* profile, const Selection& selection) {
    const Wanted wanted(suite, selection);
    std::map<std::string, CasesAsked> cases;
    for (const Scenario& scenario : suite.scenarios) {
        for (const Deciding& one : cases_of(scenario)) {
            for (const std::string& id : one.requirements) {
                const Requirement* requirement = find(suite.requirements, id);
                if (requirement == nullptr) continue;
                CasesAsked& asked = cases[id];
                ++asked.all;
                if (!wanted.asks(one, *requirement)) continue;
                ++asked.named;
                asked.excluded += wanted.is_excluded(one) ? 1 : 0;
            }
        }
    }
    Picked picked;
    for (const Requirement& one : suite.requirements) {
        const CasesAsked asked = cases[one.id];
        const bool named = selection.names.empty() || is_named(selection.names, one) || asked.named > 0;
        if (!named || !fits(one, profile, selection)) continue;
        picked.requirements.push_back(one);
        if (is_named(selection.excluded, one)) {
            picked.excluded.push_back({one.id, "asked for by --exclude"});
        } else if (asked.named > 0 && asked.named == asked.excluded) {
            picked.excluded.push_back({one.id, "all that decides it was left out by --exclude"});
        } else {
            picked.ids.insert(one.id);
            if (const int played = asked.named - asked.excluded; played < asked.all)
                picked.in_part.push_back({one.id, played, asked.all, asked.excluded});
        }
    }
    return picked;
}

}  // namespace

std::string Selection::text() const {
    std::vector<std::string> parts;
    if (!names.empty()) parts.push_back(fmt::format("{}", fmt::join(names, ", ")));
    if (!levels.empty()) parts.push_back(fmt::format("level {}", fmt::join(levels, ", ")));
    if (!tags.empty()) parts.push_back(fmt::format("tag {}", fmt::join(tags, ", ")));
    if (!excluded.empty()) parts.push_back(fmt::format("without {}", fmt::join(excluded, ", ")));
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<Deciding> cases_of(const Scenario& scenario) {
    std::vector<Deciding> all{{scenario.name, "", {}}};
    for (const std::string& name : scenario::case_names(scenario))
        all.push_back({scenario.name, name, {}});
    std::set<std::string> said;
    for_each_clause(scenario, [&](const Expectation& clause, const std::string& case_name) {
        const auto at = std::ranges::find(all, case_name, &Deciding::case_name);
        at->requirements.insert(clause.decides.begin(), clause.decides.end());
        said.insert(clause.decides.begin(), clause.decides.end());
    });
    if (said.empty())
        all.front().requirements.insert(scenario.requirements.begin(), scenario.requirements.end());
    std::erase_if(all, [](const Deciding& one) { return one.requirements.empty(); });
    return all;
}

Result<Chosen> choose(const Suite& suite, const Selection& selection,
                      const std::vector<KnownDeviation>& deviations, std::string_view version) {
    const Profile* profile = nullptr;
    if (!selection.profile.empty()) {
        const auto named = profile_named(suite, selection.profile);
        if (!named) return fail(named.error());
        profile = *named;
    }
    if (auto known = check_names(suite, selection); !known) return fail(known.error());
    Picked picked = pick(suite, profile, selection);
    if (picked.requirements.empty()) {
        return fail(ErrorKind::Usage, "no requirement fits all that was asked for",
                    "pushsim list requirements; names, --profile, --level and --tag narrow each other");
    }
    std::vector<KnownDeviation> known;
    Chosen chosen;
    for (const KnownDeviation& one : deviations) {
        if (!one.is_of(version) || !picked.ids.contains(one.deviation.requirement)) continue;
        known.push_back(one);
        chosen.scope.deviations.push_back(one.deviation);
    }
    const Wanted wanted(suite, selection);
    for (const Scenario& scenario : suite.scenarios) {
        auto needed = needed_of(scenario, picked.ids, wanted);
        if (!needed) continue;
        name_what_is_decided(*needed);
        attach(*needed, known);
        chosen.scenarios.push_back(std::move(*needed));
    }
    chosen.scope.profile = selection.profile;
    chosen.scope.selection = selection.text();
    chosen.scope.requirements = std::move(picked.requirements);
    chosen.scope.excluded = std::move(picked.excluded);
    chosen.scope.in_part = std::move(picked.in_part);
    return chosen;
}

void attach(Scenario& scenario, const std::vector<KnownDeviation>& deviations) {
    for_each_clause(scenario, [&](Expectation& clause, const std::string& case_name) {
        const std::string id = case_name.empty() ? scenario.name : scenario.name + "/" + case_name;
        for (const KnownDeviation& known : deviations) {
            const history::Deviation& deviation = known.deviation;
            if (!known.observed ||
                std::ranges::find(clause.decides, deviation.requirement) == clause.decides.end())
                continue;
            if (deviation.case_id.empty() || matches_wildcard(deviation.case_id, id))
                clause.instead.push_back(*known.observed);
        }
    });
}

history::Conformance scope_again(const history::Conformance& before, std::vector<Scenario>& scenarios,
                                 const std::vector<KnownDeviation>& deviations, std::string_view version) {
    history::Conformance scope = before;
    std::set<std::string> ids;
    for (const Scenario& scenario : scenarios) {
        for (const Deciding& one : cases_of(scenario))
            ids.insert(one.requirements.begin(), one.requirements.end());
    }
    std::erase_if(scope.requirements, [&](const Requirement& one) { return !ids.contains(one.id); });
    std::erase_if(scope.excluded, [&](const auto& one) { return !ids.contains(one.requirement); });
    std::erase_if(scope.in_part, [&](const auto& one) { return !ids.contains(one.requirement); });
    scope.deviations.clear();
    std::vector<KnownDeviation> known;
    for (const KnownDeviation& one : deviations) {
        if (!one.is_of(version) || find(scope.requirements, one.deviation.requirement) == nullptr) continue;
        known.push_back(one);
        scope.deviations.push_back(one.deviation);
    }
    for (Scenario& scenario : scenarios)
        attach(scenario, known);
    return scope;
}

std::vector<scenario::Problem> check(const Suite& suite, const std::string& registry_file) {
    std::vector<scenario::Problem> problems;
    std::map<std::string, std::set<std::string>> decided_by;  // requirement -> scenarios and cases
    for (const Scenario& scenario : suite.scenarios) {
        for (const Deciding& one : cases_of(scenario)) {
            for (const std::string& id : one.requirements) {
                decided_by[id].insert(without_values(one.scenario));
                if (!one.case_name.empty())
                    decided_by[id].insert(without_values(one.scenario) + "/" + one.case_name);
                if (find(suite.requirements, id) == nullptr)
                    problems.push_back(
                        {scenario.position, fmt::format("{}: there is no requirement {}{}", one.id(), id,
                                                        nearest_of(id, ids_of(suite.requirements)))});
            }
        }
    }
    for (const Scenario& scenario : suite.scenarios) {
        for (const std::string& id : scenario.requirements) {
            if (!decided_by[id].contains(without_values(scenario.name)))
                problems.push_back(
                    {scenario.position, fmt::format("{}: no clause decides {}", scenario.name, id)});
        }
    }
    const auto wrong = [&](std::string message) {
        problems.push_back({{registry_file, 0, 0}, std::move(message)});
    };
    for (const Requirement& requirement : suite.requirements) {
        auto& deciders = decided_by[requirement.id];
        if (!requirement.planned.empty() && !deciders.empty())
            wrong(fmt::format("{} is planned, and {} decides it", requirement.id, *deciders.begin()));
        std::set<std::string> scenarios;
        for (const std::string& name : requirement.decided_by) {
            if (!deciders.contains(name)) {
                wrong(fmt::format("{}: {} does not decide it{}", requirement.id, name,
                                  nearest_of(name, {deciders.begin(), deciders.end()})));
            }
            scenarios.insert(name.substr(0, name.find('/')));
        }
        for (const std::string& name : deciders) {
            if (!requirement.planned.empty() || name.find('/') != std::string::npos) continue;
            if (!scenarios.contains(name)) wrong(fmt::format("{}: {} decides it, too", requirement.id, name));
        }
    }
    for (const Profile& profile : suite.profiles) {
        for (const std::string& tag : profile.tags) {
            if (std::ranges::none_of(suite.requirements, [&](const Requirement& one) {
                    return std::ranges::find(one.tags, tag) != one.tags.end();
                }))
                wrong(fmt::format("profile {}: no requirement has the tag '{}'", profile.name, tag));
        }
        for (const std::string& id : profile.ids) {
            if (find(suite.requirements, id) == nullptr)
                wrong(fmt::format("profile {}: there is no requirement {}", profile.name, id));
        }
    }
    return problems;
}

std::vector<scenario::Problem> check(const Suite& suite, const std::vector<KnownDeviation>& deviations) {
    std::vector<scenario::Problem> problems;
    for (const KnownDeviation& known : deviations) {
        const history::Deviation& deviation = known.deviation;
        const Requirement* requirement = find(suite.requirements, deviation.requirement);
        const auto is_met = [&](const Scenario& scenario) {
            const auto all = cases_of(scenario);
            return std::ranges::any_of(all, [&](const Deciding& one) {
                return one.requirements.contains(deviation.requirement) &&
                       (deviation.case_id.empty() || matches_wildcard(deviation.case_id, one.id()));
            });
        };
        if (requirement == nullptr) {
            problems.push_back(
                {known.position, fmt::format("there is no requirement {}", deviation.requirement)});
        } else if (requirement->withheld != deviation.withheld) {
            problems.push_back(
                {known.position,
                 fmt::format("{} is {}withheld, and this deviation of it is {}", requirement->id,
                             requirement->withheld ? "" : "not ", deviation.withheld ? "" : "not")});
        } else if (std::ranges::none_of(suite.scenarios, is_met)) {
            problems.push_back({known.position, fmt::format("no case that decides {} is called '{}'",
                                                            deviation.requirement, deviation.case_id)});
        }
    }
    return problems;
}

}  // namespace pushsim::conformance
