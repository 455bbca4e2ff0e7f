#include "sim/cli/agent_log.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "reports/console.hpp"
#include "reports/text.hpp"

namespace pushsim::cli {
namespace {

using nlohmann::ordered_json;

void put(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace

void AgentLog::say(const std::string& event, const std::string& text, const Facts& facts) const {
    const std::string now = to_rfc3339(clock_.wall_now());
    if (!json_) {
        constexpr std::size_t kSeconds = 19;  // "2026-11-24T12:01:03"
        constexpr std::size_t kHang = 4;
        const int width = reports::style_for(STDOUT_FILENO).wrap;
        put(reports::paragraph(
            0, kHang,
            fmt::format("{}Z  {:<10}  {}", now.substr(0, kSeconds), event, reports::printable(text)),
            static_cast<std::size_t>(width)));
        return;
    }
    ordered_json line = {{"time", now}, {"event", event}, {"text", text}};
    for (const auto& [name, value] : facts)
        std::visit([&, key = name](const auto& one) { line[key] = one; }, value);
    put(line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

bool AgentLog::reader_is_gone() const {
    return std::ferror(stdout) != 0;
}

void AgentLog::say(const reports::Diagnosis& diagnosis) const {
    if (json_) {
        say("cause", reports::cause_text(diagnosis), {{"rule", diagnosis.rule}});
        say("mend", diagnosis.mend, {{"rule", diagnosis.rule}});
        return;
    }
    reports::ConsoleStyle style = reports::style_for(STDOUT_FILENO);
    style.whole_digests = true;  // to be copied from here
    put(reports::console_diagnosis(diagnosis, "", style));
}

}  // namespace pushsim::cli
