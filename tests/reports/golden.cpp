#include "tests/reports/golden.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace pushsim::reports::test {
namespace {

/// honest[0] is known to the verifier as "id", honest[1] as "id1".
std::string id_of(const std::string& name) {
    const std::string number = name.substr(name.find('[') + 1);
    return number == "0]" ? "id" : "id" + number.substr(0, number.size() - 1);
}

std::string attestations_of(const std::string& name) {
    return "/v3.0/agents/" + id_of(name) + "/attestations";
}

std::string session_request(const std::string& name) {
    return fmt::format(R"({{"data":{{"type":"session","attributes":{{"agent_id":"{}"}}}}}})", id_of(name));
}

}  // namespace

Script::Script() {
    auto writer = h::HistoryWriter::open(folder_.file(), clock_, h::test::a_head());
    if (!writer) throw std::runtime_error(writer.error().text());
    writer_ = std::move(*writer);
}

Script& Script::add(const h::Where& where, const h::Record& record) {
    clock_.advance(std::chrono::milliseconds{100});
    if (auto n = writer_->append(where, record); !n) throw std::runtime_error(n.error().text());
    return *this;
}

Script& Script::stack() {
    return add({}, h::StackEvent{"started", "",
                                 h::StackFacts{"local", "7.14.3", "on loopback", "127.0.0.1:41810",
                                               "127.0.0.1:41811"}});
}

Script& Script::begin(const std::string& scenario, std::vector<h::Expectation> expectations, int agents) {
    h::ScenarioStart start;
    start.title = "A title";
    start.file = "scenarios/" + scenario + ".yaml";
    start.groups = {{"honest", agents}};
    start.expectations = std::move(expectations);
    return begin_with(scenario, start);
}

Script& Script::begin_with(const std::string& scenario, const h::ScenarioStart& start) {
    scenario_ = scenario;
    step_.reset();
    return add({scenario_}, start);
}

Script& Script::begin_by_hand() {
    h::ScenarioStart start;
    start.groups = {{"honest", 1}};
    start.by_hand = true;
    return begin_with("honest", start);
}

Script& Script::step(int number, const std::string& kind) {
    step_ = number;
    return add({scenario_, step_}, h::StepStart{kind, {"honest"}});
}

Script& Script::provision(const std::string& ak_name, const std::string& name) {
    h::TpmOperation made{.operation = "provision"};
    made.ak_name = ak_name;
    return add(where(name), made);
}

Script& Script::provision_in_vain(const std::string& error) {
    return add(where(), h::TpmOperation{.operation = "provision", .error = error});
}

Script& Script::enrol(const std::string& policy, const std::string& name) {
    h::TenantAct act;
    act.act = "enrol";
    act.request = HttpRequest{"POST", "/v2.6/agents/" + id_of(name), {}, "{}"};
    act.response = HttpResponse{200, {}, "{}"};
    act.tpm_policy = policy;
    act.ak_name = enrolled_ak_;
    return add(where(name), act);
}

Script& Script::read_policy(const std::string& policy) {
    h::TenantAct act;
    act.act = "read_status";
    act.request = HttpRequest{"GET", "/v2.6/agents/id", {}, ""};
    act.response = HttpResponse{200, {}, "{}"};
    act.tpm_policy = policy;
    act.ak_name = enrolled_ak_;
    return add(where(agent), act);
}

h::Exchange Script::exchange(const std::string& phase, const std::string& call, int status,
                             const std::string& body) const {
    const std::size_t blank = call.find(' ');
    h::Exchange exchange = h::test::an_exchange(status, body);
    exchange.phase = phase;
    exchange.request.method = call.substr(0, blank);
    exchange.request.target = call.substr(blank + 1);
    exchange.outcome.timings.start = clock_.now();
    exchange.outcome.reused_connection = reused_;
    return exchange;
}

Script& Script::enrol_in_vain(int status, const std::string& words) {
    h::TenantAct act;
    act.act = "enrol";
    act.request = HttpRequest{"POST", "/v2.6/agents/id", {}, "{}"};
    act.response = HttpResponse{status, {}, "{}"};
    act.error = Error{ErrorKind::Protocol, fmt::format("answered {} {}, expected 200", status, words)};
    return add(where(), act);
}

