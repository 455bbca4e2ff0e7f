#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "reports/conformance.hpp"

namespace pushsim::reports {

/// What a server's log has of the request with that X-Request-ID; may be empty.
using LogOfRequest = std::function<std::vector<std::string>(const std::string& request_id)>;

/// A case that fails, or deviates as is known, as the text of an issue upstream: that of this name, or of a
/// requirement the one that gives it its standing. The sentences, what was expected and seen, the exchange as
/// the history has it (secrets are fingerprints there), what the server logged where its answer was 5xx, what
/// went before, and the command that shows it again. At most 64 KiB. ErrorKind::Usage if there is no such
/// case, it shows nothing wrong, or is withheld.
Result<std::string> issue_markdown(const history::History& history, const RunReport& run,
                                   const ConformanceReport& report, std::string_view name,
                                   const LogOfRequest& log = {});

}  // namespace pushsim::reports
