// The suite that pushsim comes with.

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/conformance/selection.hpp"
#include "sim/conformance/sources.hpp"
#include "sim/scenario/cases.hpp"
#include "sim/scenario/json_schema.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/scenario/reference.hpp"

namespace pushsim::conformance {
namespace {

using ::testing::IsEmpty;

const std::filesystem::path folder = PUSHSIM_SCENARIOS;

const Suite& suite() {
    static const Suite all = [] {
        Suite read;
        const auto requirements = load_requirements(folder / "requirements.yaml");
        EXPECT_EQ(text(requirements.problems), "");
        read.requirements = requirements.value;
        const auto profiles = load_profiles(folder / "profiles.yaml");
        EXPECT_EQ(text(profiles.problems), "");
        read.profiles = profiles.value;
        const auto scenarios = scenario::load({folder / "conformance"});
        EXPECT_TRUE(scenarios.ok()) << scenarios.text();
        read.scenarios = scenarios.scenarios;
        return read;
    }();
    return all;
}

TEST(Suite, RegistryAndCasesAgree) {
    EXPECT_GT(suite().requirements.size(), 200U);
    EXPECT_EQ(text(check(suite(), "requirements.yaml")), "");
}

TEST(Suite, EveryRowOfTheSourcesNamesWhatThereIs) {
    const auto rows = load_sources(folder / "sources.yaml");
    EXPECT_EQ(text(rows.problems), "");
    EXPECT_GT(rows.value.size(), 300U);
    EXPECT_EQ(text(compare(rows.value, suite().requirements)), "");
}

TEST(Suite, EveryDeviationIsOfSomething) {
    for (const auto& file : std::filesystem::directory_iterator(folder / "deviations")) {
        const auto known = load_deviations(file.path());
        EXPECT_EQ(text(known.problems), "");
        EXPECT_EQ(text(check(suite(), known.value)), "");
    }
}

TEST(Suite, EveryProfileTakesSomethingThatIsDecided) {
    for (const Profile& profile : suite().profiles) {
        EXPECT_TRUE(std::ranges::any_of(suite().requirements, [&](const Requirement& one) {
            return profile.takes(one) && !one.decided_by.empty();
        })) << profile.name;
    }
}

/// Whether the text has the word in these marks.
bool has(const std::string& text, const std::string& word, char mark) {
    return text.find(mark + word + mark) != std::string::npos;
}

/// What is planned waits for a word that the language has not yet: one that its page says is to come, or one
/// of these, which no list has.
TEST(Suite, WhatIsPlannedWaitsForWhatIsToCome) {
    std::map<std::string, std::string> to_come{
        {"iak", "a TPM's initial attestation key and its IDevID, with their certificates"},
        {"malformed_certificate", "an EK certificate that is not strict DER"}};
    const std::string page = scenario::reference_page();
    const std::string later = page.substr(page.find("## Not yet there"));
    const std::string schema = scenario::json_schema();  // has each word that is there, and no other
    for (const Requirement& one : suite().requirements) {
        if (one.planned.empty()) continue;
        EXPECT_FALSE(has(schema, one.planned, '"'))
            << one.id << " waits for " << one.planned << ", which is there";
        EXPECT_TRUE(has(later, one.planned, '`') || to_come.contains(one.planned))
            << one.id << " waits for " << one.planned << ", which no list has";
    }
    for (const auto& [word, what] : to_come) {
        EXPECT_FALSE(has(later, word, '`') || has(schema, word, '"')) << word << ": a list has it by now";
        EXPECT_TRUE(std::ranges::any_of(suite().requirements,
                                        [&](const Requirement& one) { return one.planned == word; }))
            << "nothing waits for " << word << ", " << what;
    }
}

enum class By { Status, Verdict };

/// What a clause that decides wants to be refused: a request, or an attestation by its verdict.
std::set<By> refusals_of(const scenario::Expectation& clause) {
    std::set<By> all;
    for (const scenario::Condition& condition : clause.conditions) {
        const auto* response = std::get_if<scenario::ExpectResponse>(&condition);
        if (response != nullptr && !response->status.empty() &&
            std::ranges::all_of(response->status, [](const auto& range) { return range.first >= 400; }))
            all.insert(By::Status);
        const auto* verdict = std::get_if<scenario::ExpectVerdict>(&condition);
        if (verdict != nullptr && verdict->verdict == scenario::Verdict::Fail) all.insert(By::Verdict);
        const auto* status = std::get_if<scenario::ExpectStatus>(&condition);
        if (status != nullptr && status->status == scenario::AgentStatus::Fail) all.insert(By::Verdict);
    }
    return all;
}
/// What it wants to be accepted; an attestation that passes is a request that is taken, too.
std::set<By> acceptances_of(const scenario::Expectation& clause) {
    std::set<By> all;
    for (const scenario::Condition& condition : clause.conditions) {
        const auto* response = std::get_if<scenario::ExpectResponse>(&condition);
        if (response != nullptr && !response->status.empty() &&
            std::ranges::all_of(response->status, [](const auto& range) { return range.last < 400; }))
            all.insert(By::Status);
        const auto* verdict = std::get_if<scenario::ExpectVerdict>(&condition);
        const auto* status = std::get_if<scenario::ExpectStatus>(&condition);
        if ((verdict != nullptr && verdict->verdict == scenario::Verdict::Pass) ||
            (status != nullptr && status->when == scenario::ExpectStatus::When::Last &&
             status->status == scenario::AgentStatus::Pass))
            all.insert({By::Status, By::Verdict});
    }
    return all;
}

/// What the clauses of a case say of a requirement; those without `decides` say it of each.
struct Balance {
    std::map<std::string, std::set<By>> refused;  ///< by requirement
    std::map<std::string, std::set<By>> accepted;

