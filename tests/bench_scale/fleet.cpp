#include "tests/bench_scale/fleet.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"
#include "agent/transport/loop.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"
#include "sim/fleet/manner.hpp"
#include "sim/fleet/virtual_agent.hpp"
#include "tests/bench_scale/child.hpp"
#include "tests/bench_scale/process_cost.hpp"
#include "tests/sim/stack/support.hpp"
#include "tests/stand_in/process.hpp"

namespace pushsim::bench {
namespace {

namespace fs = std::filesystem;
using lifecycle::Finished;
using lifecycle::Phase;

constexpr std::size_t kWarmUp = 8;
constexpr Duration kPatience = std::chrono::minutes{20};

struct Order {
    bool accelerated = false;
    std::size_t cycles = 0;
    std::size_t quotes = 0;
};
struct Told {
    Duration a_cycle{};
    Duration a_quote{};
    std::uint64_t octets_each = 0;
};

/// A fleet as `pushsim run` has it.
class Fleet {
  public:
    Fleet(const pool::Pool& pool, const stand_in::Process& server, const fs::path& folder)
        : pool_(pool),
          history_(must(history::HistoryWriter::open(folder / "history.jsonl", clock_, {}))),
          tpms_(
              clock_, [this](fleet::Worker::Task task) { loop_.post(std::move(task)); },
              fleet::TpmThreads::of_this_machine()),
          surroundings_{loop_,
                        clock_,
                        *history_,
                        server.registrar(),
                        server.verifier(),
                        must(transport::TlsIdentity::make({.ca_files = {server.ca_file().string()}})),
                        1,
                        "bench"} {}

    /// Registered, with a token, and two cycles done. Private memory of each but the first few.
    std::uint64_t make(std::size_t count) {
        add(kWarmUp);
        const std::uint64_t before = must(private_memory());
        add(count);
        const std::uint64_t after = must(private_memory());
        return (after - std::min(after, before)) / (count - kWarmUp);
    }

    /// Processor time of each cycle, of agents drawn at random.
    Duration cycle(std::size_t count, std::size_t in_flight) {
        const Duration before = cpu_time();
        pursue(count, in_flight, [this] {
            for (;;) {
                const std::size_t drawn = random_.next() % agents_.size();
                if (!busy_[drawn]) return drawn;
            }
        });
        return (cpu_time() - before) / static_cast<Duration::rep>(count);
    }

    /// Processor time of each quote by a TPM of its own.
    Duration quote(std::size_t count) {
        if (!single_) single_ = std::make_unique<Single>(pool_);
        const Duration before = cpu_time();
        for (std::size_t i = 0; i < count; ++i)
            (void)must(single_->keys.quote(Bytes(20, 1), tpm::HashAlgorithm::Sha256, {0, 7}));
        return (cpu_time() - before) / static_cast<Duration::rep>(count);
    }

  private:
    struct Single {
        explicit Single(const pool::Pool& pool) : tpm(host, must(pool.read(0)).permanent_state) {
            (void)must(keys.quote(Bytes(20, 1), tpm::HashAlgorithm::Sha256, {0, 7}));
        }
        tpm::TpmHost host;
        tpm::VirtualTpm tpm;
        tpm::AttestationKeys keys = [this] {
            must(tpm.power_on());
            return must(tpm::AttestationKeys::persistent(tpm));
        }();
    };

    void add(std::size_t count) {
        constexpr std::size_t kAtOnce = 64;
        const std::size_t first = agents_.size();
        for (std::size_t i = first; i < count; ++i)
            agents_.push_back(made(i));
        busy_.resize(count);
        for (int cycles = 0; cycles < 2; ++cycles) {
            std::size_t next = first;
            pursue(count - first, kAtOnce, [&next] { return next++; });
        }
    }

