#include "reports/story.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include <nlohmann/json.hpp>

namespace pushsim::reports {
namespace {

bool is_session(const history::ExchangeSeen& exchange) {
    return exchange.phase == "authenticate" && exchange.method == "POST";
}

/// The attempt that evidence of that index is for: the last of that number, else the last of all.
Attempt& attempt_of(std::vector<Attempt>& attempts, std::optional<int> index) {
    const auto of_it = std::find_if(attempts.rbegin(), attempts.rend(), [&](const Attempt& attempt) {
        return index && attempt.negotiated().index == index;
    });
    return of_it == attempts.rend() ? attempts.back() : *of_it;
}

AgentStory story_of(const std::string& name, const Lines& lines) {
    AgentStory story;
    story.name = name;
    story.lines = lines;
    const history::Entry* quote = nullptr;
    for (const history::Entry* line : lines) {
        if (const auto* act = as<history::TenantActSeen>(line)) {
            const bool done = act->status && *act->status >= 200 && *act->status < 300;
            // Of an agent that somebody else enrolled, a reading tells the policy.
            if (done && (act->act == "enrol" || (act->act == "read_status" && !act->tpm_policy.empty())))
                story.enrolments.push_back(line);
        } else if (const auto* operation = as<history::TpmOperation>(line)) {
            if (operation->quote) quote = line;
        } else if (const auto* machine = as<history::MachineAct>(line)) {
            if (machine->act == "extend" && machine->pcr) story.extensions.push_back(line);
        } else if (const auto* read = as<history::StatusRead>(line)) {
            if (read->error.empty()) story.statuses.push_back(line);
        } else if (const auto* submission = as_submission(line)) {
            if (story.attempts.empty()) continue;
            Attempt& attempt = attempt_of(story.attempts, submission->index);
            attempt.quote = quote;
            attempt.submissions.push_back(line);
        } else if (const auto* exchange = as<history::ExchangeSeen>(line)) {
            if (is_session(*exchange)) story.sessions.push_back(line);
            if (exchange->token_lifetime) story.proofs.push_back(line);
            if (exchange->phase == "negotiate" && exchange->status == 201) {
                Attempt attempt;
                attempt.negotiation = line;
                if (!story.enrolments.empty()) attempt.enrolment = story.enrolments.back();
                story.attempts.push_back(std::move(attempt));
                quote = nullptr;
            }
        } else if (const auto* cycle = as<history::Cycle>(line)) {
            if (story.attempts.empty()) continue;
            if (!cycle->doubt.empty()) story.attempts.back().in_doubt = true;
            if (cycle->phase == "collect" && cycle->ending == "failed")
                story.attempts.back().tpm_failed = true;
        } else if (const auto* verdict = as<history::Verdict>(line)) {
            // Indexes begin anew with an enrolment; the last attempt of that number is meant.
            const auto of_it = std::find_if(
                story.attempts.rbegin(), story.attempts.rend(),
                [&](const Attempt& attempt) { return attempt.negotiated().index == verdict->index; });
            if (of_it != story.attempts.rend()) of_it->verdict = line;
        }
    }
    return story;
}

std::optional<int> pcr_in(const std::string& key) {
    int pcr = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), pcr);
    if (error != std::errc{} || end != key.data() + key.size()) return std::nullopt;
    return pcr;
}

/// `tpm_policy` of the enrolment that was in force, a JSON object.
std::optional<nlohmann::json> policy_of(const Attempt& attempt) {
    const auto* enrolment = as<history::TenantActSeen>(attempt.enrolment);
    if (enrolment == nullptr) return std::nullopt;
    auto policy = nlohmann::json::parse(enrolment->tpm_policy.view(), nullptr, false);
    if (!policy.is_object()) return std::nullopt;
    return policy;
}

/// As the verifier reads it (keylime/verification/tpm_engine.py, _get_pcr_policy).
std::string policy_value(std::string text) {
    if (text.starts_with("0x")) text.erase(0, 2);
    return text;
}

PolicyEntry entry_of(int pcr, const nlohmann::json& values, const history::QuoteValues& quote) {
    PolicyEntry entry{.pcr = pcr, .bank = quote.bank, .is_list = values.is_array()};
    if (values.is_string()) entry.values.push_back(policy_value(values.get<std::string>()));
    if (values.is_array()) {
        for (const auto& value : values) {
            if (value.is_string()) entry.values.push_back(policy_value(value.get<std::string>()));
        }
    }
    if (const auto quoted = quote.pcrs.find(pcr); quoted != quote.pcrs.end()) entry.quoted = quoted->second;
    return entry;
}

}  // namespace

