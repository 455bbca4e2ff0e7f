#pragma once
// How the servers of an external stack are configured, by the files that they run with: nothing of it can be
// seen from outside.

#include <optional>
#include <string>

#include "sim/cli/commands.hpp"
#include "sim/scenario/stack_options.hpp"
#include "sim/stack/config_reader.hpp"

namespace pushsim::cli {

/// Of each server nothing where its file was not given.
struct Configured {
    std::optional<stack::FoundConfig> verifier;
    std::optional<stack::FoundConfig> registrar;
};

/// What --verifier-conf and --registrar-conf name. Errors of stack::read_config().
Result<Configured> configured_servers(const StackChoice& choice);

/// Why servers that are configured like this are not those that the scenario wants: "it wants quote_interval
/// = 0, and /etc/keylime/verifier.conf says 60". Numbers and truth values are the same however Keylime lets
/// them be written. What the scenario does not say is not looked at.
std::optional<std::string> why_not_as_wanted(const Configured& configured,
                                             const scenario::StackOptions& wanted);

}  // namespace pushsim::cli