Script& Script::registration(int status, const std::string& name, const std::string& body) {
    h::Exchange registration = exchange("register", "POST /v2.6/agents/" + id_of(name), status, body);
    registration.peer = "registrar";
    return add(where(name), registration);
}

Script& Script::session_by_nobody() {
    h::Exchange session = exchange("request", "POST /v3.0/sessions", 200, "{}");
    session.request.body = session_request(agent);
    return add(where("nobody[0]"), session);
}

Script& Script::no_attestations() {
    return add(where(), exchange("negotiate", "POST " + attestations_of(agent), 404, ""));
}

Script& Script::restart_verifier() {
    return add({scenario_, step_}, h::StackEvent{"restart", "the verifier was restarted", {}});
}

Script& Script::session(int status, const std::string& name, const std::string& source) {
    const std::string body =
        fmt::format(R"({{"data":{{"attributes":{{"authentication_requested":[{{"chosen_parameters":)"
                    R"({{"challenge":"{}"}}}}]}}}}}})",
                    new_challenge());
    h::Exchange session =
        exchange("authenticate", "POST /v3.0/sessions", status, status == 200 ? body : "{}");
    session.request.body = session_request(name);
    session.source = source;
    if (status == 429) session.outcome.response->headers.emplace_back("Retry-After", "60");
    return add(where(name), session);
}

Script& Script::proof(Duration token_lifetime, const std::string& name) {
    const WallTime received = clock_.wall_now();
    const std::string body =
        fmt::format(R"({{"data":{{"attributes":{{"response_received_at":"{}","token_expires_at":"{}",)"
                    R"("token":"a-session.{}"}}}}}})",
                    to_rfc3339(received),
                    to_rfc3339(received + std::chrono::duration_cast<WallTime::duration>(token_lifetime)),
                    token(tokens_++));
    return add(where(name), exchange("authenticate", "PATCH /v3.0/sessions/id", 200, body));
}

Script& Script::proof_refused(const std::string& name) {
    return add(where(name), exchange("authenticate", "PATCH /v3.0/sessions/id", 401,
                                     R"({"data":{"attributes":{"evaluation":"fail"}}})"));
}

Script& Script::negotiate_in_vain(int status, const std::string& code, const std::string& name) {
    const std::string body =
        code.empty() ? "{}" : fmt::format(R"({{"errors":[{{"status":"{}","code":"{}"}}]}})", status, code);
    h::Exchange refused = exchange("negotiate", "POST " + attestations_of(name), status, body);
    if (borne_) refused.request.headers.emplace_back("Authorization", "Bearer a-session." + token(*borne_));
    return add(where(name), refused);
}

Script& Script::restart(const std::string& name) {
    return add(where(name), h::MachineAct{.act = "restart_agent"});
}

Script& Script::negotiate(int index, const std::string& name) {
    std::string body = negotiation_;
    if (const std::size_t at = body.find(no_challenge); at != std::string::npos)
        body.replace(at, no_challenge.size(), new_challenge());
    h::Exchange negotiate = exchange("negotiate", "POST " + attestations_of(name), 201, body);
    negotiate.index = index;
    add(where(name), negotiate);
    clock_.advance(held_);
    return *this;
}

Script& Script::attest(int index, int status, const std::string& code, const std::string& name) {
    negotiate(index, name);
    add(where(name), h::TpmOperation{"quote", std::chrono::milliseconds{2}, "", quote_, quote_clock_});
    h::Exchange submit = h::test::an_exchange(
        status, fmt::format(R"({{"meta":{{"seconds_to_next_attestation":{}}}}})", seconds_to_next_));
    submit.request.target = fmt::format("{}/{}", attestations_of(name), index);
    submit.outcome.timings.start = clock_.now();
    submit.outcome.reused_connection = reused_;
    if (!code.empty()) {
        submit.outcome.response->body =
            fmt::format(R"({{"errors":[{{"status":"{}","code":"{}"}}]}})", status, code);
    }
    add(where(name), submit);
    return add(where(name), h::Cycle{"submit", status == 202 ? "reached" : "refused", status, code, index, "",
                                     std::exchange(doubt_, "")});
}

