#include "agent/base/files.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pushsim {
namespace {

/// errno of the first call that failed, or 0.
int write_all(int descriptor, std::string_view text, mode_t mode) {
    if (::fchmod(descriptor, mode) != 0) return errno;
    while (!text.empty()) {
        const ssize_t count = ::write(descriptor, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return count < 0 ? errno : EIO;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return 0;
}

}  // namespace

Result<void> write_file(const std::filesystem::path& file, std::string_view text, mode_t mode) {
    const auto failed = [&](int error) {
        return fail(ErrorKind::System, fmt::format("cannot write {}: {}", file.string(),
                                                   std::generic_category().message(error)));
    };
    // Readable for its owner alone until it has its mode: mkstemp(3).
    std::string fresh = file.string() + ".XXXXXX";
    const int descriptor = ::mkostemp(fresh.data(), O_CLOEXEC);
    if (descriptor < 0) return failed(errno);
    int error = write_all(descriptor, text, mode);
    if (::close(descriptor) != 0 && error == 0) error = errno;
    if (error == 0 && ::rename(fresh.c_str(), file.c_str()) != 0) error = errno;
    if (error == 0) return {};
    ::unlink(fresh.c_str());
    return failed(error);
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text;
    // Not by an iterator of its buffer, which throws where the system refuses to read: a folder, or a file in
    // /proc of a process that has ended since.
    std::array<char, 16 * 1024> some{};
    while (in.read(some.data(), some.size()) || in.gcount() > 0)
        text.append(some.data(), static_cast<std::size_t>(in.gcount()));
    return in.bad() ? "" : text;
}

}  // namespace pushsim
