#include "tests/reports/html_samples.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "reports/view.hpp"

namespace pushsim::reports::test {
namespace {

using history::ExchangeSeen;

const std::string evidence =
    R"({"data":{"type":"attestation","attributes":{"evidence_collected":[{"evidence_class":"certification",)"
    R"("evidence_type":"tpm_quote","data":{"message":"/1RDR4AYACIAC3","signature":"ABQACwEAo3Zs8Q",)"
    R"("subject_data":"AQALAAMBAAAAAA"}},{"evidence_class":"log","evidence_type":"ima_log","data":)"
    R"({"entry_count":2,"entries":"10 91f3… ima-ng sha256:…"}}]}}})";
const std::string refused_body =
    R"({"errors":[{"status":"403","code":"challenges_expired","title":"Forbidden",)"
    R"("detail":"Challenges for attestation 0 expired at 2026-11-27 07:33:23.585446+00:00."}]})";

/// As if the history had kept messages.
void keep_messages(ExchangeSeen& exchange, const std::string& request, const std::string& answer) {
    exchange.request.kept = exchange.response.kept = true;
    exchange.request.headers = {{"Host", "127.0.0.1"},
                                {"Authorization", "Bearer fp:0f3a5c7e9b1d2f40"},
                                {"Content-Type", "application/vnd.api+json"}};
    exchange.response.headers = {{"Content-Type", "application/vnd.api+json"},
                                 {"Server", "TornadoServer/6.4"}};
    exchange.request.body = request;
    exchange.request.size = request.size();
    exchange.response.body = answer;
    exchange.response.size = answer.size();
}

void keep_messages(history::History& history) {
    for (history::Entry& line : history.entries) {
        if (auto* exchange = line.event.edit<ExchangeSeen>())
            keep_messages(*exchange, evidence, exchange->status.value_or(0) >= 400 ? refused_body : "{}");
    }
}

std::vector<std::uint64_t> lines_of(const ScenarioView& scenario) {
    std::vector<std::uint64_t> lines;
    for (const history::Entry* line : scenario.lines)
        lines.push_back(line->n);
    return lines;
}

/// Its first expectation is the control, the others decide.
ConformanceCase case_of(const ScenarioReport& report, const ScenarioView& view, const std::string& name) {
    ConformanceCase one;
    one.scenario = report.name;
    one.id = name.empty() ? report.name : report.name + "/" + name;
    one.title = report.title;
    one.file = report.file + ":17:5";
    one.findings = report.findings;
    one.diagnoses = report.diagnoses;
    one.lines = lines_of(view);
    one.again = fmt::format("pushsim conformance --case {} --seed 4711", one.id);
    one.does = fmt::format("POST /v3.0/{} → 400-499", one.id);
    one.servers = "verifier: quote_interval 1s, mode left out; database sqlite";
    for (const ExpectationResult& result : report.expectations)
        (one.controls.empty() ? one.controls : one.deciding).push_back(result);
    one.decides.resize(one.deciding.size());
    return one;
}

void add(ConformanceReport& report, RequirementReport requirement) {
    ++report.totals[requirement.standing];
    ++report.by_area[requirement.requirement.area()][requirement.requirement.level][requirement.standing];
    report.scope.requirements.push_back(requirement.requirement);
    report.requirements.push_back(std::move(requirement));
}

/// Decided by these cases of the report, of which each gets its standing.
RequirementReport requirement(ConformanceReport& report, const std::string& id, const std::string& level,
                              const std::string& text, Standing standing,
                              const std::vector<std::size_t>& cases, const std::string& reason = "") {
    RequirementReport one;
    one.requirement.id = id;
    one.requirement.level = level;
    one.requirement.text = text;
    one.requirement.since = "7.14.0";
    one.requirement.sources = {"docs/rest_apis/3_0 \"Create attestation\"",
                               "keylime/web/verifier/attestation_controller.py:205 (7.14.3)"};
    one.standing = standing;
    one.reason = reason;
    for (const std::size_t number : cases) {
        ConformanceCase& decided = report.cases.at(number);
        decided.standings[id] = standing;
        if (!reason.empty()) decided.reasons[id] = reason;
        for (auto& ids : decided.decides)
            ids.push_back(id);
        one.cases.push_back(decided.id);
    }
    return one;
}

history::Deviation deviation(const std::string& id, const std::string& observed) {
    return {.requirement = id,
            .observed = observed,
            .reference = "keylime/keylime#1787",
            .since = "7.14.0",
            .until = "7.14.3"};
}

void hide(history::History& history, const ConformanceCase& one) {
    for (const std::uint64_t n : one.lines) {
        history::Entry& line = history.entries.at(n - 1);
        if (auto* exchange = line.event.edit<ExchangeSeen>())
            exchange->target = exchange->target + withheld_word;
    }
}

}  // namespace

history::History joined(const std::vector<std::string>& names) {
    history::History all;
    Duration begins{};
    for (const std::string& name : names) {
        const auto file = std::string{std::getenv("PUSHSIM_FIXTURES")} + "/histories/" + name + ".jsonl";
        history::History one = history::read_history(file).value();
        if (!all.head) all.head = one.head;
        for (history::Entry& line : one.entries) {
            if ((line.event.get<history::End>() != nullptr)) continue;
            line.n = all.entries.size() + 1;
            line.t += begins;
            if (auto* exchange = line.event.edit<ExchangeSeen>()) exchange->start += begins;
            all.entries.push_back(std::move(line));
        }
        begins = all.entries.back().t;
    }
    all.entries.push_back({all.entries.size() + 1, begins, {}, history::End{}});
    return all;
}

Sample small_sample() {
    Sample sample;
    sample.history =
        joined({"challenges-expired-late", "pcr-mismatch", "token-lost-on-403", "status-timeout-and-back",
                "rate-limit-locked-out-by-others", "uuid-taken-by-another-tpm", "token-outlives-agent"});
    keep_messages(sample.history);
    sample.history.head->command = "pushsim conformance --profile quick --seed 4711";
    sample.run = judge(sample.history);
    const std::vector<ScenarioView> views = split(sample.history);
    ConformanceReport& report = sample.conformance;
    report.scope.profile = "quick";
    report.scope.deviations_file = "scenarios/deviations/keylime-7.14.yaml";
    for (std::size_t i = 0; i < views.size(); ++i)
        report.cases.push_back(case_of(sample.run.scenarios.at(i), views[i], i == 2 ? "no-token" : ""));

    ConformanceCase& failing = report.cases.at(1);
    failing.deciding.at(0).judgement = Judgement::DoesNotHold;
    failing.deciding.at(0).expected = "PASS";
    failing.controls.at(0).n = 1;  // of a step that the cases of a file share
    ConformanceCase& secret = report.cases.at(6);
    secret.withheld = true;
    secret.title += withheld_word;
    secret.reason = secret.again = secret.does = secret.servers = withheld_word;
    hide(sample.history, secret);

    add(report, requirement(report, "KPM-EVID-001", "MUST",
                            "Evidence sent after challenges_expire_at is answered 403 challenges_expired.",
                            Standing::Pass, {0}));
    RequirementReport by_chance = requirement(
        report, "KPM-EVID-002", "SHOULD", "The code of the answer names what the agent can do about it.",
        Standing::Pass, {0}, "a known deviation comes by chance, and was not seen this time");
    by_chance.requirement.tags = {"security"};
    by_chance.deviation = deviation("KPM-EVID-002", "answered 500");
    by_chance.deviation->intermittent = true;
    report.scope.deviations.push_back(*by_chance.deviation);
    report.cases.at(0).known["KPM-EVID-002"] = *by_chance.deviation;
    add(report, by_chance);
    RequirementReport gone =
        requirement(report, "KPM-NEG-010", "MUST", "A negotiation without a type is refused with 400 to 499.",
                    Standing::Fixed, {2}, "answered 400, where 500 was known");
    gone.deviation = deviation("KPM-NEG-010", "answered 500");
    report.scope.deviations.push_back(*gone.deviation);
    report.cases.at(2).known["KPM-NEG-010"] = *gone.deviation;
    add(report, gone);
    add(report, requirement(report, "KPM-RATE-001", "SHOULD",
                            "Sessions that others ask for do not lock an agent out.", Standing::Error, {4},
                            "the verifier did not start: port 8881 is in use"));
    RequirementReport late = requirement(report, "KPM-STAT-004", "MUST",
                                         "An agent that is silent for longer than the timeout is TIMEOUT.",
                                         Standing::Deviation, {3}, "the status stays PASS after a restart");
    late.deviation = deviation("KPM-STAT-004", "the status stays PASS after a restart of the verifier");
    late.deviation->intermittent = true;
    report.scope.deviations.push_back(*late.deviation);
    history::Deviation later = deviation("KPM-STAT-004", "the status is TIMEOUT after an hour");
    later.case_id = "status-timeout-of-a-week";
    report.scope.deviations.push_back(later);
    report.cases.at(3).known["KPM-STAT-004"] = *late.deviation;
    report.cases.at(3).known_seen["KPM-STAT-004"] = {*late.deviation};
    add(report, late);
    RequirementReport withheld =
        requirement(report, "KPM-VER-020", "MUST", "A quote that is not verified does not pass.",
                    Standing::Deviation, {6}, withheld_word);
    withheld.requirement.withheld = true;
    withheld.deviation = history::Deviation{.requirement = "KPM-VER-020",
                                            .case_id = withheld_word,
                                            .observed = withheld_word,
                                            .reference = "F1",
                                            .withheld = true};
    report.scope.deviations.push_back(*withheld.deviation);
    add(report, withheld);
    add(report, requirement(report, "KPM-VER-001", "MUST",
                            "Evidence whose PCR values the policy allows is judged PASS.", Standing::Fail,
                            {1}, "honest[0]: FAIL policy_violation, where PASS was expected"));
    RequirementReport planned =
        requirement(report, "KPM-IMA-007", "MAY", "An IMA log that begins later is taken up where it ended.",
                    Standing::Undecided, {}, "waits for ima_gap");
    planned.requirement.planned = "ima_gap";
    add(report, planned);
    RequirementReport registrar = requirement(report, "KPM-REG-003", "MUST",
                                              "A registration of another TPM under the same id is refused.",
                                              Standing::Skip, {5}, "this registrar keeps no identities");
    registrar.requirement.binds = "registrar";
    add(report, registrar);
    add(report, requirement(report, "KPM-OPS-002", "SHOULD", "A restart of the verifier keeps its verdicts.",
                            Standing::Excluded, {}, "takes ten minutes"));
    report.exit_code = 1;
    return sample;
}

Sample hostile_sample() {
    Sample sample = small_sample();
    const std::string bad = hostile_text;
    sample.history.head->command = bad;
    for (history::Entry& line : sample.history.entries) {
        if (!line.where->agent.empty()) line.where.edit().agent = bad + "[0]";
        if (auto* exchange = line.event.edit<ExchangeSeen>()) {
            exchange->target = exchange->target + bad;
            exchange->code = bad;
            keep_messages(*exchange, R"({"a":")" + bad + R"("})", bad);
            exchange->response.headers = {{bad, bad}};
        } else if (auto* note = line.event.edit<history::Note>()) {
            note->text = bad;
        }
    }
    sample.run.head = sample.history.head;
    for (ConformanceCase& one : sample.conformance.cases) {
        one.id += bad;
        one.title = one.file = one.reason = one.again = one.does = one.servers = bad;
        for (auto& [id, reason] : one.reasons)
            reason = bad;
        for (auto& [id, known] : one.known)
            known.observed = known.reference = bad;
        for (ExpectationResult& result : one.deciding)
            result.actual = result.what = result.expected = bad;
        one.diagnoses.push_back({.rule = "r", .cause = bad, .mend = bad});
    }
    for (history::Deviation& known : sample.conformance.scope.deviations)
        known.observed = known.reference = known.case_id = bad;
    for (RequirementReport& one : sample.conformance.requirements) {
        one.reason = one.requirement.text = bad;
        one.requirement.sources = {bad};
        for (std::string& id : one.cases)
            id += bad;
    }
    sample.conformance.requirements.front().requirement.id = "KPM-" + bad + "-001";
    return sample;
}

Sample full_sample() {
    constexpr std::size_t scenarios = 800;
    constexpr std::size_t requirements = 300;
    const history::History model =
        joined({"challenges-expired-late", "token-lost-on-403", "status-timeout-and-back"});
    Sample sample;
    sample.history.head = model.head;
    auto& entries = sample.history.entries;
    entries.push_back(model.entries.front());  // the stack
    Duration begins = entries.back().t;
    for (std::size_t number = 0; number < scenarios; ++number) {
        const std::string name = fmt::format("case-{:03}", number);
        std::size_t exchanges = 0;
        const auto append = [&](history::Entry line) {
            line.n = entries.size() + 1;
            line.t += begins;
            line.where.edit().scenario = name;
            entries.push_back(std::move(line));
        };
        const ScenarioView view = split(model).at(number % 3);
        append(*view.start);
        while (exchanges < 25) {
            for (const history::Entry* line : view.lines) {
                append(*line);
                auto* exchange = entries.back().event.edit<ExchangeSeen>();
                if (exchange == nullptr) continue;
                ++exchanges;
                exchange->start += begins;
                keep_messages(*exchange, evidence + std::string(4000, ' '), refused_body);
            }
        }
        append(*view.end);
        begins = entries.back().t;
    }
    entries.push_back({entries.size() + 1, begins, {}, history::End{}});
    sample.run = judge(sample.history);

    ConformanceReport& report = sample.conformance;
    report.scope.profile = "full";
    const std::vector<ScenarioView> views = split(sample.history);
    for (std::size_t i = 0; i < scenarios; ++i)
        report.cases.push_back(case_of(sample.run.scenarios.at(i), views.at(i), ""));
    const std::vector<std::string> areas{"ADM", "API",  "EVID", "IMA", "NEG",
                                         "REG", "SESS", "STAT", "TOK", "VER"};
    const std::vector<std::string> levels{"MUST", "MUST", "SHOULD", "MAY"};
    for (std::size_t i = 0; i < requirements; ++i) {
        const Standing standing = i % 20 == 7    ? Standing::Fail
                                  : i % 10 == 3  ? Standing::Deviation
                                  : i % 15 == 11 ? Standing::Undecided
                                                 : Standing::Pass;
        std::vector<std::size_t> cases;
        for (std::size_t j = i; j < scenarios; j += requirements)
            cases.push_back(j);
        add(report,
            requirement(report, fmt::format("KPM-{}-{:03}", areas.at(i / 30), i % 30 + 1), levels.at(i % 4),
                        "What a requirement says is one sentence, and it is about so long as this one.",
                        standing, cases,
                        standing == Standing::Pass ? "" : "answered 500, expected 400 to 499"));
    }
    return sample;
}

}  // namespace pushsim::reports::test
