#pragma once
// What an agent that comes and goes keeps of its TPM, in a file: `pushsim agent`.

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "agent/tpm/virtual_tpm.hpp"
#include "sim/stack/file_lock.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::fleet {

struct KeptTpm {
    /// PCR, and what was measured into it, as boot::parse_measurement takes it.
    using Measurement = std::pair<int, std::string>;

    std::string tcti;                            ///< where the TPM is; empty: it is `suspended`
    std::optional<tpm::SuspendedTpm> suspended;  ///< none before it was made
    std::optional<tpm::SavedAk> ak;              ///< none before it was made
    WallTime boot_time{};
    std::vector<Measurement> measurements;  ///< since then, by pushsim
};

/// What JSON can hold as a text.
bool is_utf8(const std::string& text);

/// JSON, its octets in base64; the measurements must be UTF-8; it is secret where the TPM is suspended in it.
std::string to_json_text(const KeptTpm& kept);
/// ErrorKind::Parse, naming what is wrong.
Result<KeptTpm> parse_kept_tpm(const std::string& text);

/// None where there is no file yet. ErrorKind::Config, naming it and the way out, where it does not have its
/// form.
Result<std::optional<KeptTpm>> read_kept_tpm(const std::filesystem::path& file);

/// The file, for one process at a time.
class KeptTpmFile {
  public:
    /// Waits until others have let go of it, at most `patience`, or a person asks to stop; ErrorKind::Config
    /// where another has it then, else System, naming the file.
    static Result<KeptTpmFile> lock(std::filesystem::path file, Duration patience,
                                    const stack::StopAsked& stop_asked = {});

    Result<std::optional<KeptTpm>> read() const { return read_kept_tpm(file_); }
    /// ErrorKind::System; Usage where a measurement is no UTF-8 text.
    Result<void> write(const KeptTpm& kept) const;

  private:
    KeptTpmFile(std::filesystem::path file, stack::FileLock lock)
        : file_(std::move(file)), lock_(std::move(lock)) {}
    std::filesystem::path file_;
    stack::FileLock lock_;
};

/// `$XDG_STATE_HOME/pushsim/tpms/ID.json`, its folder made where it is missing; ErrorKind::System, or Usage
/// where `agent_id` is none.
Result<std::filesystem::path> kept_tpm_file(const std::string& agent_id);
/// With its lock.
void remove_kept_tpm(const std::filesystem::path& file);

}  // namespace pushsim::fleet
