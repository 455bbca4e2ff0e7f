#include "reports/conformance_words.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "reports/view.hpp"
#include "sim/history/areas.hpp"

namespace pushsim::reports {
namespace {

std::string standing_text(Standing standing, int count) {
    const char* plural = standing == Standing::Deviation && count != 1 ? "s" : "";
    return fmt::format("{} {}{}", count, to_string(standing), plural);
}

bool decides(const ConformanceCase& one, std::size_t clause, const std::string& requirement) {
    if (clause >= one.decides.size() || one.decides[clause].empty()) return true;
    return std::ranges::find(one.decides[clause], requirement) != one.decides[clause].end();
}

}  // namespace

std::string area_name(const std::string& area) {
    const std::string_view about = history::about_area(area);
    return about.empty() ? area : std::string(about);
}

int count_of(const Counts& counts, Standing standing) {
    const auto found = counts.find(standing);
    return found == counts.end() ? 0 : found->second;
}

Counts sum_of(const std::map<std::string, Counts>& by_level) {
    Counts sum;
    for (const auto& [level, counts] : by_level) {
        for (const auto& [standing, count] : counts)
            sum[standing] += count;
    }
    return sum;
}

std::string counts_text(const Counts& counts) {
    std::vector<std::string> parts;
    for (const Standing standing : all_standings) {
        if (const int count = count_of(counts, standing); count > 0)
            parts.push_back(standing_text(standing, count));
    }
    return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, ", "));
}

int in_part_of(const ConformanceReport& report) {
    return static_cast<int>(std::ranges::count(report.requirements, true, &RequirementReport::in_part));
}

std::string totals_text(const ConformanceReport& report) {
    std::string text = counts_text(report.totals);
    if (const int in_part = in_part_of(report); in_part > 0) {
        const std::string pass = standing_text(Standing::Pass, count_of(report.totals, Standing::Pass));
        text.insert(pass.size(), fmt::format(" ({} of them in part)", in_part));
    }
    return text;
}

bool is_failure(Standing standing, const ConformanceReport& report) {
    return standing == Standing::Fail || standing == Standing::Fixed ||
           (standing == Standing::Deviation && report.scope.strict);
}

std::string verdict_sentence(const RunReport& run, const ConformanceReport& report) {
    Counts others = report.totals;
    others.erase(Standing::Pass);
    std::string text =
        fmt::format("Keylime {} obeys {} of {}", keylime_text(run), count_of(report.totals, Standing::Pass),
                    counted(report.requirements.size(), "requirement"));
    if (const int in_part = in_part_of(report); in_part > 0) text += fmt::format(" ({} in part)", in_part);
    if (const std::string rest = counts_text(others); rest != "nothing") text += ": " + rest;
    if (run.partial) text += "; the run came to no end of its own";
    return text + ".";
}

std::string scope_text(const history::Conformance& scope) {
    std::string text = scope.profile;
    if (text.empty()) text = "by hand" + (scope.selection.empty() ? "" : ": " + scope.selection);
    return scope.strict ? text + ", strict" : text;
}

std::string keylime_text(const RunReport& run) {
    if (run.stacks.empty()) return "of unknown version";
    const history::StackFacts& stack = run.stacks.back();
    const std::string version = stack.keylime_version.empty() ? "of unknown version" : stack.keylime_version;
    return stack.keylime_where.empty() ? version : version + " " + stack.keylime_where;
}

const ConformanceCase* find_case(const ConformanceReport& report, std::string_view id) {
    const auto found = std::ranges::find_if(report.cases, [&](const auto& one) { return one.id == id; });
    return found == report.cases.end() ? nullptr : &*found;
}

bool is_withheld(const ConformanceReport& report, const ConformanceCase& one) {
    return one.withheld || std::ranges::any_of(report.requirements, [&](const RequirementReport& each) {
               return each.requirement.withheld && one.standings.contains(each.requirement.id);
           });
}

std::vector<const ConformanceCase*> cases_of_standing(const ConformanceReport& report,
                                                      const RequirementReport& requirement) {
    std::vector<const ConformanceCase*> found;
    for (const std::string& id : requirement.cases) {
        const ConformanceCase* one = find_case(report, id);
        if (one == nullptr || is_withheld(report, *one)) continue;
        const auto standing = one->standings.find(requirement.requirement.id);
        if (standing != one->standings.end() && standing->second == requirement.standing)
            found.push_back(one);
    }
    return found;
}

std::vector<const ExpectationResult*> not_held(const ConformanceCase& one, const std::string& requirement) {
    std::vector<const ExpectationResult*> found;
    for (std::size_t i = 0; i < one.deciding.size(); ++i) {
        if (one.deciding[i].judgement == Judgement::DoesNotHold && decides(one, i, requirement))
            found.push_back(&one.deciding[i]);
    }
    for (const ExpectationResult& control : one.controls) {
        if (control.judgement == Judgement::DoesNotHold) found.push_back(&control);
    }
    return found;
}

bool is_control(const ConformanceCase& one, const ExpectationResult& clause) {
    return std::ranges::any_of(one.controls, [&](const ExpectationResult& each) { return &each == &clause; });
}

