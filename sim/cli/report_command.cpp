// `pushsim report`: the reports of a run again, from its history.

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "agent/base/files.hpp"
#include "reports/badge.hpp"
#include "reports/conformance_console.hpp"
#include "reports/console.hpp"
#include "reports/issue_markdown.hpp"
#include "reports/verdicts.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/report_files.hpp"
#include "sim/cli/run_folder.hpp"
#include "sim/stack/server_log.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;

const Error kNoConformance{ErrorKind::Usage, "this is no conformance run",
                           "pushsim conformance makes one; pushsim report RUN is for each run"};

/// What is asked for by name; empty: nothing is.
std::vector<std::pair<std::string, std::string>> named_files(const ReportOptions& options,
                                                             const JudgedRun& judged,
                                                             const fs::path& history) {
    std::vector<std::pair<std::string, std::string>> files;
    if (!options.html.empty()) files.emplace_back(options.html, html_of(judged));
    if (!options.junit.empty()) files.emplace_back(options.junit, junit_of(judged, history));
    if (!options.markdown.empty()) files.emplace_back(options.markdown, markdown_of(judged));
    if (!options.json.empty()) files.emplace_back(options.json, json_of(judged));
    if (!options.badge.empty()) files.emplace_back(options.badge, reports::badge_json(*judged.conformance));
    if (!options.verdicts.empty())
        files.emplace_back(options.verdicts, reports::verdicts_yaml(judged.run, *judged.conformance));
    return files;
}

/// What the servers of the run logged of a request.
std::vector<std::string> logged_of(const fs::path& run, const std::string& request_id) {
    std::error_code failed;
    for (fs::directory_iterator at(run, failed), end; !failed && at != end; at.increment(failed)) {
        for (const char* log : {"verifier.log", "registrar.log"}) {
            auto lines = stack::lines_of_request(read_file(at->path() / log), request_id);
            if (!lines.empty()) return lines;
        }
    }
    return {};
}

/// The folder that runs/latest means, so that reports name it as the run did.
fs::path not_a_link(const fs::path& folder) {
    std::error_code failed;
    const fs::path target = fs::read_symlink(folder, failed);
    return failed ? folder : folder.parent_path() / target;
}

void tell(const ReportOptions& options, const JudgedRun& judged, const std::string& where) {
    if (options.quiet) return;
    reports::ConsoleStyle style = reports::style_for(STDOUT_FILENO);
    style.verbose = options.verbose;
    if (judged.conformance) {
        fmt::print("{}", reports::conformance_console(judged.run, *judged.conformance, where, style));
    } else {
        fmt::print("{}", reports::console_text(judged.run, where, style));
    }
}

}  // namespace

int report(const ReportOptions& options) {
    const auto history = history_of(options.run);
    std::error_code failed;
    if (!history || !fs::exists(*history, failed)) {
        return report_error({ErrorKind::Usage,
                             fmt::format("'{}' is no run: there is no history", options.run),
                             "name a run folder, such as runs/latest, or its history.jsonl"});
    }
    for (const auto& [option, file] : {std::pair{"--html", &options.html},
                                       {"--junit", &options.junit},
                                       {"--markdown", &options.markdown},
                                       {"--json", &options.json},
                                       {"--badge", &options.badge},
                                       {"--verdicts", &options.verdicts}}) {
        if (file->empty()) continue;
        if (const auto can = check_can_write(option, *file); !can) return report_error(can.error());
    }
    const auto judged = judge_run(*history);
    if (!judged) return report_error(judged.error());
    if (!judged->conformance && !(options.issue.empty() && options.badge.empty() && options.verdicts.empty()))
        return report_error(kNoConformance);
    if (!options.issue.empty()) {
        const auto issue = reports::issue_markdown(
            judged->history, judged->run, *judged->conformance, options.issue,
            [&](const std::string& request_id) { return logged_of(history->parent_path(), request_id); });
        if (!issue) return report_error(issue.error());
        fmt::print("{}", *issue);
        return kAsExpected;
    }
    std::vector<std::string> written;
    for (const auto& [file, text] : named_files(options, *judged, *history)) {
        if (auto done = write_named(file, text); !done) return report_error(done.error());
        written.push_back(file);
    }
    if (written.empty()) {
        const fs::path folder = not_a_link(history->parent_path());
        const auto all = write_reports(*judged, folder);
        if (!all) return report_error(all.error());
        for (const std::string& name : *all)
            written.push_back((folder / name).string());
    }
    // Whoever wants a report at standard output wants nothing else there.
    if (std::ranges::find(written, "-") == written.end())
        tell(options, *judged, fmt::format("{}", fmt::join(written, ", ")));
    return judged->exit_code();
}

}  // namespace pushsim::cli
