// Every fact of the list is decided; the list says which are held, and is compared with the one that is kept
// in fixtures/habits/rust-agent.txt for people to read.

#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/habits/fact.hpp"

namespace pushsim::habits {

std::vector<Fact> facts() {
    std::vector<Fact> all;
    for (const auto& section : {transport_facts(), registration_facts(), session_facts(), negotiation_facts(),
                                evidence_facts(), life_facts(), source_facts()})
        all.insert(all.end(), section.begin(), section.end());
    return all;
}

namespace {

Decide of_fact(const std::string& number, Decide Fact::*question) {
    return [number, question](const WireRecord& wire) {
        for (const Fact& fact : facts()) {
            if (fact.number == number && fact.*question) return (fact.*question)(wire);
        }
        throw std::invalid_argument("no fact is decided as " + number);
    };
}

}  // namespace

Decide as_in(const std::string& number) {
    return of_fact(number, &Fact::decide);
}

Decide instead_as_in(const std::string& number) {
    return of_fact(number, &Fact::instead);
}

namespace {

const char* word(Standing standing) {
    switch (standing) {
        case Standing::Held:
            return "held";
        case Standing::NotHeld:
            return "not held";
        case Standing::NotApplicable:
            return "not applicable";
    }
    return "";
}

std::string list_of(const std::vector<Fact>& all) {
    std::map<Standing, int> counts;
    std::string text =
        "What is known of Keylime's Rust push agent (0.2.9), and whether `habits: rust-agent` does the "
        "same.\n"
        "T: seen on the wire. B: read in its source. Made by ctest -R RustAgentFacts, which decides "
        "each.\n\n";
    for (const Fact& fact : all) {
        counts[fact.standing] += 1;
        text += fmt::format("{:<6} {:<14} {}\n", fact.number, word(fact.standing), fact.says);
        if (fact.standing == Standing::NotHeld) text += fmt::format("{:22}ours: {}\n", "", fact.remark);
        if (fact.standing == Standing::NotApplicable) text += fmt::format("{:22}for: {}\n", "", fact.remark);
    }
    return text + fmt::format("\n{} facts: {} held, {} not held, {} not applicable\n", all.size(),
                              counts[Standing::Held], counts[Standing::NotHeld],
                              counts[Standing::NotApplicable]);
}

std::string answer_to(const Fact& fact, const Decide& question, const WireRecord& wire) {
    try {
        return question(wire);
    } catch (const std::exception& error) {
        ADD_FAILURE() << fact.number << " cannot be decided: " << error.what();
        return error.what();
    }
}

TEST(RustAgentFacts, StandAsTheListSays) {
    const WireRecord wire = play_on_the_wire();
    const std::vector<Fact> all_facts = facts();
    std::set<std::string> numbers;
    for (const Fact& fact : all_facts) {
        EXPECT_TRUE(numbers.insert(fact.number).second) << fact.number << " twice";
        EXPECT_EQ(fact.decide == nullptr, fact.standing == Standing::NotApplicable) << fact.number;
        EXPECT_EQ(fact.remark.empty(), fact.standing == Standing::Held) << fact.number;
        EXPECT_EQ(fact.instead != nullptr, fact.standing == Standing::NotHeld) << fact.number;
        if (!fact.decide) continue;
        const std::string otherwise = answer_to(fact, fact.decide, wire);
        if (fact.standing == Standing::Held) {
            EXPECT_EQ(otherwise, "") << fact.number << " is not held: " << fact.says;
        } else {
            EXPECT_NE(otherwise, "") << fact.number << " is held by now: " << fact.says;
            EXPECT_EQ(answer_to(fact, fact.instead, wire), "") << fact.number << " ours: " << fact.remark;
        }
    }
    const std::string list = list_of(all_facts);
    std::cout << list;
    std::ostringstream kept;
    kept << std::ifstream(PUSHSIM_FIXTURES "/habits/rust-agent.txt").rdbuf();
    EXPECT_EQ(kept.str(), list) << "write what was printed to fixtures/habits/rust-agent.txt";
}

}  // namespace
}  // namespace pushsim::habits
