#include "reports/view.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

constexpr std::size_t max_excerpt = 300;
constexpr int max_agents = 1'000'000;  // of a group; a history that says more is damaged

bool names(const std::string& selector, const std::string& agent) {
    return agent == selector ||
           (agent.starts_with(selector) && agent.substr(selector.size()).starts_with('['));
}

/// The start of a text on one line.
std::string excerpt(const std::string& text) {
    std::string result = clipped(text, max_excerpt);
    std::ranges::replace_if(
        result, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    return result;
}

void sort_in(const history::Entry& line, std::vector<ScenarioView>& scenarios,
             std::map<std::string, std::size_t>& current) {
    if (as<history::ScenarioStart>(&line) != nullptr) {
        current[line.where->scenario] = scenarios.size();
        scenarios.emplace_back();
        scenarios.back().name = line.where->scenario;
        scenarios.back().start = &line;
        return;
    }
    const auto at = current.find(line.where->scenario);
    if (at == current.end()) return;
    ScenarioView& scenario = scenarios[at->second];
    if (as<history::ScenarioEnd>(&line) != nullptr) {
        scenario.end = &line;
        current.erase(at);
        return;
    }
    scenario.lines.push_back(&line);
    const auto* begun = as<history::StepStart>(&line);
    if (begun != nullptr && line.where->step) scenario.steps.try_emplace(*line.where->step, begun);
    if (as<history::StepEnd>(&line) != nullptr && line.where->step)
        scenario.step_ends[*line.where->step] = &line;
    if (!line.where->agent.empty()) scenario.by_agent[line.where->agent].push_back(&line);
}

}  // namespace

std::optional<std::string> planned_option(const history::ScenarioStart& start, std::string_view option) {
    std::string_view rest = start.plan;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end);
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        if (!line.starts_with(option) || !line.substr(option.size()).starts_with(": ")) continue;
        line.remove_prefix(option.size() + 2);
        std::string value;
        std::ranges::copy_if(line, std::back_inserter(value), [](char c) { return c != '"' && c != '\n'; });
        return value;
    }
    return std::nullopt;
}

std::string planned_servers(const history::ScenarioStart& start) {
    constexpr std::string_view begin = "\nstack:\n";
    std::string_view rest = start.plan;
    const std::size_t at = rest.find(begin);
    if (at == std::string_view::npos) return "";
    rest.remove_prefix(at + begin.size());
    std::vector<std::string> parts;
    std::vector<std::string> options;  // of the server whose lines these are
    std::string server;
    const auto end_server = [&] {
        if (!options.empty()) parts.push_back(fmt::format("{}: {}", server, fmt::join(options, ", ")));
        options.clear();
    };
    while (rest.starts_with(' ')) {
        const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end);
        const std::size_t indent = line.find_first_not_of(' ');
        line = line.substr(indent, line.find_last_not_of('\n') + 1 - indent);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = line.substr(std::min(colon + 2, line.size()));
        if (indent == 2) end_server();
        if (indent == 2 && value.empty()) {
            server = name;
        } else if (indent > 2 && name != "raw") {
            options.push_back(fmt::format("{} {}", name, value == "~" ? "left out" : value));
        } else if (name == "fresh") {
            if (value == "true") parts.emplace_back("servers of its own");
        } else if (name != "raw") {
            parts.push_back(fmt::format("{} {}", name, value));
        }
    }
    end_server();
    return fmt::format("{}", fmt::join(parts, "; "));
}

bool draws_something(const history::ScenarioStart& start) {
    // As write_values and write_faults of sim/scenario have them.
    constexpr std::array drawn{"{uniform: ", "{normal: ", "{exponential: ", "{one_of: "};
    const std::string_view plan = start.plan;
    if (std::ranges::any_of(drawn,
                            [&](const char* word) { return plan.find(word) != std::string_view::npos; }))
        return true;
    constexpr std::string_view share = " probability: ";
    for (std::size_t at = 0; (at = plan.find(share, at)) != std::string_view::npos;) {
        at += share.size();
        if (!plan.substr(at).starts_with("100%")) return true;
    }
    return false;
}

