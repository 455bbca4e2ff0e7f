#include "tests/bench_history/made_run.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "agent/base/bytes.hpp"
#include "sim/core/clock.hpp"
#include "sim/history/writer.hpp"

namespace pushsim::bench {
namespace {

namespace h = pushsim::history;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kCyclesOfASession = 18;  // a token of three minutes, an attestation every ten seconds
constexpr int kExchangesToEnrol = 3;   // version, registration, activation
constexpr int kExchangesOfASession = 2;
constexpr int kExchangesOfACycle = 2;

/// As many hexadecimal digits; no two numbers have the same.
std::string hex(std::uint64_t number, int width) {
    return fmt::format("{:0{}x}", number * 0x9E3779B97F4A7C15U, width);
}

class MadeRun {
  public:
    MadeRun(const std::filesystem::path& path, const RunSize& size) : size_(size) {
        h::Head head{.pushsim_version = "0.1.0", .command = "pushsim run", .seed = 1};
        head.started = clock_.wall_now();
        auto writer = h::HistoryWriter::open(path, clock_, head, {});
        if (!writer) throw std::runtime_error(writer.error().text());
        writer_ = std::move(*writer);
    }

    void write() {
        add({}, h::StackEvent{
                    "started", "",
                    h::StackFacts{"local", "7.14.3", "on loopback", "127.0.0.1:41810", "127.0.0.1:41811"}});
        if (size_.conformance) {
            h::Conformance scope{.profile = "full"};
            for (int number = 0; number < size_.scenarios; ++number)
                scope.requirements.push_back({.id = requirement(number),
                                              .text = "Evidence as the policy allows it passes.",
                                              .decided_by = {name_of(number)}});
            add({}, scope);
        }
        for (int number = 0; number < size_.scenarios; ++number) {
            number_ = number;
            scenario(name_of(number));
        }
        add({}, h::End{});
    }

  private:
    std::string name_of(int number) const {
        return size_.scenarios == 1 ? "load" : fmt::format("load-{}", number);
    }
    static std::string requirement(int number) { return fmt::format("KPM-VER-{:03}", number + 1); }

    void scenario(const std::string& name) {
        scenario_ = name;
        h::ScenarioStart start{.title = "Agents attest again and again", .file = "scenarios/load.yaml"};
        start.groups = {{"fleet", size_.agents}};
        start.expectations = {{.response = h::ResponseClause{.status = {{202, 202}}},
                               .verdict = h::VerdictClause{"pass"},
                               .step = 1},
                              {.status = h::StatusClause{"PASS"}, .agents = {"fleet"}},
                              {.metric = h::MetricClause{"submit.p99", h::MetricClause::Comparison::Less,
                                                         std::chrono::seconds{1}}},
                              {.check = h::CheckClause{"invariants"}}};
        if (size_.conformance) start.expectations.front().decides = {requirement(number_)};
        start.plan = "stack:\n  verifier:\n    quote_interval: 10s\n";
        add({scenario_}, start);
        for (int agent = 0; agent < size_.agents; ++agent)
            make(agent);
        add({scenario_, 1}, h::StepStart{"attest", {"fleet"}});
        for (int agent = 0; agent < size_.agents; ++agent)
            enrol(agent);
        cycles();
        add({scenario_, 1}, h::StepEnd{"attest"});
        for (int agent = 0; agent < size_.agents; ++agent)
            read_status(agent);
        add({scenario_}, h::ScenarioEnd{});
    }

    void make(int agent) {
        const h::Where where{scenario_, std::nullopt, name(agent)};
        add(where, h::TpmOperation{.operation = "provision",
                                   .duration = microseconds{53},
                                   .ak_name = "000b" + hex(agent_id(agent), 64),
                                   .waited = microseconds{788}});
        add(where, h::MachineAct{"extend", 7, {{"sha256", std::string(64, 'a')}}, "text:secure-boot-on"});
    }

