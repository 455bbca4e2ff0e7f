#include "sim/conformance/registry.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "sim/conformance/reading.hpp"

namespace pushsim::conformance {
namespace {

using scenario::Key;
using scenario::Name;
using scenario::Node;
using namespace scenario::forms;
constexpr auto now = scenario::Availability::Now;

constexpr std::array<Name, 3> level_table{{
    {"MUST", "what is specified without exception"},
    {"SHOULD", "what is specified, and good reasons may stand against"},
    {"MAY", "what is allowed"},
}};
std::span<const Name> levels() {
    return level_table;
}
constexpr std::array<Name, 3> bound_table{{
    {"verifier", "the verifier"},
    {"registrar", "the registrar"},
    {"agent", "the agent"},
}};
std::span<const Name> bound() {
    return bound_table;
}

constexpr scenario::Form texts = one_or_list(&any_text);
constexpr scenario::Form ids = one_or_list(&requirement_id);
constexpr scenario::Form words = one_or_list(&plain_name);

constexpr std::array<Key, 10> requirement_table{{
    {{"id", "KPM-<AREA>-<nnn>, never used again", now}, requirement_id, true},
    {{"text", "one sentence, in our own words", now}, any_text, true},
    {{"level", "MUST, SHOULD or MAY", now}, word(levels), true},
    {{"binds", "verifier, registrar or agent", now}, word(bound), true},
    {{"since", "the first Keylime that it is for; each if left out", now}, any_text},
    {{"sources", "document section, and code path with version", now}, texts, true},
    {{"tags", "words to select by", now}, words},
    {{"decided_by", "names of scenarios, or scenario/case", now}, texts},
    {{"planned", "the fault or feature that deciding it waits for", now}, any_text},
    {{"withheld", "true: reports show no details", now}, boolean},
}};
constexpr std::array<Key, 1> requirements_table{{
    {{"requirements", "a list", now}, {.kind = scenario::Form::Kind::Anything}, true},
}};
constexpr std::array<Key, 6> profile_table{{
    {{"profile", "its name", now}, plain_name, true},
    {{"about", "what it is for, in one line", now}, any_text, true},
    {{"areas", "all requirements of these", now}, texts},
    {{"tags", "all requirements that have one of these", now}, words},
    {{"levels", "all requirements of these", now}, texts},
    {{"ids", "these requirements", now}, ids},
}};
constexpr std::array<Key, 1> profiles_table{{
    {{"profiles", "a list", now}, {.kind = scenario::Form::Kind::Anything}, true},
}};

void check_area(scenario::Report& report, const Node& id) {
    Requirement requirement;
    requirement.id = id.text;
    if (about_area(requirement.area()).empty()) {
        std::vector<std::string_view> names;
        names.reserve(areas().size());
        for (const Area& one : areas())
            names.push_back(one.name);
        report.add(id, fmt::format("`{}` is no area{}", requirement.area(),
                                   scenario::suggestion(requirement.area(), names, "there are")));
    }
}

Requirement read_requirement(scenario::Report& report, const Node& node) {
    const scenario::MapReader map(report, node, "a requirement", requirement_table);
    Requirement requirement;
    if (const Node* id = map.get("id")) {
        if (!id->is(Node::Kind::Scalar) || !is_requirement_id(id->text)) {
            report.expected(*id, "id", "KPM-<AREA>-<nnn>, like KPM-EVID-007");
        } else {
            requirement.id = id->text;
            check_area(report, *id);
        }
    }
    requirement.text = read_line(report, map.get("text"), "text");
    requirement.level = map.word("level").value_or("MUST");
    requirement.binds = map.word("binds").value_or("verifier");
    requirement.since = read_line(report, map.get("since"), "since");
    if (!requirement.since.empty() && !is_version(requirement.since))
        report.expected(*map.get("since"), "since", "a version, like 7.14.1");
    requirement.sources = read_lines(report, map.get("sources"), "sources");
    requirement.tags = read_lines(report, map.get("tags"), "tags");
    requirement.decided_by = read_lines(report, map.get("decided_by"), "decided_by");
    requirement.planned = read_line(report, map.get("planned"), "planned");
    requirement.withheld = map.boolean("withheld").value_or(false);
    if (requirement.decided_by.empty() && requirement.planned.empty())
        report.add(node, fmt::format("{}: neither `decided_by` nor `planned` is there", requirement.id));
    if (!requirement.decided_by.empty() && !requirement.planned.empty())
        report.add(*map.key("planned"),
                   fmt::format("{}: one of `decided_by` and `planned`, not both", requirement.id));
    return requirement;
}

Profile read_profile(scenario::Report& report, const Node& node) {
    const scenario::MapReader map(report, node, "a profile", profile_table);
    Profile profile;
    profile.name = read_line(report, map.get("profile"), "profile");
    profile.about = read_line(report, map.get("about"), "about");
    profile.areas = read_lines(report, map.get("areas"), "areas");
    profile.tags = read_lines(report, map.get("tags"), "tags");
    profile.levels = read_lines(report, map.get("levels"), "levels");
    if (map.get("ids") != nullptr) profile.ids = read_ids(report, *map.get("ids"), "ids");
    for (const std::string& area : profile.areas) {
        if (about_area(area).empty())
            report.add(*map.get("areas"), fmt::format("`areas`: `{}` is no area", area));
    }
    return profile;
}

bool has(const std::vector<std::string>& all, const std::string& one) {
    return std::ranges::find(all, one) != all.end();
}

}  // namespace

bool Profile::takes(const Requirement& requirement) const {
    if (areas.empty() && tags.empty() && levels.empty() && ids.empty()) return true;
    return has(areas, requirement.area()) || has(levels, requirement.level) || has(ids, requirement.id) ||
           std::ranges::any_of(requirement.tags, [&](const std::string& tag) { return has(tags, tag); });
}

Loaded<std::vector<Requirement>> read_requirements(std::string_view text, const std::string& file) {
    Loaded<std::vector<Requirement>> loaded;
    read_document(text, file, "`requirements:` and a list", loaded.problems,
                  [&](scenario::Report& report, const Node& root) {
                      std::string before;
                      for (const Node& item : items_of(report, root, "the registry", requirements_table)) {
                          Requirement requirement = read_requirement(report, item);
                          if (requirement.id.empty()) continue;
                          // In order, so that an id that is given twice stands beside itself.
                          if (requirement.id == before) {
                              report.add(item, fmt::format("{} is there twice", requirement.id));
                          } else if (requirement.area() ==
                                         Requirement{before.empty() ? requirement.id : before}.area() &&
                                     requirement.id < before) {
                              report.add(item, fmt::format("{} stands behind {}: ids of an area are in order",
                                                           requirement.id, before));
                          } else if (find(loaded.value, requirement.id) != nullptr) {
                              report.add(item, fmt::format("{} is there twice", requirement.id));
                          }
                          before = requirement.id;
                          loaded.value.push_back(std::move(requirement));
                      }
                  });
    return loaded;
}

Loaded<std::vector<Requirement>> load_requirements(const std::filesystem::path& file) {
    return load_file<std::vector<Requirement>>(file, read_requirements);
}

Loaded<std::vector<Profile>> read_profiles(std::string_view text, const std::string& file) {
    Loaded<std::vector<Profile>> loaded;
    read_document(text, file, "`profiles:` and a list", loaded.problems,
                  [&](scenario::Report& report, const Node& root) {
                      std::set<std::string> names;
                      for (const Node& item : items_of(report, root, "the profiles", profiles_table)) {
                          loaded.value.push_back(read_profile(report, item));
                          if (!names.insert(loaded.value.back().name).second)
                              report.add(item,
                                         fmt::format("profile {} is there twice", loaded.value.back().name));
                      }
                  });
    return loaded;
}

Loaded<std::vector<Profile>> load_profiles(const std::filesystem::path& file) {
    return load_file<std::vector<Profile>>(file, read_profiles);
}

const Requirement* find(const std::vector<Requirement>& requirements, std::string_view id) {
    const auto at = std::ranges::find(requirements, id, &Requirement::id);
    return at == requirements.end() ? nullptr : &*at;
}

}  // namespace pushsim::conformance
