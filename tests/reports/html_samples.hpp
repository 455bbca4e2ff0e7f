#pragma once
// Conformance runs for tests of the HTML report: recorded exchanges, standings by hand.

#include <string>

#include "reports/conformance.hpp"
#include "reports/report.hpp"
#include "sim/history/reader.hpp"

namespace pushsim::reports::test {

struct Sample {
    history::History history;
    RunReport run;
    ConformanceReport conformance;
};

/// The recorded histories of these names (fixtures/histories) as one.
history::History joined(const std::vector<std::string>& names);

/// Every standing once, a case that decides two requirements, and one that is withheld: what it may not show
/// has the word in it.
Sample small_sample();
inline constexpr const char* withheld_word = "wordofthewithheld";

/// What would run if it came into the page as anything but text: in bodies, headers, ids, paths, names of
/// groups, titles and causes.
Sample hostile_sample();
inline constexpr const char* hostile_text =
    "\"><img src=x onerror=\"document.title='owned'\"></script><script>document.title='owned'</script><!-- "
    "\xE2\x80\xA8 ${alert(1)} {{report}}";

/// As big as a full run: 300 requirements, 800 cases, 20,000 exchanges that kept their messages.
Sample full_sample();

}  // namespace pushsim::reports::test