bool selects(const std::vector<std::string>& selectors, const std::string& agent) {
    return selectors.empty() ||
           std::any_of(selectors.begin(), selectors.end(),
                       [&](const std::string& selector) { return names(selector, agent); });
}

bool ByGroupAndNumber::operator()(const std::string& a, const std::string& b) const {
    const std::size_t at = std::min(a.find('['), a.size());
    const int groups = a.compare(0, at, b, 0, std::min(b.find('['), b.size()));
    if (groups != 0) return groups < 0;
    // Numbers have no leading zeros.
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

const history::ScenarioStart& ScenarioView::plan() const {
    return *as<history::ScenarioStart>(start);
}

const history::StepStart* ScenarioView::step(int number) const {
    const auto at = steps.find(number);
    return at == steps.end() ? nullptr : at->second;
}

const history::Entry* ScenarioView::step_end(int number) const {
    const auto at = step_ends.find(number);
    return at == step_ends.end() ? nullptr : at->second;
}

std::vector<std::string> ScenarioView::agents(const std::vector<std::string>& selectors) const {
    std::vector<std::string> names;
    for (const history::Group& group : plan().groups) {
        for (int number = 0; number < std::min(group.count, max_agents); ++number) {
            names.push_back(fmt::format("{}[{}]", group.name, number));
        }
    }
    if (names.empty()) {
        for (const auto& [agent, agent_lines] : by_agent)
            names.push_back(agent);
    }
    std::erase_if(names, [&](const std::string& agent) { return !selects(selectors, agent); });
    return names;
}

Lines ScenarioView::lines_of(const std::string& agent, std::optional<int> step_number) const {
    const auto at = by_agent.find(agent);
    if (at == by_agent.end()) return {};
    if (!step_number) return at->second;
    Lines result;
    std::copy_if(at->second.begin(), at->second.end(), std::back_inserter(result),
                 [&](const history::Entry* line) { return line->where->step == step_number; });
    return result;
}

std::vector<ScenarioView> split(const history::History& history) {
    std::vector<ScenarioView> scenarios;
    std::map<std::string, std::size_t> current;
    for (const history::Entry& line : history.entries)
        sort_in(line, scenarios, current);
    return scenarios;
}

std::string evaluation_of(const history::Verdict& verdict) {
    const auto decided = [](const std::string& word) { return word == "pass" || word == "fail"; };
    if (verdict.record.value && decided(verdict.record.value->evaluation))
        return verdict.record.value->evaluation;
    if (verdict.database.value && decided(verdict.database.value->evaluation)) {
        return verdict.database.value->evaluation;
    }
    if (verdict.log.value && decided(verdict.log.value->verdict)) return verdict.log.value->verdict;
    return {};
}

std::string reason_of(const history::Verdict& verdict) {
    if (verdict.database.value && !verdict.database.value->failure_reason.empty()) {
        return verdict.database.value->failure_reason;
    }
    return verdict.log.value ? verdict.log.value->reason : "";
}

std::string verdict_words(const history::Verdict& verdict) {
    const std::string evaluation = evaluation_of(verdict);
    if (evaluation.empty()) return "pending";
    if (evaluation == "pass") return "PASS";
    const std::string reason = reason_of(verdict);
    return reason.empty() ? "FAIL" : "FAIL " + reason;
}

const history::ExchangeSeen* as_submission(const history::Entry* line) {
    const auto* exchange = as<history::ExchangeSeen>(line);
    return exchange != nullptr && exchange->phase == "submit" && exchange->peer == "verifier" ? exchange
                                                                                              : nullptr;
}

bool is_accepted(const history::ExchangeSeen& submission) {
    return submission.status == 202;
}

bool may_have_arrived(const history::ExchangeSeen& submission) {
    return !submission.status || *submission.status == 408 || *submission.status >= 500;
}

bool says_not_enrolled(const history::Cycle& cycle) {
    if (cycle.phase == "authenticate") return cycle.status == 200;
    return cycle.status == 404 && !cycle.code.empty() &&
           (cycle.phase == "negotiate" || cycle.phase == "submit");
}

std::string unresolved_doubt(const Lines& lines) {
    std::string doubt;
    int tries = 0;
    std::optional<int> step;
    for (const history::Entry* line : lines) {
        const auto* cycle = as<history::Cycle>(line);
        if (cycle == nullptr) continue;
        const bool made_up_for =
            cycle->doubt.empty() && tries < history::tries_in_doubt && line->where->step == step;
        if (tries > 0 && !made_up_for && (cycle->doubt.empty() || line->where->step != step)) return doubt;
        tries = cycle->doubt.empty() ? 0 : tries + 1;
        doubt = cycle->doubt;
        step = line->where->step;
    }
    return doubt;
}

bool is_response(const history::Entry* line) {
    return as<history::ExchangeSeen>(line) != nullptr || as<history::TenantActSeen>(line) != nullptr;
}

DecidingExchange deciding_exchange(const history::Entry& line) {
    DecidingExchange result;
    result.n = line.n;
    result.agent = line.where->agent;
    if (const auto* exchange = as<history::ExchangeSeen>(&line)) {
        result.phase = exchange->phase;
        result.method = exchange->method;
        result.target = exchange->target;
        result.status = exchange->status;
        result.code = exchange->code;
        if (!exchange->failure.empty()) result.failure = exchange->failure + ": " + exchange->failure_text;
        result.body_excerpt = excerpt(exchange->response.body);
    } else if (const auto* act = as<history::TenantActSeen>(&line)) {
        result.phase = act->act;
        result.method = act->method;
        result.target = act->target;
        result.status = act->status;
        result.failure = act->error;
        result.body_excerpt = excerpt(act->response.body);
    }
    return result;
}

std::string words(const DecidingExchange& exchange) {
    const std::string answer = exchange.status ? std::to_string(*exchange.status) : exchange.failure;
    return fmt::format(
        "{} {} -> {}{}{}", exchange.method, exchange.target, answer,
        exchange.code.empty() ? "" : " " + exchange.code,
        exchange.agent.empty() ? "" : fmt::format(" ({}, {})", exchange.agent, exchange.phase));
}

std::string words(const history::Entry& line) {
    if (as<history::ExchangeSeen>(&line) != nullptr || as<history::TenantActSeen>(&line) != nullptr)
        return words(deciding_exchange(line));
    const std::string who = line.where->agent.empty() ? "" : fmt::format(" ({})", line.where->agent);
    if (const auto* operation = as<history::TpmOperation>(&line))
        return fmt::format("TPM: {}{}", operation->operation, who);
    if (const auto* act = as<history::MachineAct>(&line))
        return fmt::format("{}{}{}", act->act, act->pcr ? fmt::format(" PCR {}", *act->pcr) : "", who);
    if (const auto* fault = as<history::FaultEffect>(&line))
        return fmt::format("fault {}: {}{}", fault->fault, fault->effect, who);
    if (const auto* verdict = as<history::Verdict>(&line))
        return fmt::format("verdict on attestation {}: {}{}", verdict->index, verdict_words(*verdict), who);
    if (const auto* read = as<history::StatusRead>(&line))
        return fmt::format("status {}{}", read->status, who);
    if (const auto* event = as<history::StackEvent>(&line); event != nullptr && !event->text.empty())
        return event->text;
    return std::string{line.kind()} + who;
}

std::string came_to(const history::Entry& line) {
    const auto with_code = [](int status, const std::string& code) {
        return code.empty() ? std::to_string(status) : fmt::format("{} {}", status, code);
    };
    if (is_response(&line)) {
        const DecidingExchange exchange = deciding_exchange(line);
        return exchange.phase + (exchange.status ? " answered " + with_code(*exchange.status, exchange.code)
                                                 : " not answered");
    }
    if (const auto* cycle = as<history::Cycle>(&line)) {
        return fmt::format("{} {}{}", cycle->phase, cycle->ending,
                           cycle->status ? ": " + with_code(*cycle->status, cycle->code) : "");
    }
    if (const auto* verdict = as<history::Verdict>(&line)) return verdict_words(*verdict);
    if (const auto* read = as<history::StatusRead>(&line))
        return read->error.empty() ? "status " + read->status : "status not known";
    return std::string{line.kind()};
}

std::string counted(std::uint64_t count, const std::string& noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace pushsim::reports
