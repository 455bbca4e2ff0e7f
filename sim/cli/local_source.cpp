// --stack local.

#include <algorithm>

#include <fmt/format.h>

#include "sim/cli/stack_choice.hpp"
#include "sim/cli/stack_source.hpp"
#include "sim/doctor/machine.hpp"
#include "sim/scenario/sharing.hpp"
#include "sim/stack/control.hpp"
#include "sim/stack/postgresql.hpp"

namespace pushsim::cli {
namespace {

/// What a local stack lacks that the scenario needs; its log is always there.
std::optional<std::string> unmet_need(const scenario::StackOptions& wanted) {
    for (const std::string& need : wanted.needs) {
        if (need == "database" && wanted.database != "sqlite")
            return "it needs the verifier's database, and pushsim reads none but SQLite";
        if (need != "measured_boot") continue;
        for (const char* tool : {"tpm2_eventlog", "libefivar.so.1"}) {
            if (doctor::is_there({tool, "", "", true})) continue;
            return fmt::format("it needs {}, and there is no {} for the verifier: scripts/setup installs it",
                               need, tool);
        }
    }
    return std::nullopt;
}

class LocalSource : public StackSource {
  public:
    explicit LocalSource(StackSurroundings around) : around_(std::move(around)) {}

    std::optional<std::string> cannot_play(const scenario::Scenario& scenario) const override;
    Result<Made> make(const scenario::Scenario& scenario, bool clean) override;
    bool may_go_on(const scenario::Scenario& scenario, const scenario::StackOptions& played,
                   bool clean) const override {
        return may_share(scenario, played) && (kept_ || clean);
    }
    bool is_replaced() const override { return !kept_; }
    bool stays() const override { return local_ == nullptr; }
    std::optional<std::string> why_not_acted_on() const override {
        if (local_) return std::nullopt;
        return kept_ ? "the stack that `stack up` keeps is there for others too" : "no stack runs";
    }
    stack::RunningStack* running() const override { return local_.get(); }
    std::optional<Error> failure() const override;
    std::string about() const override { return about_; }
    Result<bool> stop() override;

  private:
    std::optional<stack::StackRecord> kept_stack(const stack::LocalStackOptions& wanted);

    const StackSurroundings around_;
    std::unique_ptr<stack::LocalStack> local_;
    std::optional<stack::StackRecord> kept_;  ///< of `stack up`
    std::string about_;
};

std::optional<std::string> LocalSource::cannot_play(const scenario::Scenario& scenario) const {
    const scenario::StackOptions& wanted = scenario.stack;
    const auto local = local_options(around_.options.stack, around_.folder);
    if (!local) return local.error().message;
    if (const auto why = wrong_version(wanted, local->keylime.version)) return why;
    if (const auto why = unmet_need(wanted)) return why;
    if (scenario::has_step(scenario.script, [](const scenario::Step& step) {
            return step.kind == scenario::StepKind::CutOff;
        }))
        return "it cuts a server off, which the node of a cluster can do (--stack kind)";
    if (wanted.database == "postgresql") return stack::why_no_postgresql(local->keylime);
    return std::nullopt;
}

std::optional<stack::StackRecord> LocalSource::kept_stack(const stack::LocalStackOptions& wanted) {
    about_.clear();
    for (const stack::StackStatus& status : stack::stack_status(around_.registry, around_.clock)) {
        const stack::StackRecord& record = status.record;
        if (!record.kept || record.out_of_sight()) continue;
        const auto misfit =
            status.word() == "up" ? stack::misfit(record, wanted) : std::optional("it is " + status.word());
        if (!misfit) {
            about_ = fmt::format("uses the stack that `stack up` keeps in {}", record.folder.string());
            return record;
        }
        about_ = fmt::format("starts a stack of its own; the one kept in {} is not used: {}",
                             record.folder.string(), *misfit);
    }
    return std::nullopt;
}

Result<StackSource::Made> LocalSource::make(const scenario::Scenario& scenario, bool /*clean*/) {
    if (auto stopped = stop(); !stopped) return fail(stopped.error());
    const scenario::StackOptions& wanted = scenario.stack;
    const int number = ++around_.stacks;
    auto local = local_options(around_.options.stack, around_.folder_of(number));
    if (!local) return fail(local.error());
    local->verifier = as_text(wanted.verifier);
    local->registrar = as_text(wanted.registrar);
    if (wanted.database == "postgresql") local->databases = stack::Databases::Postgresql;
    local->workers = wanted.workers;
    if (!scenario::why_alone(scenario) && !around_.options.fresh) kept_ = kept_stack(*local);
    if (kept_) return Made{kept_->address, true};
    auto started = stack::LocalStack::start(*local, around_.registry, around_.clock);
    if (!started) return fail(started.error());
    local_ = std::move(*started);
    return Made{local_->address(), false};
}

std::optional<Error> LocalSource::failure() const {
    if (local_) return local_->poll();
    if (!kept_ || std::ranges::all_of(kept_->groups, stack::is_running)) return std::nullopt;
    return Error{ErrorKind::Stack,
                 fmt::format("a server of the stack in {} has ended", kept_->folder.string()),
                 "pushsim stack logs says why; then pushsim stack down, and up again"};
}

Result<bool> LocalSource::stop() {
    kept_.reset();
    about_.clear();
    if (!local_) return false;
    const auto stopped = local_->stop();
    local_.reset();
    if (!stopped) return fail(stopped.error());
    return true;
}

}  // namespace

std::unique_ptr<StackSource> local_source(StackSurroundings around) {
    return std::make_unique<LocalSource>(std::move(around));
}

}  // namespace pushsim::cli
