#pragma once
// All checks over a whole history, without the expectations of its scenarios: `pushsim check`.
//
//   {"kind": "pushsim-check", "format": 1, "history": "…",
//    "checks": [{"check", "result": "holds|findings|not_checked", "not_checked": [reason],
//                "findings": [{"scenario", "agent", "text", "n"}]}]}
//
// `n` is the number of a line in history.jsonl; members without a value are left out.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/history/reader.hpp"

namespace pushsim::reports {

/// What one check found in all scenarios, and for tokens_secret outside them, too.
struct CheckOfRun {
    enum class Result {
        Holds,
        Findings,
        NotChecked,  ///< there was nothing to look at, in no scenario
    };
    struct Found {
        std::string scenario;
        std::string agent;
        std::string text;
        std::optional<std::uint64_t> n;
    };
    std::string check;
    Result result = Result::NotChecked;
    std::vector<Found> findings;
    std::vector<std::string>
        not_checked;  ///< why not, or not in full; with its scenario where there are several
};
const char* to_string(CheckOfRun::Result result);

/// Those of check_names() that are asked for, in their order; an empty list asks for all.
std::vector<CheckOfRun> check_run(const history::History& history, const std::vector<std::string>& asked);

/// For a person: a line each, and below it what it found.
std::string checks_text(const std::vector<CheckOfRun>& checks);
/// For programs, as above.
std::string checks_json(const std::vector<CheckOfRun>& checks, const std::string& history);

}  // namespace pushsim::reports
