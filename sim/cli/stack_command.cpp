#include <algorithm>
#include <cctype>
#include <cstdio>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/base/text.hpp"
#include "sim/cli/addresses.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/core/clock.hpp"
#include "sim/kind/agents.hpp"
#include "sim/kind/certificates.hpp"
#include "sim/kind/cluster.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/values.hpp"
#include "sim/stack/agent_list.hpp"
#include "sim/stack/control.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultName = "default";

/// NAME=VALUE, in Keylime's own names and texts; a name that no server of Keylime reads is refused.
Result<stack::Options> parse_options(const std::string& option, const std::vector<std::string>& texts,
                                     std::span<const scenario::OptionName> known) {
    stack::Options options;
    for (const std::string& text : texts) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(ErrorKind::Usage, fmt::format("{}: expected NAME=VALUE, found '{}'", option, text),
                        fmt::format("for example {} quote_interval=1", option));
        }
        const std::string name = text.substr(0, equals);
        const auto known_one = std::ranges::find(known, name, &scenario::OptionName::name);
        if (known_one == known.end()) {
            std::vector<std::string_view> names;
            for (const auto& one : known)
                names.push_back(one.name);
            return fail(ErrorKind::Usage, fmt::format("{}: Keylime has no option '{}'{}", option, name,
                                                      scenario::suggestion(name, names, "options")));
        }
        auto value = text.substr(equals + 1);
        // Keylime counts seconds; a duration with its unit, as in scenarios, is taken too.
        if (known_one->kind == scenario::OptionKind::WholeSeconds) {
            if (const auto duration = scenario::parse_duration(value)) {
                const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*duration);
                if (seconds == *duration) value = std::to_string(seconds.count());
            }
            if (value.empty() || value.find_first_not_of("0123456789") != std::string::npos) {
                return fail(
                    ErrorKind::Usage,
                    fmt::format("{} {}: Keylime reads whole seconds here, found '{}'", option, name, value),
                    fmt::format("for example {} {}=2", option, name));
            }
        }
        options[name] = value;
    }
    return options;
}

std::optional<fs::path> folder_of(const StackOptions& options) {
    return options.folder.empty() ? std::nullopt : std::optional<fs::path>(options.folder);
}

/// What to type, before -c and its options, so that Keylime's own tenant acts on this stack: the one beside
/// the verifier's program, where there is one.
std::string keylime_tenant(const stack::StackRecord& record) {
    const fs::path beside = fs::path(record.address.keylime_origin).parent_path() / "keylime_tenant";
    std::error_code none;
    return fmt::format("KEYLIME_TENANT_CONFIG={} {}",
                       shell_word((record.folder / "etc" / "tenant.conf").string()),
                       fs::exists(beside, none) ? shell_word(beside.string()) : "keylime_tenant");
}

void print_addresses(const stack::StackRecord& record) {
    fmt::print("{}  keylime-tenant {}\n", address_lines(record.address, record.folder.string()),
               keylime_tenant(record));
}

nlohmann::json to_json(const stack::StackRecord& record) {
    nlohmann::json json = address_json(record.address);
    json["folder"] = record.folder.string();
    json["keylime_tenant"] = keylime_tenant(record);
    json["kept"] = record.kept;
    json["started"] = record.started;
    return json;
}

/// Pods of a run that was killed; whether there were any. A run that goes on takes its own away.
bool clean_fleet(const Clock& clock, int& exit) {
    const auto agents = kind::AgentsState::open();
    if (!agents || !agents->is_up()) return false;
    const auto alone = kind::take_fleet(*agents, {});
    if (!alone) return false;
    const auto gone = kind::fleet_down(*agents, clock);
    if (!gone) exit = report_error(gone.error());
    if (gone && *gone) fmt::print("removed a fleet's pods from the cluster {}\n", kind::agents_cluster);
    return !gone || *gone;
}

/// Runs `act` with the registry open.
template <typename Act>
int with_registry(Act act) {
    const auto registry = stack::Registry::open();
    if (!registry) return report_error(registry.error());
    const core::SystemClock clock;
    return act(*registry, clock);
}

}  // namespace

