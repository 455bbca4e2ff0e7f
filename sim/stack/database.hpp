#pragma once
// The verifier's SQLite file, read beside the running verifier. Used by VerdictReader.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "agent/base/result.hpp"
#include "sim/stack/verdicts.hpp"

namespace pushsim::stack {

/// One short SELECT through a read-only connection of its own, which waits for a writer at most 2 s. Nothing
/// if there is no such attestation. A database whose verifier was killed in the midst of a write is read from
/// a copy with its journal. ErrorKind::Stack, naming the file.
Result<std::optional<DatabaseVerdict>> read_attestation(const std::filesystem::path& database,
                                                        const std::string& agent_id, std::uint64_t index);

/// The AK that the agent is enrolled with, which the admin API does not tell: base64 of a marshalled
/// TPM2B_PUBLIC. Nothing of an agent that is not enrolled; errors as above.
Result<std::optional<std::string>> read_enrolled_ak(const std::filesystem::path& database,
                                                    const std::string& agent_id);

}  // namespace pushsim::stack
