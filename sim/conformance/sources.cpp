#include "sim/conformance/sources.hpp"

#include <array>

#include <fmt/format.h>

#include "sim/conformance/reading.hpp"

namespace pushsim::conformance {
namespace {

using scenario::Key;
using scenario::Node;

constexpr std::array<Key, 1> none_table{{
    {{"none", "why no requirement follows from the row"}, scenario::forms::any_text, true},
}};

/// Whether the value is that of a row, not a section with rows.
bool is_row(const Node& value) {
    return !value.is(Node::Kind::Map) ||
           (value.entries.size() == 1 && value.entries.front().key.text == "none");
}

SourceRow read_row(scenario::Report& report, const Node& key, const Node& value) {
    SourceRow row;
    row.row = key.text;
    row.position = report.at(key);
    if (value.is(Node::Kind::Map)) {
        const scenario::MapReader map(report, value, "a row", none_table);
        row.none = read_line(report, map.get("none"), "none");
    } else {
        row.requirements = read_ids(report, value, key.text);
    }
    return row;
}

}  // namespace

std::string SourceRow::text() const {
    return section.empty() ? fmt::format("{}, {}", file, row) : fmt::format("{}, {}, {}", file, section, row);
}

Loaded<std::vector<SourceRow>> read_sources(std::string_view text, const std::string& file) {
    Loaded<std::vector<SourceRow>> loaded;
    read_document(
        text, file, "files of the reference, each with its rows", loaded.problems,
        [&](scenario::Report& report, const Node& root) {
            const auto add = [&](SourceRow row, const std::string& source, const std::string& section) {
                row.file = source;
                row.section = section;
                loaded.value.push_back(std::move(row));
            };
            const char* const like = "{ F13: [KPM-NEG-004] }";
            for (const auto& [source, sections] : read_entries(report, root, "the sources", like)) {
                for (const auto& [section, rows] : read_entries(report, *sections, "a source", like)) {
                    if (is_row(*rows)) {
                        add(read_row(report, *section, *rows), source->text, "");
                        continue;
                    }
                    for (const auto& [row, value] : read_entries(report, *rows, "a section", like))
                        add(read_row(report, *row, *value), source->text, section->text);
                }
            }
        });
    return loaded;
}

Loaded<std::vector<SourceRow>> load_sources(const std::filesystem::path& file) {
    return load_file<std::vector<SourceRow>>(file, read_sources);
}

std::vector<scenario::Problem> compare(const std::vector<SourceRow>& rows,
                                       const std::vector<Requirement>& requirements) {
    std::vector<scenario::Problem> problems;
    for (const SourceRow& row : rows) {
        for (const std::string& id : row.requirements) {
            if (find(requirements, id) == nullptr)
                problems.push_back({row.position, fmt::format("there is no requirement {}", id)});
        }
    }
    return problems;
}

}  // namespace pushsim::conformance
