// Prints what sim/doctor finds.

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/cli/cluster_servers.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/findings.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/cli/version.hpp"
#include "sim/core/clock.hpp"
#include "sim/doctor/doctor.hpp"
#include "sim/kind/infra.hpp"

namespace pushsim::cli {
namespace {

using doctor::Finding;
using doctor::Level;

/// The stack that `stack up` keeps, whether or not it answers.
std::optional<stack::StackRecord> kept_one(const Result<stack::Registry>& registry) {
    if (!registry) return std::nullopt;
    for (stack::StackRecord& record : registry->all()) {
        if (record.kept && !record.processes().empty()) return std::move(record);
    }
    return std::nullopt;
}

bool asks_for_its_own(const StackChoice& choice) {
    return !choice.keylime.empty() || choice.verifier_port != 0 || choice.registrar_port != 0 ||
           choice.registrar_tls_port != 0;
}

std::string in_words(const doctor::Subject& subject) {
    if (const auto* kept = std::get_if<doctor::Kept>(&subject.stack))
        return "the stack that `stack up` keeps in " + kept->record.folder.string();
    if (const auto* external = std::get_if<doctor::External>(&subject.stack))
        return external->name == "external stack" ? "an external stack" : external->name;
    return "a local stack that a run would start";
}

void print_text(const doctor::Subject& subject, const std::vector<Finding>& findings) {
    print_fitted(fmt::format("pushsim {} · {} · --agents {}\n{}{}\n", kVersion, in_words(subject),
                             subject.agents, findings_lines(findings), findings_totals(findings)));
}

void print_json(const doctor::Subject& subject, const std::vector<Finding>& findings, bool fit) {
    const nlohmann::json all = {{"pushsim", kVersion},
                                {"stack", in_words(subject)},
                                {"agents", subject.agents},
                                {"fit", fit},
                                {"findings", findings_json(findings)}};
    fmt::print("{}\n", all.dump(2));
}

}  // namespace

int doctor(const DoctorOptions& options) {
    const core::SystemClock clock;
    const auto registry = stack::Registry::open();
    doctor::Subject subject{doctor::External{stack::StackAddress{}}, options.agents, options.out};
    if (options.stack.stack != "local") {
        auto address = external_address(options.stack);
        if (!address && address.error().kind == ErrorKind::Usage) return report_error(address.error());
        doctor::External external{std::move(address)};
        if (options.stack.stack == "kind") {
            external.name = std::string("the cluster ") + kind::infra_cluster;
            if (const auto state = kind::InfraState::open())
                external.beside = findings_of(kind::infra_servers(*state, clock));
        }
        subject.stack = std::move(external);
    } else if (auto kept = asks_for_its_own(options.stack) ? std::nullopt : kept_one(registry)) {
        subject.stack = doctor::Kept{std::move(*kept)};
    } else {
        auto local = local_options(options.stack, {});
        subject.stack = local ? doctor::ToStart{std::move(local->keylime), local->ports}
                              : doctor::ToStart{fail(local.error()), {}};
    }
    const auto findings = doctor::examine(subject, registry, clock);
    const bool fit = std::ranges::count(findings, Level::Fail, &Finding::level) == 0;
    options.format == "json" ? print_json(subject, findings, fit) : print_text(subject, findings);
    return fit ? kAsExpected : kNotAsExpected;
}

}  // namespace pushsim::cli
