#include "sim/pool/writer.hpp"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "sim/pool/format.hpp"

namespace pushsim::pool {
namespace {

namespace fs = std::filesystem;

/// So that the new name outlives a power cut as the contents do. As far as the file system can.
void sync_folder(const fs::path& file) {
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
}

}  // namespace

fs::path part_of(const fs::path& pool_file) {
    return fs::path(pool_file) += part_suffix;
}

Result<PoolWriter> PoolWriter::begin(const fs::path& file, const About& about) {
    const fs::path part = part_of(file);
    ::unlink(part.c_str());
    const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    PoolWriter writer(file, descriptor, about);
    if (descriptor < 0) return fail(writer.failed());
    if (auto begun = writer.write(as_bytes(first_line)); !begun) return fail(begun.error());
    return writer;
}

PoolWriter::PoolWriter(fs::path file, int descriptor, About about)
    : file_(std::move(file)), part_(part_of(file_)), descriptor_(descriptor), about_(std::move(about)) {}

PoolWriter::PoolWriter(PoolWriter&& other) noexcept
    : file_(std::move(other.file_)),
      part_(std::move(other.part_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      about_(std::move(other.about_)),
      index_(std::move(other.index_)) {}

PoolWriter::~PoolWriter() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(part_.c_str());
}

Result<void> PoolWriter::append(const Entry& entry) {
    return append_octets(entry_octets(entry));
}

Result<void> PoolWriter::append_all(const Pool& pool) {
    for (std::size_t number = 0; number < pool.size(); ++number) {
        const auto octets = pool.read_octets(number);
        if (!octets) return fail(octets.error());
        if (auto appended = append_octets(*octets); !appended) return appended;
    }
    return {};
}

Result<void> PoolWriter::append_octets(ByteView octets) {
    if (octets.size() > max_entry_size || index_.size() / index_line_size >= max_count)
        throw std::logic_error("a pool's bound is exceeded");
    if (auto written = write(octets); !written) return written;
    pool::append(index_, index_line(octets));
    return {};
}

Result<void> PoolWriter::finish() {
    const std::string header = header_text(about_);
    if (header.size() > max_header_size) throw std::logic_error("a pool's header is too long");
    const std::string trailer =
        trailer_text({header.size(), index_.size() / index_line_size, pool_hash(index_, header)});
    if (auto written = write(index_); !written) return written;
    if (auto written = write(as_bytes(header + trailer)); !written) return written;
    if (::fsync(descriptor_) != 0 || ::rename(part_.c_str(), file_.c_str()) != 0) return fail(failed());
    ::close(std::exchange(descriptor_, -1));
    sync_folder(file_);
    return {};
}

Result<void> PoolWriter::write(ByteView octets) {
    while (!octets.empty()) {
        const ssize_t count = ::write(descriptor_, octets.data(), octets.size());
        if (count < 0 && errno == EINTR) continue;
        if (count == 0) errno = EIO;
        if (count <= 0) return fail(failed());
        octets = octets.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Error PoolWriter::failed() const {
    const int error = errno;
    return {
        ErrorKind::System,
        fmt::format("cannot write {}: {}", part_.string(), std::generic_category().message(error)),
        error == ENOSPC || error == EDQUOT
            ? "make room there, or name a file in another folder: pushsim pool make DIR/NAME.pool"
            : "let this user write there, or name a file in another folder: pushsim pool make DIR/NAME.pool"};
}

}  // namespace pushsim::pool
