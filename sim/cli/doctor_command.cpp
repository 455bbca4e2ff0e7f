// Prints what sim/doctor finds.

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/cli/commands.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/cli/session.hpp"
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

std::size_t count(const std::vector<Finding>& findings, Level level) {
    return static_cast<std::size_t>(std::ranges::count(findings, level, &Finding::level));
}

void print_text(const doctor::Subject& subject, const std::vector<Finding>& findings) {
    std::size_t width = 0;
    for (const Finding& finding : findings)
        width = std::max(width, finding.thing.size());
    std::string text =
        fmt::format("pushsim {} · {} · --agents {}\n", kVersion, in_words(subject), subject.agents);
    for (const Finding& finding : findings) {
        const std::string word = finding.level == Level::Fail ? "FAIL" : to_string(finding.level);
        text += fmt::format("  {:<7}  {:<{}}  {}\n", word, finding.thing, width, finding.found);
        if (!finding.mend.empty())
            text += fmt::format("  {:<7}  {:<{}}  mend: {}\n", "", "", width, finding.mend);
    }
    const std::size_t warnings = count(findings, Level::Warning);
    text +=
        fmt::format("{} ok, {} warning{}, {} failed, {} skipped\n", count(findings, Level::Ok), warnings,
                    warnings == 1 ? "" : "s", count(findings, Level::Fail), count(findings, Level::Skipped));
    print_fitted(text);
}

void print_json(const doctor::Subject& subject, const std::vector<Finding>& findings) {
    nlohmann::json list = nlohmann::json::array();
    for (const Finding& finding : findings) {
        list.push_back({{"level", to_string(finding.level)},
                        {"thing", finding.thing},
                        {"found", finding.found},
                        {"mend", finding.mend}});
    }
    const nlohmann::json all = {{"pushsim", kVersion},
                                {"stack", in_words(subject)},
                                {"agents", subject.agents},
                                {"fit", count(findings, Level::Fail) == 0},
                                {"findings", std::move(list)}};
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
        if (options.stack.stack == "kind") external.name = std::string("the cluster ") + kind::infra_cluster;
        subject.stack = std::move(external);
    } else if (auto kept = asks_for_its_own(options.stack) ? std::nullopt : kept_one(registry)) {
        subject.stack = doctor::Kept{std::move(*kept)};
    } else {
        auto local = local_options(options.stack, {});
        subject.stack = local ? doctor::ToStart{std::move(local->keylime), local->ports}
                              : doctor::ToStart{fail(local.error()), {}};
    }
    const auto findings = doctor::examine(subject, registry, clock);
    options.format == "json" ? print_json(subject, findings) : print_text(subject, findings);
    return count(findings, Level::Fail) == 0 ? kAsExpected : kNotAsExpected;
}

}  // namespace pushsim::cli
