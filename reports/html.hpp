#pragma once
// The report for a person with a browser: one file that asks no network for anything.
//
// The page (reports/html) makes all that is seen from data that lies in it: one JSON text with the judgement,
// and one for each case, which it reads when a person opens it. What would make the page too big is left
// out, and the page says what and where it is.

#include <string>

#include "reports/conformance.hpp"
#include "reports/report.hpp"
#include "sim/history/reader.hpp"

namespace pushsim::reports {

/// `run` is judge()'s of the history, `conformance` assess()'s; nullptr: scenarios stand in place of
/// requirements. A pure function.
std::string html(const history::History& history, const RunReport& run, const ConformanceReport* conformance);

}  // namespace pushsim::reports
