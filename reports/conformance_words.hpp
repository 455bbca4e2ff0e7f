#pragma once
// What all renderings of a conformance assessment say alike.

#include <string>
#include <string_view>
#include <vector>

#include "reports/conformance.hpp"

namespace pushsim::reports {

inline constexpr Standing all_standings[] = {Standing::Pass,      Standing::Deviation, Standing::Fail,
                                             Standing::Fixed,     Standing::Error,     Standing::Skip,
                                             Standing::Undecided, Standing::Excluded};

/// "negotiation" of NEG; an area that is not known is its own name.
std::string area_name(const std::string& area);

int count_of(const Counts& counts, Standing standing);
/// Of all levels together.
Counts sum_of(const std::map<std::string, Counts>& by_level);
/// "31 pass, 2 deviations, 1 fail", only what there is; "nothing".
std::string counts_text(const Counts& counts);

/// How many of those that pass do so in part (RequirementReport::in_part).
int in_part_of(const ConformanceReport& report);
/// Of all requirements: "31 pass (2 of them in part), 2 deviations".
std::string totals_text(const ConformanceReport& report);

/// Deviations are failures where the run is strict; a fixed one is one always.
bool is_failure(Standing standing, const ConformanceReport& report);

/// "Keylime 7.14.3 obeys 212 of 240 requirements (2 in part): 3 fail, 12 known deviations."
std::string verdict_sentence(const RunReport& run, const ConformanceReport& report);

/// "full", "quick, strict", "by hand: area NEG"
std::string scope_text(const history::Conformance& scope);

/// "7.14.3 from …", as the last stack of the run was; "of unknown version"
std::string keylime_text(const RunReport& run);

/// Nothing if the report has none of that id.
const ConformanceCase* find_case(const ConformanceReport& report, std::string_view id);

/// Nothing but its id and standings may be shown: it says so, or a requirement that it decides does.
bool is_withheld(const ConformanceReport& report, const ConformanceCase& one);
inline constexpr const char* details_withheld = "details withheld";

/// The cases of a requirement that give it its standing, without those that are withheld, in their order.
std::vector<const ConformanceCase*> cases_of_standing(const ConformanceReport& report,
                                                      const RequirementReport& requirement);

/// What does not hold of a case: what decides the requirement, then controls.
std::vector<const ExpectationResult*> not_held(const ConformanceCase& one, const std::string& requirement);
/// `clause` is one of the case's.
bool is_control(const ConformanceCase& one, const ExpectationResult& clause);

/// Of a failure what was seen, of others why; "details withheld" where a case that decides it is withheld,
/// and nothing of one that passes.
std::string reason_text(const ConformanceReport& report, const RequirementReport& requirement);

/// A known deviation that comes by chance did not: all that decides it holds.
bool is_by_chance(const RequirementReport& requirement);

/// What a planned requirement waits for in words, "measured boot policies (mb_policy)"; as it is where there
/// are none.
std::string planned_words(const std::string& planned);

/// What it means that the requirement does not hold in that case, by what was expected and seen: "The
/// verifier accepted what it has to refuse."; empty where no word fits.
std::string meaning_text(const ConformanceCase& one, const RequirementReport& requirement);

/// "answered 500 (https://…), by chance"; empty where none is known.
std::string deviation_text(const RequirementReport& requirement);
std::string known_text(const history::Deviation& deviation);

/// "no longer so: remove it from scenarios/deviations/keylime-7.14.yaml"
std::string fixed_text(const ConformanceReport& report);

/// What undecided requirements of an area wait for, the most first: "4 wait for slow_read", "1: the run was
/// interrupted".
std::vector<std::string> undecided_texts(const ConformanceReport& report, const std::string& area);

}  // namespace pushsim::reports