    bool accepts(const std::string& id, By by) const {
        const auto has = [&](const std::string& whose) {
            const auto at = accepted.find(whose);
            return at != accepted.end() && at->second.contains(by);
        };
        return has(id) || has("");
    }
};

/// A server that refuses everything must not pass, nor one that takes all evidence and fails it: what must be
/// refused has a control, and what must fail one that must pass. What decides something else is none.
TEST(Suite, EveryCaseThatExpectsARefusalHasAPositiveControl) {
    for (const auto& scenario : suite().scenarios) {
        std::map<std::string, Balance> cases;
        scenario::for_each_clause(
            scenario, [&](const scenario::Expectation& clause, const std::string& name) {
                const auto decides = clause.decides.empty() ? std::vector<std::string>{""} : clause.decides;
                for (const std::string& id : decides) {
                    if (!id.empty()) cases[name].refused[id].merge(refusals_of(clause));
                    cases[name].accepted[id].merge(acceptances_of(clause));
                }
            });
        for (const auto& [name, balance] : cases) {
            for (const auto& [id, ways] : balance.refused) {
                for (const By by : ways) {
                    EXPECT_TRUE(balance.accepts(id, by) || cases[""].accepts(id, by))
                        << scenario.name << '/' << name << " decides " << id
                        << ", and has no control that must " << (by == By::Verdict ? "pass" : "be accepted");
                }
            }
        }
    }
}

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

bool is_for(const Route& route, const scenario::RawRequest& request) {
    const auto pattern = segments_of(route.path);
    const auto path = segments_of(request.path);
    return request.to.starts_with(route.server) && route.method == request.method &&
           std::ranges::equal(pattern, path, [](const std::string& wanted, const std::string& is) {
               return wanted.starts_with(':') || wanted == is;
           });
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
    std::vector<Route> routes;
    std::ifstream file(PUSHSIM_FIXTURES "/keylime/routes.txt");
    std::string action;
    for (Route one; file >> one.server >> one.method >> one.path >> one.who >> action;)
        routes.push_back(one);
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

}  // namespace
}  // namespace pushsim::conformance
