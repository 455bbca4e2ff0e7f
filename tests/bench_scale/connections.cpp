#include "tests/bench_scale/connections.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

#include "agent/transport/connection.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"
#include "tests/bench_scale/child.hpp"
#include "tests/bench_scale/median.hpp"
#include "tests/bench_scale/process_cost.hpp"
#include "tests/stand_in/process.hpp"

namespace pushsim::bench {
namespace {

using transport::Connection;
using transport::Outcome;

constexpr std::size_t kWarmUp = 8;

/// What a process says of a round.
struct Told {
    Duration a_request{};
    std::uint64_t octets_each = 0;
};

/// Connections of this process to the stand-in.
class Client {
  public:
    Client(const transport::Endpoint& server, std::shared_ptr<const transport::TlsIdentity> tls)
        : server_(server), tls_(std::move(tls)) {}

    /// Private memory of each but the first few, which other things were made with.
    std::uint64_t open(std::size_t count) {
        make(kWarmUp);
        const std::uint64_t before = must(private_memory());
        make(count);
        const std::uint64_t after = must(private_memory());
        return (after - std::min(after, before)) / (count - kWarmUp);
    }

    /// Processor time of each of `count` requests on the first `used` connections.
    Duration request(std::size_t count, std::size_t used, std::size_t in_flight) {
        const Duration before = cpu_time();
        exchange(count, in_flight, [this, used] {
            for (;;) {
                Connection& drawn = *connections_[random_.next() % used];
                if (!drawn.busy()) return &drawn;
            }
        });
        return (cpu_time() - before) / static_cast<Duration::rep>(count);
    }

  private:
    /// Up to `count` connections, each with one request.
    void make(std::size_t count) {
        constexpr std::size_t kAtOnce = 64;
        connections_.reserve(count);
        exchange(count - connections_.size(), kAtOnce, [this] {
            connections_.push_back(std::make_unique<Connection>(loop_, server_, tls_));
            return connections_.back().get();
        });
    }

    void exchange(std::size_t count, std::size_t in_flight, const std::function<Connection*()>& next) {
        std::size_t begun = 0, ended = 0;
        std::string failure;
        const std::function<void()> begin = [&] {
            ++begun;
            next()->send(request_, {}, [&](const Outcome& outcome) {
                ++ended;
                if (!outcome.response) failure = outcome.failure->message;
                if (begun < count && failure.empty()) begin();
            });
        };
        while (begun < std::min(count, in_flight))
            begin();
        loop_.run_until([&] { return ended == count || (!failure.empty() && ended == begun); });
        if (!failure.empty()) throw std::runtime_error(failure);
    }

    const HttpRequest request_{"GET", "/", {{"accept", "*/*"}}, ""};
    core::SystemClock clock_;
    transport::EventLoop loop_{clock_};
    core::SeededStream random_{1, {"bench", "connections"}};
    transport::Endpoint server_;
    std::shared_ptr<const transport::TlsIdentity> tls_;
    std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

Result<ConnectionCosts> measure_connections(const ConnectionLoad& load) {
    if (auto allowed = allow_files(load.many); !allowed) return fail(allowed.error());
    try {
        const stand_in::Process server_of_few, server_of_many;
        const auto client = [&load](std::size_t connections, const stand_in::Process& server) {
            return [&load, &server, connections]() -> std::function<Told(const std::size_t&)> {
                auto made = std::make_shared<Client>(
                    server.verifier(),
                    must(transport::TlsIdentity::make({.ca_files = {server.ca_file().string()}})));
                const std::uint64_t octets = made->open(connections);
                return [&load, made, octets](const std::size_t& used) {
                    return Told{made->request(load.requests_a_round, used, load.in_flight), octets};
                };
            };
        };
        const Child<std::size_t, Told> few(client(load.few, server_of_few)),
            many(client(load.many, server_of_many));
        few.ask(load.few);  // both are warm
        ConnectionCosts costs{load.few, load.many, many.ask(load.many).octets_each, {}, {}, {}};
        std::vector<Duration> few_open, few_of_many, random_of_many;
        for (int round = 0; round < load.rounds; ++round) {
            few_open.push_back(few.ask(load.few).a_request);
            few_of_many.push_back(many.ask(load.few).a_request);
            random_of_many.push_back(many.ask(load.many).a_request);
        }
        costs.few_open = compared(few_open, few_open);
        costs.few_of_many = compared(few_of_many, few_open);
        costs.random_of_many = compared(random_of_many, few_open);
        return costs;
    } catch (const std::exception& error) {
        return fail(ErrorKind::System, error.what());
    }
}

}  // namespace pushsim::bench
