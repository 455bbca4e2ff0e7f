#pragma once
// From nodes of the YAML tree to values: each reader gives the value or adds a problem that says what was
// expected and what was found.

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/amount.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/policy.hpp"
#include "sim/scenario/position.hpp"
#include "sim/scenario/yaml_tree.hpp"

namespace pushsim::scenario {

/// Collects the problems of one file.
class Report {
  public:
    Report(std::string file, std::vector<Problem>& problems) : file_(std::move(file)), problems_(&problems) {}

    Position at(const Node& node) const { return {file_, node.line, node.column}; }
    void add(const Node& where, std::string message);
    void add(const Position& where, std::string message);
    /// The same, and nothing that is added later about this place will be kept: it would say it again.
    void add_alone(const Node& where, std::string message);
    /// Nothing that is added later about this place will be kept.
    void close(const Node& where) { closed_.emplace(where.line, where.column); }
    /// "`what`: expected …; found …", the second half from the node.
    void expected(const Node& where, std::string_view what, std::string_view expectation);
    std::size_t count() const { return problems_->size(); }
    const std::string& file() const { return file_; }

  private:
    std::string file_;
    std::vector<Problem>* problems_;
    std::set<std::pair<int, int>> closed_;  ///< places of which all is said
};

/// A text for messages: one line, cut after 40 octets.
std::string shown(std::string_view text);
/// "a list", "a map", "nothing", or the text in quotes.
std::string found(const Node& node);

/// Names of a table whose rows say more.
template <typename Row>
std::vector<Name> names_of(std::span<const Row> rows) {
    return {rows.begin(), rows.end()};
}

/// "; did you mean `x`?" or nothing.
std::string nearest_name(std::string_view word, std::span<const Name> names);
/// The same, else "; known: a, b, c" with those that are available.
std::string suggestion(std::string_view word, std::span<const Name> names);
/// "; did you mean `x`?", else "; `kind`: a, b, c".
std::string suggestion(std::string_view word, const std::vector<std::string_view>& names,
                       std::string_view kind);

/// "`step` `reboot` is part of the language but not yet in pushsim 0.1.0".
std::string not_yet(std::string_view kind, std::string_view name);

/// "fault `delay` needs `for:`, how long, like `for: 2s`"
std::string missing(std::string_view place, const Key& key);

/// "a, b, c": the names that are available.
std::string available_names(std::span<const Name> names);
std::string available_keys(std::span<const Key> keys);

// `what` names the value in problems: the key, without quotes.

std::optional<std::string> read_text(Report& report, const Node& node, std::string_view what);
/// `true` or `false`; the other truth values of YAML 1.1 are refused by name.
std::optional<bool> read_boolean(Report& report, const Node& node, std::string_view what);
std::optional<int> read_integer(Report& report, const Node& node, std::string_view what, int least, int most);
/// 250ms, 2s, 1m30s: units h, m, s, ms, us, each at most once and in this order; at most a year.
std::optional<Duration> read_duration(Report& report, const Node& node, std::string_view what);
/// The same, or a distribution: {uniform: [1s, 3s]}, {normal: {mean: 2s, deviation: 300ms}},
/// {exponential: {mean: 5s}}, {one_of: [1s, 5s]}, {list: [100ms, 5s]}.
std::optional<Amount> read_amount(Report& report, const Node& node, std::string_view what);
/// "10%" as 0.1: 0% to 100%, at most four decimals.
std::optional<double> read_share(Report& report, const Node& node, std::string_view what);
/// "10/s" as 100ms, "2/m" as 30s.
std::optional<Duration> read_rate(Report& report, const Node& node, std::string_view what);
/// "challenges_expire_at", "token_expires_at + 50ms".
std::optional<InstantOffset> read_instant(Report& report, const Node& node, std::string_view what);
/// "1h" or "-1h".
std::optional<Duration> read_signed_duration(Report& report, const Node& node, std::string_view what);
/// Octets, from "64KiB" or "1MiB".
std::optional<long long> read_size(Report& report, const Node& node, std::string_view what);
/// One of the table's available names.
std::optional<std::string> read_name(Report& report, const Node& node, std::string_view what,
                                     std::span<const Name> names);
/// A text, or a list of texts.
std::vector<std::string> read_texts(Report& report, const Node& node, std::string_view what);
/// One of the table's names, or a list of them.
std::vector<std::string> read_names(Report& report, const Node& node, std::string_view what,
                                    std::span<const Name> names);
/// Lower-case letters, digits and hyphens, beginning with a letter or digit.
bool is_plain_name(std::string_view text);
/// Letters, digits, points, hyphens and underscores, beginning with a letter or digit; at most 80.
bool is_case_name(std::string_view text);
/// KPM-<AREA>-<nnn>
bool is_requirement_id(std::string_view text);
/// Without control characters, line ends among them.
bool is_one_line(std::string_view text);

std::optional<Duration> parse_duration(std::string_view text);
/// As read_share().
std::optional<double> parse_share(std::string_view text);
/// Decimal digits with an optional minus and no leading zeros.
std::optional<long long> parse_integer(std::string_view text);

/// 0 to 23 (TCG PC Client Platform TPM Profile, 4.6).
std::optional<int> read_pcr(Report& report, const Node& node);
/// [0, 7]: at least one, none twice.
std::vector<int> read_pcr_list(Report& report, const Node& node, std::string_view what);
std::optional<Measurement> read_measurement(Report& report, const Node& node);

/// Keys and values of a map, which must outlive them.
using Entries = std::vector<std::pair<const Node*, const Node*>>;

/// PCR: [measurement, …], in order. PCRs 17 to 22 are refused: they take no extension from locality 0.
std::vector<Extension> read_extensions(Report& report, const Entries& entries);
/// PCR: [hex, …], the hex of 20, 32, 48 or 64 octets; given in lower case.
std::map<int, std::vector<std::string>> read_allowed_values(Report& report, const Entries& entries);

/// The enumerator whose to_string is that word. The word comes from the table of these names.
template <typename Enum>
std::optional<Enum> enumerator(const std::optional<std::string>& word, std::initializer_list<Enum> all) {
    for (const Enum value : all) {
        if (word && *word == to_string(value)) return value;
    }
    return std::nullopt;
}

/// The entries of a map, checked against a table: unknown, doubled, missing and not yet available keys are
/// problems.
class MapReader {
  public:
    enum class Pcrs { Refused, Taken };

