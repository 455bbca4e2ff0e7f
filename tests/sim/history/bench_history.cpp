#include <benchmark/benchmark.h>

#include "sim/history/redaction.hpp"
#include "tests/sim/history/support.hpp"

namespace pushsim::history {
namespace {

using test::a_head;
using test::an_exchange;
using test::TemporaryFolder;

void append(benchmark::State& state, Bodies bodies) {
    const TemporaryFolder folder;
    const core::SystemClock clock;
    auto writer = HistoryWriter::open(folder.file(), clock, a_head(), {.bodies = bodies});
    // A verifier echoes evidence: some kilobytes.
    const std::string echo =
        R"({"data":{"attributes":{"evidence":[{"data":{"message":")" + std::string(4000, 'A') + R"("}}]}}})";
    Exchange exchange = an_exchange(202, echo);
    exchange.request.headers.emplace_back("Authorization",
                                          "Bearer 18fb02d3-8ed1-44ca.Hg3efmXk0zRJcz3s604IrW");
    exchange.request.body = echo;
    const Where where{"honest-agent", 3, "honest[1234]"};
    for (auto _ : state)
        benchmark::DoNotOptimize((*writer)->append(where, exchange));
    state.counters["octets"] = benchmark::Counter(
        static_cast<double>(std::filesystem::file_size(folder.file())), benchmark::Counter::kAvgIterations);
}
void AppendExchange(benchmark::State& state) {
    append(state, Bodies::Failures);
}
void AppendExchangeWithBodies(benchmark::State& state) {
    append(state, Bodies::All);
}
BENCHMARK(AppendExchange)->Unit(benchmark::kMicrosecond);
BENCHMARK(AppendExchangeWithBodies)->Unit(benchmark::kMicrosecond);

void RedactBodyWithManySecretsKnown(benchmark::State& state) {
    Redactor redactor;
    for (int i = 0; i < 10'000; ++i)
        redactor.learn("session-" + std::to_string(i) + ".Hg3efmXk0zRJcz3s604IrW-yq5_N7pEc" +
                       std::to_string(i));
    const std::string body(10'000, 'A');
    for (auto _ : state)
        benchmark::DoNotOptimize(redactor.body(body));
}
BENCHMARK(RedactBodyWithManySecretsKnown)->Unit(benchmark::kMicrosecond);

void ReadLine(benchmark::State& state) {
    const std::string line =
        test::lines_of(test::written({an_exchange(202)}, {.bodies = Bodies::None})).back();
    for (auto _ : state)
        benchmark::DoNotOptimize(parse_entry(line));
}
BENCHMARK(ReadLine)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pushsim::history
