#include "tests/reports/assessment.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "reports/view.hpp"

namespace pushsim::reports::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* scenario = "negotiation-members";
constexpr const char* failing_case = "negotiation-members/no-type";

std::string played() {
    Script script;
    h::Exchange answered = h::test::an_exchange(500, hostile_body);
    answered.phase = "negotiate";
    answered.request.method = "POST";
    answered.request.target = "/v3.0/agents/id/attestations";
    answered.keep = true;
    script.stack().begin(scenario).step(1, "negotiate").enrol();
    script.add(script.where(), answered).end_scenario();
    return script.end().text();
}

RequirementReport requirement(const std::string& id, const std::string& text, Standing standing,
                              const std::string& reason = "", std::vector<std::string> cases = {}) {
    RequirementReport one;
    one.requirement.id = id;
    one.requirement.text = text;
    one.requirement.sources = {"docs/rest_apis/3_0 \"Create attestation\"",
                               "keylime/web/verifier/attestation_controller.py:205 (7.14.3)"};
    one.standing = standing;
    one.reason = reason;
    one.cases = std::move(cases);
    return one;
}

RequirementReport planned(const std::string& id, const std::string& what) {
    RequirementReport one = requirement(id, "Evidence that comes slowly is waited for.", Standing::Undecided,
                                        "nothing decides it yet: it waits for " + what);
    one.requirement.planned = what;
    one.requirement.level = "SHOULD";
    return one;
}

RequirementReport known(RequirementReport one, const std::string& observed, const std::string& reference) {
    one.deviation = h::Deviation{
        .requirement = one.requirement.id, .observed = observed, .reference = reference, .since = "7.14.0"};
    return one;
}

/// Of the line of the history that has the answer.
ExpectationResult clause(const h::History& history, Judgement judgement) {
    ExpectationResult result;
    result.judgement = judgement;
    result.what = "response, step 1 (negotiate)";
    result.expected = "status 400-499";
    result.actual = "honest[0]: 500";
    result.source = "scenarios/conformance/negotiation-members.yaml:21:15";
    for (const h::Entry& line : history.entries) {
        if (as<h::ExchangeSeen>(&line) == nullptr) continue;
        result.n = line.n;
        result.exchange = deciding_exchange(line);
    }
    return result;
}

ConformanceCase failing(const h::History& history) {
    ConformanceCase one;
    one.id = failing_case;
    one.scenario = scenario;
    one.title = "Members of a negotiation";
    one.file = "scenarios/conformance/negotiation-members.yaml:18";
    one.standings = {{"KPM-NEG-010", Standing::Fail}, {"KPM-NEG-001", Standing::Pass}};
    one.deciding = {clause(history, Judgement::DoesNotHold), clause(history, Judgement::Holds)};
    one.decides = {{"KPM-NEG-010"}, {"KPM-NEG-001"}};
    one.controls = {clause(history, Judgement::Holds)};
    for (const h::Entry& line : history.entries)
        one.lines.push_back(line.n);
    one.duration = std::chrono::milliseconds{1500};
    Diagnosis cause;
    cause.rule = "a_rule";
    cause.cause = "the verifier looks into `data` before it has checked that it is there";
    cause.mend = "nothing on this side";
    cause.evidence = {*one.deciding.front().n};
    cause.agents = {agent};
    one.diagnoses = {cause};
    one.reasons = {{"KPM-NEG-010", "response: expected status 400-499, seen 500"}};
    one.again = "pushsim conformance negotiation-members/no-type";
    return one;
}

ConformanceCase withheld() {
    ConformanceCase one;
    one.id = "verdict-of-policy/one";
    one.scenario = one.title = one.file = one.reason = one.again = not_public;
    one.standings = {{"KPM-VER-020", Standing::Deviation}};
    one.duration = std::chrono::milliseconds{2500};
    ExpectationResult result;
    result.judgement = Judgement::DoesNotHold;
    result.what = result.expected = result.actual = result.source = not_public;
    result.exchange =
        DecidingExchange{.method = not_public, .target = not_public, .body_excerpt = not_public};
    one.deciding = one.controls = {result};
    one.decides = {{"KPM-VER-020"}};
    Finding finding;
    finding.check = finding.text = not_public;
    one.findings = {finding};
    Diagnosis cause;
    cause.rule = cause.cause = cause.mend = not_public;
    one.diagnoses = {cause};
    one.withheld = true;
    return one;
}

}  // namespace

