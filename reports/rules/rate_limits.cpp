// Sessions that are refused with 429.

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "reports/rules/rules.hpp"
#include "reports/text.hpp"

namespace pushsim::reports::rule {
namespace {

/// Sessions of the story that were taken in the window before `line`.
Lines taken_before(const AgentStory& story, const history::Entry& line, Duration window) {
    Lines taken;
    std::ranges::copy_if(story.sessions, std::back_inserter(taken), [&](const history::Entry* session) {
        const auto& exchange = *as<history::ExchangeSeen>(session);
        return exchange.status == 200 && session->t <= line.t && line.t - session->t < window;
    });
    return taken;
}

std::string window_text(const SessionLimit& limit) {
    return limit.window == std::chrono::minutes{1} ? "a minute" : to_text(limit.window);
}

const history::Entry* first_refused_session(const AgentStory& agent) {
    const auto refused = std::ranges::find_if(agent.sessions, is_refused);
    return refused == agent.sessions.end() ? nullptr : *refused;
}

std::string told_to_wait(const history::Entry& refusal) {
    const std::string& seconds = as<history::ExchangeSeen>(&refusal)->retry_after;
    return seconds.empty() ? ""
                           : fmt::format(
                                 " It is told to wait {} s; who goes over the limit again after that waits "
                                 "twice as long.",
                                 seconds);
}

}  // namespace

Found limit_of_an_agent(const AgentStory& agent, const Stories& all) {
    const history::Entry* refusal = first_refused_session(agent);
    if (refusal == nullptr) return {};
    const Lines own = taken_before(agent, *refusal, all.of_agent.window);
    if (own.size() < all.of_agent.sessions) return {};
    return {{.cause = fmt::format("The agent took {} sessions within {}, and the verifier refused the next "
                                  "(session_create_rate_limit_per_agent).{}",
                                  own.size(), window_text(all.of_agent), told_to_wait(*refusal)),
             .mend = "Find out why it takes so many: one session lasts for many attestations. Raise "
                     "session_create_rate_limit_per_agent in verifier.conf only where that is right.",
             .evidence = lines_of({refusal}, own)}};
}

Found limit_of_an_address(const AgentStory& agent, const Stories& all) {
    const history::Entry* refusal = first_refused_session(agent);
    if (refusal == nullptr) return {};
    const std::size_t own = taken_before(agent, *refusal, all.of_agent.window).size();
    if (own >= all.of_agent.sessions) return {};
    const std::string& address = as<history::ExchangeSeen>(refusal)->source;
    const auto taken = all.sessions.find(address);
    if (taken == all.sessions.end()) return {};
    const auto time = [](const history::Entry* session) { return session->t; };
    const Lines together(
        std::ranges::upper_bound(taken->second, refusal->t - all.of_address.window, {}, time),
        std::ranges::upper_bound(taken->second, refusal->t, {}, time));
    if (together.size() < all.of_address.sessions || !locked_out_by_others(agent, all).empty()) return {};
    return {{.subject = address,
             .cause =
                 fmt::format("{} sessions were taken from one address within {}, and the verifier refused "
                             "the next (session_create_rate_limit_per_ip), though this agent asked for {}.{}",
                             together.size(), window_text(all.of_address), counted(own + 1, "session"),
                             told_to_wait(*refusal)),
             .mend =
                 "Agents behind one NAT or proxy share the limit: raise session_create_rate_limit_per_ip in "
                 "verifier.conf, or spread their starts.",
             .evidence = lines_of({refusal}, together)}};
}

/// Where the history has who asked: the digest of what was asked is that of the agent's own request.
Found locked_out_by_others(const AgentStory& agent, const Stories& all) {
    const history::Entry* refusal = first_refused_session(agent);
    if (refusal == nullptr) return {};
    const Lines own = taken_before(agent, *refusal, all.of_agent.window);
    const auto asked = all.sessions_for.find(as<history::ExchangeSeen>(refusal)->request.sha256);
    if (own.size() >= all.of_agent.sessions || asked == all.sessions_for.end()) return {};
    Lines others;
    std::ranges::copy_if(asked->second, std::back_inserter(others), [&](const history::Entry* session) {
        return session->where->agent != agent.name && session->t <= refusal->t &&
               refusal->t - session->t < all.of_agent.window;
    });
    if (own.size() + others.size() < all.of_agent.sessions || others.size() <= own.size()) return {};
    Lines decide = own;
    decide.insert(decide.end(), others.begin(), others.end());
    return {
        {.cause = fmt::format(
             "Others took {} in the agent's name within {}, the agent itself {}, and the verifier "
             "refused its next (session_create_rate_limit_per_agent): it counts sessions before anybody has "
             "proved to be the agent.{}",
             counted(others.size(), "session"), window_text(all.of_agent),
             own.empty() ? "none" : std::to_string(own.size()), told_to_wait(*refusal)),
         .mend = "Find in the verifier's log who asks for sessions of this id, and let nobody else reach the "
                 "verifier. A restart of the verifier clears all blocks; waiting as told clears this one.",
         .evidence = lines_of({refusal}, decide)}};
}

}  // namespace pushsim::reports::rule
