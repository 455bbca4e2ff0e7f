#include "sim/cli/stack_source.hpp"

#include <fmt/format.h>

#include "sim/scenario/sharing.hpp"
#include "sim/scenario/version_range.hpp"

namespace pushsim::cli {

std::filesystem::path StackSurroundings::folder_of(int number) const {
    return folder / (number == 1 ? "stack" : fmt::format("stack-{}", number));
}

std::optional<std::string> wrong_version(const scenario::StackOptions& wanted, const std::string& version) {
    const auto range = scenario::parse_version_range(wanted.keylime);
    if (!range) return std::nullopt;
    const auto holds = range->holds(version);
    if (!holds)
        return fmt::format("it is for Keylime {}, and of this one the version is not known", wanted.keylime);
    if (*holds) return std::nullopt;
    return fmt::format("it is for Keylime {}, and this is {}", wanted.keylime, version);
}

std::optional<std::string> wrong_version(const scenario::StackOptions& wanted,
                                         const Result<stack::StackAddress>& address) {
    if (wanted.keylime.empty() || !address) return std::nullopt;
    return wrong_version(wanted, address->keylime_version.value_or(""));
}

stack::Options as_text(const scenario::ServerOptions& options) {
    return {options.begin(), options.end()};
}

bool may_share(const scenario::Scenario& scenario, const scenario::StackOptions& played) {
    return !scenario::why_alone(scenario) && scenario::can_share(played, scenario.stack);
}

}  // namespace pushsim::cli
