#pragma once

#include <cstdint>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pushsim::stack::test {

/// Listens on a port of the system's choice on a loopback address (127.0.0.1 unless told), and accepts
/// nobody.
class Listener {
  public:
    explicit Listener(std::uint32_t address = INADDR_LOOPBACK)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(address);
        socklen_t size = sizeof where;
        if (::bind(socket_, reinterpret_cast<sockaddr*>(&where), size) != 0 || ::listen(socket_, 4) != 0 ||
            ::getsockname(socket_, reinterpret_cast<sockaddr*>(&where), &size) != 0) {
            throw std::runtime_error("cannot listen");
        }
        port = ntohs(where.sin_port);
    }
    ~Listener() { ::close(socket_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    std::uint16_t port = 0;

  private:
    int socket_;
};

}  // namespace pushsim::stack::test
