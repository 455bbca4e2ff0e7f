#pragma once
// The reports of a run, made from its history alone.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "reports/conformance.hpp"
#include "reports/report.hpp"
#include "sim/history/reader.hpp"

namespace pushsim::cli {

/// A history, judged.
struct JudgedRun {
    history::History history;
    reports::RunReport run;
    std::optional<reports::ConformanceReport> conformance;  ///< of a conformance run

    int exit_code() const { return conformance ? conformance->exit_code : run.exit_code; }
};
/// Errors as history::read_history().
Result<JudgedRun> judge_run(const std::filesystem::path& history);

/// Whether the file that an option names can be one: its folder is there, and it is no folder itself. What
/// would be found out after the work else. ErrorKind::Usage
Result<void> check_can_write(const std::string& option, const std::string& file);

/// The file that an option names, whole or not at all; one that a link names; what is no regular file (a
/// device, a pipe) is written into as it stands. "-": standard output. ErrorKind::System, with a way out.
Result<void> write_named(const std::string& file, const std::string& text);

std::string json_of(const JudgedRun& judged);
std::string junit_of(const JudgedRun& judged, const std::filesystem::path& history);
std::string markdown_of(const JudgedRun& judged);
std::string html_of(const JudgedRun& judged);

/// Writes report.json, junit.xml, report.md, report.html, and of a conformance run badge.json, into the
/// folder; their names. ErrorKind::System names the file that could not be written; those before it are
/// there.
Result<std::vector<std::string>> write_reports(const JudgedRun& judged, const std::filesystem::path& folder);

}  // namespace pushsim::cli
