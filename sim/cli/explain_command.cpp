#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "reports/console.hpp"
#include "reports/report.hpp"
#include "reports/text.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/run_folder.hpp"
#include "sim/scenario/loader.hpp"

namespace pushsim::cli {
namespace {

int explain_run(const std::filesystem::path& history) {
    const auto read = history::read_history(history);
    if (!read) return report_error(read.error());
    reports::ConsoleStyle style = reports::style_for(STDOUT_FILENO);
    style.evidence = true;
    style.whole_digests = true;  // to be copied from here
    fmt::print("{}", reports::console_text(reports::judge(*read), history.string(), style));
    return kAsExpected;
}

/// Writes paragraphs that fit the page.
class Page {
  public:
    Page() {
        constexpr std::size_t widest = 100;
        const int terminal = reports::style_for(STDOUT_FILENO).wrap;
        width_ = terminal > 0 ? std::min(widest, static_cast<std::size_t>(terminal)) : widest;
    }
    void say(std::size_t indent, const std::string& text, std::size_t hang = 2) const {
        fmt::print("{}", reports::paragraph(indent, indent + hang, reports::printable(text), width_));
    }

  private:
    std::size_t width_;
};

void explain_steps(const std::vector<scenario::Step>& steps, std::size_t indent, const Page& page) {
    for (const scenario::Step& step : steps) {
        page.say(indent, fmt::format("{:<3} {}", step.number, text(step)), 4);
        for (const auto& expectation : step.expect)
            page.say(indent + 4, "expected: " + expectation.text());
        explain_steps(step.steps, indent + 4, page);
    }
}

void explain_scenario(const scenario::Scenario& one, const Page& page) {
    page.say(0, one.title.empty() ? one.name : one.name + ": " + one.title);
    if (!one.about.empty()) page.say(2, one.about, 0);
    for (const auto& [server, options] :
         {std::pair{"verifier", &one.stack.verifier}, std::pair{"registrar", &one.stack.registrar}}) {
        for (const auto& [name, value] : *options)
            page.say(2, fmt::format("{} option {} {}", server, name, value ? "= " + *value : "is left out"));
    }
    if (one.stack.fresh) page.say(2, "servers of its own, shared with no other scenario");
    for (const scenario::Group& group : one.groups) {
        page.say(
            2, fmt::format("{} {} {}, policy: {}", group.count, group.count == 1 ? "agent" : "agents",
                           group.name, group.enrol.enrolled ? text(group.enrol.tpm_policy) : "not enrolled"));
        if (group.habits != scenario::Habits::Correct)
            page.say(6, fmt::format("habits: {}", to_string(group.habits)));
        page.say(6, text(group));
        for (const scenario::Extension& measured : group.boot)
            page.say(6, "measured at boot: " + text(measured));
    }
    explain_steps(one.script, 2, page);
    for (const auto& expectation : one.expect)
        page.say(2, "expected at the end: " + expectation.text());
}

}  // namespace

int explain(const std::vector<std::string>& what) {
    const Page page;
    bool first = true;
    for (const std::string& one : what) {
        if (!std::exchange(first, false)) fmt::print("\n");
        if (const auto history = history_of(one)) {
            if (const int code = explain_run(*history); code != kAsExpected) return code;
            continue;
        }
        const auto loaded = scenario::load({one});
        if (!loaded.ok()) {
            say_error(loaded.text());
            return kUsage;
        }
        for (const auto& scenario : loaded.scenarios) {
            if (&scenario != &loaded.scenarios.front()) fmt::print("\n");
            explain_scenario(scenario, page);
        }
    }
    return kAsExpected;
}

}  // namespace pushsim::cli
