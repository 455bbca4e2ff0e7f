#pragma once
// What a server's own log says about its start and its end. Pure functions of text.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pushsim::stack {

/// The server has bound its port: a line with " Listening on ".
bool says_listening(std::string_view log);
/// PostgreSQL takes connections: "database system is ready to accept connections".
bool says_accepting(std::string_view log);
/// "[Errno 98]": another process has the port.
bool says_port_taken(std::string_view log);

/// The line of the last Python exception ("OSError: [Errno 98] Address already in use"), if there is one.
std::optional<std::string> exception_line(std::string_view log);
/// The last `count` lines that are not empty.
std::vector<std::string> last_lines(std::string_view log, std::size_t count);

/// What Keylime logged of the request with that X-Request-ID, to be shown to others: the words of its lines,
/// without the marks below a line of code, files named from `keylime/` on, and without what may be a secret
/// (a text of base64 with 28 letters or more).
std::vector<std::string> lines_of_request(std::string_view log, std::string_view request_id);

/// A log that is still written, read on and on by whole lines.
class LogReader {
  public:
    explicit LogReader(std::filesystem::path file) : file_(std::move(file)) {}
    /// The last `count` lines that are not empty, out of the last MiB; more() goes on behind them.
    std::vector<std::string> last(std::size_t count);
    /// What was written since, from the beginning where the file was made anew; a line that has no end yet is
    /// left for later.
    std::vector<std::string> more();

  private:
    std::filesystem::path file_;
    std::uintmax_t read_ = 0;  ///< octets
};

/// Why a server died, for a person: cause and way out, as far as known from its log.
struct Diagnosis {
    std::string cause;
    std::string mend;
};
Diagnosis diagnose(std::string_view log);

/// The last `limit` octets of a file; empty if it cannot be read.
std::string read_tail(const std::filesystem::path& file, std::size_t limit = 64 * 1024);

}  // namespace pushsim::stack
