#include "sim/cli/session.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pushsim::cli {
namespace {

std::unique_ptr<StackSource> source_for(StackSurroundings around) {
    const std::string& kind = around.options.stack.stack;
    if (kind == "kind") return cluster_source(std::move(around));
    return kind == "external" ? external_source(std::move(around)) : local_source(std::move(around));
}

}  // namespace

StackSession::StackSession(const RunOptions& options, std::filesystem::path folder,
                           const stack::Registry& registry, const Clock& clock, std::atomic<int>& stacks)
    : source_(source_for({options, std::move(folder), registry, clock, stacks})) {}

void StackSession::began(std::uint64_t sessions, const scenario::Scenario& scenario) {
    const scenario::AddressLoad told = scenario::address_load(scenario);
    const std::uint64_t most = std::max(told.of_shared, told.of_own);
    const std::uint64_t more = sessions > most ? sessions - most : 0;
    load_ = load_ + scenario::AddressLoad{more, more};
}

bool StackSession::spoil() {
    spoiled_ = true;
    return source_->is_replaced();
}

Result<StackSession::Ready> StackSession::prepare(const scenario::Scenario& scenario) {
    const bool spoils = scenario::why_alone(scenario) || !scenario::leaves_behind(scenario).empty();
    const scenario::AddressLoad load = scenario::address_load(scenario);
    const bool clean = !spoiled_ && !scenario::reaches_the_limit(load_ + load, scenario);
    if (played_ && source_->may_go_on(scenario, *played_, clean)) {
        // What is taken off a stack that stays does not spoil it.
        spoiled_ = spoiled_ || (spoils && !source_->stays());
        load_ = load_ + load;
        return Ready{address_};
    }
    played_.reset();
    auto made = source_->make(scenario, clean);
    if (!made) return fail(made.error());
    played_ = scenario.stack;
    spoiled_ = spoils && !made->kept;
    // What a verifier has counted stays where it does.
    load_ = (made->kept ? load_ : scenario::AddressLoad{}) + load;
    address_ = std::move(made->address);
    return Ready{address_, true, made->kept, std::move(made->how)};
}

std::optional<Error> StackSession::failure() const {
    if (auto dead = source_->failure()) return dead;
    return failed_;
}

std::shared_ptr<stack::VerifierDatabase> StackSession::database() const {
    const auto* stack = source_->running();
    return stack != nullptr ? stack->database() : nullptr;
}

Result<std::string> StackSession::act(stack::ServerAct what, stack::ServerName server) {
    if (const auto why = why_not_acted_on()) {
        return fail(
            ErrorKind::Usage, fmt::format("cannot {} the {}: {}", to_string(what), to_string(server), *why),
            "`fresh: true` in the scenario's `stack`, or --fresh, and --stack local give it one of its own");
    }
    return source_->running()->act_on(what, server);
}

void StackSession::cut_acts() {
    if (auto* stack = source_->running()) stack->cut_acts();
}

Result<bool> StackSession::stop() {
    played_.reset();
    return source_->stop();
}

}  // namespace pushsim::cli
