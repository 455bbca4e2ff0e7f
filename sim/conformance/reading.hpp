#pragma once
// What the readers of the suite's files have in common.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/conformance/loaded.hpp"
#include "sim/scenario/values.hpp"

namespace pushsim::conformance {

/// KPM-<AREA>-<nnn>
inline constexpr scenario::Form requirement_id{
    .kind = scenario::Form::Kind::Text, .pattern = "^KPM-[A-Z0-9]+-[0-9]{3}$", .example = "KPM-EVID-007"};

/// Reads the text as YAML and gives its root, and a report for what is wrong in it, to `read`. Of an
/// empty one the problem says what was `expected`.
void read_document(std::string_view text, const std::string& file, std::string_view expected,
                   std::vector<scenario::Problem>& problems,
                   const std::function<void(scenario::Report& report, const scenario::Node& root)>& read);

/// The text of a file, given to `read`; an empty one, with a problem, where it cannot be read.
template <typename T, typename Read>
Loaded<T> load_file(const std::filesystem::path& file, Read read) {
    Loaded<T> loaded;
    const auto text = scenario::read_yaml_text(file, loaded.problems);
    return text ? read(*text, file.string()) : loaded;
}

/// The items of the list under the only key of a document, as in `requirements: […]`.
std::span<const scenario::Node> items_of(scenario::Report& report, const scenario::Node& root,
                                         std::string_view place, std::span<const scenario::Key> keys);

bool is_requirement_id(std::string_view text);
/// "7.14.3": two to four numbers.
bool is_version(std::string_view text);

/// A text of one line that is not empty; a problem else.
std::string read_line(scenario::Report& report, const scenario::Node* node, std::string_view what);
/// A list of such texts, or one of them.
std::vector<std::string> read_lines(scenario::Report& report, const scenario::Node* node,
                                    std::string_view what);
/// A list of ids, or one.
std::vector<std::string> read_ids(scenario::Report& report, const scenario::Node& node,
                                  std::string_view what);

}  // namespace pushsim::conformance
