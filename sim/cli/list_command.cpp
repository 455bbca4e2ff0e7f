#include <algorithm>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/cli/commands.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/scenario/json_schema.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/scenario/reference.hpp"

namespace pushsim::cli {
namespace {

constexpr std::size_t kNameWidth = 20;
constexpr int kOptionWidth = 40;
constexpr std::size_t kValueIndent = 2;

nlohmann::json to_json(const scenario::Name& name) {
    return {
        {"name", std::string(name.name)}, {"about", std::string(name.about)}, {"available", is_there(name)}};
}

/// A name of a list; values of a name stand below it.
struct Row {
    scenario::Name name;
    bool is_value;

    std::size_t width() const { return name.name.size() + (is_value ? kValueIndent : 0); }
    void print(std::size_t width) const {
        const std::size_t indent = is_value ? kValueIndent : 0;
        print_fitted(fmt::format("{:{}}{:<{}}  {}{}\n", "", indent, name.name, width - indent, name.about,
                                 is_there(name) ? "" : " (not yet)"));
    }
};

/// `values` gives the names that a name's value may be.
template <typename Names, typename Values>
int list_names(const char* what, const Names& names, const std::string& format, bool all, Values values) {
    std::vector<Row> rows;
    int to_come = 0;
    const auto add = [&](const scenario::Name& name, bool is_value) {
        if (!is_there(name)) ++to_come;
        const bool shown = is_there(name) || all;
        if (shown) rows.push_back({name, is_value});
        return shown;
    };
    for (const auto& name : names) {
        if (!add(name, false)) continue;
        for (const scenario::Name& value : values(name))
            add(value, true);
    }
    if (format == "json") {
        nlohmann::json list = nlohmann::json::array();
        for (const Row& row : rows)
            (row.is_value ? list.back()["values"] : list).push_back(to_json(row.name));
        fmt::print("{}\n", list.dump(2));
        return kAsExpected;
    }
    std::size_t width = kNameWidth;
    for (const Row& row : rows)
        width = std::max(width, row.width());
    for (const Row& row : rows)
        row.print(width);
    if (to_come > 0 && !all) {
        print_fitted(
            fmt::format("{} more are part of the language and not yet in pushsim: pushsim list {} --all\n",
                        to_come, what));
    }
    return kAsExpected;
}

std::vector<scenario::Name> no_values(const scenario::Name& /*name*/) {
    return {};
}
template <typename Row>
std::vector<scenario::Name> keys_of(const Row& row) {
    return {row.keys.begin(), row.keys.end()};
}

}  // namespace

int list_scenarios(const std::vector<std::string>& paths, const std::string& format) {
    const auto loaded = scenario::load({paths.begin(), paths.end()});
    if (!loaded.ok()) {
        say_error(loaded.text());
        return kUsage;
    }
    nlohmann::json list = nlohmann::json::array();
    for (const auto& one : loaded.scenarios) {
        if (format == "json") {
            list.push_back(
                {{"name", one.name}, {"title", one.title}, {"file", one.file}, {"tags", one.tags}});
        } else {
            print_fitted(fmt::format("{:<{}}  {}\n{:<{}}  {}\n", one.name, kNameWidth, one.title, "",
                                     kNameWidth, one.file));
        }
    }
    if (format == "json") fmt::print("{}\n", list.dump(2));
    return kAsExpected;
}

int list_groups(const std::string& format, bool all) {
    return list_names("groups", scenario::group_keys(), format, all,
                      [](const scenario::Key& key) { return scenario::members_of(key.form); });
}
int list_steps(const std::string& format, bool all) {
    return list_names("steps", scenario::steps(), format, all, keys_of<scenario::StepName>);
}
int list_faults(const std::string& format, bool all) {
    return list_names("faults", scenario::faults(), format, all, keys_of<scenario::FaultName>);
}
int list_checks(const std::string& format, bool all) {
    return list_names("checks", scenario::checks(), format, all, no_values);
}

int list_metrics(const std::string& format, bool all) {
    return list_names("metrics", scenario::metric_subjects(), format, all,
                      [](const scenario::MetricSubject& subject) {
                          std::vector<scenario::Name> measures;
                          for (const scenario::MetricMeasure& measure : scenario::metric_measures()) {
                              if (goes_with(subject, measure)) measures.push_back(measure);
                          }
                          return measures;
                      });
}

int list_schema() {
    fmt::print("{}", scenario::json_schema());
    return kAsExpected;
}
int list_reference() {
    fmt::print("{}", scenario::reference_page());
    return kAsExpected;
}

int list_options(const std::string& format) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [server, options] : {std::pair{"verifier", scenario::verifier_options()},
                                          std::pair{"registrar", scenario::registrar_options()}}) {
        if (format != "json") fmt::print("{}:\n", server);
        for (const scenario::OptionName& option : options) {
            if (format == "json") {
                list.push_back({{"server", server},
                                {"name", std::string(option.name)},
                                {"about", std::string(option.about)}});
            } else {
                print_fitted(fmt::format("  {:<{}}  {}\n", option.name, kOptionWidth, option.about));
            }
        }
    }
    if (format == "json") fmt::print("{}\n", list.dump(2));
    return kAsExpected;
}

int list_all(const std::vector<std::string>& paths) {
    fmt::print("Scenarios:\n");
    const int exit = list_scenarios(paths, "text");
    fmt::print("\nWhat the agents of a group can be:\n");
    list_groups("text", false);
    fmt::print("\nSteps of a script:\n");
    list_steps("text", false);
    fmt::print("\nFaults:\n");
    list_faults("text", false);
    fmt::print("\nChecks of a whole run:\n");
    list_checks("text", false);
    fmt::print("\nMetrics, such as submit.p99 < 250ms:\n");
    list_metrics("text", false);
    fmt::print("\nOptions of Keylime, of the ");
    list_options("text");
    return exit;
}

}  // namespace pushsim::cli