    /// `place` names the map in problems ("a scenario", "`stack`"). A node that is no map is a problem, an
    /// absent one reads as empty. With Pcrs::Taken integer keys are kept aside. Node and keys must outlive
    /// the reader.
    MapReader(Report& report, const Node& node, std::string_view place, std::span<const Key> keys,
              Pcrs pcrs = Pcrs::Refused);

    /// The value of an available key, or nullptr.
    const Node* get(std::string_view key) const;
    /// The key's own node, for problems about it; nullptr where there is none.
    const Node* key(std::string_view key) const;
    const Entries& pcr_entries() const { return pcrs_; }
    bool empty() const { return entries_.empty() && pcrs_.empty(); }

    // The value, read by the form that the table gives it; nothing where the key is not there, or (a problem)
    // the value is wrong. To ask for another form than the table's is a bug: std::logic_error.
    std::optional<std::string> text(std::string_view key) const;
    std::optional<bool> boolean(std::string_view key) const;
    std::optional<int> integer(std::string_view key) const;
    std::optional<Duration> duration(std::string_view key) const;
    std::optional<Amount> amount(std::string_view key) const;  ///< a duration that may vary
    std::optional<double> share(std::string_view key) const;
    std::optional<Duration> rate(std::string_view key) const;  ///< from one time to the next
    std::optional<InstantOffset> instant(std::string_view key) const;
    std::optional<std::string> word(std::string_view key) const;
    std::vector<std::string> words(std::string_view key) const;  ///< of one or of a list; empty: nothing

    /// The enumerator whose to_string is the word.
    template <typename Enum>
    std::optional<Enum> one_of(std::string_view key, std::initializer_list<Enum> all) const {
        return enumerator(word(key), all);
    }

  private:
    const Node* of_form(std::string_view key, Form::Kind kind) const;
    const Form& form(std::string_view key) const;

    Report& report_;
    std::span<const Key> keys_;
    Entries entries_;
    Entries pcrs_;
};

/// The entries of a map whose keys are texts and given once; problems for the others. `place` as above.
/// `like` is a map that would do, for the problem of a node that is none.
Entries read_entries(Report& report, const Node& node, std::string_view place, std::string_view like = "");

}  // namespace pushsim::scenario