    std::unique_ptr<fleet::VirtualAgent> made(std::size_t number) {
        auto tpm = std::make_unique<fleet::AgentTpm>(
            tpms_, fleet::TpmDevice::Options{.pooled = fleet::TpmDevice::Options::Pooled{&pool_, number}});
        return std::make_unique<fleet::VirtualAgent>(
            surroundings_,
            fleet::VirtualAgent::Identity{fmt::format("a[{}]", number), "a", fmt::format("agent-{}", number)},
            fleet::Manner{.source_address = fleet::own_address(static_cast<int>(number))},
            boot::BootState(clock_.wall_now(), golden_), std::move(tpm));
    }

    void pursue(std::size_t count, std::size_t in_flight, const std::function<std::size_t()>& next) {
        std::size_t begun = 0, ended = 0;
        std::string failure;
        const std::function<void()> begin = [&] {
            ++begun;
            const std::size_t agent = next();
            busy_[agent] = true;
            agents_[agent]->pursue({.goal = Phase::Submit, .record = true},
                                   [&, agent](const Finished& finished) {
                                       ++ended;
                                       busy_[agent] = false;
                                       if (finished.ending != Finished::Ending::Reached)
                                           failure = finished.reason;
                                       if (begun < count && failure.empty()) begin();
                                   });
        };
        while (begun < std::min(count, in_flight))
            begin();
        const bool in_time = loop_.run_until(
            [&] { return ended == count || (!failure.empty() && ended == begun); }, kPatience);
        if (!failure.empty()) throw std::runtime_error(failure);
        if (!in_time) throw std::runtime_error("agents do not come to an end");
    }

    const pool::Pool& pool_;
    core::SystemClock clock_;
    transport::EventLoop loop_{clock_};
    core::SeededStream random_{1, {"bench", "fleet"}};
    std::unique_ptr<history::HistoryWriter> history_;
    fleet::TpmThreads tpms_;
    fleet::Surroundings surroundings_;
    boot::BootState golden_{WallTime{}};
    std::vector<std::unique_ptr<fleet::VirtualAgent>> agents_;
    std::vector<char> busy_;
    std::unique_ptr<Single> single_;
};

}  // namespace

Result<FleetCosts> measure_fleet(const pool::Pool& pool, const FleetLoad& load) {
    if (auto allowed = allow_files(load.many); !allowed) return fail(allowed.error());
    try {
        const stand_in::Process server_of_few, server_of_many;
        const stack::test::TemporaryFolder folder_of_few, folder_of_many;
        const auto fleet = [&](std::size_t agents, const stand_in::Process& server, const fs::path& folder) {
            return [&pool, &load, &server, &folder, agents]() -> std::function<Told(const Order&)> {
                auto made = std::make_shared<Fleet>(pool, server, folder);
                must(tpm::switch_accelerators({.rsa_factors = true}));
                const std::uint64_t octets = made->make(agents);
                return [&load, made, octets](const Order& order) {
                    must(tpm::switch_accelerators({.rsa_factors = order.accelerated}));
                    Told told{.octets_each = octets};
                    if (order.cycles > 0) told.a_cycle = made->cycle(order.cycles, load.in_flight);
                    if (order.quotes > 0) told.a_quote = made->quote(order.quotes);
                    return told;
                };
            };
        };
        const Child<Order, Told> few(fleet(load.few, server_of_few, folder_of_few.path())),
            many(fleet(load.many, server_of_many, folder_of_many.path()));
        FleetCosts costs{.few = load.few, .many = load.many};
        costs.octets_each = many.ask({}).octets_each;
        for (const bool accelerated : {false, true}) {
            std::vector<Duration> quote, of_few, of_many;
            for (int round = 0; round < load.rounds; ++round) {
                quote.push_back(few.ask({accelerated, 0, load.cycles_a_round}).a_quote);
                of_few.push_back(few.ask({accelerated, load.cycles_a_round, 0}).a_cycle);
                of_many.push_back(many.ask({accelerated, load.cycles_a_round, 0}).a_cycle);
            }
            CycleCosts& cost = accelerated ? costs.accelerated : costs.plain;
            cost = {median(quote), compared(of_few, quote), compared(of_many, quote),
                    compared(of_many, of_few).ratio};
        }
        return costs;
    } catch (const std::exception& error) {
        return fail(ErrorKind::System, error.what());
    }
}

}  // namespace pushsim::bench