int stack_up(const StackOptions& options) {
    const Interrupt interrupt;
    return with_registry([&](const stack::Registry& registry, const Clock& clock) -> int {
        for (const auto& leftover : stack::clean_leftovers(registry, clock)) {
            say_error("pushsim: " + leftover.text());
        }
        auto local = local_options(options.stack,
                                   folder_of(options).value_or(stack::kept_folder(registry, kDefaultName)));
        if (!local) return report_error(local.error());
        auto verifier =
            parse_options("--verifier-option", options.verifier_options, scenario::verifier_options());
        if (!verifier) return report_error(verifier.error());
        auto registrar =
            parse_options("--registrar-option", options.registrar_options, scenario::registrar_options());
        if (!registrar) return report_error(registrar.error());
        local->verifier = std::move(*verifier);
        local->registrar = std::move(*registrar);
        const auto record = stack::stack_up(*local, registry, clock);
        if (!record) return report_error(record.error());
        if (options.format == "json") {
            fmt::print("{}\n", to_json(*record).dump(2));
        } else {
            print_addresses(*record);
            fmt::print(
                "`pushsim run` uses it where the options agree; `pushsim tenant`, and the line behind "
                "keylime-tenant\nwith -c cvlist, show its agents; `pushsim stack down` ends it.\n");
        }
        return kAsExpected;
    });
}

int stack_down(const StackOptions& options) {
    const Interrupt interrupt;  // it ends soon, and half done it would be to be done again
    return with_registry([&](const stack::Registry& registry, const Clock& clock) -> int {
        const auto ended = stack::stack_down(registry, folder_of(options), clock);
        if (!ended) return report_error(ended.error());
        for (const auto& record : *ended)
            fmt::print(
                "ended {}\n  its agents, logs and databases stay for the next `stack up`; `stack clean` "
                "removes "
                "them\n",
                record.folder.string());
        if (ended->empty()) fmt::print("no stack was up\n");
        return kAsExpected;
    });
}

int stack_status(const StackOptions& options) {
    return with_registry([&](const stack::Registry& registry, const Clock& clock) -> int {
        const auto all = stack::stack_status(registry, clock);
        if (options.format == "json") {
            nlohmann::json list = nlohmann::json::array();
            for (const auto& status : all) {
                auto one = to_json(status.record);
                one["status"] = status.word();
                one["processes"] = status.processes;
                list.push_back(std::move(one));
            }
            fmt::print("{}\n", list.dump(2));
            return kAsExpected;
        }
        for (const auto& status : all) {
            fmt::print("{} ({} processes)\n", status.word(), status.processes);
            print_addresses(status.record);
        }
        if (all.empty()) fmt::print("no stack is up\n");
        return kAsExpected;
    });
}

int stack_clean(const StackOptions& /*options*/) {
    return with_registry([&](const stack::Registry& registry, const Clock& clock) -> int {
        const auto left = stack::left_agents(registry);
        int exit = kAsExpected;
        for (const auto& agents : left) {
            // The agents of a kept stack that is down go with its folder.
            const auto stacks = registry.all();
            const bool is_up = std::ranges::any_of(stacks, [&](const stack::StackRecord& record) {
                return record.address.verifier.text() == agents.address.verifier.text() &&
                       !record.processes().empty();
            });
            if (agents.address.kind == "local" && !is_up) continue;
            if (const auto removed = stack::remove_left(agents, clock); !removed) {
                exit = report_error(removed.error());
            } else {
                fmt::print("removed {}\n", agents.text());
            }
        }
        const auto cluster = kind::InfraState::open();
        const bool changed = cluster && kind::is_changed(*cluster);
        if (changed) {
            const auto opened = kind::Cluster::open(
                {.state = *cluster, .clock = clock, .stop_asked = {}, .say = [](const std::string& text) {
                     say_error("pushsim: " + text);
                 }});
            if (opened) {
                fmt::print("put the cluster {} back as it was\n", kind::infra_cluster);
            } else {
                exit = report_error(opened.error());
            }
        }
        const bool fleet = clean_fleet(clock, exit);
        const auto cleaned = stack::stack_clean(registry, clock);
        (void)stack::left_agents(registry);
        for (const auto& leftover : cleaned.leftovers)
            fmt::print("{}\n", leftover.text());
        for (const auto& folder : cleaned.removed_folders)
            fmt::print("removed {}\n", folder.string());
        if (cleaned.leftovers.empty() && cleaned.removed_folders.empty() && left.empty() && !changed &&
            !fleet)
            fmt::print("nothing to clean\n");
        return exit;
    });
}

int stack_certificates(const StackOptions& options) {
    const core::SystemClock clock;
    const auto made = kind::make_certificates(options.folder, options.names, clock.wall_now());
    if (!made) return report_error(made.error());
    fmt::print(
        "{} {}\n"
        "  verifier, registrar, tenant: {}\n"
        "  the same, as Secrets: kubectl apply -f {}\n"
        "  for the agents' cluster, the CA alone: kubectl apply -f {}\n",
        made->ca_is_new ? "new CA" : "issued anew by", made->ca.string(),
        (fs::path(options.folder) / "{verifier,registrar,tenant}").string(), made->infra_secrets.string(),
        made->agents_secret.string());
    return kAsExpected;
}

}  // namespace pushsim::cli