Script& Script::attest_in_doubt(int index) {
    doubt_ = "inconclusive: late";
    return attest(index, 403, "challenges_expired");
}

Script& Script::asked_for_nothing() {
    negotiation_ = R"({"data":{"attributes":{"evidence_requested":[]}}})";
    return *this;
}

Script& Script::quoting(const h::QuoteValues& quote) {
    quote_ = quote;
    return *this;
}

Script& Script::extend(int pcr, const std::string& name) {
    return add(where(name), h::MachineAct{"extend", pcr, {{"sha256", zeros}}, "text:x"});
}

Script& Script::stop(const std::string& name) {
    return add(where(name), h::MachineAct{.act = "stop_agent"});
}

Script& Script::submit_in_vain(int index, int status) {
    h::Exchange submit = h::test::an_exchange(status);
    submit.request.target = fmt::format("/v3.0/agents/id/attestations/{}", index);
    if (status == 0) {
        submit.outcome.response.reset();
        submit.outcome.failure =
            transport::Failure{transport::FailureKind::Reset, "the peer reset the connection"};
    }
    return add(where(), submit);
}

Script& Script::submit_refused(int index, const std::string& code) {
    h::Exchange submit = h::test::an_exchange(403);
    submit.request.target = fmt::format("/v3.0/agents/id/attestations/{}", index);
    submit.outcome.response->body = fmt::format(R"({{"errors":[{{"status":"403","code":"{}"}}]}})", code);
    return add(where(), submit);
}

Script& Script::attest_again(int index) {
    submit_refused(index, "evidence_immutable");
    return add(where(), h::Cycle{"submit", "reached", 403, "evidence_immutable", index});
}

Script& Script::tenant(const std::string& what, const std::string& name) {
    h::TenantAct act;
    act.act = what;
    act.request = HttpRequest{"PUT", "/v2.6/agents/" + id_of(name), {}, "{}"};
    act.response = HttpResponse{200, {}, "{}"};
    return add(where(name), act);
}

Script& Script::read_status_act(const std::string& name) {
    h::TenantAct act;
    act.act = "read_status";
    act.request = HttpRequest{"GET", "/v2.6/agents/" + id_of(name), {}, {}};
    act.response = HttpResponse{200, {}, "{}"};
    return add(where(name), act);
}

Script& Script::attest_in_vain(int index) {
    submit_in_vain(index);
    return add(where(),
               h::Cycle{.phase = "submit", .ending = "failed", .index = index, .reason = "no answer"});
}

Script& Script::verdict(int index, const std::string& evaluation, const std::string& reason,
                        const std::string& name) {
    h::Verdict verdict{.index = index};
    const std::string stage = evaluation == "pending" ? "evaluating_evidence" : "verification_complete";
    verdict.record.value = h::RecordVerdict{stage, evaluation};
    verdict.database.value = h::DatabaseVerdict{stage, evaluation, reason};
    if (evaluation == "pending") {
        verdict.log.unavailable = "the log says nothing of it";
    } else {
        verdict.log.value = h::LogVerdict{evaluation, reason};
    }
    return add(where(name), verdict);
}

Script& Script::status(const std::string& status, std::int64_t count, const std::string& name) {
    return add(where(name), h::StatusRead{status, count});
}

Script& Script::end_scenario(h::ScenarioEnd end) {
    return add({scenario_}, end);
}
Script& Script::end(h::End end) {
    return add({}, end);
}
std::string Script::text() const {
    return h::test::content(folder_.file());
}

std::string honest_run(std::vector<h::Expectation> expectations) {
    if (expectations.empty()) {
        expectations = {{.response = h::ResponseClause{{{202, 202}}},
                         .step = 1,
                         .source = "scenarios/honest-agent.yaml:9:13"},
                        {.verdict = h::VerdictClause{"pass"}, .step = 1},
                        {.status = h::StatusClause{"PASS"}, .agents = {"honest"}},
                        {.check = h::CheckClause{"accounted"}}};
    }
    Script script;
    script.stack().begin("honest-agent", std::move(expectations)).step(1, "attest");
    script.enrol(R"({"7":[")" + quoted + R"("]})");
    for (int index = 0; index < 3; ++index)
        script.attest(index).verdict(index, "pass");
    return script.status("PASS", 3).end_scenario().end().text();
}

