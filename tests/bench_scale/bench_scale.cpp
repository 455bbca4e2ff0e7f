// bench_scale [--agents N] [connections|tpms|fleet|early-end]…: what many agents cost, by goal; all where
// none is named. Arguments that begin with --benchmark are for other benches.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "agent/tpm/library.hpp"
#include "sim/core/clock.hpp"
#include "sim/pool/pools.hpp"
#include "tests/bench_scale/bare_sockets.hpp"
#include "tests/bench_scale/connections.hpp"
#include "tests/bench_scale/early_end.hpp"
#include "tests/bench_scale/fleet.hpp"
#include "tests/bench_scale/process_cost.hpp"
#include "tests/bench_scale/row.hpp"
#include "tests/bench_scale/tpms.hpp"

namespace {

using namespace pushsim;
using bench::Compared;
using Milliseconds = std::chrono::duration<double, std::milli>;

// What people have today, an agent: the Keylime Rust agent with a swtpm (measured with Keylime 7.14.3).
constexpr double kRustMilliseconds = 28;
constexpr double kRustKibibytes = 6'500;

double milliseconds(Duration duration) {
    return Milliseconds(duration).count();
}

class Table {
  public:
    void at_most(const std::string& what, double value, const char* unit, double most, int digits) {
        add({what, fmt::format("{:.{}f} {}", value, digits, unit), fmt::format("at most {} {}", most, unit),
             value <= most});
    }
    void at_least(const std::string& what, double value, double least) {
        add({what, fmt::format("{:.2f}", value), fmt::format("at least {}", least), value >= least});
    }
    void within(const std::string& what, double value, double low, double high) {
        add({what, fmt::format("{:.2f}", value), fmt::format("{} to {}", low, high),
             value >= low && value <= high});
    }
    void say(const std::string& what, double value, const char* unit, int digits) {
        add({what, fmt::format("{:.{}f} {}", value, digits, unit), "", true});
    }
    void add(const bench::Row& row) {
        fmt::print("{}", bench::text(row));
        std::fflush(stdout);
        all_hold_ = all_hold_ && row.holds;
    }
    bool all_hold() const { return all_hold_; }

