#pragma once
// Reads a history back, line by line or whole.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/history/event.hpp"

namespace pushsim::history {

/// One line, read.
struct Entry {
    std::uint64_t n = 0;  ///< sequence number, from 0 for the head
    Duration t{};         ///< since the start of the run
    Shared<Where> where;
    Event event;

    std::string_view kind() const;  ///< "exchange", "verdict", …
};

/// Reads one line (without its line feed). ErrorKind::Parse names the member that is wrong.
Result<Entry> parse_entry(std::string_view line);

/// The same line as JSON, for what the typed form leaves out. ErrorKind::Parse if it is no JSON object.
Result<nlohmann::json> parse_line(std::string_view line);

/// Reads forward through a file that may still be growing. Not thread-safe.
class HistoryReader {
  public:
    /// `offset` is where a line begins, 0 or an earlier offset(). ErrorKind::System if it cannot be read.
    static Result<HistoryReader> open(const std::filesystem::path& path, std::uint64_t offset = 0);
    ~HistoryReader();
    HistoryReader(HistoryReader&&) noexcept;
    HistoryReader& operator=(HistoryReader&&) noexcept;

    /// The next whole line, or nothing where the file ends. ErrorKind::Parse (with file and line) for a whole
    /// line that is none of ours; ErrorKind::Config for a head of a newer format.
    Result<std::optional<Entry>> next();

    /// The text of the line that next() gave last.
    const std::string& line() const;

    /// Behind the last whole line.
    std::uint64_t offset() const;

    /// After next() gave nothing: octets of an unfinished line follow.
    bool cut() const;

  private:
    struct State;
    explicit HistoryReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// A whole history in memory.
struct History {
    std::optional<Head> head;            ///< absent if the file ends before its first line does
    std::deque<Entry> entries;           ///< without the head; they stay where they are as it grows
    bool cut = false;                    ///< the last line is not whole
    std::vector<std::uint64_t> missing;  ///< sequence numbers that no line has (at most 100 are told)

    /// The run came to its own end.
    bool ended() const;
};

/// How much of its lines is kept in memory.
enum class Detail {
    All,
    OfReports,  ///< without what no report reads, which is most of a long run's (Slim)
};

/// Takes up a history as it grows: quotes written as "same as before" have their values again. Not
/// thread-safe.
class GrowingHistory {
  public:
    /// ErrorKind::System if it cannot be read.
    static Result<GrowingHistory> open(const std::filesystem::path& path, Detail detail);
    ~GrowingHistory();
    GrowingHistory(GrowingHistory&&) noexcept;
    GrowingHistory& operator=(GrowingHistory&&) noexcept;

    /// Gives each whole line that was written since, but for the head. Errors as HistoryReader.
    Result<void> read_on(const std::function<void(Entry&&)>& give);

    const std::optional<Head>& head() const;
    bool cut() const;                                   ///< the last line is not whole (yet)
    const std::vector<std::uint64_t>& missing() const;  ///< as in History

  private:
    struct State;
    explicit GrowingHistory(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Reads all lines, as GrowingHistory gives them. Errors as HistoryReader.
Result<History> read_history(const std::filesystem::path& path, Detail detail = Detail::All);

}  // namespace pushsim::history
