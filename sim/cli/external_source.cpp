// --stack external.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/cli/configured.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/cli/stack_source.hpp"
#include "sim/scenario/sharing.hpp"
#include "sim/stack/inspect.hpp"

namespace pushsim::cli {
namespace {

class ExternalSource : public StackSource {
  public:
    explicit ExternalSource(StackSurroundings around) : around_(std::move(around)) {}

    std::optional<std::string> cannot_play(const scenario::Scenario& scenario) const override;
    Result<Made> make(const scenario::Scenario& /*scenario*/, bool /*clean*/) override {
        auto address = external_address(around_.options.stack);
        if (address) address = stack::inspect(std::move(*address), around_.clock);
        if (!address) return fail(address.error());
        return Made{std::move(*address), false};
    }
    bool may_go_on(const scenario::Scenario& /*scenario*/, const scenario::StackOptions& /*played*/,
                   bool /*clean*/) const override {
        return true;
    }
    bool is_replaced() const override { return false; }
    bool stays() const override { return true; }
    std::optional<std::string> why_not_acted_on() const override {
        return "an external stack is not ours to stop and start";
    }

  private:
    const StackSurroundings around_;
};

std::optional<std::string> ExternalSource::cannot_play(const scenario::Scenario& scenario) const {
    const scenario::StackOptions& wanted = scenario.stack;
    if (wanted.fresh)
        return "it wants servers of its own (`fresh: true`), and an external stack is there for others too";
    if (scenario::acts_on_servers(scenario))
        return "its script acts on servers, and an external stack is not ours to stop and start";
    if (!wanted.needs.empty()) {
        return fmt::format("it needs {}, which cannot be seen of an external stack",
                           fmt::join(wanted.needs, ", "));
    }
    if (wanted.database != "sqlite")
        return fmt::format("it wants {} for the servers, and an external stack is taken as it is",
                           wanted.database);
    const auto configured = configured_servers(around_.options.stack);
    if (!configured) return configured.error().message;
    if (auto why = why_not_as_wanted(*configured, wanted)) return why;
    if (wanted.keylime.empty()) return std::nullopt;
    auto address = external_address(around_.options.stack);
    return wrong_version(wanted, address ? stack::inspect(std::move(*address), around_.clock) : address);
}

}  // namespace

std::unique_ptr<StackSource> external_source(StackSurroundings around) {
    return std::make_unique<ExternalSource>(std::move(around));
}

}  // namespace pushsim::cli
