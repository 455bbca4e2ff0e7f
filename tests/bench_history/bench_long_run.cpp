// What the report of a long run costs: a history of a million exchanges is read, judged and reported in 20 s
// of processor time and 1 GB. Whether that is so is said below each that is as long, and by the exit code.
//
//   bench_long_run [EXCHANGES]      a table; without a number of that million
//   bench_long_run write FILE EXCHANGES SCENARIOS AGENTS
//   bench_long_run report|check|follow FILE

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports/conformance_json.hpp"
#include "reports/conformance_junit.hpp"
#include "reports/conformance_markdown.hpp"
#include "reports/html.hpp"
#include "reports/junit.hpp"
#include "reports/report.hpp"
#include "reports/report_json.hpp"
#include "reports/run_checks.hpp"
#include "reports/run_markdown.hpp"
#include "reports/run_so_far.hpp"
#include "sim/history/reader.hpp"
#include "tests/bench_history/made_run.hpp"
#include "tests/bench_scale/process_cost.hpp"

namespace pushsim::bench {
namespace {

constexpr double kMegabyte = 1e6;

/// What the report of a history of so many exchanges may cost.
constexpr std::uint64_t kGoalExchanges = 1'000'000;
constexpr double kGoalSeconds = 20;
constexpr double kGoalMegabytes = 1000;

double peak_megabytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) * 1024 / kMegabyte;
}

/// Says what each part of the work took.
class Parts {
  public:
    void done(const char* what) {
        const Duration now = cpu_time();
        fmt::print("    {:<14} {:>7.2f} s   {:>6.0f} MB\n", what,
                   std::chrono::duration<double>(now - before_).count(), peak_megabytes());
        std::fflush(stdout);
        before_ = now;
    }

  private:
    Duration before_ = cpu_time();
};

history::History read(const std::filesystem::path& path) {
    auto history = history::read_history(path, history::Detail::OfReports);
    if (!history) throw std::runtime_error(history.error().text());
    return std::move(*history);
}

/// False where the history is as long as the goal speaks of, and more was needed.
bool report(const std::filesystem::path& path) {
    Parts parts;
    const history::History history = read(path);
    parts.done("read_history");
    const reports::RunReport run = reports::judge(history);
    parts.done("judge");
    const auto conformance = reports::assess(history, run);
    if (conformance) parts.done("assess");
    const std::string json =
        conformance ? reports::conformance_json(run, *conformance) : reports::report_json(run);
    parts.done("json");
    const std::string junit = conformance ? reports::conformance_junit_xml(run, *conformance, path.string())
                                          : reports::junit_xml(run, path.string());
    parts.done("junit");
    const std::string markdown =
        conformance ? reports::summary_markdown(run, *conformance) : reports::run_markdown(run);
    parts.done("markdown");
    const std::string page = reports::html(history, run, conformance ? &*conformance : nullptr);
    parts.done("html");
    const double seconds = std::chrono::duration<double>(cpu_time()).count();
    const double megabytes = peak_megabytes();
    fmt::print("    all of it      {:>7.2f} s   {:>6.0f} MB   {} lines; {}\n", seconds, megabytes,
               history.entries.size(), run.scenarios.empty() ? "" : run.scenarios.front().headline);
    const auto exchanges = std::ranges::count_if(history.entries, [](const history::Entry& line) {
        return line.event.get<history::ExchangeSeen>() != nullptr;
    });
    if (static_cast<std::uint64_t>(exchanges) < kGoalExchanges) return true;
    const bool met = seconds <= kGoalSeconds && megabytes <= kGoalMegabytes;
    fmt::print("    goal           {:>7.2f} s   {:>6.0f} MB   {}\n", kGoalSeconds, kGoalMegabytes,
               met ? "met" : "MISSED");
    return met;
}

void check(const std::filesystem::path& path) {
    Parts parts;
    const history::History history = read(path);
    parts.done("read_history");
    const auto checks = reports::check_run(history, {});
    parts.done("check_run");
    fmt::print("    all of it      {:>7.2f} s   {:>6.0f} MB\n",
               std::chrono::duration<double>(cpu_time()).count(), peak_megabytes());
    std::fputs(reports::checks_text(checks).c_str(), stdout);
}

