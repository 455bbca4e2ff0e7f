#include "sim/stack/ports.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace pushsim::stack {
namespace {

constexpr std::uint16_t kFirstPort = 41810;
constexpr int kBlocks = 300;

// Inodes of the sockets that listen on the port: lines of /proc/net/tcp and tcp6, "sl local remote st …
// inode".
std::set<std::string> listening_inodes(std::uint16_t port) {
    std::set<std::string> inodes;
    const std::string suffix = fmt::format(":{:04X}", port);
    for (const char* name : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream file(name);
        std::string line;
        std::getline(file, line);
        while (std::getline(file, line)) {
            std::istringstream fields(line);
            std::vector<std::string> words;
            for (std::string word; fields >> word;)
                words.push_back(word);
            constexpr const char* kListen = "0A";
            if (words.size() > 9 && words[1].ends_with(suffix) && words[3] == kListen)
                inodes.insert(words[9]);
        }
    }
    return inodes;
}

std::string name_of(const std::filesystem::path& process) {
    std::ifstream file(process / "comm");
    std::string name;
    std::getline(file, name);
    return name;
}

bool holds_one_of(const std::filesystem::path& process, const std::set<std::string>& inodes) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(process / "fd", error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code unreadable;
        const std::string target = std::filesystem::read_symlink(entry->path(), unreadable).string();
        if (target.starts_with("socket:[") && inodes.contains(target.substr(8, target.size() - 9)))
            return true;
    }
    return false;
}

struct Asked {
    const char* whose;
    std::optional<std::uint16_t> port;
    std::string address;
};

bool clash(const Asked& one, const Asked& other) {
    const auto everywhere = [](const Asked& asked) {
        return asked.address == "0.0.0.0" || asked.address == "::";
    };
    return one.port == other.port && (one.address == other.address || everywhere(one) || everywhere(other));
}

Error asked_twice(const Asked& one, const Asked& other) {
    return {ErrorKind::Config,
            fmt::format("port {} is asked for twice: for the {} and for the {}", *one.port, one.whose,
                        other.whose),
            "ask for two ports (leave a port out, and a free one is chosen)"};
}

}  // namespace

bool port_is_free(const std::string& address, std::uint16_t port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    if (::inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1)
        return true;  // left to the server to say
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return false;
    // As the servers do: connections of an earlier server that still linger are no hindrance.
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const bool free = ::bind(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
                      ::listen(socket, 1) == 0;
    ::close(socket);
    return free;
}

Result<PortClaim> PortClaim::make(const std::set<std::uint16_t>& ports) {
    PortClaim claim;
    for (const std::uint16_t port : ports) {
        // An abstract address goes with its process and belongs to the network namespace, as ports do.
        const std::string name = fmt::format("pushsim-port-{}", port);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::ranges::copy(name, address.sun_path + 1);
        const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (socket < 0) return fail(ErrorKind::System, fmt::format("no socket: {}", std::strerror(errno)));
        claim.sockets_.push_back(socket);
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
        if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
            if (errno != EADDRINUSE) {
                return fail(ErrorKind::System,
                            fmt::format("port {} cannot be claimed: {}", port, std::strerror(errno)));
            }
            return fail(ErrorKind::Stack, fmt::format("port {} is being taken by another pushsim", port),
                        "ask for another port (leave the port out, and a free one is chosen)");
        }
    }
    return claim;
}

PortClaim::PortClaim(PortClaim&& other) noexcept : sockets_(std::exchange(other.sockets_, {})) {}

PortClaim::~PortClaim() {
    for (const int socket : sockets_)
        ::close(socket);
}

std::optional<std::string> port_holder(std::uint16_t port) {
    const auto inodes = listening_inodes(port);
    if (inodes.empty()) return std::nullopt;
    std::error_code error;
    for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        int pid = 0;
        const auto [last, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (bad != std::errc{} || last != name.data() + name.size()) continue;
        if (holds_one_of(entry->path(), inodes)) {
            return fmt::format("process {} ({})", pid, name_of(entry->path()));
        }
    }
    return std::nullopt;
}

Error port_taken(const std::string& whose, std::uint16_t port) {
    const auto holder = port_holder(port);
    return {
        ErrorKind::Stack,
        fmt::format("{}: port {} is taken by {}", whose, port, holder.value_or("a process we cannot see")),
        holder ? "end that process, or ask for another port (leave the port out, and a free one is chosen)"
               : "ask for another port (leave the port out, and a free one is chosen)"};
}

Result<Ports> choose_ports(const AskedPorts& asked, const std::set<std::uint16_t>& avoid,
                           const ListenAddresses& addresses) {
    const std::initializer_list<Asked> wanted = {
        {"registrar", asked.registrar_http, addresses.registrar},
        {"verifier", asked.verifier, addresses.verifier},
        {"registrar (TLS)", asked.registrar_tls, addresses.registrar}};
    std::set<std::uint16_t> used = avoid;
    for (auto one = wanted.begin(); one != wanted.end(); ++one) {
        if (!one->port) continue;
        for (auto other = wanted.begin(); other != one; ++other) {
            if (clash(*one, *other)) return fail(asked_twice(*other, *one));
        }
        if (!port_is_free(one->address, *one->port)) return fail(port_taken(one->whose, *one->port));
        used.insert(*one->port);
    }

    Ports ports{asked.registrar_http.value_or(0), asked.verifier.value_or(0),
                asked.registrar_tls.value_or(0)};
    // Blocks of three, so that the ports of one stack stand together.
    for (int block = 0; block < kBlocks; ++block) {
        const auto base = static_cast<std::uint16_t>(kFirstPort + 3 * block);
        Ports chosen = ports;
        bool all_free = true;
        std::uint16_t next = base;
        for (const auto& [port, address] : {std::pair{&chosen.registrar_http, &addresses.registrar},
                                            {&chosen.verifier, &addresses.verifier},
                                            {&chosen.registrar_tls, &addresses.registrar}}) {
            if (*port == 0) {
                *port = next;
                all_free = all_free && !used.contains(next) && port_is_free(*address, next);
            }
            ++next;
        }
        if (all_free) return chosen;
    }
    return fail(ErrorKind::System,
                fmt::format("no three free ports from {} to {} on {} and {}", kFirstPort,
                            kFirstPort + 3 * kBlocks - 1, addresses.registrar, addresses.verifier),
                "end stacks that are not needed any more: pushsim stack status, pushsim stack down");
}

}  // namespace pushsim::stack
