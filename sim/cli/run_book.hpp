#pragma once
// What the lanes of a run write together: its folder, its history, and what a person is told.

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reports/console.hpp"
#include "reports/report.hpp"
#include "reports/run_so_far.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/play_scenarios.hpp"
#include "sim/history/reader.hpp"
#include "sim/history/writer.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::cli {

/// Sessions that agents of a scenario asked for.
struct SessionsSeen {
    std::uint64_t of_one_address = 0;  ///< that were begun from the address with most
    bool refused = false;              ///< by the verifier's rate limiter: 429
};

/// Thread-safe.
class RunBook {
  public:
    /// Makes the folder with plan.yaml and the history. `facts` of this machine go into the history's head.
    /// `options` and `purpose` must outlive it.
    static Result<std::unique_ptr<RunBook>> open(const RunOptions& options,
                                                 const std::vector<scenario::Scenario>& scenarios,
                                                 std::uint64_t seed, history::Head head,
                                                 const Purpose& purpose, const Clock& clock);

    const std::filesystem::path& folder() const { return folder_; }
    history::HistoryWriter& history() { return *history_; }

    /// What ends the run; the first counts.
    void note_failure(const Error& error);
    std::optional<Error> failure() const;

    /// It was not played, for that reason; `by_an_end`: the run ended before it, so that of what it decides
    /// nothing is known.
    void skip(const scenario::Scenario& scenario, const std::string& why, bool by_an_end = false);
    /// Which servers play; once for all stacks that differ in their ports alone.
    void say_head(const history::StackFacts& stack);
    /// How a scenario went that has ended.
    void say_scenario(const std::string& name);
    void say_error(const std::string& text);
    /// Nothing where it cannot be told.
    std::optional<reports::Outcome> outcome_of(const std::string& scenario) const;

    /// Of a scenario, as the history says.
    SessionsSeen sessions_of(const std::string& scenario) const;

    /// Ends the history and writes the reports; the exit code.
    int report();
    /// As written by report().
    const std::optional<reports::RunReport>& judged() const { return judged_; }

  private:
    struct SessionCount {
        SessionsSeen seen = {};
        std::map<std::string, std::uint64_t> begun = {};  ///< by address
        void take(const history::Entry& line);
    };

    RunBook(const RunOptions& options, std::filesystem::path folder,
            std::unique_ptr<history::HistoryWriter> history, int name_width, const Purpose& purpose);
    std::vector<reports::ScenarioReport> judge(const std::string& scenario) const;
    /// Takes up what was written since; false where that cannot be read.
    bool read_on() const;
    std::filesystem::path shown_folder() const;

    const RunOptions& options_;
    const Purpose& purpose_;
    std::filesystem::path folder_;
    std::unique_ptr<history::HistoryWriter> history_;
    reports::ConsoleStyle style_;

    mutable std::mutex reading_;  ///< guards the three; before mutex_
    mutable std::optional<history::GrowingHistory> lines_;
    mutable reports::RunSoFar so_far_;
    mutable std::map<std::string, SessionCount> sessions_;  ///< by scenario

    mutable std::mutex mutex_;  ///< guards what follows, and what is told
    std::optional<Error> failure_;
    std::optional<int> exit_code_;
    std::optional<reports::RunReport> judged_;
    std::set<std::string> heads_;
};

}  // namespace pushsim::cli
