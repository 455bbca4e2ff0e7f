// pushsim agent show: which agent runs here, and what its TPM holds.

#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "sim/cli/commands.hpp"
#include "sim/fleet/tpm_device.hpp"
#include "sim/stack/file_lock.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;

/// Of the agents whose process holds its lock (agent_command.cpp, Running).
Result<std::vector<std::string>> running_agents() {
    const auto folder = stack::state_folder("tpms");
    if (!folder) return fail(folder.error());
    constexpr std::string_view kEnd = ".json.agent.lock";
    std::vector<std::string> ids;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(*folder, none)) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(kEnd)) continue;
        const auto lock = stack::FileLock::take(entry.path(), Duration::zero());
        if (!lock && lock.error().kind == ErrorKind::Config)
            ids.push_back(name.substr(0, name.size() - kEnd.size()));
    }
    return ids;
}

Result<std::string> the_one_that_runs() {
    const auto ids = running_agents();
    if (!ids) return fail(ids.error());
    if (ids->size() == 1) return ids->front();
    if (ids->empty())
        return fail(ErrorKind::Config, "no agent runs here", "name one that has been here with --id");
    return fail(ErrorKind::Config, fmt::format("{} agents run here: {}", ids->size(), fmt::join(*ids, ", ")),
                "name one with --id");
}

}  // namespace

int agent_show(const AgentOptions& options) {
    const auto id = options.id.empty() ? the_one_that_runs() : Result<std::string>(options.id);
    if (!id) return report_error(id.error());
    auto tpm = fleet::tpm_of_kept_agent(*id);
    if (!tpm) return report_error(tpm.error());
    nlohmann::ordered_json shown = {{"agent", *id}, {"pcrs", nlohmann::ordered_json::object()}};
    if (!options.pcrs.empty()) {
        tpm::TpmHost host;
        fleet::TpmDevice device(host, std::move(*tpm));
        const auto values = device.read_pcrs(tpm::HashAlgorithm::Sha256, options.pcrs);
        if (const auto rested = device.rest(); !rested) return report_error(rested.error());
        if (!values) return report_error(values.error());
        for (const auto& [pcr, value] : *values)
            shown["pcrs"][std::to_string(pcr)] = to_hex(value);
    }
    if (options.format == "json") {
        fmt::print("{}\n", shown.dump());
        return kAsExpected;
    }
    fmt::print("agent {}\n", *id);
    for (const auto& [pcr, value] : shown["pcrs"].items())
        fmt::print("PCR {} (sha256) is {}\n", pcr, value.get<std::string>());
    return kAsExpected;
}

}  // namespace pushsim::cli
