// --stack kind.

#include <algorithm>

#include <fmt/format.h>

#include "sim/cli/configured.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/cli/stack_source.hpp"
#include "sim/kind/cluster.hpp"
#include "sim/kind/infra.hpp"
#include "sim/scenario/sharing.hpp"

namespace pushsim::cli {
namespace {

kind::ClusterWish wish_of(const scenario::StackOptions& wanted) {
    return {as_text(wanted.verifier), as_text(wanted.registrar), wanted.workers};
}

/// Its agents tell themselves apart by their addresses.
bool needs_addresses(const scenario::Scenario& scenario) {
    return std::ranges::any_of(
        scenario.groups, [](const scenario::Group& group) { return group.source == scenario::Source::Own; });
}

class ClusterSource : public StackSource {
  public:
    explicit ClusterSource(StackSurroundings around) : around_(std::move(around)) {}

    std::optional<std::string> cannot_play(const scenario::Scenario& scenario) const override;
    Result<Made> make(const scenario::Scenario& scenario, bool clean) override;
    bool may_go_on(const scenario::Scenario& scenario, const scenario::StackOptions& played,
                   bool clean) const override {
        if (cluster_->as_found() && !fits_as_found(around_.options, scenario)) return false;
        return may_share(scenario, played) && clean;
    }
    bool is_replaced() const override { return true; }
    bool stays() const override { return cluster_ && cluster_->as_found(); }
    std::optional<std::string> why_not_acted_on() const override {
        if (!cluster_) return "no stack runs";
        if (!cluster_->as_found()) return std::nullopt;
        return "the stack that `stack up` keeps is there for others too";
    }
    stack::RunningStack* running() const override { return cluster_.get(); }
    std::optional<Error> failure() const override { return cluster_ ? cluster_->poll() : std::nullopt; }
    Result<bool> stop() override;

  private:
    Result<void> open();

    const StackSurroundings around_;
    std::unique_ptr<kind::Cluster> cluster_;
};

std::optional<std::string> ClusterSource::cannot_play(const scenario::Scenario& scenario) const {
    const scenario::StackOptions& wanted = scenario.stack;
    const auto state = kind::InfraState::open();
    if (!state) return state.error().message;
    const bool postgresql = kind::infra_database(*state) == kind::Database::Postgresql;
    if (wanted.database == "postgresql" && !postgresql)
        return "it wants PostgreSQL, and the cluster was brought up with SQLite (`stack up --database "
               "postgresql` makes the other)";
    const auto pauses_the_database = [](const scenario::Step& step) {
        return step.kind == scenario::StepKind::Pause &&
               std::ranges::find(step.servers, "database") != step.servers.end();
    };
    if (scenario::has_step(scenario.script, pauses_the_database))
        return "it pauses the database, and nothing stops the first process of a container";
    if (needs_addresses(scenario))
        return "its agents have addresses of their own (`source: own`), and behind a node's port all have "
               "one";
    if (auto why = kind::why_not_configured(*state, wish_of(wanted))) return why;
    return wanted.keylime.empty() ? std::nullopt
                                  : wrong_version(wanted, external_address(around_.options.stack));
}

Result<void> ClusterSource::open() {
    if (cluster_) return {};
    const auto state = kind::InfraState::open();
    if (!state) return fail(state.error());
    auto opened =
        kind::Cluster::open({.state = *state,
                             .clock = around_.clock,
                             .stop_asked = [] { return Interrupt::asked(); },
                             .say = [](const std::string& text) { say_error("pushsim: " + text); }});
    if (!opened) return fail(opened.error());
    cluster_ = std::move(*opened);
    return {};
}

Result<StackSource::Made> ClusterSource::make(const scenario::Scenario& scenario, bool clean) {
    const bool goes_on = cluster_ != nullptr;
    if (auto opened = open(); !opened) return fail(opened.error());
    Made made{{}, cluster_->as_found() && clean && fits_as_found(around_.options, scenario)};
    // The same servers go on writing into the same logs.
    const int number = made.kept && goes_on ? around_.stacks.load() : ++around_.stacks;
    const auto folder = around_.folder_of(number);
    if (made.kept) {
        if (auto used = cluster_->use_as_found(folder); !used) return fail(used.error());
    } else {
        if (cluster_->as_found())
            Interrupt::loses("the cluster stays as this run configured it: pushsim stack clean puts it back");
        auto how = cluster_->renew(wish_of(scenario.stack), folder);
        if (!how) return fail(how.error());
        made.how = std::move(*how);
    }
    made.address = cluster_->address();
    return made;
}

Result<bool> ClusterSource::stop() {
    if (!cluster_) return false;
    const bool as_found = cluster_->as_found();
    const auto back = cluster_->put_back();
    if (const auto times = cluster_->roll_outs(); !times.empty()) say_error("pushsim: " + times);
    cluster_.reset();
    if (!back) return fail(Error{back.error()}.in("the cluster could not be put back as it was"));
    return !as_found;
}

}  // namespace

bool fits_as_found(const RunOptions& options, const scenario::Scenario& scenario) {
    if (options.fresh || scenario::why_alone(scenario)) return false;
    if (!std::ranges::all_of(scenario::leaves_behind(scenario), &scenario::LeftBehind::taken_off))
        return false;
    const auto configured = configured_servers(options.stack);
    return configured && !why_not_as_wanted(*configured, scenario.stack);
}

std::unique_ptr<StackSource> cluster_source(StackSurroundings around) {
    return std::make_unique<ClusterSource>(std::move(around));
}

}  // namespace pushsim::cli
