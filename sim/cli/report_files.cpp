#include "sim/cli/report_files.hpp"

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
    if (fs::is_directory(folder, failed)) return {};
    return fail(ErrorKind::Usage, fmt::format("{}: {} cannot be written", option, file),
                fmt::format("there is no folder {}", folder.string()));
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
