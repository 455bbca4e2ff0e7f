#pragma once
// The tree of commands and options, as usage errors, completion and the manual look at it.

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pushsim::cli {

/// "stack up"; empty for pushsim itself.
std::string path_of(const CLI::App& command);
/// The commands right below.
std::vector<const CLI::App*> commands_of(const CLI::App& command);
/// The one of that name; null for none.
const CLI::App* command_named(const CLI::App& command, const std::string& name);
/// Options with a name, those of option groups too; --help and --version are among them.
std::vector<const CLI::Option*> options_of(const CLI::App& command);
/// Arguments that are known by their place.
std::vector<const CLI::Option*> arguments_of(const CLI::App& command);

/// "--format"
std::string name_of(const CLI::Option& option);
/// The option does not stand alone.
bool takes_value(const CLI::Option& option);
/// Where it must be one of a few.
std::vector<std::string> values_of(const CLI::Option& option);

}  // namespace pushsim::cli