    void enrol(int agent) {
        exchange(agent, "register", "registrar", "GET", "/version", 200, R"({"results":{}})");
        operation(agent, "describe");
        const std::string target = "/v2.6/agents/" + id(agent);
        exchange(agent, "register", "registrar", "POST", target, 200, R"({"results":{}})");
        operation(agent, "activate_credential");
        exchange(agent, "activate", "registrar", "PUT", target, 200, R"({"results":{}})");
        h::TenantAct act{.act = "enrol", .request = HttpRequest{"POST", target, {}, "{}"}};
        act.response = HttpResponse{200, {}, R"({"code":200})"};
        act.duration = milliseconds{20};
        act.tpm_policy = fmt::format(R"({{"0":["{0:064}"],"7":["{1:064}"],"mask":"0x81"}})", 0, 7);
        act.ak_name = "000b" + hex(agent_id(agent), 64);
        add(where(agent), act);
    }

    void cycles() {
        const auto wanted = size_.exchanges / static_cast<std::uint64_t>(size_.scenarios);
        std::uint64_t made = 0;
        for (int cycle = 0; made < wanted; ++cycle) {
            for (int agent = 0; agent < size_.agents; ++agent) {
                if (cycle % kCyclesOfASession == 0) {
                    session(agent);
                    made += kExchangesOfASession;
                }
                attest(agent, cycle);
                made += kExchangesOfACycle;
            }
            if (cycle == 0) made += kExchangesToEnrol * static_cast<std::uint64_t>(size_.agents);
            clock_.advance(std::chrono::seconds{10});
            for (int agent = 0; agent < size_.agents; ++agent)
                verdict(agent, cycle);
            cycles_ = cycle + 1;
        }
    }

    void session(int agent) {
        const std::uint64_t number = ++ids_;
        exchange(agent, "authenticate", "verifier", "POST", "/v3.0/sessions", 200,
                 fmt::format(R"({{"data":{{"attributes":{{"authentication_requested":[{{"chosen_parameters":)"
                             R"({{"challenge":"{}"}}}}]}}}}}})",
                             challenge()));
        operation(agent, "certify");
        exchange(
            agent, "authenticate", "verifier", "PATCH", "/v3.0/sessions/" + uuid(number), 200,
            fmt::format(R"({{"data":{{"attributes":{{"response_received_at":"2026-11-23T15:00:34.5+00:00",)"
                        R"("token":"{}.{}","token_expires_at":"2026-11-23T15:03:34.5+00:00"}}}}}})",
                        uuid(number), hex(number, 32)));
    }

