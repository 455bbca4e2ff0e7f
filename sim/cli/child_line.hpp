#pragma once
// A child process that is talked with, a line at a time.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"

namespace pushsim::cli {

/// In a session of its own, so that Ctrl-C is not for it. One thread reads, any may write where others do
/// not.
class ChildLine {
  public:
    /// Its standard error goes to `errors`. ErrorKind::System.
    static Result<ChildLine> start(const std::vector<std::string>& command,
                                   const std::filesystem::path& errors);
    ChildLine(ChildLine&& other) noexcept;
    ChildLine(const ChildLine&) = delete;
    ChildLine& operator=(const ChildLine&) = delete;
    ChildLine& operator=(ChildLine&&) = delete;
    /// Ends what still runs.
    ~ChildLine();

    /// With a line feed; false where nobody reads it.
    bool write(const std::string& line);
    /// The next whole line; nothing within that time.
    std::optional<std::string> read(Duration within);
    /// After read() gave nothing: nothing will come any more.
    bool ended() const { return ended_; }
    /// The process gets SIGKILL.
    void kill() const;

  private:
    ChildLine(pid_t pid, int in, int out) : pid_(pid), in_(in), out_(out) {}
    std::optional<std::string> buffered();

    pid_t pid_ = -1;
    int in_ = -1;   ///< its standard input
    int out_ = -1;  ///< its standard output
    std::string text_;
    bool ended_ = false;
};

}  // namespace pushsim::cli
