#include "sim/scenario/loader.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <tuple>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"
#include "sim/scenario/yaml_tree.hpp"

namespace pushsim::scenario {
namespace {

namespace fs = std::filesystem;

/// Files of a directory of scenarios that are none.
bool is_something_else(const fs::path& path) {
    const std::string name = path.filename().string();
    return name == "requirements.yaml" || name == "sources.yaml" || name == "profiles.yaml" ||
           name.starts_with("deviations") ||
           std::ranges::any_of(path.parent_path(), [](const fs::path& part) {
               return part == "deviations" || part == "verdicts" || part == "conformance";
           });
}

std::vector<fs::path> files_below(const fs::path& directory, std::vector<Problem>& problems) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        const fs::path path = at->path();
        std::error_code ignored;
        if (path.filename().string().starts_with(".")) {
            if (at->is_directory(ignored)) at.disable_recursion_pending();
        } else if (path.extension() == ".yaml" && !is_something_else(path.lexically_relative(directory)) &&
                   !at->is_directory(ignored)) {
            files.push_back(path);
        }
    }
    if (error) {
        problems.push_back({{directory.string(), 0, 0}, "cannot be read: " + error.message()});
    } else if (files.empty()) {
        problems.push_back({{directory.string(), 0, 0}, "no scenario file (*.yaml) is there"});
    }
    std::ranges::sort(files);
    return files;
}

void append(LoadResult& result, LoadResult part) {
    std::ranges::move(part.scenarios, std::back_inserter(result.scenarios));
    std::ranges::move(part.problems, std::back_inserter(result.problems));
}

void refuse_double_names(LoadResult& result) {
    std::map<std::string, Position> first_places;
    for (const Scenario& scenario : result.scenarios) {
        const auto [first, is_new] = first_places.emplace(scenario.name, scenario.position);
        if (!is_new) {
            result.problems.push_back(
                {scenario.position,
                 fmt::format("scenario `{}` is already defined in {}", scenario.name, first->second.text())});
        }
    }
}

}  // namespace

std::string Problem::text() const {
    return position.text() + ": " + message;
}

std::string LoadResult::text() const {
    constexpr std::size_t most = 100;
    std::string lines;
    for (std::size_t i = 0; i < std::min(problems.size(), most); ++i)
        lines += problems[i].text() + "\n";
    if (problems.size() > most)
        lines += fmt::format("and {} more: are these scenarios?\n", problems.size() - most);
    return lines;
}

LoadResult load_text(std::string_view text, const std::string& file) {
    LoadResult result;
    const auto root = parse_yaml(text, file, result.problems);
    if (!root) return result;
    Report report(file, result.problems);
    std::vector<Scenario> scenarios = read_scenarios(report, *root, file);
    std::ranges::stable_sort(result.problems, {}, [](const Problem& problem) {
        return std::tuple(problem.position.line, problem.position.column);
    });
    // An alias repeats the problems of what it stands for, and so do the cases of a matrix.
    std::set<std::tuple<int, int, std::string>> seen;
    std::erase_if(result.problems, [&](const Problem& problem) {
        return !seen.emplace(problem.position.line, problem.position.column, problem.message).second;
    });
    if (result.problems.empty()) result.scenarios = std::move(scenarios);
    return result;
}

LoadResult load(const std::vector<std::filesystem::path>& paths) {
    LoadResult result;
    if (paths.empty()) result.problems.push_back({{"no path given", 0, 0}, "there is nothing to load"});
    std::set<fs::path> seen;
    for (const fs::path& path : paths) {
        std::error_code error;
        if (!fs::exists(path, error)) {
            result.problems.push_back({{path.string(), 0, 0}, "there is no such file or directory"});
            continue;
        }
        std::vector<fs::path> files{path};
        if (fs::is_directory(path, error)) files = files_below(path, result.problems);
        for (const fs::path& file : files) {
            const fs::path real = fs::weakly_canonical(file, error);
            if (!seen.insert(error ? file : real).second) continue;
            if (const auto text = read_yaml_text(file, result.problems))
                append(result, load_text(*text, file.string()));
        }
    }
    refuse_double_names(result);
    return result;
}

}  // namespace pushsim::scenario
