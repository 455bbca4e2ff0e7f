#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "reports/conformance_console.hpp"
#include "reports/console.hpp"
#include "reports/report.hpp"
#include "reports/text.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/explain_name.hpp"
#include "sim/cli/explain_requirement.hpp"
#include "sim/cli/report_files.hpp"
#include "sim/cli/run_folder.hpp"
#include "sim/cli/suite.hpp"
#include "sim/scenario/cases.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/scenario/sharing.hpp"
#include "sim/scenario/tell.hpp"

namespace pushsim::cli {
namespace {

int explain_run(const std::filesystem::path& history) {
    const auto judged = judge_run(history);
    if (!judged) return report_error(judged.error());
    reports::ConsoleStyle style = reports::style_for(STDOUT_FILENO);
    style.evidence = true;
    style.whole_digests = true;  // to be copied from here
    if (judged->conformance) {   // requirement by requirement, and nothing of what is withheld
        style.verbose = true;
        fmt::print("{}",
                   reports::conformance_console(judged->run, *judged->conformance, history.string(), style));
    } else {
        fmt::print("{}", reports::console_text(judged->run, history.string(), style));
    }
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

void explain_steps(const std::vector<scenario::Step>& steps, const scenario::Scenario& all,
                   std::size_t indent, const Page& page, const std::string& outer = {}) {
    std::string before = outer;
    for (const scenario::Step& step : steps) {
        if (step.case_name != before && !step.case_name.empty())
            page.say(indent, fmt::format("Case {}:", step.case_name));
        before = step.case_name;
        page.say(indent, fmt::format("{:<3} {}", step.number, tell(step, all)), 4);
        for (const auto& expectation : step.expect)
            page.say(indent + 4, "Expected: " + tell(expectation, all));
        explain_steps(step.steps, all, indent + 4, page, step.case_name);
    }
}

/// The values of each variable, and which case is told.
void explain_matrix(const std::vector<scenario::Scenario>& cases, const Page& page) {
    page.say(2, fmt::format("{} cases, a run of each:", cases.size()), 0);
    std::size_t combinations = 1;
    for (const auto& [name, first] : cases.front().values) {
        std::vector<std::string> values;
        for (const scenario::Scenario& one : cases) {
            const std::string& value = one.values.at(name);
            if (std::ranges::find(values, value) == values.end()) values.push_back(value);
        }
        combinations *= values.size();
        page.say(4, fmt::format("{}: {}", name, fmt::join(values, " or ")));
    }
    if (combinations > cases.size()) {
        page.say(4, fmt::format("but not all {} combinations; played are:", combinations));
        for (const scenario::Scenario& one : cases) {
            const std::size_t label = one.name.find('[');
            page.say(6, one.name.substr(label + 1, one.name.size() - label - 2));
        }
    }
    page.say(2, fmt::format("Told is the first of them, {}.", cases.front().name), 0);
}

/// One scenario, or the cases of a matrix.
void explain_scenario(const std::vector<scenario::Scenario>& cases, const Page& page) {
    const scenario::Scenario& one = cases.front();
    const std::string name = one.name.substr(0, one.name.find('['));
    page.say(0, one.title.empty() ? name : name + ": " + one.title);
    if (!one.about.empty()) page.say(2, one.about, 0);
    if (!one.values.empty()) explain_matrix(cases, page);
    for (const std::string& sentence : tell(one.stack))
        page.say(2, sentence);
    for (const std::string& sentence : scenario::tell_sharing(one))
        page.say(2, sentence);
    if (one.tries)
        page.say(2, fmt::format("It comes by chance: tried until it is seen, at most {} times.", *one.tries));
    fmt::print("\n");
    page.say(0, "Agents");
    for (const scenario::Group& group : one.groups)
        page.say(2, tell(group));
    fmt::print("\n");
    page.say(0, "Script");
    for (const scenario::Fault& fault : one.faults)
        page.say(2, "All along: " + tell(fault));
    explain_steps(one.script, one, 2, page);
    if (one.expect.empty()) return;
    fmt::print("\n");
    page.say(0, "Expected at the end");
    for (const auto& expectation : one.expect)
        page.say(2, tell(expectation, one));
}

/// Whether the argument can only mean a file.
bool is_path(const std::string& what) {
    std::error_code failed;
    return what.find('/') != std::string::npos || what.ends_with(".yaml") ||
           std::filesystem::exists(what, failed);
}

/// An area of the suite, one of its scenarios or cases; false where it is none of them.
bool explain_of_suite(const std::string& name, const Page& page) {
    const auto suite = load_suite(suite_folder());
    if (!suite) return false;
    if (const std::string_view about = history::about_area(name); !about.empty()) {
        page.say(0, fmt::format("{}: {}", name, about));
        for (const auto& one : suite->requirements) {
            if (one.area() == name) page.say(2, fmt::format("{} {:<6} {}", one.id, one.level, one.text), 20);
        }
        page.say(0, fmt::format("To decide it: pushsim conformance {}", name));
        return true;
    }
    const auto slash = name.find('/');
    const std::string case_name = slash == std::string::npos ? "" : name.substr(slash + 1);
    std::vector<scenario::Scenario> cases;
    for (const scenario::Scenario& one : suite->scenarios) {
        const std::string scenario = name.substr(0, slash);
        if (one.name != scenario && one.name.substr(0, one.name.find('[')) != scenario) continue;
        const auto names = scenario::case_names(one);
        if (case_name.empty()) {
            cases.push_back(one);
        } else if (std::ranges::find(names, case_name) != names.end()) {
            cases.push_back(scenario::only(one, {case_name}));
        }
    }
    if (cases.empty()) return false;
    explain_scenario(cases, page);
    fmt::print("\n");
    page.say(0, fmt::format("To decide it: pushsim conformance {}", name));
    return true;
}

int explain_word(const std::string& name, const Page& page) {
    if (name.starts_with("KPM-")) {
        const auto requirement = explain_requirement(name);
        if (!requirement) return report_error(requirement.error());
        for (const Line& line : *requirement)
            page.say(line.indent, line.text);
        return kAsExpected;
    }
    const std::vector<Line> lines = explain_name(name);
    if (lines.empty() && explain_of_suite(name, page)) return kAsExpected;
    if (lines.empty()) {
        return report_error(
            {ErrorKind::Usage,
             fmt::format("there is no file and no name of the scenario language called {}", name),
             nearest_to(name)});
    }
    for (const Line& line : lines)
        page.say(line.indent, line.text);
    return kAsExpected;
}

int explain_files(const std::string& path, const Page& page) {
    const auto loaded = scenario::load({path});
    if (!loaded.ok()) {
        say_error(loaded.text());
        return kUsage;
    }
    std::vector<scenario::Scenario> cases;
    const auto tell_cases = [&] {
        if (!cases.empty()) explain_scenario(cases, page);
        cases.clear();
    };
    for (const auto& one : loaded.scenarios) {
        if (!cases.empty() && cases.front().file != one.file) {
            tell_cases();
            fmt::print("\n");
        }
        cases.push_back(one);
    }
    tell_cases();
    return kAsExpected;
}

}  // namespace

int explain(const std::vector<std::string>& what) {
    const Page page;
    bool first = true;
    std::error_code failed;
    for (const std::string& one : what) {
        if (!std::exchange(first, false)) fmt::print("\n");
        if (const auto history = history_of(one)) {
            if (const int code = explain_run(*history); code != kAsExpected) return code;
            continue;
        }
        const bool is_case = one.find('/') != std::string::npos && !std::filesystem::exists(one, failed);
        if (is_case && explain_of_suite(one, page)) continue;
        const int code = is_path(one) ? explain_files(one, page) : explain_word(one, page);
        if (code != kAsExpected) return code;
    }
    return kAsExpected;
}

}  // namespace pushsim::cli
