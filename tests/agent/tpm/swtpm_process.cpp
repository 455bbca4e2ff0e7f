#include "tests/agent/tpm/swtpm_process.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pushsim::tpm {
namespace {

/// A listening port of the loopback interface that is free, or a negative number.
int bind_loopback(int port, int& bound_port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    socklen_t size = sizeof(address);
    if (port > 65535 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        ::close(fd);
        return -1;
    }
    bound_port = ntohs(address.sin_port);
    return fd;
}

/// The first of two neighbouring free ports.
int free_ports() {
    for (int attempt = 0; attempt < 100; ++attempt) {
        int first = 0;
        int second = 0;
        const int one = bind_loopback(0, first);
        const int two = bind_loopback(first + 1, second);
        ::close(one);
        if (two >= 0) {
            ::close(two);
            return first;
        }
    }
    throw std::runtime_error("no two neighbouring free ports on 127.0.0.1");
}

/// Whether someone listens there, without connecting: swtpm takes its first client for the TPM's.
bool is_listening(int port) {
    std::ifstream table("/proc/net/tcp");
    const std::string wanted = fmt::format(" 0100007F:{:04X} 00000000:0000 0A ", port);
    for (std::string line; std::getline(table, line);)
        if (line.find(wanted) != std::string::npos) return true;
    return false;
}

}  // namespace

SwtpmProcess::SwtpmProcess(const std::string& startup) {
    std::string folder = (std::filesystem::temp_directory_path() / "pushsim-swtpm-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("cannot make a folder in " + folder);
    folder_ = folder;
    try {
        start(startup);
    } catch (...) {
        std::filesystem::remove_all(folder_);
        throw;
    }
}

SwtpmProcess::~SwtpmProcess() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void SwtpmProcess::kill() {
    if (pid_ < 0) return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void SwtpmProcess::start(const std::string& startup) {
    for (int attempt = 0; attempt < 5; ++attempt) {
        if (port_ == 0 || attempt > 0) port_ = free_ports();
        if (start_once(startup)) return;
    }
    throw std::runtime_error("swtpm does not start; scripts/setup installs it");
}

bool SwtpmProcess::start_once(const std::string& startup) {
    const std::string state = "dir=" + folder_.string();
    const std::string server = fmt::format("type=tcp,port={},bindaddr=127.0.0.1", port_);
    const std::string control = fmt::format("type=tcp,port={},bindaddr=127.0.0.1", port_ + 1);
    const std::string flags = startup.empty() ? "not-need-init" : "not-need-init," + startup;
    const std::string log = "file=" + (folder_ / "log").string();
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        ::setpgid(0, 0);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(127);
        ::execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state.c_str(), "--server",
                 server.c_str(), "--ctrl", control.c_str(), "--flags", flags.c_str(), "--log", log.c_str(),
                 nullptr);
        ::_exit(127);
    }
    if (pid_ < 0) throw std::runtime_error("fork");
    ::setpgid(pid_, pid_);
    using namespace std::chrono_literals;
    for (int i = 0; i < 2000; ++i) {
        if (is_listening(port_) && is_listening(port_ + 1)) return true;
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            return false;
        }
        std::this_thread::sleep_for(5ms);
    }
    kill();
    return false;
}

void SwtpmProcess::reset() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port_ + 1));
    // CMD_INIT without flags, answered by a TPM_RESULT (swtpm_ioctls(3)).
    constexpr std::array<unsigned char, 8> command{0, 0, 0, 2};
    std::array<unsigned char, 4> result{0xFF};
    const bool sent = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
                      ::write(fd, command.data(), command.size()) == 8 &&
                      ::read(fd, result.data(), result.size()) == 4;
    ::close(fd);
    if (!sent || result != std::array<unsigned char, 4>{}) throw std::runtime_error("swtpm refuses CMD_INIT");
}

std::string SwtpmProcess::tcti() const {
    return fmt::format("swtpm:host=127.0.0.1,port={}", port_);
}

}  // namespace pushsim::tpm
