#include "reports/replayed.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pushsim::reports {
namespace {

bool came_to_its_end(Outcome outcome) {
    return outcome == Outcome::AsExpected || outcome == Outcome::NotAsExpected ||
           outcome == Outcome::Reproduced || outcome == Outcome::NotSeen;
}

bool is_well(Outcome outcome) {
    return outcome == Outcome::AsExpected || outcome == Outcome::NotSeen;
}

/// How an expectation was judged; by its words and how often these were before.
using Judgements = std::map<std::pair<std::string, int>, const ExpectationResult*>;

Judgements judgements_of(const ScenarioReport& scenario) {
    Judgements judgements;
    std::map<std::string, int> seen;
    for (const ExpectationResult& one : scenario.expectations)
        judgements[{one.what, seen[one.what]++}] = &one;
    return judgements;
}

std::string words(const ExpectationResult& judged) {
    const std::string& shown = judged.judgement == Judgement::Skipped ? judged.reason : judged.actual;
    return fmt::format("{} ({})", to_string(judged.judgement), shown);
}

std::string what_came(const ExpectationResult& judged) {
    return judged.came_to.empty() ? "nothing" : fmt::format("{}", fmt::join(judged.came_to, " and "));
}

std::set<std::string> causes_of(const ScenarioReport& scenario) {
    std::set<std::string> causes;
    for (const Diagnosis& diagnosis : scenario.diagnoses)
        causes.insert(diagnosis.rule + (diagnosis.subject.empty() ? "" : " " + diagnosis.subject));
    for (const Finding& finding : scenario.findings)
        if (finding.severity == Severity::Wrong)
            causes.insert("finding of " + finding.check +
                          (finding.came_to.empty() ? "" : ": " + finding.came_to));
    return causes;
}

void compare_sets(const std::set<std::string>& before, const std::set<std::string>& after,
                  std::vector<std::string>& differences) {
    for (const std::string& one : before)
        if (!after.contains(one)) differences.push_back(fmt::format("{}: there before, and not now", one));
    for (const std::string& one : after)
        if (!before.contains(one)) differences.push_back(fmt::format("{}: not there before", one));
}

Replayed compare(const ScenarioReport& before, const ScenarioReport& after) {
    Replayed replayed{.scenario = before.name};
    for (const auto& [which, scenario] : {std::pair{"before", &before}, std::pair{"now", &after}}) {
        if (came_to_its_end(scenario->outcome)) continue;
        replayed.differences.push_back(
            fmt::format("{} it did not come to its end ({}): {}", which, to_string(scenario->outcome),
                        scenario->reason.empty() ? scenario->headline : scenario->reason));
    }
    if (!replayed.differences.empty()) return replayed;

    const Judgements was = judgements_of(before);
    const Judgements is = judgements_of(after);
    for (const auto& [what, old] : was) {
        const auto now = is.find(what);
        if (now == is.end()) {
            replayed.differences.push_back(
                fmt::format("{}: was {}, is not judged now", what.first, words(*old)));
        } else if (now->second->judgement != old->judgement) {
            replayed.differences.push_back(
                fmt::format("{}: was {}, is {}", what.first, words(*old), words(*now->second)));
        } else if (now->second->came_to != old->came_to) {
            replayed.differences.push_back(
                fmt::format("{}, was {} ({})", what_came(*now->second), what_came(*old), what.first));
        }
    }
    for (const auto& [what, now] : is)
        if (!was.contains(what))
            replayed.differences.push_back(fmt::format("{}: was not judged before", what.first));
    compare_sets(causes_of(before), causes_of(after), replayed.differences);
    if (before.outcome == after.outcome && replayed.differences.empty()) {
        replayed.result = Replayed::Result::Reproduced;
    } else if (!is_well(before.outcome) && is_well(after.outcome)) {
        replayed.result = Replayed::Result::NotReproduced;
    } else {
        replayed.result = Replayed::Result::Differs;
    }
    return replayed;
}

const ScenarioReport* find(const RunReport& run, const std::string& name) {
    const auto found = std::ranges::find(run.scenarios, name, &ScenarioReport::name);
    return found == run.scenarios.end() ? nullptr : &*found;
}

std::string lacking(const char* what, const RunReport& run) {
    return run.reason.empty() ? what : fmt::format("{}: {}", what, run.reason);
}

}  // namespace

const char* to_string(Replayed::Result result) {
    switch (result) {
        case Replayed::Result::Reproduced:
            return "reproduced";
        case Replayed::Result::NotReproduced:
            return "not reproduced";
        case Replayed::Result::Differs:
            return "differs";
        case Replayed::Result::NotComparable:
            return "not comparable";
    }
    return "";
}

std::vector<Replayed> compare_replay(const std::vector<std::string>& scenarios, const RunReport& before,
                                     const RunReport& after) {
    std::vector<Replayed> all;
    for (const std::string& name : scenarios) {
        const ScenarioReport* was = find(before, name);
        const ScenarioReport* is = find(after, name);
        if (was != nullptr && is != nullptr) {
            all.push_back(compare(*was, *is));
            continue;
        }
        Replayed& missing = all.emplace_back(Replayed{.scenario = name});
        if (was == nullptr)
            missing.differences.push_back(lacking("the recorded run has no verdict of it", before));
        if (is == nullptr) missing.differences.push_back(lacking("it was not played again", after));
    }
    return all;
}

}  // namespace pushsim::reports
