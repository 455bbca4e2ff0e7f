// What the suite asks of each route of Keylime: beside what must be refused what must be accepted, by every
// kind of caller.

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/cases.hpp"
#include "tests/sim/conformance/suite.hpp"

namespace pushsim::conformance {
namespace {

using test::suite;

/// Of fixtures/keylime/routes.txt.
struct Route {
    std::string server, method, path, who;
};

std::vector<std::string> segments_of(const std::string& path) {
    std::vector<std::string> segments;
    std::string segment;
    std::istringstream rest(path);
    while (std::getline(rest, segment, '/')) {
        if (!segment.empty()) segments.push_back(segment);
    }
    return segments;
}

/// Whether it is there: also as `v2`, and by the earlier minor versions.
bool is_at(const Route& route, std::string_view method, const std::string& path) {
    const auto same = [](const std::string& wanted, const std::string& is) {
        const bool is_version = wanted.size() == 4 && wanted[0] == 'v' && wanted[2] == '.';
        return wanted.starts_with(':') || wanted == is ||
               (is_version && is.starts_with(wanted.substr(0, 2)) &&
                (is.size() == 2 || (is.size() == 4 && is[3] <= wanted[3])));
    };
    return route.method == method && std::ranges::equal(segments_of(route.path), segments_of(path), same);
}

std::vector<Route> read_routes() {
    std::vector<Route> routes;
    std::ifstream file(PUSHSIM_FIXTURES "/keylime/routes.txt");
    std::string action;
    for (Route one; file >> one.server >> one.method >> one.path >> one.who >> action;)
        routes.push_back(one);
    return routes;
}

constexpr const char* no_route = "what no route has";

/// Method and route of what a step sends.
std::set<std::string> asked_by(const scenario::Step& step) {
    using Kind = scenario::StepKind;
    static const std::vector<Route> routes = read_routes();
    static const std::map<Kind, std::set<std::string>> of_steps{
        {Kind::Register, {"registrar POST /v2.6/agents/:agent_id"}},
        {Kind::Activate, {"registrar PUT /v2.6/agents/:agent_id"}},
        {Kind::Authenticate, {"verifier POST /v3.0/sessions", "verifier PATCH /v3.0/sessions/:session_id"}},
        {Kind::Negotiate, {"verifier POST /v3.0/agents/:agent_id/attestations"}},
        {Kind::Submit, {"verifier PATCH /v3.0/agents/:agent_id/attestations/:index"}},
        {Kind::Attest,
         {"verifier POST /v3.0/agents/:agent_id/attestations",
          "verifier PATCH /v3.0/agents/:agent_id/attestations/:index"}},
        {Kind::Enrol, {"verifier POST /v2.6/agents/:agent_id"}},
        {Kind::Delete, {"verifier DELETE /v2.6/agents/:agent_id"}},
        {Kind::Reactivate, {"verifier PUT /v2.6/agents/:agent_id/reactivate"}},
        {Kind::ReadStatus, {"verifier GET /v2.6/agents/:agent_id"}},
    };
    if (step.kind != Kind::Request) {
        const auto at = of_steps.find(step.kind);
        return at == of_steps.end() ? std::set<std::string>{} : at->second;
    }
    const std::string server = step.request.to == "verifier" ? "verifier" : "registrar";
    const auto at = std::ranges::find_if(routes, [&](const Route& one) {
        return one.server == server && !one.path.ends_with("/latest") &&
               is_at(one, step.request.method, step.request.path);
    });
    if (at == routes.end()) return {no_route};
    return {server + ' ' + at->method + ' ' + at->path};
}

enum class By { Status, Verdict };

/// A request, by its method and route, or an attestation, by its verdict.
struct Way {
    By by = By::Status;
    std::string asked = {};

