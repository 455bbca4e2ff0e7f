#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/cli/commands.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/loader.hpp"

namespace pushsim::cli {
namespace {

constexpr int kNameWidth = 20;
constexpr int kOptionWidth = 40;

template <typename Names>
int list_names(const char* what, const Names& names, const std::string& format, bool all) {
    nlohmann::json list = nlohmann::json::array();
    int to_come = 0;
    for (const auto& name : names) {
        const bool now = name.availability == scenario::Availability::Now;
        if (!now) ++to_come;
        if (!now && !all) continue;
        if (format == "json") {
            list.push_back(
                {{"name", std::string(name.name)}, {"about", std::string(name.about)}, {"available", now}});
        } else {
            print_fitted(
                fmt::format("{:<{}}  {}{}\n", name.name, kNameWidth, name.about, now ? "" : " (not yet)"));
        }
    }
    if (format == "json") {
        fmt::print("{}\n", list.dump(2));
    } else if (to_come > 0 && !all) {
        print_fitted(
            fmt::format("{} more are part of the language and not yet in pushsim: pushsim list {} --all\n",
                        to_come, what));
    }
    return kAsExpected;
}

}  // namespace

int list_scenarios(const std::vector<std::string>& paths, const std::string& format) {
    const auto loaded = scenario::load({paths.begin(), paths.end()});
    if (!loaded.ok()) {
        fmt::print(stderr, "{}\n", loaded.text());
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

int list_steps(const std::string& format, bool all) {
    return list_names("steps", scenario::steps(), format, all);
}
int list_faults(const std::string& format, bool all) {
    return list_names("faults", scenario::faults(), format, all);
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
    fmt::print("\nSteps of a script:\n");
    list_steps("text", false);
    fmt::print("\nFaults:\n");
    list_faults("text", false);
    fmt::print("\nOptions of Keylime, of the ");
    list_options("text");
    return exit;
}

}  // namespace pushsim::cli
