#include "sim/cli/report_files.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "agent/base/files.hpp"
#include "reports/badge.hpp"
#include "reports/conformance_json.hpp"
#include "reports/conformance_junit.hpp"
#include "reports/conformance_markdown.hpp"
#include "reports/html.hpp"
#include "reports/junit.hpp"
#include "reports/report_json.hpp"
#include "reports/run_markdown.hpp"

namespace pushsim::cli {

Result<JudgedRun> judge_run(const std::filesystem::path& history) {
    auto read = history::read_history(history, history::Detail::OfReports);
    if (!read) return fail(read.error());
    JudgedRun judged{std::move(*read), {}, {}};
    judged.run = reports::judge(judged.history);
    judged.conformance = reports::assess(judged.history, judged.run);
    return judged;
}

Result<void> check_can_write(const std::string& option, const std::string& file) {
    namespace fs = std::filesystem;
    std::error_code failed;
    const auto folder = fs::absolute(file, failed).parent_path();
    if (fs::is_directory(file, failed))
        return fail(ErrorKind::Usage, fmt::format("{}: {} is a folder", option, file), "name a file in it");
    if (file == "-" || fs::is_directory(folder, failed)) return {};
    return fail(ErrorKind::Usage, fmt::format("{}: {} cannot be written", option, file),
                fmt::format("there is no folder {}", folder.string()));
}

Result<void> write_named(const std::string& file, const std::string& text) {
    namespace fs = std::filesystem;
    std::error_code failed;
    const auto what = fs::status(file, failed);  // of what a link names
    const bool is_stdout = file == "-";
    if (!is_stdout && (!fs::exists(what) || fs::is_regular_file(what))) {
        const fs::path meant = fs::exists(what) ? fs::canonical(file, failed) : fs::path(file);
        auto written = write_file(meant, text, 0644);
        if (!written)
            return fail(ErrorKind::System, written.error().message, "name a file that this user may write");
        return {};
    }
    std::FILE* const into = is_stdout ? stdout : std::fopen(file.c_str(), "we");
    const bool all = into != nullptr && std::fwrite(text.data(), 1, text.size(), into) == text.size();
    const int error = errno;
    const bool closed = into != nullptr && (is_stdout ? std::fflush(into) : std::fclose(into)) == 0;
    if (all && closed) return {};
    return fail(
        ErrorKind::System,
        fmt::format("cannot write {}: {}", file, std::generic_category().message(all ? errno : error)),
        "name a file that this user may write");
}

std::string json_of(const JudgedRun& judged) {
    return judged.conformance ? reports::conformance_json(judged.run, *judged.conformance)
                              : reports::report_json(judged.run);
}

std::string junit_of(const JudgedRun& judged, const std::filesystem::path& history) {
    return judged.conformance
               ? reports::conformance_junit_xml(judged.run, *judged.conformance, history.string())
               : reports::junit_xml(judged.run, history.string());
}

std::string markdown_of(const JudgedRun& judged) {
    return judged.conformance ? reports::summary_markdown(judged.run, *judged.conformance)
                              : reports::run_markdown(judged.run);
}

std::string html_of(const JudgedRun& judged) {
    return reports::html(judged.history, judged.run, judged.conformance ? &*judged.conformance : nullptr);
}

Result<std::vector<std::string>> write_reports(const JudgedRun& judged, const std::filesystem::path& folder) {
    std::vector<std::pair<std::string, std::string>> files{
        {"report.json", json_of(judged)},
        {"junit.xml", junit_of(judged, folder / "history.jsonl")},
        {"report.md", markdown_of(judged)},
        {"report.html", html_of(judged)},
    };
    if (judged.conformance) files.emplace_back("badge.json", reports::badge_json(*judged.conformance));
    std::vector<std::string> names;
    for (const auto& [name, text] : files) {
        if (auto written = write_file(folder / name, text, 0644); !written) return fail(written.error());
        names.push_back(name);
    }
    return names;
}

}  // namespace pushsim::cli
