#pragma once
// The append-only record of a run: one JSON object a line (JSON Lines), versioned, with nothing secret in it.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "agent/base/bytes.hpp"
#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/history/record.hpp"

namespace pushsim::history {

/// Whose bodies and headers are kept, besides those of exchanges with `keep`; of all others a line has the
/// size and the SHA-256 alone.
enum class Bodies {
    All,
    Failures,  ///< answers from 400 up, no answer, and the first of each phase, peer and status
    None,
};

struct WriterOptions {
    Bodies bodies = Bodies::Failures;
    /// With Bodies::Failures: so many bodies of one phase, peer and outcome are kept, so that a verifier that
    /// refuses everything cannot fill the disk.
    int failures_kept_of_a_kind = 1000;
};

/// Appends records to a file, in the order of the calls. Each line is one write(2): a run killed at any
/// instant leaves whole lines, the last one possibly excepted. Thread-safe.
class HistoryWriter {
  public:
    /// Makes the file (it must not exist, mode 0600) and writes the head. `clock` must outlive the writer;
    /// the instant of this call is the zero of all times in the file. ErrorKind::System with the path
    /// otherwise.
    static Result<std::unique_ptr<HistoryWriter>> open(const std::filesystem::path& path, const Clock& clock,
                                                       const Head& head, WriterOptions options = {});
    ~HistoryWriter();
    HistoryWriter(const HistoryWriter&) = delete;
    HistoryWriter& operator=(const HistoryWriter&) = delete;

    /// Writes one line and gives its number. After a failure (ErrorKind::System, for example a full disk)
    /// nothing more is written and every call gives that same first error: the run is to stop.
    Result<std::uint64_t> append(const Where& where, const Record& record);

    /// The same of a line that another writer has written, at that time since the start of this run: the tail
    /// is as line_tail() has it, with nothing secret in it.
    Result<std::uint64_t> append_line(Duration t, const std::string& tail);

    /// The failure that ended writing, if any; for producers that look once a step.
    std::optional<Error> failure() const;

    /// From now on these octets, in raw, base64 or hexadecimal form, are a fingerprint wherever they stand.
    /// What the writer finds by itself (tokens, passwords, …) need not be told. Below 8 octets: no effect.
    void add_secret(ByteView octets);

    /// When the run began, on the clock given to open().
    Instant started() const;

  private:
    struct State;
    explicit HistoryWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace pushsim::history