ConformanceCase& Assessed::case_named(const std::string& id) {
    return *std::ranges::find(report.cases, id, &ConformanceCase::id);
}

RequirementReport& Assessed::requirement(const std::string& id) {
    return *std::ranges::find_if(report.requirements,
                                 [&](const auto& one) { return one.requirement.id == id; });
}

Assessed every_standing() {
    Assessed all;
    const std::string text = played();
    all.history = read(text);
    all.run = judged(text);
    all.report.scope = {
        .profile = "full", .selection = "", .deviations_file = "scenarios/deviations/keylime-7.14.yaml"};
    auto& list = all.report.requirements;
    list.push_back(planned("KPM-EVID-001", "slow_read"));
    list.push_back(planned("KPM-EVID-002", "slow_read"));
    list.push_back(requirement("KPM-EVID-003", "Evidence without an item is refused.", Standing::Undecided,
                               "what decides it was not played: interrupted"));
    list.push_back(requirement("KPM-NEG-001", "A negotiation is answered 201 with a challenge of 16 octets.",
                               Standing::Pass, "", {failing_case}));
    list.push_back(requirement("KPM-NEG-010", "A negotiation without `type` is refused with 4xx.",
                               Standing::Fail, "response: expected status 400-499, seen 500",
                               {failing_case}));
    list.push_back(
        known(requirement("KPM-NEG-011", "A member of another type is refused with 4xx.", Standing::Deviation,
                          "expected 400-499, seen 500", {"negotiation-members/wrong-type"}),
              "answered 500", "docs/deviations.md, 3"));
    list.push_back(
        known(requirement("KPM-NEG-012", "An empty list of evidence is refused with 4xx.", Standing::Fixed,
                          "a known deviation is no more", {"negotiation-members/empty"}),
              "answered 201", "docs/deviations.md, 4"));
    list.push_back(requirement("KPM-STAT-001", "A verdict is in the log.", Standing::Skip,
                               "the stack's log is not visible", {"verdict-in-log"}));
    list.push_back(requirement("KPM-STAT-002", "A silent agent becomes TIMEOUT.", Standing::Excluded,
                               "it takes too long here"));
    list.push_back(requirement("KPM-STAT-003", "A status is readable at any time.", Standing::Error,
                               "the verifier died", {"status-at-any-time"}));
    list.push_back(known(requirement("KPM-VER-020", "Evidence against a policy is refused.",
                                     Standing::Deviation, not_public, {"verdict-of-policy/one"}),
                         not_public, not_public));
    list.back().requirement.withheld = true;
    all.report.cases = {failing(all.history), withheld()};
    count_again(all.report);
    return all;
}

Assessed all_pass() {
    Assessed all = every_standing();
    std::erase_if(all.report.requirements,
                  [](const RequirementReport& one) { return one.standing != Standing::Pass; });
    count_again(all.report);
    return all;
}

void count_again(ConformanceReport& report) {
    report.totals.clear();
    report.by_area.clear();
    for (const RequirementReport& one : report.requirements) {
        ++report.totals[one.standing];
        ++report.by_area[one.requirement.area()][one.requirement.level][one.standing];
    }
    const auto any = [&](Standing standing) { return report.totals.contains(standing); };
    report.exit_code = any(Standing::Error) ? 3 : any(Standing::Fail) || any(Standing::Fixed) ? 1 : 0;
}

void expect_golden(const std::string& file, const std::string& text) {
    const char* fixtures = std::getenv("PUSHSIM_FIXTURES");
    if (fixtures == nullptr) FAIL() << "PUSHSIM_FIXTURES is not set: run it through ctest";
    const fs::path golden = fs::path(fixtures) / "conformance" / file;
    if (h::test::content(golden) == text) return;
    const fs::path seen = fs::temp_directory_path() / ("pushsim-" + file);
    h::test::overwrite(seen, text);
    EXPECT_EQ(text, h::test::content(golden)) << "if it is meant: cp " << seen << " " << golden;
}

}  // namespace pushsim::reports::test
