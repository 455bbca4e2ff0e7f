#pragma once

#include "agent/base/result.hpp"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace pushsim::cli {

/// What is wrong with the command line, in one sentence that names the word, and the nearest that is known or
/// what would be right; the mend is the help of the command that was meant. ErrorKind::Usage.
Error usage_error(const CLI::App& app, const CLI::ParseError& error);

}  // namespace pushsim::cli
