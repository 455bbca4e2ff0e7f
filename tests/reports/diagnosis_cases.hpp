#pragma once
// Histories for the rules of diagnosis, by theme as the rules are (reports/rules): what must be found in
// each, and nothing else.

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/reports/golden.hpp"

namespace pushsim::reports::test {

/// A history, what must be found in it, and a part of the cause.
struct Case {
    const char* name;
    std::vector<std::string> rules;
    std::string cause;
    std::function<void(Script&)> play;
};

inline void PrintTo(const Case& one, std::ostream* out) {
    *out << one.name;
}

inline const std::string old_value(64, '1');
inline const std::string sha1_value(40, '1');

inline std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'a' && c <= 'f' ? char(c - 32) : c; });
    return text;
}

inline std::string list(const std::string& value) {
    return R"({"7":[")" + value + R"("]})";
}

// A file each: diagnosis_cases_THEME.cpp.
std::vector<Case> pcr_cases();
std::vector<Case> clock_cases();
std::vector<Case> challenges_cases();
std::vector<Case> sessions_cases();
std::vector<Case> rate_limits_cases();
std::vector<Case> enrolment_cases();
std::vector<Case> status_cases();
std::vector<Case> ima_cases();

}  // namespace pushsim::reports::test
