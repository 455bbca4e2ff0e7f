#pragma once
// The log of the kernel's Integrity Measurement Architecture: which files were used since boot, with their
// digests. Template ima-ng (Linux, Documentation/security/IMA-templates.rst).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::boot {

/// The PCR that IMA measures into (CONFIG_IMA_MEASURE_PCR_IDX).
inline constexpr int ima_pcr = 10;

/// A file as IMA measured it.
struct ImaFile {
    std::string path;  ///< in one line, without spaces; "boot_aggregate" is what came before the kernel
    Bytes digest;      ///< SHA-256 of what it holds
};

/// What the template hash is made of, and each bank of the PCR is extended with its own hash of.
Bytes ima_template_data(const ImaFile& file);

/// A line of the log, without its newline: "10 <SHA-1 template hash> ima-ng sha256:<digest> <path>", as in
/// /sys/kernel/security/ima/ascii_runtime_measurements.
std::string ima_line(const ImaFile& file);

/// Digests by path, in lower-case hex.
using AllowedFiles = std::map<std::string, std::vector<std::string>>;

/// Entries in the order in which they were measured.
class ImaLog {
  public:
    void add(ImaFile file);

    std::uint64_t entry_count() const { return entries_.size(); }

    /// The file of the last entry; of a log that is not empty.
    const ImaFile& last() const { return entries_.back().file; }

    /// Lines, each with its newline, of at most `count` entries from number `first` on, counted from 0; empty
    /// where there is no such entry.
    std::string text(std::uint64_t first = 0, std::optional<std::uint64_t> count = std::nullopt) const;

    /// Allows, beside what is allowed already, exactly what is in the log.
    void allow_in(AllowedFiles& allowed) const;

  private:
    struct Entry {
        ImaFile file;
        std::string line;
    };
    std::vector<Entry> entries_;
};

}  // namespace pushsim::boot