std::string mismatch_run(const std::string& expected_verdict) {
    Script script;
    script.stack().begin(
        "pcr-mismatch",
        {{.verdict = h::VerdictClause{expected_verdict, expected_verdict == "fail" ? "policy_violation" : ""},
          .step = 1,
          .agents = {"honest"},
          .source = "scenarios/pcr-mismatch.yaml:12:13"}});
    script.step(1, "attest").enrol().attest(0).verdict(0, "fail", "policy_violation").status("FAIL", 0);
    return script.end_scenario().end().text();
}

h::History read(const std::string& text) {
    const h::test::TemporaryFolder folder;
    h::test::overwrite(folder.file(), text);
    auto history = h::read_history(folder.file());
    if (!history) throw std::runtime_error(history.error().text());
    return std::move(*history);
}

RunReport judged(const std::string& text) {
    return judge(read(text));
}

namespace {

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (std::size_t n = 0; n < lines.size(); ++n) {
        text += fmt::format("{{\"n\":{}{}\n", n, lines[n].substr(lines[n].find(',')));
    }
    return text;
}

std::size_t line_with(const std::vector<std::string>& lines, const std::string& part, int number) {
    for (std::size_t n = 0; n < lines.size(); ++n) {
        if (lines[n].find(part) != std::string::npos && number-- == 0) return n;
    }
    throw std::runtime_error("no line with " + part);
}

}  // namespace

std::string without(const std::string& text, const std::string& part, int number) {
    auto lines = h::test::lines_of(text);
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(line_with(lines, part, number)));
    return joined(lines);
}

std::string with_line(const std::string& text, const std::string& part, int number,
                      const std::function<void(std::string&)>& change) {
    auto lines = h::test::lines_of(text);
    change(lines[line_with(lines, part, number)]);
    return joined(lines);
}

std::function<void(std::string&)> replacing(const std::string& from, const std::string& to) {
    return [from, to](std::string& line) {
        const std::size_t at = line.find(from);
        if (at == std::string::npos) throw std::runtime_error("no " + from + " in " + line);
        line.replace(at, from.size(), to);
    };
}

std::vector<Diagnosis> all_diagnoses(const RunReport& report) {
    std::vector<Diagnosis> all;
    for (const ScenarioReport& scenario : report.scenarios)
        all.insert(all.end(), scenario.diagnoses.begin(), scenario.diagnoses.end());
    return all;
}

namespace {

/// Without the line the agent has another cause, or none.
void expect_to_rest_on(const std::string& text, const std::string& rule, const Case& one, std::uint64_t n) {
    // Which policy was in force may be unknown: then the verifier's request speaks for it.
    if (rule == "no_policy_no_challenge" && n == one.evidence.back() && one.evidence.size() == 3) return;
    const RunReport report = judged(without(text, "{\"n\":" + std::to_string(n) + ","));
    for (const Diagnosis& left : all_diagnoses(report)) {
        for (const Case& other : left.cases) {
            EXPECT_FALSE(left.rule == rule && other.agent == one.agent && other.cause == one.cause)
                << rule << " of " << one.agent << " without line " << n;
        }
    }
}

}  // namespace

void expect_causes_rest_on_their_lines(const std::string& text) {
    const RunReport whole = judged(text);
    for (const Diagnosis& one : all_diagnoses(whole)) {
        for (const Case& own : one.cases) {
            for (const std::uint64_t n : own.evidence)
                expect_to_rest_on(text, one.rule, own, n);
        }
    }
}

std::vector<std::string> findings(const RunReport& report, const std::string& check) {
    std::vector<std::string> texts;
    for (const Finding& finding : report.scenarios.at(0).findings) {
        if (finding.check == check) texts.push_back(finding.text);
    }
    return texts;
}

std::vector<std::string> not_checked(const RunReport& report, const std::string& check) {
    std::vector<std::string> reasons;
    for (const NotChecked& what : report.scenarios.at(0).not_checked) {
        if (what.check == check) reasons.push_back(what.reason);
    }
    return reasons;
}

}  // namespace pushsim::reports::test
