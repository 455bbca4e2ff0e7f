// What the suite makes of a 5xx: it is no refusal, and no control.

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/cases.hpp"
#include "tests/sim/conformance/suite.hpp"

namespace pushsim::conformance {
namespace {

using test::suite;

/// Whether a clause about the status holds at some 5xx. One of none (`exactly: 0`) holds at what it does not
/// name.
bool holds_at_5xx(const scenario::Expectation& clause, const scenario::ExpectResponse& response) {
    const bool is_of_none =
        clause.how_many.rule == scenario::HowMany::Rule::Exactly && clause.how_many.number == 0;
    if (response.status.empty()) return false;
    for (int status = 500; status < 600; ++status) {
        const bool is_named = std::ranges::any_of(response.status, [&](const auto& range) {
            return range.first <= status && status <= range.last;
        });
        if (is_named != is_of_none) return true;
    }
    return false;
}

/// Where a 5xx is the answer that is meant, and why.
const std::map<std::string, std::string> meant{
    {"api-routes/unknown-method decides KPM-API-008", "501 is for that: RFC 9110, 15.6.2"},
    {"negotiation-order/after-a-failure decides KPM-NEG-086", "503 is documented for it"},
    {"ops-postgresql/database-away decides KPM-OPS-032", "that it cannot is no mistake of the client's"},
    {"verification-slow[timeout=0s]/one decides KPM-NEG-085", "503 is documented for it"},
    {"verification-slow[timeout=0s]/many decides KPM-EVID-050", "503 is documented for it"},
    {"verification-slow[timeout=2m]/one decides KPM-NEG-085", "503 is documented for it"},
    {"verification-slow[timeout=2m]/many decides KPM-EVID-050", "503 is documented for it"},
};

/// A server that fails at every request must neither be taken for one that refuses, nor show as a control
/// that another request is let in: whoever asks gets the same.
TEST(Suite, A5xxIsNoRefusalAndNoControl) {
    std::set<std::string> found;
    for (const auto& scenario : suite().scenarios) {
        scenario::for_each_clause(
            scenario, [&](const scenario::Expectation& clause, const std::string& name) {
                for (const scenario::Condition& condition : clause.conditions) {
                    const auto* response = std::get_if<scenario::ExpectResponse>(&condition);
                    if (response == nullptr || !holds_at_5xx(clause, *response)) continue;
                    const std::string at = scenario.name + (name.empty() ? "" : '/' + name);
                    if (clause.decides.empty()) found.insert(at + " as a control");
                    for (const std::string& id : clause.decides)
                        found.insert(at + " decides " + id);
                }
            });
    }
    std::set<std::string> known;
    for (const auto& [what, why] : meant)
        known.insert(what);
    EXPECT_THAT(found, ::testing::ContainerEq(known));
}

}  // namespace
}  // namespace pushsim::conformance
