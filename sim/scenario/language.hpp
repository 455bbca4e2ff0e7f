#pragma once
// The vocabulary of the scenario language: one table for each place where a name can stand. The validator,
// the JSON Schema, `pushsim list`, `pushsim explain` and the reference page are made from them; nothing else
// knows a name.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/fault.hpp"
#include "sim/scenario/form.hpp"
#include "sim/scenario/step_kind.hpp"

namespace pushsim::scenario {

/// A step: its name, and what its value may be.
struct StepName : Name {
    std::optional<StepKind> kind = {};     ///< set where it is available
    std::span<const Form> shorthand = {};  ///< what may stand in place of a map
    std::span<const Key> keys = {};        ///< of its map
    bool takes_pcrs = false;               ///< its map has PCR numbers, too, each with measurements
    bool exchanges = false;                ///< sends requests, so that `response` can be asked for
    bool submits = false;                  ///< sends evidence, so that a verdict can be asked for
};

/// A fault, and the keys of its map.
struct FaultName : Name {
    std::string_view group;              ///< timing, order, wire, evidence, log, identity
    std::optional<FaultKind> kind = {};  ///< set where it is available
    std::span<const Key> keys = {};
    std::span<const StepKind> phases = {};  ///< it is for steps that have one of them; empty: for every step
    bool of_one_step = false;               ///< about the agents of one step, so not at the top of a file

    /// Whether `phase` can narrow it: not where it is about one phase, names its own, or is there for a whole
    /// cycle.
    bool takes_phase() const;
};

std::span<const StepName> steps();                   ///< what `pushsim list steps` shows
std::span<const FaultName> faults();                 ///< what `pushsim list faults` shows
const StepName* find_step(std::string_view name);    ///< null where there is none
const FaultName* find_fault(std::string_view name);  ///< null where there is none
const StepName& name_of(StepKind kind);
const FaultName& name_of(FaultKind kind);
/// The phases of the protocol, in order.
std::span<const StepKind> all_phases();
/// The phases that a step of this kind is made of; empty: none.
std::span<const StepKind> phases_of(StepKind kind);
/// Whether a step of this kind has a phase that such a fault is about.
bool concerns(FaultKind fault, StepKind step);

// Keys.
bool has_key(std::span<const Key> keys, std::string_view name);
std::span<const Key> scenario_keys();
std::span<const Key> stack_keys();
std::span<const Key> group_keys();  ///< what `pushsim list groups` shows
std::span<const Key> boot_keys();
std::span<const Key> ima_keys();
std::span<const Key> clock_keys();
std::span<const Key> enrol_keys();
std::span<const Key> tpm_policy_keys();  ///< beside PCR numbers
std::span<const Key> runtime_policy_keys();
std::span<const Key> habit_keys();
std::span<const Key> rust_agent_keys();
std::span<const Key> tls_keys();
std::span<const Key> stage_keys();          ///< of `stages`
std::span<const Key> step_sibling_keys();   ///< beside the step's own name: `as`, `expect`, `after`
std::span<const Key> case_keys();           ///< of `cases`, beside a step and its siblings
std::span<const Key> fault_sibling_keys();  ///< beside a fault's own name: `agents`, `probability`
std::span<const Key>
run_fault_sibling_keys();  ///< beside those, at the top of a file: `phase`, `from`, `until`
std::span<const Key> expect_keys();
// Of a clause at the end that is a check, or a metric, and has something beside it.
std::span<const Key> check_clause_keys();
std::span<const Key> metric_clause_keys();
/// Whether a key of a clause is about one step, and so not for the end of a file.
bool is_about_one_step(std::string_view key);
std::span<const Key> response_keys();
std::span<const Key> request_kinds();  ///< keys of `requests:`
std::span<const Key> intermittent_keys();
std::span<const Key> distribution_keys();
std::span<const Key> normal_keys();
std::span<const Key> exponential_keys();

/// In words: "a whole number from 1 to 64".
std::string describe(const Form& form);

/// A value of this form, as it stands in a file: "{ before: submit, for: 2s }".
std::string example(const Form& form);
/// A map with the keys that it needs, else with its first: "{ before: register, for: 2s }".
std::string example(std::span<const Key> keys);
/// The same with its key: "for: 2s".
std::string example(const Key& key);
/// A step in each of the ways in which it may be written, the shortest last: "attest: late", "attest".
std::vector<std::string> examples(const StepName& step);
/// Whether a key of step_sibling_keys() may stand beside it.
bool goes_beside(std::string_view key, const StepName& step);

/// The words that a value of this form may be, and the keys that its map may have; empty: neither.
std::vector<Name> members_of(const Form& form);

// Words.
std::span<const Name> checks();  ///< for the whole run, such as `accounted`
std::span<const Name> id_schemes();
std::span<const Name> tpm_kinds();
std::span<const Name> ak_kinds();
std::span<const Name> ak_keys();
std::span<const Name> ak_schemes();
std::span<const Name> ak_hashes();
std::span<const Name> source_kinds();
std::span<const Name> habits();
std::span<const Name> connection_kinds();
std::span<const Name> databases();
std::span<const Name> needs();
std::span<const Name> servers();
/// Those of Keylime: no database.
std::span<const Name> keylime_servers();
std::span<const Name> phases();
std::span<const Name> instants();
std::span<const Name> verdicts();
std::span<const Name> failure_reasons();
std::span<const Name> agent_statuses();
std::span<const Name> starts();  ///< values of `since:`
std::span<const Name> cycle_words();
std::span<const Name> request_peers();
std::span<const Name> tpm_words();          ///< values of `reregister: {tpm: …}`
std::span<const Name> makes();              ///< values of `body: {make: …}`
std::span<const Name> quote_members();      ///< values of `not_base64: {of: …}`
std::span<const Name> chosen_members();     ///< values of `other_choice: {of: …}`
std::span<const Name> chosen_algorithms();  ///< values of `other_choice: {is: …}`
std::span<const Name> log_and_quote();      ///< values of `measure_between: {first: …}`
std::span<const Name> request_turns();      ///< values of `body: {request: …}`
std::span<const Name> hash_algorithms();
std::span<const Name> encryption_algorithms();
std::span<const Name> signing_algorithms();
std::span<const Name> ima_templates();

// What metric comparisons of `expect` are about: a subject and a measure of it, as in submit.p99.
struct MetricSubject : Name {
    bool exchanges = false;  ///< of one phase; else things that are counted
};
struct MetricMeasure : Name {
    enum class Unit { Duration, Rate, Share, Count };
    Unit unit = Unit::Count;
    bool of_exchanges = false;
};
std::span<const MetricSubject> metric_subjects();
std::span<const MetricMeasure> metric_measures();
bool goes_with(const MetricSubject& subject, const MetricMeasure& measure);

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
std::string example(const OptionName& option);  ///< with a value that it takes: "quote_interval: 2s"
std::span<const OptionName> verifier_options();
std::span<const OptionName> registrar_options();

/// The version in messages about what is not there yet.
std::string_view version();

/// The nearest of the candidates by edit distance (swaps count one), or nothing when none is near enough to
/// be a slip: at most a third of the letters, at least one.
std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& candidates);

}  // namespace pushsim::scenario
