#pragma once
// A YAML text as a tree with places, in the order of the file and with doubled keys still there. Stricter
// than YAML: UTF-8 without control characters, one document, no tags, bounded size, depth and aliases.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/loader.hpp"

namespace pushsim::scenario {

struct Entry;

struct Node {
    enum class Kind { Null, Scalar, List, Map };

    Kind kind = Kind::Null;
    int line = 1;
    int column = 1;
    bool quoted = false;  ///< Scalar: written in quotes or as a block
    std::string text;     ///< Scalar
    std::vector<Node> items;
    std::vector<Entry> entries;  ///< Map: in the order of the file

    bool is(Kind wanted) const { return kind == wanted; }
};

struct Entry {
    Node key;
    Node value;
};

/// The first with that key; nullptr where there is none, or the node is no map.
const Entry* find_entry(const Node& map, std::string_view key);

inline constexpr std::size_t max_file_size = 16 * 1024 * 1024;
inline constexpr std::size_t max_depth = 32;
/// Values in a file, those that aliases repeat included.
inline constexpr std::size_t max_nodes = 50'000;

/// The text of a file, one octet more than is taken at most; nothing, and a problem added, where it cannot be
/// read.
std::optional<std::string> read_yaml_text(const std::filesystem::path& path, std::vector<Problem>& problems);

/// The one document of the text; nothing, and a problem added, where it is not YAML or over a bound. Of an
/// empty one the problem says what was `expected`.
std::optional<Node> parse_yaml(std::string_view text, const std::string& file, std::vector<Problem>& problems,
                               std::string_view expected = "`scenario:` and what it does");

/// Values within it and itself, a long text counting as several: what a copy costs.
std::size_t size_of(const Node& node);

bool is_utf8(std::string_view text);

}  // namespace pushsim::scenario
