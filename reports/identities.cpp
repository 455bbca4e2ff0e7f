#include "reports/identities.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace pushsim::reports {
namespace {

std::string id_of(const Lines& lines) {
    for (const history::Entry* line : lines) {
        std::string_view id;
        if (const auto* exchange = as<history::ExchangeSeen>(line)) id = agent_id_in(exchange->target);
        if (const auto* act = as<history::TenantActSeen>(line)) id = agent_id_in(act->target);
        if (!id.empty()) return std::string{id};
    }
    return {};
}

Lines merged(const Lines& some, const Lines& others) {
    Lines all;
    all.reserve(some.size() + others.size());
    std::merge(some.begin(), some.end(), others.begin(), others.end(), std::back_inserter(all),
               [](const history::Entry* a, const history::Entry* b) { return a->n < b->n; });
    return all;
}

}  // namespace

std::string_view agent_id_in(std::string_view target) {
    constexpr std::string_view folder = "/agents/";
    const std::size_t at = target.find(folder);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = target.substr(at + folder.size());
    return rest.substr(0, rest.find('/'));
}

bool is_done(const history::TenantActSeen& act, std::string_view name) {
    return act.act == name && act.status && *act.status >= 200 && *act.status < 300;
}

std::vector<Identity> identities(const ScenarioView& scenario) {
    std::vector<Identity> all;
    std::map<std::string, std::size_t> known;
    for (const auto& [agent, lines] : scenario.by_agent) {
        std::string id = id_of(lines);
        const auto [at, is_new] = known.try_emplace(id, all.size());
        if (is_new || id.empty()) {
            all.push_back({std::move(id), lines});
        } else {
            Identity& shared = all[at->second];
            shared.lines = merged(shared.lines, lines);
        }
    }
    return all;
}

}  // namespace pushsim::reports
