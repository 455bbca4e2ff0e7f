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

bool comes_by_chance(Outcome outcome) {
    return outcome == Outcome::Reproduced || outcome == Outcome::NotSeen;
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
                  std::vector<std::string>& details) {
    for (const std::string& one : before)
        if (!after.contains(one)) details.push_back(fmt::format("{}: there before, and not now", one));
    for (const std::string& one : after)
        if (!before.contains(one)) details.push_back(fmt::format("{}: not there before", one));
}

/// Of what comes by chance it is asked whether it was seen. What else there was is of a single try.
Replayed compare_chance(const ScenarioReport& before, const ScenarioReport& after) {
    Replayed replayed{.scenario = before.name};
    if (before.outcome == after.outcome) {
        replayed.result = Replayed::Result::Reproduced;
        if (after.outcome == Outcome::NotSeen)
            replayed.details.push_back(fmt::format("{}, nor when it was recorded", after.reason));
        return replayed;
    }
    const bool seen = before.outcome == Outcome::Reproduced;
    replayed.result = seen ? Replayed::Result::NotReproduced : Replayed::Result::Differs;
    replayed.details.push_back(seen ? after.reason + ", but when it was recorded"
                                    : "seen, and not when it was recorded");
    return replayed;
}

Replayed compare(const ScenarioReport& before, const ScenarioReport& after) {
    Replayed replayed{.scenario = before.name};
    for (const auto& [which, scenario] : {std::pair{"before", &before}, std::pair{"now", &after}}) {
        if (came_to_its_end(scenario->outcome)) continue;
        replayed.details.push_back(
            fmt::format("{} it did not come to its end ({}): {}", which, to_string(scenario->outcome),
                        scenario->reason.empty() ? scenario->headline : scenario->reason));
    }
    if (!replayed.details.empty()) return replayed;
    if (comes_by_chance(before.outcome)) return compare_chance(before, after);

    const Judgements was = judgements_of(before);
    const Judgements is = judgements_of(after);
    for (const auto& [what, old] : was) {
        const auto now = is.find(what);
        if (now == is.end()) {
            replayed.details.push_back(fmt::format("{}: was {}, is not judged now", what.first, words(*old)));
        } else if (now->second->judgement != old->judgement) {
            replayed.details.push_back(
                fmt::format("{}: was {}, is {}", what.first, words(*old), words(*now->second)));
        } else if (now->second->came_to != old->came_to) {
            replayed.details.push_back(
                fmt::format("{}, was {} ({})", what_came(*now->second), what_came(*old), what.first));
        }
    }
    for (const auto& [what, now] : is)
        if (!was.contains(what))
            replayed.details.push_back(fmt::format("{}: was not judged before", what.first));
    compare_sets(causes_of(before), causes_of(after), replayed.details);
    if (before.outcome == after.outcome && replayed.details.empty()) {
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

std::set<std::string> stacks_of(const RunReport& run) {
    std::set<std::string> stacks;
    for (const history::StackFacts& stack : run.stacks)
        stacks.insert(
            fmt::format("{}, Keylime {} {}", stack.kind, stack.keylime_version, stack.keylime_where));
    return stacks;
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
            missing.details.push_back(lacking("the recorded run has no verdict of it", before));
        if (is == nullptr) missing.details.push_back(lacking("it was not played again", after));
    }
    return all;
}

std::string other_stack(const RunReport& before, const RunReport& after) {
    const std::set<std::string> was = stacks_of(before);
    const std::set<std::string> is = stacks_of(after);
    // Some of the scenarios may have been played again alone, and with them some of the stacks.
    if (was.empty() || std::ranges::includes(was, is)) return "";
    return fmt::format("played against another stack ({}) than when it was recorded ({})",
                       fmt::join(is, "; "), fmt::join(was, "; "));
}

}  // namespace pushsim::reports
