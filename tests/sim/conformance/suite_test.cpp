// The suite that pushsim comes with.

#include "tests/sim/conformance/suite.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/conformance/sources.hpp"
#include "sim/conformance/verdicts.hpp"
#include "sim/scenario/cases.hpp"
#include "sim/scenario/json_schema.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/reference.hpp"

namespace pushsim::conformance {
namespace {

using test::folder;
using test::suite;

TEST(Suite, RegistryAndCasesAgree) {
    EXPECT_GT(suite().requirements.size(), 200U);
    EXPECT_EQ(text(check(suite(), "requirements.yaml")), "");
}

/// Ids that were there once, and what for: none comes back.
const std::map<std::string, std::string> retired{
    {"KPM-CONC-009", "evidence that comes to several workers at once counts as one attestation"},
    {"KPM-REG-028", "an agent that registers again is not shown until it has activated again"},
    {"KPM-SEC-017", "an agent does not send its token to a verifier whose certificate it cannot verify"},
};

/// An id that a full run was kept of is in the registry, or was retired.
TEST(Suite, IdsAreNeverUsedAgain) {
    std::set<std::string> ids;
    for (const Requirement& one : suite().requirements) {
        EXPECT_FALSE(retired.contains(one.id)) << one.id << " was: " << retired.at(one.id);
        ids.insert(one.id);
    }
    for (const auto& file : std::filesystem::directory_iterator(folder / "verdicts")) {
        const auto kept = load_verdicts(file.path());
        EXPECT_EQ(text(kept.problems), "");
        for (const auto& [id, standing] : kept.value.standings)
            EXPECT_TRUE(ids.contains(id) || retired.contains(id)) << id << " is gone: say above what it was";
    }
}

/// A source in the code has the version that it is of behind it; other sources are documents.
bool is_of_code(const std::string& source) {
    return source.find("(7.14.3)") != std::string::npos;
}

/// What a status means says not when a server has to answer it: RFC 9110, 15.
bool is_of_a_status(const std::string& source) {
    return source.starts_with("RFC 9110") && source.find(" 15.") != std::string::npos;
}

/// The configuration file that Keylime installs is a document by its comments, which say to who runs it what
/// an option does; that there is the option says nothing.
bool is_of_an_option_alone(const std::string& source) {
    return source.starts_with("templates/") && std::ranges::count(source, '"') < 4;
}

/// What somebody wanted to change is none either.
bool is_of_a_change(const std::string& source) {
    return source.starts_with("pull request");
}

/// That a member stands in an example says neither that it has to be there nor of what type.
bool is_of_an_example_alone(const std::string& source) {
    return source.ends_with("example request");
}

/// MUST of RFC 9110, 15, itself.
const std::map<std::string, std::string> is_a_must_of_http{
    {"KPM-API-007", "15.5.6: the origin server MUST generate an Allow header field in a 405"}};

TEST(Suite, WhatADocumentDoesNotSayIsNoMust) {
    for (const Requirement& one : suite().requirements) {
        const bool has_document = std::ranges::any_of(one.sources, [](const std::string& source) {
            return !is_of_code(source) && !is_of_a_status(source) && !is_of_an_option_alone(source) &&
                   !is_of_an_example_alone(source) && !is_of_a_change(source);
        });
        EXPECT_TRUE(has_document || one.level != "MUST" || is_a_must_of_http.contains(one.id))
            << one.id
            << " has sources in code, changes of it, examples, meanings of statuses and names of options "
               "alone";
    }
}

/// Documents have the statuses of refusals, and no error code: those stand in the code alone.
TEST(Suite, NoMustIsDecidedByAnErrorCode) {
    std::map<std::string, std::string> levels;
    for (const Requirement& one : suite().requirements)
        levels[one.id] = one.level;
    for (const auto& scenario : suite().scenarios) {
        scenario::for_each_clause(scenario, [&](const scenario::Expectation& clause,
                                                const std::string& name) {
            const bool has_code =
                std::ranges::any_of(clause.conditions, [](const scenario::Condition& condition) {
                    const auto* response = std::get_if<scenario::ExpectResponse>(&condition);
                    return response != nullptr && !response->code.empty() &&
                           response->code != std::vector<std::string>{"none"};
                });
            for (const std::string& id : clause.decides)
                EXPECT_FALSE(has_code && levels[id] == "MUST") << id << ": " << scenario.name << '/' << name;
        });
    }
}

/// Of what is withheld the place in the code would tell too much.
TEST(Suite, EveryRequirementOfAServerNamesTheCode) {
    for (const Requirement& one : suite().requirements) {
        const bool names_code = std::ranges::any_of(one.sources, is_of_code);
        EXPECT_TRUE(names_code || one.withheld) << one.id;
    }
}

/// The agents are pushsim's own: what binds an agent is nothing that a test of Keylime's servers decides.
TEST(Suite, EveryRequirementBindsAServer) {
    for (const Requirement& one : suite().requirements)
        EXPECT_NE(one.binds, "agent") << one.id;
}

/// What goes wrong in a case, and whether what it decides is withheld.
struct CaseFaults {
    std::set<std::string> faults;
    bool withheld = false;
};

/// By scenario and case; faults of a whole scenario are those of no case.
std::map<std::string, CaseFaults> faults_of_cases() {
    std::set<std::string> withheld;
    for (const Requirement& one : suite().requirements) {
        if (one.withheld) withheld.insert(one.id);
    }
    std::map<std::string, CaseFaults> cases;
    for (const auto& scenario : suite().scenarios) {
        const auto add = [&](const std::string& name, const std::vector<scenario::Fault>& faults) {
            for (const scenario::Fault& fault : faults)
                cases[scenario.name + '/' + name].faults.emplace(scenario::name_of(fault.kind).name);
        };
        add("", scenario.faults);
        scenario::for_each_step(scenario.script, [&](const scenario::Step& step, std::uint64_t /*times*/) {
            add(step.case_name, step.faults);
        });
        scenario::for_each_clause(
            scenario, [&](const scenario::Expectation& clause, const std::string& name) {
                if (std::ranges::any_of(clause.decides,
                                        [&](const std::string& id) { return withheld.contains(id); }))
                    cases[scenario.name + '/' + name].withheld = true;
            });
    }
    return cases;
}

/// A case that shows what a withheld one does would tell its details: reports withhold by case.
TEST(Suite, WhatWithheldCasesDoIsDoneInNoOther) {
    const auto cases = faults_of_cases();
    std::set<std::string> withheld;
    for (const auto& [name, one] : cases) {
        if (one.withheld) withheld.insert(one.faults.begin(), one.faults.end());
    }
    EXPECT_THAT(withheld, ::testing::Not(::testing::IsEmpty()));
    for (const auto& [name, one] : cases) {
        for (const std::string& fault : one.faults)
            EXPECT_TRUE(one.withheld || !withheld.contains(fault)) << name << " shows " << fault;
    }
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
        // A number of a list that is not public is of no use to who reads the report.
        for (const KnownDeviation& one : known.value) {
            EXPECT_FALSE(std::regex_search(one.deviation.reference, std::regex("\\bF[0-9]+\\b")))
                << one.deviation.requirement << ": " << one.deviation.reference;
        }
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

}  // namespace
}  // namespace pushsim::conformance
