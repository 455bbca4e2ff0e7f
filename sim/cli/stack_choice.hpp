#pragma once
// What --stack and its options say: which stack, where it is, and how it is called.

#include <filesystem>
#include <string>

#include "sim/cli/commands.hpp"
#include "sim/history/record.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/local_stack.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::cli {

/// "127.0.0.1:8881", "[::1]:8881", "https://host:8881". ErrorKind::Usage, naming `option`.
Result<stack::HostPort> parse_host_port(const std::string& option, const std::string& text);

/// What a run, `stack up` and the tests start a local stack with.
Result<stack::LocalStackOptions> local_options(const StackChoice& choice,
                                               const std::filesystem::path& folder);

/// Of the Keylime that will run; empty where it cannot be known.
Result<std::string> version_under_test(const StackChoice& choice);

/// The address that the options of `--stack external` make. ErrorKind::Usage names the one that is missing.
Result<stack::StackAddress> external_address(const StackChoice& choice);

/// What another command has to be told to find the same external stack, as a shell reads it, with a blank
/// before; empty for a local one.
std::string stack_words(const StackChoice& choice);

/// The external stack, or the one that `stack up` keeps; ErrorKind::Config where none is up, or several are.
Result<stack::StackAddress> running_address(const StackChoice& choice, const Clock& clock);

/// For the history: which Keylime, where.
history::StackFacts facts_of(const stack::StackAddress& address);

}  // namespace pushsim::cli
