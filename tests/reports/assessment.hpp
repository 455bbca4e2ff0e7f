#pragma once
// An assessment made by hand, with the run and the history that it is of.

#include <string>

#include "reports/conformance.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports::test {

struct Assessed {
    h::History history;
    RunReport run;
    ConformanceReport report;

    ConformanceCase& case_named(const std::string& id);
    RequirementReport& requirement(const std::string& id);
};

/// Stands wherever nothing of a withheld case may be shown.
inline const std::string not_public = "NOT-PUBLIC";

/// What an answer has that would be markup.
inline const std::string hostile_body = "Internal\n```\n# Injected\n</details> @everyone <img src=x>\n````";

/// Every standing once or more, in five areas; one requirement is withheld.
Assessed every_standing();

/// A run in which all is as it should be.
Assessed all_pass();

/// Totals, areas and exit code of the requirements as they are.
void count_again(ConformanceReport& report);

/// What a file of fixtures/conformance should hold; where it differs, where the other is put for who accepts
/// it.
void expect_golden(const std::string& file, const std::string& text);

}  // namespace pushsim::reports::test
