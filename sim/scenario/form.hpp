#pragma once
// What the values of the scenario language look like, as data. The readers take words and bounds from here,
// and the JSON Schema, `pushsim list` and the reference page are written from it, so that they cannot part.

#include <array>
#include <span>
#include <string_view>

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
inline bool is_there(const Name& name) {
    return name.availability == Availability::Now;
}

struct Key;
struct OptionName;

/// What a value may be. Members that its kind does not name are not looked at.
struct Form {
    enum class Kind {
        Text,         ///< `pattern` where not every text will do
        Boolean,      ///< true or false
        Integer,      ///< `least` to `most`
        Duration,     ///< 250ms, 1m30s; with `may_vary` also a distribution of them
        Size,         ///< 64KiB, 1MiB
        Share,        ///< 10%
        Rate,         ///< 10/s
        Instant,      ///< challenges_expire_at - 500ms
        Word,         ///< one of `words`
        Pcr,          ///< 0 to 23
        Null,         ///< nothing
        Scalar,       ///< any single value
        Anything,     ///< any YAML at all
        Steps,        ///< a list of steps
        StepOrSteps,  ///< one step, or a list of `least` of them or more
        Cases,        ///< a list of cases
        Faults,       ///< a list of faults
        RunFaults,    ///< the same, with where and when: at the top of a file
        Clauses,      ///< a clause about a step, or a list of them
        RunClauses,   ///< the same, about the whole run
        Metric,       ///< submit.p99 < 250ms
        Options,      ///< of a server: `options`
        Map,          ///< `keys`
        OpenMap,      ///< keys as `pattern`, `least` of them or more, each with a value as `item`
        ByPcr,        ///< PCR numbers, each with a value as `item`
        List,         ///< of `item`: `least` to `most` of them, where `most` is not 0
        OneOrList,    ///< `item`, or a list of it
        AnyOf,        ///< one of `any`
    };

    Kind kind = Kind::Text;
    long long least = 0;
    long long most = 0;
    bool may_vary = false;
    std::string_view pattern = {};  ///< ECMA-262, of the whole text
    std::string_view example = {};  ///< as in a file; empty: the kind has one
    std::span<const Name> (*words)() = nullptr;
    std::span<const Key> (*keys)() = nullptr;
    std::span<const OptionName> (*options)() = nullptr;
    const Form* item = nullptr;
    std::span<const Form> any = {};
};

/// A key of a map and what its value may be.
struct Key : Name {
    Form form = {};
    bool required = false;
};

namespace forms {

inline constexpr Form any_text{.kind = Form::Kind::Text};
inline constexpr Form plain_name{
    .kind = Form::Kind::Text, .pattern = "^[a-z0-9][a-z0-9-]{0,63}$", .example = "pcr-mismatch"};
inline constexpr Form boolean{.kind = Form::Kind::Boolean};
inline constexpr Form duration{.kind = Form::Kind::Duration};
inline constexpr Form varying_duration{.kind = Form::Kind::Duration, .may_vary = true};
inline constexpr Form share{.kind = Form::Kind::Share};
inline constexpr Form rate{.kind = Form::Kind::Rate};
inline constexpr Form instant{.kind = Form::Kind::Instant};
inline constexpr Form scalar{.kind = Form::Kind::Scalar};
inline constexpr Form anything{.kind = Form::Kind::Anything};
inline constexpr Form null{.kind = Form::Kind::Null};
inline constexpr Form step_list{.kind = Form::Kind::Steps};
inline constexpr Form cases{.kind = Form::Kind::Cases};
constexpr Form step_or_steps(long long least) {
    return {.kind = Form::Kind::StepOrSteps, .least = least};
}
inline constexpr Form fault_list{.kind = Form::Kind::Faults};
inline constexpr Form run_fault_list{.kind = Form::Kind::RunFaults};
inline constexpr Form clauses{.kind = Form::Kind::Clauses};
inline constexpr Form run_clauses{.kind = Form::Kind::RunClauses};
inline constexpr Form metric{.kind = Form::Kind::Metric};

inline constexpr Form group{
    .kind = Form::Kind::Text, .pattern = "^[a-z0-9][a-z0-9-]{0,63}$", .example = "late"};
inline constexpr Form groups{.kind = Form::Kind::OneOrList, .item = &group};

constexpr Form integer(long long least, long long most) {
    return {.kind = Form::Kind::Integer, .least = least, .most = most};
}
constexpr Form word(std::span<const Name> (*words)()) {
    return {.kind = Form::Kind::Word, .words = words};
}
constexpr Form map(std::span<const Key> (*keys)()) {
    return {.kind = Form::Kind::Map, .keys = keys};
}
constexpr Form list(const Form* item) {
    return {.kind = Form::Kind::List, .least = 1, .item = item};
}
constexpr Form one_or_list(const Form* item) {
    return {.kind = Form::Kind::OneOrList, .item = item};
}
constexpr Form any_of(std::span<const Form> any) {
    return {.kind = Form::Kind::AnyOf, .any = any};
}

inline constexpr Form requirement{
    .kind = Form::Kind::Text, .pattern = "^KPM-[A-Z]{2,}-[0-9]{3}$", .example = "KPM-EVID-007"};
inline constexpr Form requirements = one_or_list(&requirement);
inline constexpr Form case_name{
    .kind = Form::Kind::Text, .pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$", .example = "no-type"};

inline constexpr Form matrix_row{.kind = Form::Kind::OpenMap,
                                 .least = 1,
                                 .pattern = "^[a-z][a-z0-9_]{0,31}$",
                                 .example = "{ name: list, path: /v2.6/agents/ }",
                                 .item = &scalar};
inline constexpr std::array matrix_value_forms{scalar, matrix_row};
inline constexpr Form matrix_value = {.kind = Form::Kind::AnyOf, .example = "4", .any = matrix_value_forms};
inline constexpr Form matrix_values = list(&matrix_value);
inline constexpr Form matrix{.kind = Form::Kind::OpenMap,
                             .pattern = "^[a-z][a-z0-9_]{0,31}$",
                             .example = "{ workers: [1, 4] }",
                             .item = &matrix_values};
inline constexpr Form combination{.kind = Form::Kind::OpenMap,
                                  .pattern = "^[a-z][a-z0-9_]{0,31}$",
                                  .example = "{ workers: 4 }",
                                  .item = &scalar};

inline constexpr Form measurement{.kind = Form::Kind::Text,
                                  .pattern =
                                      "^(text:.+|sha1:[0-9a-fA-F]{40}|sha256:[0-9a-fA-F]{64}|"
                                      "sha384:[0-9a-fA-F]{96}|sha512:[0-9a-fA-F]{128})$",
                                  .example = "\"text:secure-boot-on\""};
inline constexpr Form measurements = list(&measurement);

}  // namespace forms

}  // namespace pushsim::scenario
