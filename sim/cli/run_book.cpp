#include "sim/cli/run_book.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "agent/base/files.hpp"
#include "reports/conformance_console.hpp"
#include "reports/expected.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/report_files.hpp"
#include "sim/cli/run_folder.hpp"
#include "sim/fleet/expectations.hpp"
#include "sim/scenario/draws.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;

history::Bodies bodies_of(const std::string& word) {
    if (word == "all") return history::Bodies::All;
    if (word == "none") return history::Bodies::None;
    return history::Bodies::Failures;
}

std::string name_of_run(const std::vector<scenario::Scenario>& scenarios, const Purpose& purpose) {
    if (purpose.scope != nullptr)
        return purpose.scope->profile.empty() ? "conformance" : "conformance-" + purpose.scope->profile;
    return scenarios.size() == 1 ? scenarios.front().name : "run";
}

void say(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace

RunBook::RunBook(const RunOptions& options, fs::path folder, std::unique_ptr<history::HistoryWriter> history,
                 int name_width, const Purpose& purpose)
    : options_(options),
      purpose_(purpose),
      folder_(std::move(folder)),
      history_(std::move(history)),
      style_(reports::style_for(STDOUT_FILENO)) {
    style_.quiet = options.quiet;
    style_.verbose = options.verbose;
    style_.name_width = std::max(style_.name_width, name_width);
}

Result<std::unique_ptr<RunBook>> RunBook::open(const RunOptions& options,
                                               const std::vector<scenario::Scenario>& scenarios,
                                               std::uint64_t seed, history::Head head, const Purpose& purpose,
                                               const Clock& clock) {
    auto plan = scenario::plan_text(scenarios, seed);
    if (!plan) return fail(plan.error());
    auto folder = make_run_folder(options.out, name_of_run(scenarios, purpose), seed, clock.wall_now());
    if (!folder) return fail(folder.error());
    head.command = options.command_line;
    head.seed = seed;
    head.started = clock.wall_now();
    auto history = history::HistoryWriter::open(*folder / "history.jsonl", clock, head,
                                                {.bodies = bodies_of(options.bodies)});
    if (!history) return fail(history.error());
    if (auto written = write_file(*folder / "plan.yaml", *plan, 0644); !written) return fail(written.error());
    std::size_t widest = 0;
    for (const auto& scenario : scenarios)
        widest = std::max(widest, scenario.name.size());
    if (purpose.scope != nullptr) (*history)->append({}, *purpose.scope);
    Interrupt::loses(fmt::format(
        "what was recorded so far stays, no report is written; pushsim report {} makes them of it",
        folder->string()));
    return std::unique_ptr<RunBook>(
        new RunBook(options, std::move(*folder), std::move(*history), static_cast<int>(widest), purpose));
}

void RunBook::note_failure(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = error;
    exit_code_ = exit_code(error.kind);
}

std::optional<Error> RunBook::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void RunBook::skip(const scenario::Scenario& scenario, const std::string& why, bool by_an_end) {
    const history::Where where{.scenario = scenario.name};
    history::ScenarioStart start;
    start.title = scenario.title;
    start.file = scenario.file;
    // So that what it would have decided is said to be skipped, and why.
    if (purpose_.scope != nullptr) start.expectations = fleet::expectations_of(scenario);
    history_->append(where, start);
    using enum history::ScenarioEnd::Ending;
    const bool undecided = by_an_end && purpose_.scope != nullptr;
    history_->append(where, history::ScenarioEnd{undecided ? Interrupted : Skipped, why, ""});
    if (!Interrupt::asked()) say_scenario(scenario.name);  // the last line counts them
}

void RunBook::SessionCount::take(const history::Entry& line) {
    const auto* exchange = line.event.get<history::ExchangeSeen>();
    if (exchange == nullptr || exchange->phase != "authenticate") return;
    seen.refused = seen.refused || exchange->status == 429;
    if (exchange->method == "POST" && exchange->status == 200)
        seen.of_one_address = std::max(seen.of_one_address, ++begun[exchange->source]);
}

bool RunBook::read_on() const {
    const auto take = [this](history::Entry&& line) {
        sessions_[line.where->scenario].take(line);
        so_far_.take(std::move(line));
    };
    if (!lines_) {
        auto lines = history::GrowingHistory::open(folder_ / "history.jsonl", history::Detail::OfReports);
        if (!lines) {
            report_error(lines.error());
            return false;
        }
        lines_.emplace(std::move(*lines));
    }
    const bool had_head = lines_->head().has_value();
    const auto read = lines_->read_on(take);
    if (!had_head && lines_->head()) so_far_.take(*lines_->head());
    if (!read) report_error(read.error());
    return read.has_value();
}

std::vector<reports::ScenarioReport> RunBook::judge(const std::string& scenario) const {
    const std::lock_guard lock(reading_);
    if (!read_on()) return {};
    return so_far_.scenarios(scenario);
}

void RunBook::say_head(const history::StackFacts& stack) {
    if (options_.format != "text" || options_.quiet) return;
    std::optional<reports::RunReport> run;
    {
        const std::lock_guard lock(reading_);
        if (read_on()) run = so_far_.run();
    }
    const std::lock_guard lock(mutex_);
    if (!heads_.insert(stack.mode + stack.keylime_version + stack.keylime_where + stack.changed_start).second)
        return;
    if (run) say(reports::console_head(*run, style_));
}

void RunBook::say_scenario(const std::string& name) {
    if (options_.format != "text") return;
    const auto reports = judge(name);
    const std::lock_guard lock(mutex_);
    if (reports.empty()) return;
    if (purpose_.scope == nullptr) {
        say(reports::console_scenario(reports.back(), style_));
    } else if (!style_.quiet) {
        // What it showed is said of requirements, at the end.
        say(reports::conformance_console_played(reports.back(), style_));
    }
}

void RunBook::say_error(const std::string& text) {
    if (options_.quiet) return;
    const std::lock_guard lock(mutex_);
    cli::say_error(text);
}

std::optional<reports::Outcome> RunBook::outcome_of(const std::string& scenario) const {
    const auto reports = judge(scenario);
    return reports.empty() ? std::nullopt : std::optional(reports.front().outcome);
}

SessionsSeen RunBook::sessions_of(const std::string& scenario) const {
    const std::lock_guard lock(reading_);
    return read_on() ? sessions_[scenario].seen : SessionsSeen{};
}

/// `latest` where it is still this run's.
fs::path RunBook::shown_folder() const {
    std::error_code failed;
    const fs::path latest = fs::path(options_.out) / "latest";
    return fs::read_symlink(latest, failed) == folder_.filename() ? latest : folder_;
}

int RunBook::report() {
    const auto failed = failure();
    history_->append({}, history::End{failed.has_value(), failed ? failed->message : "", exit_code_});
    const auto judged = judge_run(folder_ / "history.jsonl");
    if (!judged) return report_error(judged.error());
    judged_ = judged->run;
    std::string files = "history.jsonl";
    if (const auto written = write_reports(*judged, folder_)) {
        for (const std::string& name : *written)
            files += ", " + name;
    } else {
        note_failure(written.error());
    }
    if (judged->conformance && !purpose_.write_expected.empty()) {
        const auto written = write_file(purpose_.write_expected,
                                        reports::expected_yaml(judged->run, *judged->conformance), 0644);
        if (written) {
            say_error(fmt::format("pushsim: what does not hold stands in {}", purpose_.write_expected));
        } else {
            note_failure(written.error());
        }
    }
    if (options_.format == "json") {
        say(json_of(*judged));
        // Whoever has a program read that still sees in a log what does not hold.
        if (judged->conformance && !options_.quiet) {
            const std::string page = (shown_folder() / "report.html").string();
            say_error(reports::conformance_console_areas(*judged->conformance, style_) +
                      reports::conformance_console_totals(judged->run, *judged->conformance, page, style_));
        }
    } else if (judged->conformance) {
        const std::string page = (shown_folder() / "report.html").string();
        say(reports::conformance_console_scope(*judged->conformance, style_) +
            reports::conformance_console_areas(*judged->conformance, style_) +
            reports::conformance_console_totals(judged->run, *judged->conformance, page, style_));
    } else {
        say(reports::console_totals(*judged_, fmt::format("{}/ ({})", shown_folder().string(), files),
                                    style_));
    }
    if (failure_ && failure_->kind != ErrorKind::Interrupted) report_error(*failure_);
    return exit_code_.value_or(judged->exit_code());
}

}  // namespace pushsim::cli
