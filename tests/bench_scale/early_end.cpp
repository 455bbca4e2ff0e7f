#include "tests/bench_scale/early_end.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports/console.hpp"
#include "reports/report.hpp"
#include "sim/core/clock.hpp"
#include "tests/bench_scale/process_cost.hpp"
#include "tests/stand_in/staged.hpp"

namespace pushsim::bench {
namespace {

constexpr Duration kPatience = std::chrono::minutes{5};

volatile std::sig_atomic_t interrupted = 0;

void interrupt(int /*signal*/) {
    interrupted = 1;
}

/// Plays until SIGINT, and makes the report as `pushsim run` does.
void play(const stand_in::Process& server, std::size_t agents, const std::filesystem::path& folder) {
    struct sigaction action {};
    action.sa_handler = interrupt;
    ::sigaction(SIGINT, &action, nullptr);
    const pool::Pool pool = stand_in::pool_of_one(folder, agents);
    stand_in::Staged staged(server, &pool, folder);
    staged.play(fmt::format("scenario: early\ntitle: Sessions that are not answered\n"
                            "agents: {{a: {{count: {}, ak: primary, source: own, enrol: false}}}}\n"
                            "script:\n  - authenticate: {{agents: a, bare: true}}\nexpect: [accounted]\n",
                            agents),
                {.interrupted = [] { return interrupted != 0; }});
    const auto history = history::read_history(staged.file());
    if (!history) throw std::runtime_error(history.error().text());
    const std::string report = reports::console_text(reports::judge(*history), "", {});
    std::fwrite(report.data(), 1, report.size(), stderr);
}

std::size_t given_up(const std::filesystem::path& file) {
    const auto history = history::read_history(file);
    if (!history) throw std::runtime_error(history.error().text());
    return static_cast<std::size_t>(std::ranges::count_if(history->entries, [](const history::Entry& entry) {
        const auto* exchange = entry.event.get<history::ExchangeSeen>();
        return exchange != nullptr && exchange->failure == "cancelled";
    }));
}

/// Ends it, if nobody else does.
class Playing {
  public:
    Playing(const stand_in::Process& server, std::size_t agents, const std::filesystem::path& folder)
        : pid_(::fork()) {
        if (pid_ < 0) throw std::runtime_error("no process");
        if (pid_ > 0) {
            ::setpgid(pid_, pid_);
            return;
        }
        ::setpgid(0, 0);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        try {
            play(server, agents, folder);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "a process of the bench: %s\n", error.what());
            ::_exit(1);
        }
        ::_exit(0);
    }
    ~Playing() {
        if (pid_ > 0) ::kill(-pid_, SIGKILL);
        if (!ended_) ::waitpid(pid_, nullptr, 0);
    }
    Playing(const Playing&) = delete;
    Playing& operator=(const Playing&) = delete;

    void interrupt() const { ::kill(pid_, SIGINT); }
    bool ended() {
        int status = 0;
        if (!ended_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
            ended_ = true;
            if (status != 0) throw std::runtime_error("a process of the bench ended early, see above");
        }
        return ended_;
    }
    std::size_t left() const { return ::kill(-pid_, 0) == 0 ? 1 : 0; }

  private:
    pid_t pid_;
    bool ended_ = false;
};

}  // namespace

Result<EarlyEnd> measure_early_end(std::size_t agents) {
    if (auto allowed = allow_files(agents); !allowed) return fail(allowed.error());
    try {
        const core::SystemClock clock;
        const stand_in::Process server("POST */sessions");
        const stack::test::TemporaryFolder folder;
        Playing playing(server, agents, folder.path());
        const auto until = [&, last = clock.now() + kPatience](const auto& condition) {
            while (!condition()) {
                if (clock.now() > last) throw std::runtime_error("agents do not come to an end");
                ::usleep(2'000);
            }
        };
        EarlyEnd end;
        until([&] {
            end.taken = stand_in::taken(server, clock);
            return end.taken >= agents || playing.ended();
        });
        if (playing.ended()) throw std::runtime_error("the scenario ended before it was interrupted");
        const Instant signal = clock.now();
        playing.interrupt();
        until([&] { return playing.ended(); });
        end.took = clock.now() - signal;
        end.taken = stand_in::taken(server, clock);
        end.put_down = given_up(folder.path() / "history.jsonl");
        end.left = playing.left();
        return end;
    } catch (const std::exception& error) {
        return fail(ErrorKind::System, error.what());
    }
}

}  // namespace pushsim::bench