/// The run is judged after each of its scenarios, as `pushsim run` does: its lines once, or all of them each
/// time.
void follow(const std::filesystem::path& path, bool again_and_again) {
    const std::filesystem::path copy = path.string() + ".growing";
    Duration spent{};
    int judged = 0;
    {
        std::ifstream lines(path);
        std::ofstream growing(copy);
        std::optional<history::GrowingHistory> followed;
        reports::RunSoFar so_far;
        for (std::string line; std::getline(lines, line);) {
            growing << line << '\n';
            if (line.find(R"("kind":"scenario_end")") == std::string::npos) continue;
            growing.flush();
            const Duration before = cpu_time();
            std::string scenario;
            if (again_and_again) {
                reports::judge(read(copy));
            } else {
                if (!followed)
                    followed = std::move(*history::GrowingHistory::open(copy, history::Detail::OfReports));
                auto read_on = followed->read_on([&](history::Entry&& entry) {
                    scenario = entry.where->scenario;
                    so_far.take(std::move(entry));
                });
                if (!read_on) throw std::runtime_error(read_on.error().text());
                so_far.scenarios(scenario);
            }
            spent += cpu_time() - before;
            ++judged;
        }
    }
    std::filesystem::remove(copy);
    fmt::print("    {:<28} {:>7.2f} s   {:>6.0f} MB   after each of {} scenarios\n",
               again_and_again ? "all lines each time" : "the lines that are new",
               std::chrono::duration<double>(spent).count(), peak_megabytes(), judged);
}

/// In a process of its own, whose memory is this work's alone. What the work says.
bool says_apart(const std::function<bool()>& work) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("no process");
    if (child == 0) {
        const bool good = work();
        std::fflush(stdout);
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
        throw std::runtime_error("a process of the bench failed");
    return WEXITSTATUS(status) == 0;
}
void apart(const std::function<void()>& work) {
    says_apart([&] {
        work();
        return true;
    });
}

/// False where a goal was missed.
bool table(std::uint64_t exchanges) {
    bool met = true;
    fmt::print("{}, {}; processor time, and the peak of memory until then\n", machine(), allocator());
    std::string folder = (std::filesystem::temp_directory_path() / "pushsim-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    const std::filesystem::path path = std::filesystem::path(folder) / "history.jsonl";
    for (const RunSize& size : {RunSize{exchanges, 1, 1'000}, RunSize{exchanges, 1, 10'000},
                                RunSize{exchanges, 100, 10}, RunSize{exchanges, 100, 10, true}}) {
        apart([&] { write_run(path, size); });
        fmt::print("\n{} exchanges, {} x {} agents{}: {:.0f} MB\n", exchanges, size.scenarios, size.agents,
                   size.conformance ? ", a conformance run" : "",
                   static_cast<double>(std::filesystem::file_size(path)) / kMegabyte);
        fmt::print("  report\n");
        met = says_apart([&] { return report(path); }) && met;
        fmt::print("  pushsim check\n");
        apart([&] { check(path); });
        std::filesystem::remove(path);
    }
    apart([&] { write_run(path, {exchanges / 10, 100, 4}); });
    fmt::print("\n{} exchanges, 100 x 4 agents, judged as the run goes on\n", exchanges / 10);
    apart([&] { follow(path, false); });
    apart([&] { follow(path, true); });
    std::filesystem::remove_all(folder);
    return met;
}

int run(int count, char** words) {
    const std::string what = count > 1 ? words[1] : "";
    if (what == "write" && count == 6) {
        write_run(words[2], {std::strtoull(words[3], nullptr, 10), std::atoi(words[4]), std::atoi(words[5])});
    } else if (what == "report" && count == 3) {
        return report(words[2]) ? 0 : 1;
    } else if (what == "check" && count == 3) {
        check(words[2]);
    } else if (what == "follow" && count == 3) {
        follow(words[2], false);
        follow(words[2], true);
    } else {
        const std::uint64_t exchanges = std::strtoull(what.c_str(), nullptr, 10);
        return table(exchanges > 0 ? exchanges : kGoalExchanges) ? 0 : 1;
    }
    return 0;
}

}  // namespace
}  // namespace pushsim::bench

int main(int count, char** words) {
    try {
        return pushsim::bench::run(count, words);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_long_run: %s\n", error.what());
        return 1;
    }
}
