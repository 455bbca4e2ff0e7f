#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.hpp"

namespace CLI {
class App;
class ParseError;
class Validator;
}  // namespace CLI

namespace pushsim::cli {

/// What is wrong with the command line, in one sentence that names the word, and the nearest that is known or
/// what would be right; the mend is the help of the command that was meant. ErrorKind::Usage.
Error usage_error(const CLI::App& app, const CLI::ParseError& error);

/// ErrorKind::Usage where `words` do not lead from command to command, up to the first option.
std::optional<Error> no_command(const CLI::App& app, std::span<const std::string> words);

/// For options that take a number: decimal digits, from `least` to `most`, or the error says so. To be given
/// to `transform`. CLI11 alone reads "-1" and what is too large as the largest number, and "010" as 8.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);

/// For options that take one of these words. CLI::IsMember's names, which completion reads, and our sentence.
CLI::Validator one_of(const std::vector<std::string>& words);

/// What the verifier takes for an agent's id.
CLI::Validator agent_id();

/// The name of a TPM that is there (tpm::check_tcti_name).
CLI::Validator tcti_name();

}  // namespace pushsim::cli
