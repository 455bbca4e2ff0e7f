#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/pki/pki.hpp"

namespace pushsim::pki {
namespace {

/// By way of a new file beside it and a rename, so that a key is never readable for others, not even where an
/// older file was.
Result<void> write_file(const std::filesystem::path& file, const std::string& text, mode_t mode) {
    const std::filesystem::path fresh = file.string() + ".new";
    const auto failed = [&](const char* what) {
        const int error = errno;
        return fail(ErrorKind::System,
                    fmt::format("{}: {}: {}", file.string(), what, std::generic_category().message(error)));
    };
    ::unlink(fresh.c_str());
    const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return failed("cannot be written");
    std::size_t written = 0;
    bool good = ::fchmod(fd, mode) == 0;  // whatever the umask
    while (good && written < text.size()) {
        const ssize_t count = ::write(fd, text.data() + written, text.size() - written);
        good = count > 0;
        if (good) written += static_cast<std::size_t>(count);
    }
    if (!good) {
        const auto error = failed("cannot be written");
        ::close(fd);
        ::unlink(fresh.c_str());
        return error;
    }
    ::close(fd);
    if (::rename(fresh.c_str(), file.c_str()) != 0) {
        const auto error = failed("cannot be replaced");
        ::unlink(fresh.c_str());
        return error;
    }
    return {};
}

}  // namespace

Result<CredentialFiles> write_files(const Credentials& credentials, const std::filesystem::path& folder,
                                    const std::string& name) {
    const CredentialFiles files{folder / (name + "-cert.pem"), folder / (name + "-key.pem")};
    if (const auto done = write_file(files.certificate, credentials.certificate_pem, 0644); !done) {
        return fail(done.error());
    }
    if (const auto done = write_file(files.key, credentials.key_pem, 0600); !done) return fail(done.error());
    return files;
}

Result<std::filesystem::path> write_certificate(const std::string& certificate_pem,
                                                const std::filesystem::path& file) {
    if (const auto done = write_file(file, certificate_pem, 0644); !done) return fail(done.error());
    return file;
}

}  // namespace pushsim::pki
