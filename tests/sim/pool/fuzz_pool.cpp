// libFuzzer: any octets as a pool file, and any index, header and entries in a file whose hash is right.

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "sim/pool/format.hpp"
#include "sim/pool/pool.hpp"

namespace {

using namespace pushsim;

void read_all_of(const std::string& octets) {
    static const int file = ::memfd_create("pool", MFD_CLOEXEC);
    if (::ftruncate(file, 0) != 0 ||
        ::pwrite(file, octets.data(), octets.size(), 0) != static_cast<ssize_t>(octets.size()))
        throw std::runtime_error("the machine does not take the file");
    const auto pool = pool::Pool::open("/proc/self/fd/" + std::to_string(file));
    if (!pool) {
        if (pool.error().message.empty()) std::abort();
        return;
    }
    (void)pool->fits_libtpms();
    for (std::size_t number = 0; number < pool->size(); ++number)
        (void)pool->read(number);
}

/// data = size of the entries, lines of the index, and what they are made of.
std::string with_right_hash(ByteView data) {
    const std::size_t count = data[1] % 4;
    const std::size_t entries_size = std::min<std::size_t>(data[0], data.size() - 2);
    const std::size_t index_size = count * pool::index_line_size;
    if (data.size() - 2 - entries_size < index_size) return {};
    const ByteView entries = data.subspan(2, entries_size);
    const ByteView index = data.subspan(2 + entries_size, index_size);
    const ByteView rest = data.subspan(2 + entries_size + index_size);
    const std::string header(rest.begin(), rest.end());
    std::string octets(pool::first_line);
    octets.append(entries.begin(), entries.end());
    octets.append(index.begin(), index.end());
    return octets + header + pool::trailer_text({header.size(), count, pool::pool_hash(index, header)});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView octets(data, size);
    read_all_of({octets.begin(), octets.end()});
    (void)pool::parse_entry(octets);
    if (size >= 2) read_all_of(with_right_hash(octets));
    return 0;
}
