#include "tests/bench_scale/child.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pushsim::bench {
namespace {

int serve(std::size_t order_size, std::size_t answer_size, const std::function<ChildProcess::Answer()>& begin,
          int orders, int answers) {
    try {
        const auto answer_to = begin();
        std::vector<std::max_align_t> order(order_size / sizeof(std::max_align_t) + 1);
        std::vector<std::max_align_t> answer(answer_size / sizeof(std::max_align_t) + 1);
        while (::read(orders, order.data(), order_size) == static_cast<ssize_t>(order_size)) {
            answer_to(order.data(), answer.data());
            if (::write(answers, answer.data(), answer_size) != static_cast<ssize_t>(answer_size)) return 1;
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "a process of the bench: %s\n", error.what());
        return 1;
    }
}

}  // namespace

ChildProcess::ChildProcess(std::size_t order_size, std::size_t answer_size,
                           const std::function<Answer()>& begin)
    : order_size_(order_size), answer_size_(answer_size) {
    std::array<int, 2> down{}, up{};
    if (::pipe2(down.data(), O_CLOEXEC) != 0 || ::pipe2(up.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(down[1]);
        ::_exit(serve(order_size, answer_size, begin, down[0], up[1]));
    }
    ::close(down[0]);
    ::close(up[1]);
    to_ = down[1];
    from_ = up[0];
    if (pid_ < 0) throw std::runtime_error("no process");
}

ChildProcess::~ChildProcess() {
    ::close(to_);
    ::close(from_);
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

void ChildProcess::ask(const void* order, void* answer) const {
    if (::write(to_, order, order_size_) != static_cast<ssize_t>(order_size_) ||
        ::read(from_, answer, answer_size_) != static_cast<ssize_t>(answer_size_))
        throw std::runtime_error("a process of the bench ended early, see above");
}

}  // namespace pushsim::bench