std::string reason_text(const ConformanceReport& report, const RequirementReport& requirement) {
    const bool withheld = requirement.requirement.withheld ||
                          std::ranges::any_of(requirement.cases, [&](const std::string& id) {
                              const ConformanceCase* one = find_case(report, id);
                              return one != nullptr && is_withheld(report, *one);
                          });
    if (!withheld) return requirement.reason;
    return requirement.standing == Standing::Pass ? "" : details_withheld;
}

bool is_by_chance(const RequirementReport& requirement) {
    return requirement.standing == Standing::Pass && requirement.deviation &&
           requirement.deviation->intermittent && !requirement.deviation->withheld;
}

std::string planned_words(const std::string& planned) {
    static const std::map<std::string, const char*> words{
        {"ca", "servers with a certificate of another CA"},
        {"certificate", "client certificates of other kinds"},
        {"chunked", "request bodies in chunks"},
        {"drop_response", "answers that are lost on their way"},
        {"iak", "agents with an IAK and an IDevID, the keys of a TPM's maker"},
        {"malformed_certificate", "malformed certificates"},
        {"mb_policy", "measured boot policies"},
        {"mb_policy_name", "measured boot policies that have a name"},
        {"plain_http", "HTTP without TLS at a port for TLS"},
        {"slow_read", "agents that read slowly"},
        {"tls_version", "agents of other TLS versions"},
        {"uefi", "UEFI event logs"},
        {"uefi_missing", "UEFI event logs that are left out"},
        {"uefi_tampered", "UEFI event logs that were changed"},
        {"uefi_unparsable", "UEFI event logs that nobody can read"},
    };
    const auto at = words.find(planned);
    return at == words.end() ? planned : fmt::format("{} ({})", at->second, planned);
}

std::string meaning_text(const ConformanceCase& one, const RequirementReport& requirement) {
    const std::string& who = requirement.requirement.binds;
    constexpr int first_refusal = 400;
    constexpr int first_error = 500;
    for (const ExpectationResult* result : not_held(one, requirement.requirement.id)) {
        if (is_control(one, *result)) return "A control does not hold, so that the case says nothing else.";
        if (!result->exchange) continue;
        if (result->actual.ends_with(" PASS") &&
            (result->expected.starts_with("FAIL") || result->expected == "not PASS"))
            return fmt::format("The {} passed evidence that has to fail.", who);
        if (result->expected == "PASS" && result->actual.find(": FAIL") != std::string::npos)
            return fmt::format("The {} failed evidence that has to pass.", who);
        if (result->actual.ends_with(" PASS")) continue;
        if (!result->exchange->status) continue;
        const int status = *result->exchange->status;
        if (status >= first_error)
            return fmt::format(
                "An error inside the {}, which its log tells of, in place of an answer that "
                "says what is wrong.",
                who);
        if (status < first_refusal && result->expected.starts_with('4'))
            return fmt::format("The {} accepted what it has to refuse.", who);
        if (status >= first_refusal &&
            (result->expected.starts_with('2') || result->expected.starts_with("not 4")))
            return fmt::format("The {} refused what it has to accept.", who);
    }
    return "";
}

std::string deviation_text(const RequirementReport& requirement) {
    if (!requirement.deviation) return "";
    if (requirement.requirement.withheld) return std::string("known, ") + details_withheld;
    return known_text(*requirement.deviation);
}

std::string known_text(const history::Deviation& deviation) {
    if (deviation.withheld) return std::string("known, ") + details_withheld;
    std::string text = deviation.observed.empty() ? "as it is known" : deviation.observed;
    if (!deviation.reference.empty()) text += fmt::format(" ({})", deviation.reference);
    return deviation.intermittent ? text + ", by chance" : text;
}

std::string fixed_text(const ConformanceReport& report) {
    return "unexpected pass: remove it from " +
           (report.scope.deviations_file.empty() ? "the known deviations" : report.scope.deviations_file);
}

std::vector<std::string> undecided_texts(const ConformanceReport& report, const std::string& area) {
    struct Waiting {
        bool planned;
        std::string words;
        int count;
    };
    std::vector<Waiting> all;
    for (const RequirementReport& one : report.requirements) {
        if (one.standing != Standing::Undecided || one.requirement.area() != area) continue;
        const bool planned = !one.requirement.planned.empty();
        const std::string words = planned ? one.requirement.planned : reason_text(report, one);
        const auto known = std::ranges::find_if(
            all, [&](const Waiting& each) { return each.planned == planned && each.words == words; });
        if (known == all.end()) {
            all.push_back({planned, words, 1});
        } else {
            ++known->count;
        }
    }
    std::ranges::stable_sort(all, std::ranges::greater{}, &Waiting::count);
    std::vector<std::string> texts;
    for (const Waiting& one : all) {
        const char* verb = !one.planned ? ": " : one.count == 1 ? " waits for " : " wait for ";
        texts.push_back(fmt::format("{}{}{}", one.count, verb, one.words));
    }
    return texts;
}

}  // namespace pushsim::reports