    auto operator<=>(const Way&) const = default;
};
using Ways = std::set<Way>;

Ways by_status(const std::set<std::string>& asked) {
    Ways all;
    for (const std::string& one : asked)
        all.insert({By::Status, one});
    return all;
}
/// Whether a status in these ranges is no refusal: none from 400 on, or, where others may come for other
/// reasons, neither 401 nor 403.
bool lets_in(const std::vector<scenario::StatusRange>& ranges) {
    const auto all = [&](auto is) { return !ranges.empty() && std::ranges::all_of(ranges, is); };
    const auto has = [](const auto& range, int status) {
        return range.first <= status && status <= range.last;
    };
    return all([](const auto& range) { return range.last < 400; }) ||
           (all([&](const auto& range) { return !has(range, 401) && !has(range, 403); }) &&
            std::ranges::any_of(ranges, [](const auto& range) { return range.first < 400; }));
}
bool is_of_none(const scenario::Expectation& clause) {
    return clause.how_many.rule == scenario::HowMany::Rule::Exactly && clause.how_many.number == 0;
}

/// What a clause that decides wants to be refused.
Ways refusals_of(const scenario::Expectation& clause, const std::set<std::string>& asked) {
    Ways all;
    const bool none = is_of_none(clause);
    for (const scenario::Condition& condition : clause.conditions) {
        const auto* response = std::get_if<scenario::ExpectResponse>(&condition);
        if (response != nullptr && !none && !response->status.empty() &&
            std::ranges::all_of(response->status, [](const auto& range) { return range.first >= 400; }))
            all.merge(by_status(asked));
        const auto* verdict = std::get_if<scenario::ExpectVerdict>(&condition);
        if (verdict != nullptr &&
            verdict->verdict == (none ? scenario::Verdict::Pass : scenario::Verdict::Fail))
            all.insert({By::Verdict});
        const auto* status = std::get_if<scenario::ExpectStatus>(&condition);
        if (status != nullptr && !none && status->status == scenario::AgentStatus::Fail)
            all.insert({By::Verdict});
    }
    return all;
}
/// What it wants to be accepted; an attestation that passes is a request that is taken, too.
Ways acceptances_of(const scenario::Expectation& clause, const std::set<std::string>& asked) {
    Ways all;
    if (is_of_none(clause)) return all;
    for (const scenario::Condition& condition : clause.conditions) {
        const auto* response = std::get_if<scenario::ExpectResponse>(&condition);
        if (response != nullptr && lets_in(response->status)) {
            all.merge(by_status(asked));
            all.insert({By::Status, no_route});
        }
        const auto* verdict = std::get_if<scenario::ExpectVerdict>(&condition);
        const auto* status = std::get_if<scenario::ExpectStatus>(&condition);
        if ((verdict != nullptr && verdict->verdict == scenario::Verdict::Pass) ||
            (status != nullptr && status->when == scenario::ExpectStatus::When::Last &&
             status->status == scenario::AgentStatus::Pass)) {
            all.merge(by_status(asked));
            all.insert({By::Status, no_route});
            all.insert({By::Verdict});
        }
    }
    return all;
}

/// What the clauses of a case say of a requirement; those without `decides` say it of each.
struct Balance {
    std::map<std::string, std::vector<Ways>> refused;  ///< by requirement, of each clause
    std::map<std::string, Ways> accepted;

