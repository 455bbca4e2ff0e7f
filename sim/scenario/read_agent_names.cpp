// Which agents a step, a clause or a fault is about.

#include <algorithm>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {

std::vector<std::string> read_agent_names(Report& report, const Node& node,
                                          const std::vector<Group>& groups) {
    std::vector<std::string> names;
    std::vector<std::string_view> known;
    known.reserve(groups.size());
    for (const Group& group : groups)
        known.push_back(group.name);
    const auto read_one = [&](const Node& item) {
        if (!item.is(Node::Kind::Scalar) || item.text.empty())
            return report.expected(item, "agents", "the name of a group");
        const std::string* name = &item.text;
        if (!groups.empty() && std::ranges::find(known, std::string_view(*name)) == known.end()) {
            report.add(item, fmt::format("no group is called `{}`{}", shown(*name),
                                         suggestion(*name, known, "groups")));
        } else if (std::ranges::find(names, *name) != names.end()) {
            report.add(item, fmt::format("group `{}` is named twice", shown(*name)));
        } else {
            names.push_back(*name);
        }
    };
    if (!node.is(Node::Kind::List)) {
        read_one(node);
    } else if (node.items.empty()) {
        report.expected(node, "agents", "a group or a list of groups");
    }
    for (const Node& item : node.items)
        read_one(item);
    return names;
}

std::vector<std::string> only_group(Report& report, const Node& where, const std::vector<Group>& groups) {
    if (groups.size() == 1) return {groups[0].name};
    if (groups.size() > 1) {
        std::string names;
        for (const Group& group : groups)
            names += (names.empty() ? "" : ", ") + group.name;
        report.add(where,
                   fmt::format("`{}` must say which `agents`: there are {}", shown(where.text), names));
    }
    return {};
}

int count_agents(const std::vector<Group>& groups, const std::vector<std::string>& names) {
    constexpr long long most = 1'000'000'000;
    long long count = 0;
    for (const Group& group : groups) {
        if (std::ranges::find(names, group.name) != names.end()) count += group.count;
    }
    return static_cast<int>(std::min(count, most));
}

}  // namespace pushsim::scenario