    void attest(int agent, int index) {
        const std::string target = fmt::format("/v3.0/agents/{}/attestations", id(agent));
        operation(agent, "describe");
        exchange(
            agent, "negotiate", "verifier", "POST", target, 201,
            fmt::format(R"({{"data":{{"attributes":{{"evidence_requested":[{{"evidence_type":"tpm_quote",)"
                        R"("chosen_parameters":{{"challenge":"{}"}}}}],"capabilities_received_at":)"
                        R"("2026-11-23T15:00:34.944070+00:00","challenges_expire_at":)"
                        R"("2026-11-23T15:30:34.944070+00:00"}}}}}})",
                        challenge()),
            index);
        h::TpmOperation quote{.operation = "quote", .duration = microseconds{431}};
        quote.quote = h::QuoteValues{"sha256", {{0, std::string(64, '0')}, {7, fmt::format("{:064}", 7)}}};
        quote.clock = h::QuoteClock{70'559 + ids_, 2, 0, true};
        quote.waited = microseconds{31};
        add(where(agent), quote);
        exchange(
            agent, "submit", "verifier", "PATCH", fmt::format("{}/{}", target, index), 202,
            fmt::format(R"({{"data":{{"id":"{}"}},"meta":{{"seconds_to_next_attestation":10}}}})", ++ids_),
            index);
        add(where(agent), h::Cycle{"submit", "reached", 202, "", index, "evidence accepted"});
    }

    void verdict(int agent, int index) {
        h::TenantAct act{.act = "read_verdict"};
        act.request = HttpRequest{"GET", fmt::format("/v3.0/agents/{}/attestations/{}", id(agent), index)};
        act.response = HttpResponse{200, {}, fmt::format(R"({{"data":{{"id":"{}"}}}})", ++ids_)};
        act.duration = milliseconds{35};
        add(where(agent), act);
        h::Verdict verdict{.index = index};
        verdict.record.value = h::RecordVerdict{"verification_complete", "pass"};
        verdict.database.value =
            h::DatabaseVerdict{"verification_complete",
                               "pass",
                               "",
                               fmt::format("2026-11-27T13:42:15.{:06}Z", ids_ % 1'000'000),
                               fmt::format("2026-11-27T14:12:15.{:06}Z", ids_ % 1'000'000),
                               fmt::format("2026-11-27T13:42:16.{:06}Z", ids_ % 1'000'000)};
        verdict.log.value = h::LogVerdict{"pass"};
        add(where(agent), verdict);
    }

    void read_status(int agent) {
        h::TenantAct act{.act = "read_status"};
        act.request = HttpRequest{"GET", "/v2.6/agents/" + id(agent)};
        act.response = HttpResponse{200, {}, R"({"code":200})"};
        act.duration = milliseconds{16};
        const h::Where here{scenario_, 2, name(agent)};
        add(here, act);
        add(here, h::StatusRead{"PASS", cycles_, 1'795'786'935, 1'795'786'935});
    }

    void operation(int agent, const char* name) {
        add(where(agent),
            h::TpmOperation{.operation = name, .duration = microseconds{4}, .waited = microseconds{18}});
    }

    void exchange(int agent, const char* phase, const char* peer, const char* method,
                  const std::string& target, int status, std::string answer,
                  std::optional<int> index = std::nullopt) {
        h::Exchange seen{.phase = phase, .peer = peer};
        seen.request = {method, target, {}, fmt::format(R"({{"request":{}}})", ++ids_)};
        seen.request_id = hex(ids_, 16).substr(0, 12);
        seen.index = index;
        seen.source = fmt::format("127.64.{}.{}", agent / 256, agent % 256);
        seen.outcome.response = HttpResponse{status, {}, std::move(answer)};
        seen.outcome.reused_connection = true;
        auto& timings = seen.outcome.timings;
        timings.start = clock_.now();
        timings.send = microseconds{33};
        timings.wait = microseconds{544'858};
        timings.receive = microseconds{0};
        timings.total = microseconds{544'919};
        add(where(agent), seen);
    }

    void add(const h::Where& where, const h::Record& record) {
        clock_.advance(microseconds{100});
        if (auto written = writer_->append(where, record); !written)
            throw std::runtime_error(written.error().text());
    }
    h::Where where(int agent) const { return {scenario_, 1, name(agent)}; }
    static std::string name(int agent) { return fmt::format("fleet[{}]", agent); }
    static std::uint64_t agent_id(int agent) { return static_cast<std::uint64_t>(agent) + 1; }
    std::string id(int agent) const { return uuid(agent_id(agent)); }
    static std::string uuid(std::uint64_t number) {
        const std::string digits = hex(number, 16) + hex(~number, 16);
        return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4),
                           digits.substr(16, 4), digits.substr(20, 12));
    }
    std::string challenge() {
        const std::uint64_t number = ++ids_;
        return to_base64(as_bytes(hex(number, 16) + hex(~number, 16)));
    }

    RunSize size_;
    core::SimulatedClock clock_;
    std::unique_ptr<h::HistoryWriter> writer_;
    int number_ = 0;  ///< of the scenario
    std::string scenario_;
    std::uint64_t ids_ = 0;
    int cycles_ = 0;
};

}  // namespace

void write_run(const std::filesystem::path& path, const RunSize& size) {
    MadeRun{path, size}.write();
}

}  // namespace pushsim::bench
