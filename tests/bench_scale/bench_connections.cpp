// bench_connections [MANY]: what connections cost, by goal. Other arguments are for other benches.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/bench_scale/connections.hpp"
#include "tests/bench_scale/process_cost.hpp"
#include "tests/bench_scale/row.hpp"

namespace {

constexpr double kMostMemory = 32 * 1024, kMostTime = 0.1, kMostChange = 0.1;

}  // namespace

int main(int count, char** arguments) {
    using namespace pushsim;
    using Milliseconds = std::chrono::duration<double, std::milli>;
    bench::ConnectionLoad load;
    if (const auto many = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 0; many > load.few)
        load.many = many;
    fmt::print("machine: {}\n", bench::machine());
    const auto costs = bench::measure_connections(load);
    if (!costs) {
        fmt::print(stderr, "{}\n", costs.error().text());
        return 3;
    }
    const std::size_t few = costs->few, many = costs->many;
    const auto memory = static_cast<double>(costs->octets_each);
    std::vector<bench::Row> rows{{fmt::format("an idle keep-alive TLS connection, of {}", many),
                                  fmt::format("{:.1f} KiB", memory / 1024), "at most 32 KiB",
                                  memory <= kMostMemory}};
    const auto request = [&rows](const std::string& which, const bench::ConnectionCosts::Request& cost) {
        const double time = Milliseconds(cost.time).count();
        rows.push_back({"processor time of a request, " + which, fmt::format("{:.4f} ms", time),
                        "at most 0.1 ms", time <= kMostTime});
        if (cost.ratio == 1) return;
        rows.push_back({"  to that with few open", fmt::format("{:.2f}", cost.ratio), "0.9 to 1.1",
                        std::abs(cost.ratio - 1) <= kMostChange});
    };
    request(fmt::format("{} open", few), costs->few_open);
    request(fmt::format("{} of {} open in use", few, many), costs->few_of_many);
    request(fmt::format("any of {} open", many), costs->random_of_many);
    for (const auto& row : rows)
        fmt::print("{}", bench::text(row));
    return 0;
}
