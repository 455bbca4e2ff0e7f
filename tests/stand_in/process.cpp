#include "tests/stand_in/process.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pushsim::stand_in {
namespace {

/// Both ends are closed in children that do not ask for them.
struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe to the stand-in");
        read = ends[0];
        write = ends[1];
    }
    int read = -1;
    int write = -1;
};

}  // namespace

Process::Process(const Options& options) {
    std::string folder = (std::filesystem::temp_directory_path() / "pushsim-stand-in-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder_ = folder;
    std::string program = PUSHSIM_STAND_IN, ca = ca_file().string(), pattern = options.unanswered,
                lifetime = std::to_string(options.session_lifetime.count()),
                certificates = options.asks_certificates ? folder : "-",
                seed = options.seed ? std::to_string(*options.seed) : "-", lie = options.lie;
    const std::array<char*, 8> arguments{program.data(),      ca.data(),   pattern.data(), lifetime.data(),
                                         certificates.data(), seed.data(), lie.data(),     nullptr};

    const Pipe in, out;
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
    const int failed = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in.read);
    ::close(out.write);
    stdin_ = in.write;
    std::FILE* lines = ::fdopen(out.read, "r");
    const bool ready =
        failed == 0 && std::fscanf(lines, "verifier %hu registrar %hu registrar-tls %hu", &verifier_port_,
                                   &registrar_port_, &registrar_tls_port_) == 3;
    std::fclose(lines);
    if (ready) return;
    if (failed != 0) pid_ = -1;
    end();
    throw std::runtime_error("the stand-in did not start: " + program);
}

Process::~Process() {
    end();
}

void Process::end() {
    ::close(stdin_);
    if (pid_ > 0) {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

transport::Endpoint Process::verifier() const {
    return transport::resolve({transport::Scheme::Https, "127.0.0.1", verifier_port_}).value();
}

transport::Endpoint Process::registrar() const {
    return transport::resolve({transport::Scheme::Http, "127.0.0.1", registrar_port_}).value();
}

}  // namespace pushsim::stand_in
