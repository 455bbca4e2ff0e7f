#include "sim/pool/pool.hpp"

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/tpm/library.hpp"
#include "sim/pool/format.hpp"

namespace pushsim::pool {
namespace {

namespace fs = std::filesystem;

/// A file that is read from where one likes.
class File {
  public:
    File(fs::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
    File(File&& other) noexcept
        : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&&) = delete;
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    static Result<File> open(const fs::path& path) {
        // Without waiting for a writer, should it be a pipe.
        const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (descriptor < 0) {
            return fail(
                errno == ENOENT ? ErrorKind::Config : ErrorKind::System,
                fmt::format("cannot read {}: {}", path.string(), std::generic_category().message(errno)));
        }
        return File(path, descriptor);
    }

    const fs::path& path() const { return path_; }

    Result<std::size_t> size() const {
        struct stat about {};
        if (::fstat(descriptor_, &about) != 0) return fail(unreadable(errno));
        if (!S_ISREG(about.st_mode))
            return fail(ErrorKind::Usage, path_.string() + " is no regular file", "name another file");
        return static_cast<std::size_t>(about.st_size);
    }

    Result<void> read(std::size_t offset, std::uint8_t* into, std::size_t size) const {
        while (size > 0) {
            const ssize_t count = ::pread(descriptor_, into, size, static_cast<off_t>(offset));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail(unreadable(errno));
            if (count == 0) return fail(damaged("is cut off"));
            offset += static_cast<std::size_t>(count);
            into += count;
            size -= static_cast<std::size_t>(count);
        }
        return {};
    }
    Result<Bytes> read(std::size_t offset, std::size_t size) const {
        Bytes octets(size);
        if (auto done = read(offset, octets.data(), size); !done) return fail(done.error());
        return octets;
    }

    /// "FILE is cut off"
    Error damaged(const std::string& how) const {
        return {ErrorKind::Parse, fmt::format("{} {}", path_.string(), how)};
    }

  private:
    Error unreadable(int error) const {
        return {ErrorKind::System,
                fmt::format("cannot read {}: {}", path_.string(), std::generic_category().message(error))};
    }

    fs::path path_;
    int descriptor_;
};

std::string_view text_of(const Bytes& octets) {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace

struct Pool::Inner {
    struct Place {
        std::size_t offset;
        IndexLine line;
    };

    explicit Inner(File opened) : file(std::move(opened)) {}
    Result<void> read_ends();
    Result<void> place_entries(ByteView index, std::size_t end);

    File file;
    About about;
    std::string hash;
    std::vector<Place> entries;
};

Result<void> Pool::Inner::read_ends() {
    const auto size = file.size();
    if (!size) return fail(size.error());
    auto first = file.read(0, std::min(*size, first_line.size()));
    if (!first) return fail(first.error());
    if (auto known = check_first_line(text_of(*first)); !known)
        return fail(file.damaged(known.error().message));
    const std::size_t rest = *size - first_line.size();
    if (rest < trailer_size) return fail(file.damaged("is cut off"));
    auto last = file.read(*size - trailer_size, trailer_size);
    if (!last) return fail(last.error());
    const auto trailer = parse_trailer(text_of(*last));
    if (!trailer) return fail(file.damaged("is cut off or damaged: it " + trailer.error().message));
    const std::size_t ends_size = trailer->count * index_line_size + trailer->header_size + trailer_size;
    if (rest < ends_size) return fail(file.damaged("is cut off"));
    const std::size_t ends_at = *size - ends_size;
    auto ends = file.read(ends_at, ends_size - trailer_size);
    if (!ends) return fail(ends.error());
    const ByteView index = ByteView(*ends).first(trailer->count * index_line_size);
    const std::string_view header = text_of(*ends).substr(index.size());
    if (pool_hash(index, header) != trailer->hash)
        return fail(file.damaged("is damaged: its header and index do not have the pool's hash"));
    auto read = parse_header(header);
    if (!read) return fail(file.damaged("is damaged: its header " + read.error().message));
    about = std::move(*read);
    hash = trailer->hash;
    return place_entries(index, ends_at);
}

Result<void> Pool::Inner::place_entries(ByteView index, std::size_t end) {
    std::size_t offset = first_line.size();
    entries.reserve(index.size() / index_line_size);
    for (; !index.empty(); index = index.subspan(index_line_size)) {
        const IndexLine line = parse_index_line(index);
        if (line.size > max_entry_size) break;
        entries.push_back({offset, line});
        offset += line.size;
    }
    if (!index.empty() || offset != end)
        return fail(file.damaged("is damaged: its entries are not as long as its index says"));
    return {};
}

Pool::Pool(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
Pool::Pool(Pool&&) noexcept = default;
Pool& Pool::operator=(Pool&&) noexcept = default;
Pool::~Pool() = default;

Result<Pool> Pool::open(const fs::path& file) {
    auto opened = File::open(file);
    if (!opened) return fail(opened.error());
    auto inner = std::make_unique<Inner>(std::move(*opened));
    if (auto read = inner->read_ends(); !read) return fail(read.error());
    return Pool(std::move(inner));
}

std::size_t Pool::size() const {
    return inner_->entries.size();
}

const std::string& Pool::hash() const {
    return inner_->hash;
}

const About& Pool::about() const {
    return inner_->about;
}

const fs::path& Pool::file() const {
    return inner_->file.path();
}

Result<Bytes> Pool::read_octets(std::size_t number) const {
    const Inner::Place& place = inner_->entries.at(number);
    auto octets = inner_->file.read(place.offset, place.line.size);
    if (!octets) return fail(octets.error());
    if (index_line(*octets).hash != place.line.hash)
        return fail(inner_->file.damaged(fmt::format("is damaged: TPM {} does not have its hash", number)));
    return octets;
}

Result<Entry> Pool::read(std::size_t number) const {
    const auto octets = read_octets(number);
    if (!octets) return fail(octets.error());
    auto entry = parse_entry(*octets);
    if (!entry)
        return fail(
            inner_->file.damaged(fmt::format("is damaged: TPM {} {}", number, entry.error().message)));
    return entry;
}

Result<void> Pool::check_entries() const {
    for (std::size_t number = 0; number < size(); ++number)
        if (const auto entry = read(number); !entry) return fail(entry.error());
    return {};
}

Result<void> Pool::fits_libtpms() const {
    const About& pool = about();
    if (const std::string version = tpm::Library::version(); pool.libtpms_version != version) {
        return fail(inner_->file.damaged(
            fmt::format("is of libtpms {}, and this pushsim has {}", pool.libtpms_version, version)));
    }
    const auto& build = tpm::Library::build();
    if (!build) return fail(build.error());
    if (pool.libtpms_build != *build)
        return fail(inner_->file.damaged(
            fmt::format("is of another build of libtpms {} than this pushsim has", pool.libtpms_version)));
    return {};
}

}  // namespace pushsim::pool