  private:
    bool all_hold_ = true;
};

Result<void> connections(Table& table, std::size_t agents) {
    const auto costs = bench::measure_connections({.many = agents});
    if (!costs) return fail(costs.error());
    table.at_most(fmt::format("an idle keep-alive TLS connection, of {}", costs->many),
                  static_cast<double>(costs->octets_each) / 1024, "KiB", 32, 1);
    const auto request = [&](const std::string& which, const Compared& cost) {
        table.at_most("processor time of a request, " + which, milliseconds(cost.time), "ms", 0.1, 4);
    };
    request(fmt::format("{} open", costs->few), costs->few_open);
    request(fmt::format("{} of {} open in use", costs->few, costs->many), costs->few_of_many);
    table.within("  to that with few open", costs->few_of_many.ratio, 0.9, 1.1);
    // What each of many needs has left the processor's caches; the kernel's sockets alone show how much of it
    // nobody can avoid.
    request(fmt::format("any of {} open", costs->many), costs->random_of_many);
    table.say("  to that with few open", costs->random_of_many.ratio, "", 2);
    const auto bare = bench::measure_bare_sockets({.many = agents});
    if (!bare) return fail(bare.error());
    table.say("  bare sockets, without TLS and HTTP: the same ratio", bare->ratio, "", 2);
    return {};
}

Result<void> tpms(Table& table, const pool::Pool& pool, std::size_t agents) {
    const auto costs = bench::measure_tpms(pool, {.count = agents});
    if (!costs) return fail(costs.error());
    table.at_most(fmt::format("a TPM, of {} that have quoted twice", costs->count),
                  static_cast<double>(costs->octets_each) / 1024, "KiB", 32, 1);
    table.at_most(fmt::format("all {} ready from the pool, {} threads", costs->count, costs->threads),
                  milliseconds(costs->ready) / 1000, "s", 2, 2);
    table.say("  the first quote of each then costs", milliseconds(costs->first_quote), "ms", 2);
    table.add({"  signatures and digests that OpenSSL verified",
               fmt::format("{} of {}", costs->verified, costs->sample), "all",
               costs->verified == costs->sample});
    table.say("quotes a second and TPM thread, one TPM alone", 1000 / milliseconds(costs->alone), "", 0);
    table.say(fmt::format("  one of {} at random, swapped", costs->count),
              1000 / milliseconds(costs->one_of_many.time), "", 0);
    table.at_least("  to that alone", 1 / costs->one_of_many.ratio, 0.95);
    table.say("  with the accelerator rsa-factors", 1000 / milliseconds(costs->accelerated.time), "", 0);
    table.at_least("  to that without", 1 / costs->accelerated.ratio, 3);
    return {};
}

Result<void> fleet(Table& table, const pool::Pool& pool, std::size_t agents) {
    const auto costs = bench::measure_fleet(pool, {.many = agents});
    if (!costs) return fail(costs.error());
    table.at_most(fmt::format("an agent in all, of {}", costs->many),
                  static_cast<double>(costs->octets_each) / 1024, "KiB", 96, 1);
    table.say("  Rust agent and swtpm, measured once", kRustKibibytes, "KiB", 0);
    const auto cycle = [&](const char* how, const bench::CycleCosts& cost, double fraction) {
        table.say(fmt::format("processor time of a quote alone, {}", how), milliseconds(cost.quote), "ms", 3);
        const auto whole = [&](std::size_t count, const Compared& time) {
            table.at_most(fmt::format("  of a whole cycle, {} agents", count), milliseconds(time.time), "ms",
                          kRustMilliseconds / fraction, 3);
            if (fraction == 10) table.at_most("  to the quote alone", time.ratio, "", 1.25, 2);
        };
        whole(costs->few, cost.of_few);
        whole(costs->many, cost.of_many);
        table.at_most(fmt::format("  to that of {}", costs->few), cost.many_to_few, "", 1.1, 2);
    };
    cycle("accelerators: none", costs->plain, 10);
    cycle("accelerators: rsa-factors", costs->accelerated, 25);
    table.say("  Rust agent and swtpm, measured once", kRustMilliseconds, "ms", 0);
    return {};
}

Result<void> early_end(Table& table, std::size_t agents) {
    const auto end = bench::measure_early_end(agents);
    if (!end) return fail(end.error());
    table.add({fmt::format("a request of each of {} agents under way at SIGINT, in the history", agents),
               fmt::format("{} of {}", end->put_down, end->taken), "all",
               end->taken == agents && end->put_down == agents});
    table.at_most("  from the signal to the end of the process", milliseconds(end->took) / 1000, "s", 10, 2);
    table.at_most("  processes that it left", static_cast<double>(end->left), "", 0, 0);
    return {};
}

Result<pool::Pool> pool_of(std::size_t count) {
    const core::SystemClock clock;
    const auto place = pool::place_of("bench");
    if (!place) return fail(place.error());
    const auto progress = [live = ::isatty(STDERR_FILENO) == 1](std::size_t done, std::size_t total) {
        if (live || done % 500 == 0 || done == total)
            fmt::print(stderr, "{}making TPMs for benches: {} of {}{}", live ? "\r" : "", done, total,
                       live && done < total ? "" : "\n");
    };
    auto ensured =
        pool::ensure(*place, {.count = count, .ak = tpm::AkParent::None}, clock, {.progress = progress});
    if (!ensured) return fail(ensured.error());
    return std::move(ensured->pool);
}

int run(std::size_t agents, const std::vector<std::string>& parts) {
    const auto wanted = [&](const char* part) {
        return parts.empty() || std::ranges::find(parts, part) != parts.end();
    };
    fmt::print("machine: {}\nlibtpms {}; memory by {}; accelerators are on only where it is said\n",
               bench::machine(), tpm::Library::version(), bench::allocator());
    Table table;
    Result<void> done;
    std::optional<pool::Pool> pool;
    if (wanted("tpms") || wanted("fleet")) {
        auto made = pool_of(agents);
        if (!made) done = fail(made.error());
        if (made) pool.emplace(std::move(*made));
    }
    if (done && wanted("connections")) done = connections(table, agents);
    if (done && wanted("tpms")) done = tpms(table, *pool, agents);
    if (done && wanted("fleet")) done = fleet(table, *pool, agents);
    if (done && wanted("early-end")) done = early_end(table, agents);
    if (!done) {
        fmt::print(stderr, "bench_scale: {}\n", done.error().text());
        return 3;
    }
    return table.all_hold() ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
    std::size_t agents = 10'000;
    std::vector<std::string> parts;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--agents" && i + 1 < count) {
            agents = std::strtoul(arguments[++i], nullptr, 10);
        } else if (argument == "connections" || argument == "tpms" || argument == "fleet" ||
                   argument == "early-end") {
            parts.emplace_back(argument);
        } else if (!argument.starts_with("--benchmark")) {
            fmt::print(stderr, "usage: bench_scale [--agents N] [connections|tpms|fleet|early-end]...\n");
            return 2;
        }
    }
    if (agents < 200) {
        fmt::print(stderr, "bench_scale: --agents: at least 200\n");
        return 2;
    }
    return run(agents, parts);
}
