#include "reports/expected.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pushsim::reports {
namespace {

/// "500" and "conflict" of "submit answered 500 conflict".
struct Answer {
    std::string status;
    std::string code;
};
std::optional<Answer> answer_of(const std::string& came_to) {
    constexpr std::string_view word = " answered ";
    const auto at = came_to.find(word);
    if (at == std::string::npos) return std::nullopt;
    const std::string rest = came_to.substr(at + word.size());
    const auto space = rest.find(' ');
    return Answer{rest.substr(0, space), space == std::string::npos ? "" : rest.substr(space + 1)};
}

/// The clause that would have held; nothing where none can say it.
std::string clause_of(const ExpectationResult& result) {
    if (result.seen.size() == 1 && result.came_to.size() == 1)
        return fmt::format("{{ response: {} }}", *result.seen.begin());
    std::set<std::string> statuses;
    std::set<std::string> codes;
    for (const std::string& one : result.came_to) {
        const auto answer = answer_of(one);
        if (!answer) break;
        statuses.insert(answer->status);
        if (!answer->code.empty()) codes.insert(answer->code);
    }
    if (!statuses.empty()) {
        std::string code = codes.empty() ? "" : fmt::format(", code: [{}]", fmt::join(codes, ", "));
        return fmt::format("{{ response: {{ status: [{}]{} }} }}", fmt::join(statuses, ", "), code);
    }
    if (result.came_to.size() != 1) return "";
    const std::string& only = *result.came_to.begin();
    if (only == "PASS") return "{ verdict: pass }";
    if (only == "FAIL") return "{ verdict: fail }";
    if (only.starts_with("FAIL ")) return fmt::format("{{ verdict: fail, reason: {} }}", only.substr(5));
    if (only.starts_with("status ") && only != "status not known")
        return fmt::format("{{ status: {} }}", only.substr(7));
    return "";
}

/// A text in double quotes of YAML.
std::string quoted(const std::string& text) {
    std::string all = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') all += '\\';
        all += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return all + '"';
}

std::string reference_of(const history::Deviation* known) {
    return known != nullptr && !known->reference.empty() ? known->reference : "not looked into yet";
}

std::string withheld_entry(const RequirementReport& requirement) {
    const auto& known = requirement.deviation;
    return fmt::format("  - requirement: {}\n    withheld: true\n    reference: {}\n",
                       requirement.requirement.id, quoted(reference_of(known ? &*known : nullptr)));
}

std::string entries_of(const RequirementReport& requirement, const ConformanceCase& one) {
    const auto known = one.known.find(requirement.requirement.id);
    const std::string reference = reference_of(known == one.known.end() ? nullptr : &known->second);
    std::set<std::string> checks;
    for (const Finding& finding : one.findings) {
        if (finding.severity == Severity::Wrong) checks.insert(finding.check);
    }
    std::string entries;
    for (std::size_t i = 0; i < one.deciding.size(); ++i) {
        const ExpectationResult& result = one.deciding[i];
        const std::string& id = requirement.requirement.id;
        if (std::ranges::find(one.decides[i], id) == one.decides[i].end() ||
            result.judgement != Judgement::DoesNotHold)
            continue;
        const std::string clause = clause_of(result);
        if (clause.empty()) {
            entries += fmt::format("  # {} in {}: {} was seen, which no clause can say\n", id, one.id,
                                   quoted(result.actual));
            continue;
        }
        entries += fmt::format("  - requirement: {}\n    case: {}\n    observed: {}\n    reference: {}\n", id,
                               quoted(one.id), clause, quoted(reference));
        if (!checks.empty()) entries += fmt::format("    checks: [{}]\n", fmt::join(checks, ", "));
    }
    return entries;
}

}  // namespace

std::string expected_yaml(const RunReport& run, const ConformanceReport& report) {
    std::string entries;
    for (const RequirementReport& requirement : report.requirements) {
        if (requirement.standing != Standing::Fail && requirement.standing != Standing::Deviation) continue;
        if (requirement.requirement.withheld) {
            entries += withheld_entry(requirement);
            continue;
        }
        for (const std::string& id : requirement.cases) {
            const auto one = std::ranges::find(report.cases, id, &ConformanceCase::id);
            if (one != report.cases.end()) entries += entries_of(requirement, *one);
        }
    }
    const std::string version = run.stacks.empty() ? "" : run.stacks.front().keylime_version;
    return fmt::format("# What Keylime{} was seen to do otherwise than specified.\ndeviations:{}",
                       version.empty() ? "" : " " + version, entries.empty() ? " []\n" : "\n" + entries);
}

}  // namespace pushsim::reports
