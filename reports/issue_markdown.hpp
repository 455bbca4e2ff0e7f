#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.hpp"
#include "reports/conformance.hpp"

namespace pushsim::reports {

/// One case that fails, or deviates as is known, as the text of an issue upstream: the sentences, what was
/// expected and seen, the exchange as the history has it (secrets are fingerprints there), what went before,
/// and the command that shows it again. At most 64 KiB. ErrorKind::Usage if there is no such case, it shows
/// nothing wrong, or is withheld.
Result<std::string> issue_markdown(const history::History& history, const RunReport& run,
                                   const ConformanceReport& report, std::string_view case_id);

}  // namespace pushsim::reports
