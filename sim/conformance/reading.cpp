#include "sim/conformance/reading.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pushsim::conformance {

using scenario::Node;

std::string text(const std::vector<scenario::Problem>& problems) {
    std::string all;
    for (const auto& problem : problems)
        all += (all.empty() ? "" : "\n") + problem.text();
    return all;
}

void read_document(std::string_view text, const std::string& file, std::string_view expected,
                   std::vector<scenario::Problem>& problems,
                   const std::function<void(scenario::Report& report, const Node& root)>& read) {
    const auto root = scenario::parse_yaml(text, file, problems, expected);
    if (!root) return;
    scenario::Report report(file, problems);
    read(report, *root);
}

std::span<const Node> items_of(scenario::Report& report, const Node& root, std::string_view place,
                               std::span<const scenario::Key> keys) {
    const scenario::MapReader map(report, root, place, keys);
    const Node* list = map.get(keys.front().name);
    if (list == nullptr) return {};
    if (!list->is(Node::Kind::List)) {
        report.expected(*list, keys.front().name, "a list");
        return {};
    }
    return list->items;
}

bool is_requirement_id(std::string_view text) {
    if (!text.starts_with("KPM-") || text.size() < 9) return false;
    const auto dash = text.rfind('-');
    const auto area = text.substr(4, dash < 4 ? 0 : dash - 4);
    const auto number = text.substr(dash + 1);
    return !area.empty() &&
           area.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string_view::npos &&
           number.size() == 3 && number.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_version(std::string_view text) {
    const auto points = std::ranges::count(text, '.');
    return points >= 1 && points <= 3 && text.find_first_not_of("0123456789.") == std::string_view::npos &&
           text.front() != '.' && text.back() != '.' && text.find("..") == std::string_view::npos;
}

std::string read_line(scenario::Report& report, const Node* node, std::string_view what) {
    if (node == nullptr) return "";
    if (!node->is(Node::Kind::Scalar) || node->text.empty() || !scenario::is_one_line(node->text)) {
        report.expected(*node, what, "a text of one line");
        return "";
    }
    return node->text;
}

std::vector<std::string> read_lines(scenario::Report& report, const Node* node, std::string_view what) {
    if (node == nullptr) return {};
    std::vector<std::string> lines;
    if (!node->is(Node::Kind::List)) {
        lines.push_back(read_line(report, node, what));
        return lines;
    }
    if (node->items.empty()) report.expected(*node, what, "at least one");
    for (const Node& item : node->items)
        lines.push_back(read_line(report, &item, what));
    return lines;
}

std::vector<std::string> read_ids(scenario::Report& report, const Node& node, std::string_view what) {
    std::vector<std::string> ids;
    const auto take = [&](const Node& one) {
        if (!one.is(Node::Kind::Scalar) || !is_requirement_id(one.text)) {
            report.expected(one, what, "the id of a requirement, like KPM-EVID-007");
        } else if (std::ranges::find(ids, one.text) != ids.end()) {
            report.add(one, fmt::format("`{}`: {} is given twice", what, one.text));
        } else {
            ids.push_back(one.text);
        }
    };
    if (!node.is(Node::Kind::List)) {
        take(node);
        return ids;
    }
    if (node.items.empty()) report.expected(node, what, "at least one");
    for (const Node& item : node.items)
        take(item);
    return ids;
}

}  // namespace pushsim::conformance
