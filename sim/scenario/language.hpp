#pragma once
// The vocabulary of the scenario language: one table for each place where a name can stand. The validator,
// `pushsim list` and the reference page are made from them; nothing else knows a name.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/plan.hpp"

namespace pushsim::scenario {

enum class Availability {
    Now,
    Later,  ///< part of the language, but not yet in this version
};

struct Name {
    std::string_view name;
    std::string_view about;  ///< one line for people
    Availability availability = Availability::Now;
};

/// A step, and the keys its map may have (besides `agents`, which all steps but `wait` take).
struct StepName : Name {
    std::optional<StepKind> kind = {};  ///< set where it is available
    std::span<const Name> keys = {};
    bool exchanges = false;  ///< sends requests, so that `response` can be asked for
    bool submits = false;    ///< sends evidence, so that a verdict can be asked for
};

/// A fault, and the keys of its map, all of which it needs.
struct FaultName : Name {
    enum class About { AnyStep, Evidence, Token };
    std::optional<FaultKind> kind = {};  ///< set where it is available
    std::span<const Name> keys = {};
    About needs = About::AnyStep;  ///< for steps alone that send it
};

std::span<const StepName> steps();    ///< what `pushsim list steps` shows
std::span<const FaultName> faults();  ///< what `pushsim list faults` shows

std::span<const Name> scenario_keys();
std::span<const Name> stack_keys();
std::span<const Name> group_keys();  ///< what `pushsim list groups` shows
/// Words that the value of such a key may be, or the keys of its map; empty: neither.
std::span<const Name> group_key_values(std::string_view key);
std::span<const Name> boot_keys();
std::span<const Name> enrol_keys();
std::span<const Name> step_sibling_keys();  ///< beside the step's own name: `as`, `expect`
std::span<const Name> expect_keys();
std::span<const Name> response_keys();
std::span<const Name> request_kinds();
std::span<const Name> checks();  ///< words for the whole run, such as `accounted`
std::span<const Name> id_schemes();
std::span<const Name> tpm_kinds();
std::span<const Name> ak_kinds();
std::span<const Name> source_kinds();
std::span<const Name> habits();
std::span<const Name> rust_agent_keys();
std::span<const Name> connection_kinds();
std::span<const Name> tls_keys();
std::span<const Name> databases();
std::span<const Name> verdicts();
std::span<const Name> failure_reasons();
std::span<const Name> agent_statuses();

/// How the value of a server's option is written in a scenario, and what Keylime takes.
enum class OptionKind {
    WholeSeconds,  ///< a duration; Keylime reads an integer
    Seconds,       ///< a duration; Keylime reads a fraction too
    Size,          ///< "64KiB", "1MiB"; Keylime reads octets
    Count,         ///< an integer from 0
    Boolean,       ///< true or false; Keylime's True and False
    Text,          ///< as it stands in Keylime's file
    Ours,          ///< set by pushsim itself, refused in a scenario
};
struct OptionName : Name {
    OptionKind kind = OptionKind::Text;
};
std::span<const OptionName> verifier_options();
std::span<const OptionName> registrar_options();

/// The version in messages about what is not there yet.
std::string_view version();

/// The nearest of the candidates by edit distance (swaps count one), or nothing when none is near enough to
/// be a slip: at most a third of the letters, at least one.
std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& candidates);

}  // namespace pushsim::scenario
