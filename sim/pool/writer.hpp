#pragma once
// Writes a pool file: readers find the whole of the old one or the whole of the new one.

#include <cstddef>
#include <filesystem>

#include "agent/base/result.hpp"
#include "sim/pool/pool.hpp"

namespace pushsim::pool {

/// Writes beside the file, as NAME.part, until finish(). For whoever holds the pool's lock (pools.hpp): a
/// NAME.part of somebody who was killed is replaced. The file is for its owner alone (0600).
class PoolWriter {
  public:
    /// ErrorKind::System, naming the file.
    static Result<PoolWriter> begin(const std::filesystem::path& file, const About& about);

    PoolWriter(PoolWriter&& other) noexcept;
    PoolWriter& operator=(PoolWriter&&) = delete;
    PoolWriter(const PoolWriter&) = delete;
    PoolWriter& operator=(const PoolWriter&) = delete;
    /// Without finish() nothing is left.
    ~PoolWriter();

    /// As the next one. ErrorKind::System, naming the file.
    Result<void> append(const Entry& entry);
    /// All of them, as they are; also ErrorKind::Parse, where one is damaged.
    Result<void> append_all(const Pool& pool);

    /// To the disk, and under its name.
    Result<void> finish();

  private:
    PoolWriter(std::filesystem::path file, int descriptor, About about);
    Result<void> append_octets(ByteView octets);
    Result<void> write(ByteView octets);
    Error failed() const;

    std::filesystem::path file_;
    std::filesystem::path part_;
    int descriptor_;  ///< -1: finished, or moved away
    About about_;
    Bytes index_;
};

/// What it is called as long as it is not finished; stays where who wrote it was killed.
inline constexpr const char* part_suffix = ".part";
std::filesystem::path part_of(const std::filesystem::path& pool_file);

}  // namespace pushsim::pool
