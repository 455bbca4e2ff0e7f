#include "tests/bench_scale/connections.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/transport/connection.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"
#include "tests/bench_scale/process_cost.hpp"
#include "tests/stand_in/process.hpp"

namespace pushsim::bench {
namespace {

using transport::Connection;
using transport::Outcome;

constexpr std::size_t kOtherFiles = 64;
constexpr std::size_t kWarmUp = 8;

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// What a process says of a round. All octets are written at once, so that they cannot come in parts.
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

/// A process of ours with so many connections, which makes a round of requests whenever it is told to.
class ClientProcess {
  public:
    ClientProcess(std::size_t connections, const stand_in::Process& server, const ConnectionLoad& load) {
        std::array<int, 2> down{}, up{};
        if (::pipe2(down.data(), O_CLOEXEC) != 0 || ::pipe2(up.data(), O_CLOEXEC) != 0)
            throw std::runtime_error("no pipe");
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::_exit(serve(connections, server, load, down[0], up[1]));
        }
        ::close(down[0]);
        ::close(up[1]);
        to_ = down[1];
        from_ = up[0];
    }
    ~ClientProcess() {
        ::close(to_);
        ::close(from_);
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ClientProcess(const ClientProcess&) = delete;
    ClientProcess& operator=(const ClientProcess&) = delete;

    /// On that many of its connections.
    Told round(std::size_t used) const {
        Told told;
        if (::write(to_, &used, sizeof used) != sizeof used ||
            ::read(from_, &told, sizeof told) != sizeof told)
            throw std::runtime_error("a process of the bench ended early, see above");
        return told;
    }

  private:
    static int serve(std::size_t connections, const stand_in::Process& server, const ConnectionLoad& load,
                     int orders, int answers) {
        try {
            Client client(server.verifier(),
                          must(transport::TlsIdentity::make({.ca_files = {server.ca_file().string()}})));
            Told told;
            told.octets_each = client.open(connections);
            for (std::size_t used = 0; ::read(orders, &used, sizeof used) == sizeof used;) {
                told.a_request = client.request(load.requests_a_round, used, load.in_flight);
                if (::write(answers, &told, sizeof told) != sizeof told) return 1;
            }
            return 0;
        } catch (const std::exception& error) {
            fmt::print(stderr, "connections: {}\n", error.what());
            return 1;
        }
    }

    pid_t pid_ = -1;
    int to_ = -1;
    int from_ = -1;
};

/// For children, too.
Result<void> allow_files(std::size_t needed) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < needed) {
        return fail(ErrorKind::System,
                    fmt::format("{} descriptors are needed, the hard limit is {}", needed, limit.rlim_max),
                    fmt::format("as root: prlimit --pid $$ --nofile={0}:{0}", needed));
    }
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return {};
}

template <typename T>
T median(std::vector<T> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

ConnectionCosts::Request compared(const std::vector<Duration>& rounds, const std::vector<Duration>& to) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < rounds.size(); ++i)
        ratios.push_back(std::chrono::duration<double>(rounds[i]) / to[i]);
    return {median(rounds), median(ratios)};
}

}  // namespace

Result<ConnectionCosts> measure_connections(const ConnectionLoad& load) {
    if (auto allowed = allow_files(load.many + kOtherFiles); !allowed) return fail(allowed.error());
    try {
        const stand_in::Process server_of_few, server_of_many;
        const ClientProcess few(load.few, server_of_few, load), many(load.many, server_of_many, load);
        few.round(load.few);  // both are warm
        ConnectionCosts costs{load.few, load.many, many.round(load.many).octets_each, {}, {}, {}};
        std::vector<Duration> few_open, few_of_many, random_of_many;
        for (int round = 0; round < load.rounds; ++round) {
            few_open.push_back(few.round(load.few).a_request);
            few_of_many.push_back(many.round(load.few).a_request);
            random_of_many.push_back(many.round(load.many).a_request);
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
