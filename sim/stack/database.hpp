#pragma once
// The verifier's database, read beside the running verifier. Used by VerdictReader.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/result.hpp"
#include "sim/stack/verdicts.hpp"

namespace pushsim::stack {

/// The verifier's database, wherever it is; one thread at a time.
class VerifierDatabase {
  public:
    VerifierDatabase() = default;
    virtual ~VerifierDatabase() = default;
    VerifierDatabase(const VerifierDatabase&) = delete;
    VerifierDatabase& operator=(const VerifierDatabase&) = delete;

    /// Nothing if there is no such attestation. ErrorKind::Stack, saying what cannot be read.
    virtual Result<std::optional<DatabaseVerdict>> attestation(const std::string& agent_id,
                                                               std::uint64_t index) = 0;
    /// The AK that the agent is enrolled with, which the admin API does not tell: base64 of a marshalled
    /// TPM2B_PUBLIC. Nothing of an agent that is not enrolled; errors as above.
    virtual Result<std::optional<std::string>> enrolled_ak(const std::string& agent_id) = 0;
};

/// What is asked of it; the parameters are the agent's id and, where there is a second one, the index.
inline constexpr const char* attestation_query =
    "SELECT stage, evaluation, failure_reason, capabilities_received_at, challenges_expire_at, "
    "evidence_received_at FROM attestations WHERE agent_id = ?1 AND \"index\" = ?2";
inline constexpr const char* enrolled_ak_query = "SELECT ak_tpm FROM verifiermain WHERE agent_id = ?1";

/// One short SELECT on its SQLite file through a read-only connection of its own, which waits for a writer at
/// most 2 s. Nothing if there is no such attestation. A database whose verifier was killed in the midst of a
/// write is read from a copy with its journal. ErrorKind::Stack, naming the file.
Result<std::optional<DatabaseVerdict>> read_attestation(const std::filesystem::path& database,
                                                        const std::string& agent_id, std::uint64_t index);
Result<std::optional<std::string>> read_enrolled_ak(const std::filesystem::path& database,
                                                    const std::string& agent_id);

/// Both, of a file beside the running verifier.
std::shared_ptr<VerifierDatabase> sqlite_database(const std::filesystem::path& file);

}  // namespace pushsim::stack
