#pragma once
// A program that goes on beside us, and that we read and write: kubectl that watches, follows or asks, and
// pushsim in another process.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::stack {

/// Ends with its object, and soon after our process, whatever that ended by: its input is at its end then.
/// One thread reads it, one writes it; any may end it meanwhile.
class Talker {
  public:
    struct Options {
        std::vector<std::string> command;                              ///< program (absolute path), arguments
        std::vector<std::pair<std::string, std::string>> environment;  ///< all of it
        std::filesystem::path errors;  ///< what it writes to standard error is added to this file
        Duration patience{};           ///< to end by itself when its input does; SIGTERM and SIGKILL follow
    };
    /// In a session of its own, so that Ctrl-C is not for it. ErrorKind::System.
    static Result<Talker> start(const Options& options);
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
    Talker(ServerProcess process, int socket, Duration patience)
        : process_(std::move(process)), socket_(socket), patience_(patience) {}
    bool ends_within(Duration limit);

    ServerProcess process_;
    int socket_;
    Duration patience_;
};

/// Pieces of text in, whole lines out.
class Lines {
  public:
    static constexpr std::size_t longest = std::size_t{64} * 1024 * 1024;
    explicit Lines(std::size_t at_most = longest) : at_most_(at_most) {}

    /// The lines that `text` completes, without their ends. ErrorKind::Parse where one is longer than that.
    Result<std::vector<std::string>> feed(std::string_view text);

  private:
    std::size_t at_most_;
    std::string rest_;
};

}  // namespace pushsim::stack
