#include "sim/stack/file_lock.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pushsim::stack {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLook{20};

/// Whether that file still has the name: its last holder may have removed it.
bool has_name(int descriptor, const fs::path& file) {
    struct stat ours {};
    struct stat named {};
    return ::fstat(descriptor, &ours) == 0 && ::lstat(file.c_str(), &named) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

std::string holder_of(int descriptor) {
    std::array<char, 16> text{};
    const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
    const std::string number(text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return number.find_first_not_of("0123456789") == std::string::npos ? number : "";
}

}  // namespace

Result<FileLock> FileLock::take(const fs::path& file, Duration patience, const StopAsked& stop_asked,
                                const OnWait& on_wait) {
    const auto failed = [&](ErrorKind kind, const std::string& why) {
        return fail(kind, fmt::format("cannot lock {}: {}", file.string(), why));
    };
    bool told = false;
    for (Duration waited{};;) {
        const int descriptor =
            ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (descriptor < 0) return failed(ErrorKind::System, std::strerror(errno));
        FileLock lock(file, descriptor);
        if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
            if (!has_name(descriptor, file)) continue;
            const std::string number = std::to_string(::getpid());
            // For a person alone: it is held without it, too.
            [[maybe_unused]] const bool written =
                ::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, number.data(), number.size(), 0) > 0;
            return lock;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) return failed(ErrorKind::System, std::strerror(errno));
        if (on_wait && !std::exchange(told, true)) on_wait(holder_of(descriptor));
        if (waited >= patience || (stop_asked && stop_asked()))
            return failed(ErrorKind::Config, "another pushsim has it");
        wait_for(kLook);
        waited += kLook;
    }
}

FileLock::FileLock(FileLock&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void FileLock::remove_file() const {
    std::error_code ignored;
    fs::remove(file_, ignored);
}

Result<FileLock> take_alone(const std::filesystem::path& file, const StopAsked& stop_asked,
                            const std::string& things, const std::string& mend) {
    std::string holder;
    auto lock =
        FileLock::take(file, Duration::zero(), stop_asked, [&](const std::string& who) { holder = who; });
    if (lock || lock.error().kind != ErrorKind::Config) return lock;
    return fail(ErrorKind::Config, fmt::format("{} in use by process {}", things, holder), mend);
}

}  // namespace pushsim::stack
