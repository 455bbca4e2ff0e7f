#include "reports/badge.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/conformance_words.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {
namespace {

constexpr int ended_early = 2;  // exit codes from here on are of runs that did not judge all

const char* colour(const ConformanceReport& report) {
    const Counts& totals = report.totals;
    if (report.exit_code == 1) return "red";
    if (count_of(totals, Standing::Pass) + count_of(totals, Standing::Deviation) == 0) return "lightgrey";
    if (report.exit_code >= ended_early) return "orange";
    if (count_of(totals, Standing::Deviation) > 0) return "yellowgreen";
    const auto pass = static_cast<std::size_t>(count_of(totals, Standing::Pass));
    return pass == report.requirements.size() && in_part_of(report) == 0 ? "brightgreen" : "green";
}

}  // namespace

std::string badge_json(const ConformanceReport& report) {
    const auto number = [&](Standing standing) {
        return static_cast<std::uint64_t>(count_of(report.totals, standing));
    };
    std::string message = fmt::format("{} of {}", number(Standing::Pass), report.requirements.size());
    if (const int in_part = in_part_of(report); in_part > 0) message += fmt::format(" ({} in part)", in_part);
    if (const auto failed = number(Standing::Fail) + number(Standing::Fixed); failed > 0)
        message += ", " + counted(failed, "failure");
    if (const auto known = number(Standing::Deviation); known > 0)
        message += ", " + counted(known, "known deviation");
    if (const auto open = number(Standing::Undecided); open > 0)
        message += fmt::format(", {} undecided", open);
    if (report.exit_code >= ended_early) message += ", not complete";
    const nlohmann::ordered_json json{{"schemaVersion", 1},
                                      {"label", "push attestation conformance"},
                                      {"message", message},
                                      {"color", colour(report)}};
    return json.dump() + '\n';
}

}  // namespace pushsim::reports
