#include "reports/waits.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "reports/nearest_rank.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

constexpr std::size_t most_operations = 3;  // for a person; report.json has all
constexpr std::size_t fewest_agents = 20;   // of fewer the 95th percentile is the largest

Duration percentile(const std::vector<Duration>& sorted, std::size_t percent) {
    return sorted[nearest_rank(sorted.size(), percent)];
}

std::string spread_text(const Spread& spread) {
    return fmt::format("p50 {}, p95 {}, max {}", short_time(spread.p50), short_time(spread.p95),
                       short_time(spread.max));
}

std::string percent_text(Duration part, Duration whole) {
    const auto percent = std::lround(100 * std::chrono::duration<double>(part) / whole);
    return percent == 0 && part > Duration::zero() ? "<1%" : fmt::format("{}%", percent);
}

/// "81% exchanges with the servers, …", the largest first; empty where no time was spent.
std::string shares_text(const Waits& waits) {
    Duration lasted{};
    Duration waited{};
    for (const TpmJobs& jobs : waits.tpm) {
        if (jobs.operation == "provision") continue;  // before anything is asked of the servers
        lasted += jobs.lasted.sum;
        waited += jobs.waited.sum;
    }
    std::vector<std::pair<Duration, const char*>> parts{
        {waits.exchanges, "exchanges with the servers"},
        {waits.gate ? waits.gate->sum : Duration{}, "at the gate"},
        {lasted, "TPMs"},
        {waited, "waiting for a TPM thread"}};
    std::ranges::stable_sort(parts, std::ranges::greater{}, [](const auto& part) { return part.first; });
    const Duration whole = std::accumulate(parts.begin(), parts.end(), Duration{},
                                           [](Duration sum, const auto& part) { return sum + part.first; });
    if (whole <= Duration::zero()) return "";
    std::vector<std::string> words;
    for (const auto& [part, what] : parts) {
        if (part > Duration::zero()) words.push_back(fmt::format("{} {}", percent_text(part, whole), what));
    }
    return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

Spread spread_of(std::vector<Duration> durations) {
    if (durations.empty()) return {};
    std::ranges::sort(durations);
    return {.count = durations.size(),
            .p50 = percentile(durations, 50),
            .p95 = percentile(durations, 95),
            .max = durations.back(),
            .sum = std::accumulate(durations.begin(), durations.end(), Duration{})};
}

Waits waits_of(const ScenarioView& scenario) {
    struct Seen {
        std::vector<Duration> lasted;
        std::vector<Duration> waited;
        int longest_queue = 0;
    };
    std::map<std::string, Seen> operations;
    std::vector<Duration> queued;
    Waits waits;
    for (const history::Entry* line : scenario.lines) {
        if (const auto* operation = as<history::TpmOperation>(line)) {
            Seen& seen = operations[operation->operation];
            seen.lasted.push_back(operation->duration);
            seen.waited.push_back(operation->waited);
            seen.longest_queue = std::max(seen.longest_queue, operation->ahead);
        } else if (const auto* exchange = as<history::ExchangeSeen>(line)) {
            waits.exchanges += exchange->total;
            if (exchange->queued) queued.push_back(*exchange->queued);
        }
    }
    for (auto& [operation, seen] : operations) {
        waits.tpm.push_back({operation, spread_of(std::move(seen.lasted)), spread_of(std::move(seen.waited)),
                             seen.longest_queue});
    }
    if (!queued.empty()) waits.gate = spread_of(std::move(queued));
    return waits;
}

std::vector<std::string> waits_text(const ScenarioReport& scenario) {
    const Waits& waits = scenario.waits;
    std::vector<std::string> lines;
    if (scenario.agents < fewest_agents) return lines;
    std::vector<TpmJobs> jobs = waits.tpm;
    std::ranges::stable_sort(jobs, std::ranges::greater{},
                             [](const TpmJobs& one) { return one.lasted.sum + one.waited.sum; });
    jobs.resize(std::min(jobs.size(), most_operations));
    for (const TpmJobs& one : jobs) {
        lines.push_back(fmt::format("TPM    {} {}: {}; waited {}; longest queue {}", one.lasted.count,
                                    printable(one.operation), spread_text(one.lasted),
                                    spread_text(one.waited), one.longest_queue));
    }
    if (waits.gate)
        lines.push_back(fmt::format("gate   {}: waited {}", counted(waits.gate->count, "exchange"),
                                    spread_text(*waits.gate)));
    if (const std::string shares = shares_text(waits); !shares.empty())
        lines.push_back("time   of the agents, once their TPMs were made: " + shares);
    return lines;
}

}  // namespace pushsim::reports
