#pragma once
// What one process at a time may do, by way of a file.

#include <filesystem>
#include <functional>
#include <string>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::stack {

/// Held (flock(2)) as long as it lives; a holder that is killed lets go of it. Two of one process are two
/// holders. The file holds the holder's process number, for those who wait.
class FileLock {
  public:
    /// Called once, where another has it, with its process number ("" where that is not known).
    using OnWait = std::function<void(const std::string& holder)>;

    /// Waits until others have let go of it, at most `patience`, or a person asks to stop; ErrorKind::Config
    /// where another has it then, else System; both name the file, and no way out.
    static Result<FileLock> take(const std::filesystem::path& file, Duration patience,
                                 const StopAsked& stop_asked = {}, const OnWait& on_wait = {});

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    ~FileLock();

    /// The last thing to do with it: others may have one of their own from then on.
    void remove_file() const;

  private:
    FileLock(std::filesystem::path file, int descriptor) : file_(std::move(file)), descriptor_(descriptor) {}
    std::filesystem::path file_;
    int descriptor_;
};

/// Taken at once or not: ErrorKind::Config where another has it, "`things` in use by process 7", and `mend`;
/// else as take(). `things`: "the cluster keylime-infra is".
Result<FileLock> take_alone(const std::filesystem::path& file, const StopAsked& stop_asked,
                            const std::string& things, const std::string& mend);

}  // namespace pushsim::stack
