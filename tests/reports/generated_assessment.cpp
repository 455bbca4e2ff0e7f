#include "tests/reports/generated_assessment.hpp"

#include <algorithm>

#include "reports/conformance_words.hpp"

namespace pushsim::reports::test {
namespace {

std::string any_text() {
    return *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
}

std::vector<std::string> any_texts() {
    std::vector<std::string> texts(*rc::gen::inRange(0, 3));
    for (std::string& text : texts)
        text = any_text();
    return texts;
}

Standing any_standing() {
    return *rc::gen::elementOf(std::vector<Standing>(std::begin(all_standings), std::end(all_standings)));
}

ExpectationResult any_clause() {
    ExpectationResult result;
    result.judgement = *rc::gen::element(Judgement::Holds, Judgement::DoesNotHold, Judgement::Skipped);
    result.what = any_text();
    result.expected = any_text();
    result.actual = any_text();
    result.source = any_text();
    if (*rc::gen::arbitrary<bool>()) {
        result.n = *rc::gen::inRange(0U, 100U);
        result.exchange = DecidingExchange{.n = *result.n,
                                           .agent = any_text(),
                                           .method = any_text(),
                                           .target = any_text(),
                                           .failure = any_text(),
                                           .body_excerpt = any_text()};
        if (*rc::gen::arbitrary<bool>()) result.exchange->status = 500;
    }
    return result;
}

std::string any_id() {
    return *rc::gen::element<std::string>("KPM-NEG-0", "KPM-EVID-0", "KPM-NEW-0") +
           std::to_string(*rc::gen::inRange(10, 99));
}

ConformanceCase any_case() {
    ConformanceCase one;
    one.id = any_text();
    one.scenario = any_text();
    one.title = any_text();
    one.file = any_text();
    one.reasons = {{any_text(), any_text()}};
    one.again = any_text();
    one.reason = any_text();
    one.withheld = *rc::gen::arbitrary<bool>();
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
        one.deciding.push_back(any_clause());
        one.decides.push_back({any_id()});
        one.standings[one.decides.back().front()] = any_standing();
    }
    if (*rc::gen::arbitrary<bool>()) one.controls = {any_clause()};
    if (*rc::gen::arbitrary<bool>()) one.findings = {{.check = any_text(), .text = any_text(), .n = 3}};
    if (*rc::gen::arbitrary<bool>()) {
        Diagnosis cause;
        cause.rule = any_text();
        cause.cause = any_text();
        cause.mend = any_text();
        one.diagnoses = {cause};
    }
    one.lines = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 9));
    return one;
}

RequirementReport any_requirement(const std::vector<ConformanceCase>& cases) {
    RequirementReport one;
    one.requirement.id = any_id();
    one.requirement.text = any_text();
    one.requirement.level = *rc::gen::element<std::string>("MUST", "SHOULD", "MAY");
    one.requirement.binds = *rc::gen::element<std::string>("verifier", "registrar", "agent");
    one.requirement.since = any_text();
    one.requirement.sources = any_texts();
    one.requirement.tags = any_texts();
    one.requirement.planned = any_text();
    one.requirement.withheld = *rc::gen::arbitrary<bool>();
    one.standing = any_standing();
    one.reason = any_text();
    for (const ConformanceCase& each : cases)
        one.cases.push_back(each.id);
    if (*rc::gen::arbitrary<bool>()) {
        one.deviation = h::Deviation{.observed = any_text(), .reference = any_text()};
        one.deviation->withheld = *rc::gen::arbitrary<bool>();
    }
    return one;
}

}  // namespace

rc::Gen<Assessed> generated_assessment() {
    return rc::gen::exec([] {
        Assessed all;
        all.run.partial = *rc::gen::arbitrary<bool>();
        all.run.reason = any_text();
        all.run.stacks = {{.keylime_version = any_text(), .keylime_where = any_text()}};
        all.report.scope.profile = any_text();
        all.report.scope.selection = any_text();
        all.report.scope.deviations_file = any_text();
        all.report.scope.strict = *rc::gen::arbitrary<bool>();
        for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
            all.report.cases.push_back(any_case());
        for (int i = *rc::gen::inRange(0, 6); i > 0; --i)
            all.report.requirements.push_back(any_requirement(all.report.cases));
        count_again(all.report);
        return all;
    });
}

}  // namespace pushsim::reports::test
