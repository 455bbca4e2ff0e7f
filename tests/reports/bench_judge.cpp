// What it costs to judge a run, by the number of its exchanges: a run is judged after each of its scenarios.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "reports/report.hpp"

namespace pushsim::reports {
namespace {

namespace h = pushsim::history;
using std::chrono::milliseconds;

/// Every clause that there is about agents.
std::vector<h::Expectation> expectations() {
    return {{.response = h::ResponseClause{.status = {{202, 202}}, .retry_after = {}}, .step = 1},
            {.verdict = h::VerdictClause{"pass"}, .step = 1},
            {.status = h::StatusClause{"PASS", h::StatusClause::When::Always}, .step = 1},
            {.requests = {{"sessions", 0, true}}, .step = 1},
            {.metric = h::MetricClause{"submit.p99", h::MetricClause::Comparison::Less, milliseconds{250}}},
            {.metric = h::MetricClause{.metric = "error.share", .number = 0.01}},
            {.check = h::CheckClause{"invariants"}}};
}

/// Agents that attest in turn, two exchanges each time. Of `refused` ones every evidence comes too late.
class Run {
  public:
    h::History history;

    Run(int agents, int exchanges, bool refused) {
        history.head.emplace();
        h::ScenarioStart start;
        start.groups = {{"fleet", agents}};
        start.expectations = expectations();
        add({"fleet"}, start);
        add({"fleet", 1}, h::StepStart{"attest", {"fleet"}});
        for (int agent = 0; agent < agents; ++agent)
            enrol(where(agent), agent);
        for (int i = 0; i < exchanges / 2; ++i)
            cycle(where(i % agents), i % agents, i / agents, refused);
        add({"fleet", 1}, h::StepEnd{"attest", ""});
        add({"fleet"}, h::ScenarioEnd{});
        add({}, h::End{});
    }

  private:
    static h::Where where(int agent) { return {"fleet", 1, fmt::format("fleet[{}]", agent)}; }
    static std::string attestations(int agent) { return fmt::format("/v3.0/agents/{}/attestations", agent); }

    void add(const h::Where& where, h::Event event) {
        h::Entry& entry = history.entries.emplace_back();
        entry.n = history.entries.size();
        entry.t = t_ += milliseconds{1};
        entry.where = where;
        entry.event = std::move(event);
    }
    void enrol(const h::Where& where, int agent) {
        h::TenantActSeen act{"enrol", "POST", fmt::format("/v2.6/agents/{}", agent), 200};
        act.tpm_policy = R"({"7":["00"]})";
        add(where, act);
    }
    h::ExchangeSeen exchange(const char* phase, const char* method, std::string target, int index,
                             int status) {
        h::ExchangeSeen seen{phase, "verifier"};
        seen.method = method;
        seen.target = std::move(target);
        seen.index = index;
        seen.status = status;
        seen.start = t_;
        seen.total = milliseconds{1};
        return seen;
    }
    void cycle(const h::Where& where, int agent, int index, bool refused) {
        h::ExchangeSeen negotiated = exchange("negotiate", "POST", attestations(agent), index, 201);
        negotiated.negotiated =
            h::NegotiatedSeen{{"tpm_quote"}, "2026-11-23T15:00:34Z", "2026-11-23T15:00:36Z"};
        negotiated.challenge = fmt::format("{}", history.entries.size());
        add(where, negotiated);
        add(where, h::TpmOperation{"quote", milliseconds{2}, "", h::QuoteValues{"sha256", {{7, "00"}}}});
        h::ExchangeSeen submitted = exchange(
            "submit", "PATCH", fmt::format("{}/{}", attestations(agent), index), index, refused ? 403 : 202);
        if (refused) submitted.code = "challenges_expired";
        if (!refused) submitted.seconds_to_next = 1;
        add(where, submitted);
        add(where, h::Cycle{"submit", refused ? "refused" : "reached", submitted.status, submitted.code,
                            index, "why"});
        if (refused) return;
        h::Verdict verdict{.index = index};
        verdict.record.value = h::RecordVerdict{"verification_complete", "pass"};
        verdict.log.value = h::LogVerdict{"pass"};
        add(where, verdict);
        add(where, h::StatusRead{"PASS", index + 1});
    }

    Duration t_{};
};

void judge_run(benchmark::State& state, int agents, bool refused) {
    const Run run{agents, static_cast<int>(state.range(0)), refused};
    for (auto _ : state)
        benchmark::DoNotOptimize(judge(run.history));
    state.SetComplexityN(state.range(0));
}

void OneAgent(benchmark::State& state) {
    judge_run(state, 1, false);
}
void ManyAgents(benchmark::State& state) {
    judge_run(state, static_cast<int>(state.range(0) / 10), false);
}
void OneAgentRefused(benchmark::State& state) {
    judge_run(state, 1, true);
}
void ManyAgentsRefused(benchmark::State& state) {
    judge_run(state, static_cast<int>(state.range(0) / 10), true);
}
void sizes(benchmark::internal::Benchmark* bench) {
    bench->RangeMultiplier(2)->Range(12'500, 100'000)->Unit(benchmark::kMillisecond)->Complexity();
}
BENCHMARK(OneAgent)->Apply(sizes);
BENCHMARK(ManyAgents)->Apply(sizes);
BENCHMARK(OneAgentRefused)->Apply(sizes);
BENCHMARK(ManyAgentsRefused)->Apply(sizes);

}  // namespace
}  // namespace pushsim::reports
