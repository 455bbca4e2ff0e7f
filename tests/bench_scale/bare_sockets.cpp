#include "tests/bench_scale/bare_sockets.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/core/random.hpp"
#include "tests/bench_scale/child.hpp"
#include "tests/bench_scale/process_cost.hpp"

namespace pushsim::bench {
namespace {

// As a small request and its answer have them, in TLS.
constexpr std::size_t kSent = 100;
constexpr std::size_t kAnswered = 150;
constexpr std::size_t kEvents = 64;

int checked(int result, const char* what) {
    if (result < 0) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
    return result;
}

sockaddr_in loopback(std::uint32_t last, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = port;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + last);
    return address;
}

class Sockets {
  public:
    Sockets() : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}
    ~Sockets() {
        for (const int socket : all_)
            ::close(socket);
        ::close(epoll_);
    }
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;

    void add(int socket) {
        const int at_once = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = all_.size();
        all_.push_back(socket);
        checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
    }
    int operator[](std::size_t index) const { return all_[index]; }
    void send(std::size_t index, std::size_t count) const {
        checked(static_cast<int>(::send(all_[index], octets_.data(), count, MSG_NOSIGNAL)), "send");
    }
    /// False where the other side has closed.
    bool receive(std::size_t index) {
        return checked(static_cast<int>(::recv(all_[index], octets_.data(), octets_.size(), 0)), "recv") > 0;
    }

    /// Calls `ready` with the index of each that can be read.
    void wait(const std::function<void(std::size_t)>& ready) {
        std::array<epoll_event, kEvents> events{};
        const int count = checked(::epoll_wait(epoll_, events.data(), kEvents, -1), "epoll_wait");
        for (int i = 0; i < count; ++i)
            ready(events[static_cast<std::size_t>(i)].data.u64);
    }

  private:
    int epoll_;
    std::vector<int> all_;
    std::array<char, 4096> octets_{};
};

/// In a process of its own, until that is ended. The first of `sockets` listens.
ChildProcess::Answer answer_all(Sockets& sockets) {
    for (;;) {
        sockets.wait([&](std::size_t index) {
            if (index == 0) {
                sockets.add(checked(::accept4(sockets[0], nullptr, nullptr, SOCK_CLOEXEC), "accept4"));
            } else if (sockets.receive(index)) {
                sockets.send(index, kAnswered);
            }
        });
    }
}

class Client {
  public:
    Client(std::size_t count, const sockaddr_in& server) : busy_(count) {
        for (std::size_t i = 0; i < count; ++i) {
            const int socket = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
            // As agents do, each from an address of its own: ports of one would not suffice.
            const sockaddr_in own = loopback(static_cast<std::uint32_t>(i) + 1, 0);
            checked(::bind(socket, reinterpret_cast<const sockaddr*>(&own), sizeof own), "bind");
            checked(::connect(socket, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");
            sockets_.add(socket);
        }
    }

    /// Processor time of each of `count` exchanges on the first `used`.
    Duration exchange(std::size_t count, std::size_t used, std::size_t in_flight) {
        const Duration before = cpu_time();
        std::size_t begun = 0, ended = 0;
        const auto begin = [&] {
            std::size_t drawn = 0;
            do
                drawn = random_.next() % used;
            while (busy_[drawn] != 0);
            busy_[drawn] = 1;
            ++begun;
            sockets_.send(drawn, kSent);
        };
        while (begun < std::min(count, in_flight))
            begin();
        while (ended < count) {
            sockets_.wait([&](std::size_t index) {
                if (!sockets_.receive(index)) throw std::runtime_error("a bare socket was closed");
                busy_[index] = 0;
                ++ended;
                if (begun < count) begin();
            });
        }
        return (cpu_time() - before) / static_cast<Duration::rep>(count);
    }

  private:
    core::SeededStream random_{1, {"bench", "bare sockets"}};
    Sockets sockets_;
    std::vector<char> busy_;
};

}  // namespace

Result<Compared> measure_bare_sockets(const ConnectionLoad& load) {
    if (auto allowed = allow_files(load.many); !allowed) return fail(allowed.error());
    try {
        Sockets listening;
        sockaddr_in server = loopback(0, 0);
        socklen_t size = sizeof server;
        listening.add(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        checked(::bind(listening[0], reinterpret_cast<const sockaddr*>(&server), size), "bind");
        checked(::listen(listening[0], SOMAXCONN), "listen");
        ::getsockname(listening[0], reinterpret_cast<sockaddr*>(&server), &size);
        const ChildProcess other_side(1, 1, [&listening] { return answer_all(listening); });

        Client client(load.many, server);
        client.exchange(load.requests_a_round, load.many, load.in_flight);  // warm
        std::vector<Duration> few, any;
        for (int round = 0; round < load.rounds; ++round) {
            few.push_back(client.exchange(load.requests_a_round, load.few, load.in_flight));
            any.push_back(client.exchange(load.requests_a_round, load.many, load.in_flight));
        }
        return compared(any, few);
    } catch (const std::exception& error) {
        return fail(ErrorKind::System, error.what());
    }
}

}  // namespace pushsim::bench
