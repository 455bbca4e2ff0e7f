#pragma once
// A program that goes on beside us, and that we read and write: kubectl that watches, follows or asks.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::kind {

/// Ends with its object, and soon after our process, whatever that ended by: its input is at its end then.
/// One thread reads it; any may end it meanwhile.
class Talker {
  public:
    /// What it writes to standard error is added to `errors`. ErrorKind::System.
    static Result<Talker> start(const std::vector<std::string>& command,
                                const std::vector<std::pair<std::string, std::string>>& environment,
                                const std::filesystem::path& errors);
    Talker(Talker&& other) noexcept;
    Talker& operator=(Talker&&) = delete;
    ~Talker();

    /// What it has written since, waiting for it at most so long; nothing once its output is at its end.
    std::optional<std::string> read(Duration at_most);
    /// False where it reads no more.
    bool write(std::string_view text);
    /// Its input and output are at their end; from any thread.
    void hang_up();

  private:
    Talker(stack::ServerProcess process, int socket) : process_(std::move(process)), socket_(socket) {}
    stack::ServerProcess process_;
    int socket_;
};

/// Pieces of text in, whole lines out.
class Lines {
  public:
    /// The lines that `text` completes, without their ends.
    std::vector<std::string> feed(std::string_view text);

  private:
    std::string rest_;
};

}  // namespace pushsim::kind
