#include "reports/run_checks.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/checks.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

using Json = nlohmann::ordered_json;
using Result = CheckOfRun::Result;

class RunChecks {
  public:
    RunChecks(const history::History& history, const std::vector<std::string>& asked)
        : history_(history), scenarios_(split(history)), facts_(facts_of(history)) {
        for (const std::string& name : check_names()) {
            if (asked.empty() || std::ranges::count(asked, name) > 0) checks_.push_back({.check = name});
        }
    }

    std::vector<CheckOfRun> take() {
        for (const ScenarioView& scenario : scenarios_)
            add(check(scenario, facts_), scenario.name);
        outside_scenarios();
        for (CheckOfRun& check : checks_) {
            if (scenarios_.empty()) check.not_checked.emplace_back("the history has no scenario");
            if (!check.findings.empty()) check.result = Result::Findings;
        }
        return std::move(checks_);
    }

  private:
    void add(const Checked& checked, const std::string& scenario) {
        for (CheckOfRun& check : checks_) {
            bool made = true;
            for (const NotChecked& what : checked.not_checked) {
                if (what.check != check.check) continue;
                made = made && what.in_part;
                check.not_checked.push_back(scenarios_.size() > 1 ? scenario + ": " + what.reason
                                                                  : what.reason);
            }
            if (made) check.result = Result::Holds;
        }
        add_findings(checked, scenario);
    }
    void add_findings(const Checked& checked, const std::string& scenario) {
        for (const Finding& finding : checked.findings) {
            const auto check = std::ranges::find(checks_, finding.check, &CheckOfRun::check);
            if (check == checks_.end()) continue;
            check->findings.push_back(
                {scenario, finding.n ? agent_of(*finding.n) : "", finding.text, finding.n});
        }
    }
    std::string agent_of(std::uint64_t n) const {
        const auto line = std::ranges::lower_bound(history_.entries, n, {}, &history::Entry::n);
        return line != history_.entries.end() && line->n == n ? line->where->agent.str() : "";
    }
    /// The head, and what the run did before, between and after its scenarios.
    void outside_scenarios() {
        std::vector<std::uint64_t> inside;
        for (const ScenarioView& scenario : scenarios_) {
            for (const history::Entry* line : scenario.lines)
                inside.push_back(line->n);
            for (const history::Entry* line : {scenario.start, scenario.end}) {
                if (line != nullptr) inside.push_back(line->n);
            }
        }
        std::ranges::sort(inside);
        Checked checked;
        if (history_.head) check_tokens(*history_.head, checked);
        for (const history::Entry& line : history_.entries) {
            if (!std::ranges::binary_search(inside, line.n)) check_tokens(line, facts_, checked);
        }
        add_findings(checked, "");
    }

    const history::History& history_;
    std::vector<ScenarioView> scenarios_;
    RunFacts facts_;
    std::vector<CheckOfRun> checks_;
};

/// The first of them; a run of many scenarios that ended early has as many.
std::string reasons(const std::vector<std::string>& all) {
    constexpr std::size_t most = 2;
    const std::vector<std::string> first(all.begin(),
                                         all.begin() + std::min<std::ptrdiff_t>(most, std::ssize(all)));
    const std::string text = fmt::format("{}", fmt::join(first, "; "));
    return all.size() <= most ? text
                              : fmt::format("{}; and {} more (--format json)", text, all.size() - most);
}

std::string line_of(const CheckOfRun& check) {
    switch (check.result) {
        case Result::Holds: {
            if (check.not_checked.empty()) return fmt::format("ok           {}\n", check.check);
            return fmt::format("ok           {}, not in full: {}\n", check.check, reasons(check.not_checked));
        }
        case Result::Findings:
            return fmt::format("FOUND        {}: {}\n", check.check,
                               counted(check.findings.size(), "finding"));
        case Result::NotChecked:
            return fmt::format("not checked  {}: {}\n", check.check, reasons(check.not_checked));
    }
    return "";
}

}  // namespace

const char* to_string(CheckOfRun::Result result) {
    switch (result) {
        case Result::Holds:
            return "holds";
        case Result::Findings:
            return "findings";
        case Result::NotChecked:
            return "not_checked";
    }
    return "?";
}

std::vector<CheckOfRun> check_run(const history::History& history, const std::vector<std::string>& asked) {
    return RunChecks{history, asked}.take();
}

std::string checks_text(const std::vector<CheckOfRun>& checks) {
    std::string text;
    for (const CheckOfRun& check : checks) {
        text += line_of(check);
        for (const CheckOfRun::Found& found : check.findings) {
            text += fmt::format("             {}{}{}\n", found.scenario.empty() ? "" : found.scenario + ": ",
                                found.text,
                                found.n ? fmt::format(" (history line {})", line_number(*found.n)) : "");
        }
    }
    return printable(text, true);
}

std::string checks_json(const std::vector<CheckOfRun>& checks, const std::string& history) {
    const auto put = [](Json& json, const char* name, const std::string& value) {
        if (!value.empty()) json[name] = value;
    };
    Json list = Json::array();
    for (const CheckOfRun& check : checks) {
        Json findings = Json::array();
        for (const CheckOfRun::Found& found : check.findings) {
            Json json = Json::object();
            put(json, "scenario", found.scenario);
            put(json, "agent", found.agent);
            json["text"] = found.text;
            if (found.n) json["n"] = *found.n;
            findings.push_back(std::move(json));
        }
        list.push_back({{"check", check.check},
                        {"result", to_string(check.result)},
                        {"not_checked", check.not_checked},
                        {"findings", std::move(findings)}});
    }
    const Json json{
        {"kind", "pushsim-check"}, {"format", 1}, {"history", history}, {"checks", std::move(list)}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace pushsim::reports