    bool accepts(const std::string& id, const Way& way) const {
        const auto has = [&](const std::string& whose) {
            const auto at = accepted.find(whose);
            return at != accepted.end() && at->second.contains(way);
        };
        return has(id) || has("");
    }
};

/// By the name of its case, of all that a scenario says.
std::map<std::string, Balance> balances_of(const scenario::Scenario& scenario) {
    std::map<std::string, Balance> cases;
    const auto add = [&](const scenario::Expectation& clause, const std::string& name,
                         const std::set<std::string>& asked) {
        const auto decides = clause.decides.empty() ? std::vector<std::string>{""} : clause.decides;
        for (const std::string& id : decides) {
            for (const By by : {By::Status, By::Verdict}) {
                Ways refused = refusals_of(clause, asked);
                std::erase_if(refused, [&](const Way& way) { return way.by != by; });
                if (!id.empty() && !refused.empty()) cases[name].refused[id].push_back(refused);
            }
            cases[name].accepted[id].merge(acceptances_of(clause, asked));
        }
    };
    scenario::for_each_step(scenario.script, [&](const scenario::Step& step, std::uint64_t /*times*/) {
        for (const scenario::Expectation& clause : step.expect)
            add(clause, step.case_name, asked_by(step));
    });
    for (const scenario::Expectation& clause : scenario.expect)
        add(clause, "", {});
    return cases;
}

/// What cannot have a control of its method and route, and why.
const std::map<std::string, std::string> without_control{
    {"access-by-caller/old-session-route-by-nobody verifier POST /v3.0/agents/:agent_id/session",
     "nobody is served there, which is what KPM-SEC-011 says"},
    {"access-by-caller/old-session-route-with-token-of-nobody verifier GET "
     "/v3.0/agents/:agent_id/session/:token",
     "nobody is served there, which is what KPM-SEC-011 says"},
    {"ops-mode-left-out verifier POST /v3.0/agents/:agent_id/attestations",
     "it is not there in pull mode; ops-mode has it in push mode"},
    {"ops-mode[mode=pull,negotiated=404,version=200]/routes verifier POST "
     "/v3.0/agents/:agent_id/attestations",
     "it is not there in pull mode; the next of the matrix has it in push mode"},
    {"ops-mode[mode=push,negotiated=201,version=410]/version verifier GET /version",
     "it is gone in push mode; the one before in the matrix has it in pull mode"},
    {"ops-strict[servers=strict]/unsigned-policy verifier GET /v2.6/allowlists/:name",
     "there is none where none is taken; the next of the matrix has it"},
    {"ops-strict[servers=strict]/unsigned-policy verifier POST /v2.6/allowlists/:name",
     "taken would be a signed one, whose key Keylime writes to /var/lib/keylime of the machine; the next of "
     "the matrix takes this one"},
    {"reg-admin/activate-by-three-with-a-wrong-tag registrar POST /v3.0/agents/:agent_id/activate",
     "taken would be the right tag, which activate-by-three sends"},
};

/// A server that refuses everything must not pass, nor one that refuses all that comes to one route, nor one
/// that takes all evidence and fails it: what must be refused has a control of the same method and route, and
/// what must fail one that must pass. What decides something else is none. What no route has is not accepted
/// from anybody, so that any control does.
TEST(Suite, EveryCaseThatExpectsARefusalHasAPositiveControl) {
    std::set<std::string> without;
    for (const auto& scenario : suite().scenarios) {
        const auto cases = balances_of(scenario);
        const auto whole = cases.contains("") ? cases.at("") : Balance{};
        for (const auto& [name, balance] : cases) {
            for (const auto& [id, clauses] : balance.refused) {
                for (const Ways& ways : clauses) {
                    const bool is_controlled = std::ranges::any_of(ways, [&](const Way& way) {
                        return balance.accepts(id, way) || whole.accepts(id, way);
                    });
                    if (is_controlled) continue;
                    const Way& first = *ways.begin();
                    without.insert(scenario.name + (name.empty() ? "" : '/' + name) + ' ' +
                                   (first.by == By::Verdict ? "by its verdict" : first.asked));
                }
            }
        }
    }
    std::set<std::string> known;
    for (const auto& [what, why] : without_control)
        known.insert(what);
    EXPECT_THAT(without, ::testing::ContainerEq(known));
}

bool is_for(const Route& route, const scenario::RawRequest& request) {
    return request.to.starts_with(route.server) && is_at(route, request.method, request.path);
}

/// Who asks, as it matters for access.
std::string caller_of(const scenario::RawRequest& request) {
    const std::string by = request.by == "nobody" || request.by == "admin" ? request.by
                           : request.path.find("${" + request.by + ".") != std::string::npos
                               ? "an agent for itself"
                               : "another agent";
    const std::string to = request.to == "registrar_http" ? " without TLS" : "";
    const auto shown = request.headers.find("Authorization");
    if (shown == request.headers.end()) return by + to;
    if (!shown->second.starts_with("Bearer ")) return by + " with another scheme" + to;
    return by +
           (shown->second.find("${") == std::string::npos ? " with a bad token"
            : shown->second.ends_with('}')                ? " with a token"
                                                          : " with a garbled token") +
           to;
}

/// Each route that is not for everybody, by each kind of caller.
TEST(Suite, EveryRouteIsAskedForByEveryKindOfCaller) {
    const std::vector<Route> routes = read_routes();
    ASSERT_GT(routes.size(), 60U);
    std::map<std::size_t, std::set<std::string>> callers;  // by route
    std::string unknown;
    for (const auto& scenario : suite().scenarios) {
        if (scenario.name != "access-by-route") continue;
        for (const scenario::Step& step : scenario.script) {
            if (step.kind != scenario::StepKind::Request) continue;
            const auto at =
                std::ranges::find_if(routes, [&](const Route& one) { return is_for(one, step.request); });
            if (at == routes.end()) {
                unknown += step.request.method + ' ' + step.request.path + '\n';
            } else {
                callers[static_cast<std::size_t>(at - routes.begin())].insert(caller_of(step.request));
            }
        }
    }
    EXPECT_EQ(unknown, "") << "no such route";
    const std::set<std::string> all{
        "admin",  "admin with a bad token",  "admin with a token",         "another agent",
        "nobody", "nobody with a bad token", "nobody with a garbled token"};
    for (std::size_t i = 0; i < routes.size(); ++i) {
        if (routes[i].who == "public") continue;
        std::set<std::string> wanted = all;
        if (routes[i].server == "registrar") {
            wanted.insert({"nobody without TLS", "another agent without TLS"});
        } else {
            wanted.insert("admin with another scheme");
        }
        // Its attestations an agent may read: access-by-caller; and nobody is it before it is enrolled.
        const bool has_agent = routes[i].path.find(":agent_id") != std::string::npos;
        const bool is_tenants =
            routes[i].who == "admin" && routes[i].path.find("attestations") == std::string::npos;
        if (has_agent && is_tenants && routes[i].method != "POST") wanted.insert("an agent for itself");
        for (const std::string& who : wanted) {
            EXPECT_TRUE(callers[i].contains(who))
                << routes[i].server << ' ' << routes[i].method << ' ' << routes[i].path << " by " << who;
        }
    }
}

/// Each route of the verifier's version 3, by major version and by its minor one, where what decides says
/// that it is there.
TEST(Suite, EveryRouteOfVersionThreeIsAskedForByBothNames) {
    std::set<std::string> asked;
    for (const auto& scenario : suite().scenarios) {
        for (const scenario::Step& step : scenario.script) {
            const bool decides = std::ranges::any_of(step.expect, [](const scenario::Expectation& clause) {
                return std::ranges::count(clause.decides, "KPM-API-001") != 0;
            });
            if (decides) asked.insert(step.request.method + ' ' + step.request.path);
        }
    }
    const auto is_asked_for = [&](const Route& route, std::size_t length_of_version) {
        return std::ranges::any_of(asked, [&](const std::string& one) {
            const std::size_t space = one.find(' ');
            const std::string path = one.substr(space + 1);
            return segments_of(path).front().size() == length_of_version &&
                   is_at(route, one.substr(0, space), path);
        });
    };
    for (const Route& route : read_routes()) {
        // The routes of the pull mode's sessions are left over: KPM-SEC-011.
        const bool is_left_over =
            route.path.find("/session/") != std::string::npos || route.path.ends_with("/session");
        if (route.server != "verifier" || !route.path.starts_with("/v3.0") || is_left_over) continue;
        for (const std::string_view version : {"v3", "v3.0"})
            EXPECT_TRUE(is_asked_for(route, version.size()))
                << route.method << ' ' << route.path << " as " << version;
    }
}

}  // namespace
}  // namespace pushsim::conformance