std::optional<std::vector<PolicyEntry>> policy_entries(const Attempt& attempt) {
    const auto* operation = as<history::TpmOperation>(attempt.quote);
    const auto policy = policy_of(attempt);
    if (!policy || operation == nullptr || !operation->quote) return std::nullopt;
    std::vector<PolicyEntry> entries;
    entries.reserve(policy->size());
    for (const auto& [key, values] : policy->items()) {
        if (const auto pcr = pcr_in(key)) entries.push_back(entry_of(*pcr, values, *operation->quote));
    }
    std::ranges::sort(entries, {}, &PolicyEntry::pcr);
    return entries;
}

std::optional<std::map<int, bool>> policy_names(const Attempt& attempt) {
    const auto policy = policy_of(attempt);
    if (!policy) return std::nullopt;
    std::map<int, bool> names;
    for (const auto& [key, values] : policy->items()) {
        if (const auto pcr = pcr_in(key)) names[*pcr] = !values.empty();
    }
    return names;
}

Lines AgentStory::extended(int pcr, const history::Entry& since, const history::Entry& until) const {
    Lines found;
    std::copy_if(
        extensions.begin(), extensions.end(), std::back_inserter(found), [&](const history::Entry* line) {
            return as<history::MachineAct>(line)->pcr == pcr && line->n > since.n && line->n < until.n;
        });
    return found;
}

namespace {

void sort_in(const history::Entry* line, const history::ExchangeSeen& exchange, Stories& stories) {
    stories.exchanges.push_back(line->n);
    const bool taken = exchange.status == 200;
    if (taken && exchange.token_lifetime) {
        for (const history::Text& token : exchange.response.secrets)
            stories.proofs.emplace(token, line);
    }
    if (taken && exchange.phase == "register" && exchange.method == "POST")
        stories.registrations[exchange.target].push_back(line);
    const bool session = exchange.peer == "verifier" && exchange.method == "POST" &&
                         exchange.target.ends_with("/sessions") && !exchange.request.sha256.empty();
    if (taken && session) stories.sessions_for[exchange.request.sha256].push_back(line);
}

bool is_start_of_verifier(const history::Entry* line) {
    const auto* event = as<history::StackEvent>(line);
    return event != nullptr && (event->what == "start" || event->what == "restart") &&
           event->text.find("verifier") != std::string::npos;
}

/// Of "1m30s", as plans write durations; nothing where it is none.
std::optional<std::chrono::seconds> seconds_of(std::string_view text) {
    std::chrono::seconds sum{0};
    while (!text.empty()) {
        int value = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (failed != std::errc{}) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const char unit = text.empty() ? 's' : text.front();
        if (unit != 'h' && unit != 'm' && unit != 's') return std::nullopt;
        if (unit == 'm' && text.starts_with("ms")) return std::nullopt;
        sum += value * std::chrono::seconds{unit == 'h' ? 3600 : unit == 'm' ? 60 : 1};
        text.remove_prefix(std::min<std::size_t>(1, text.size()));
    }
    return sum;
}

void take_limit(const history::ScenarioStart& plan, const std::string& whose, SessionLimit& limit) {
    if (const auto text = planned_option(plan, "session_create_rate_limit_per_" + whose)) {
        std::size_t sessions = 0;
        const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), sessions);
        if (failed == std::errc{} && sessions > 0) limit.sessions = sessions;
    }
    const auto window = planned_option(plan, "session_create_rate_limit_window_" + whose);
    if (const auto seconds = seconds_of(window.value_or(""));
        window && seconds && *seconds > Duration::zero())
        limit.window = *seconds;
}

}  // namespace

Stories stories_of(const ScenarioView& scenario) {
    Stories stories;
    take_limit(scenario.plan(), "agent", stories.of_agent);
    take_limit(scenario.plan(), "ip", stories.of_address);
    for (const history::Entry* line : scenario.lines) {
        if (const auto* exchange = as<history::ExchangeSeen>(line)) sort_in(line, *exchange, stories);
        if (is_start_of_verifier(line)) stories.verifier_starts.push_back(line);
    }
    for (const auto& [name, lines] : scenario.by_agent) {
        stories.agents.push_back(story_of(name, lines));
        for (const history::Entry* session : stories.agents.back().sessions) {
            const auto& exchange = *as<history::ExchangeSeen>(session);
            if (exchange.status == 200) stories.sessions[exchange.source].push_back(session);
        }
    }
    for (auto& [address, sessions] : stories.sessions)
        std::ranges::stable_sort(sessions, {}, [](const history::Entry* session) { return session->t; });
    return stories;
}

}  // namespace pushsim::reports
