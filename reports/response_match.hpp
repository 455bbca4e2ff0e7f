#pragma once

#include <string>

#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

/// How an answer stands to a clause.
struct Match {
    Judgement judgement = Judgement::DoesNotHold;
    std::string
        actual;  ///< "403 challenges_expired, Location absent": with what was looked at and is otherwise
    std::string reason;  ///< why it was skipped
    /// What was seen as a `response` of the scenario language, as narrow as this clause asks: "{ status: 500,
    /// code: none }"; empty: it was not answered.
    std::string seen = {};
    /// Where it holds: what was seen of all that was asked, "201, no /data/n".
    std::string as_asked = {};
};

/// `line` is an exchange, or an act of the tenant that was answered. Headers and bodies are looked at where
/// the history kept them; where all else is as it should be and they were not, it is skipped.
Match match(const history::ResponseClause& clause, const history::Entry& line);

/// "202 or 403 challenges_expired, Retry-After 1-60, without Location, /data/type "attestation""
std::string words(const history::ResponseClause& clause);
/// The same where no answer may be so: "not 400-599", "no answer", "with /data/n".
std::string words_of_none(const history::ResponseClause& clause);

}  // namespace pushsim::reports
