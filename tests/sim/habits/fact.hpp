#pragma once
// What is known of Keylime's Rust push agent, fact by fact, and how it is decided whether `habits:
// rust-agent` does the same. Numbers beginning with T are of what was seen on the wire (agent 0.2.9,
// Keylime 7.14.3), by section: transport, registration, session, negotiation, evidence, events of life. Those
// beginning with B are of its source (rust-keylime), by section: start, state machine, HTTP, authentication,
// capabilities and evidence, configuration.

#include <functional>
#include <string>
#include <vector>

#include "tests/sim/habits/timed_run.hpp"
#include "tests/sim/habits/wire_run.hpp"

namespace pushsim::habits {

enum class Standing { Held, NotHeld, NotApplicable };

/// Empty: it holds; else what ours did instead.
using Decide = std::function<std::string(const WireRecord&)>;

struct Fact {
    std::string number;  ///< "T4.8": section 4, fact 8
    std::string says;
    Standing standing;
    std::string remark;  ///< NotHeld: what ours does instead; NotApplicable: why
    Decide decide;       ///< none where it is not applicable
    Decide instead;      ///< NotHeld: decides the remark
};

inline Fact held(std::string number, std::string says, Decide decide) {
    return {std::move(number), std::move(says), Standing::Held, "", std::move(decide), nullptr};
}
/// Two questions, for whatever else goes wrong is no fact either.
inline Fact not_held(std::string number, std::string says, Decide decide, std::string ours, Decide instead) {
    return {std::move(number), std::move(says),   Standing::NotHeld,
            std::move(ours),   std::move(decide), std::move(instead)};
}
inline Fact not_applicable(std::string number, std::string says, std::string why) {
    return {std::move(number), std::move(says), Standing::NotApplicable, std::move(why), nullptr, nullptr};
}

/// Empty if they are equal.
inline std::string same(const std::string& found, const std::string& expected) {
    return found == expected ? "" : "'" + found + "', not '" + expected + "'";
}
/// Empty if it is so.
inline std::string so(bool is_so, std::string otherwise) {
    return is_so ? "" : std::move(otherwise);
}
/// The first that is not empty.
inline std::string all(const std::vector<std::string>& complaints) {
    for (const std::string& complaint : complaints) {
        if (!complaint.empty()) return complaint;
    }
    return "";
}

// One list for each section.
std::vector<Fact> transport_facts();
std::vector<Fact> registration_facts();
std::vector<Fact> session_facts();
std::vector<Fact> negotiation_facts();
std::vector<Fact> evidence_facts();
std::vector<Fact> life_facts();
std::vector<Fact> source_facts();

/// All, in their order.
std::vector<Fact> facts();
/// How that fact is decided, for another that says the same.
Decide as_in(const std::string& number);
/// How its remark is.
Decide instead_as_in(const std::string& number);

}  // namespace pushsim::habits
