#include "tests/sim/pool/support.hpp"

#include "agent/tpm/library.hpp"
#include "sim/pool/maker.hpp"
#include "sim/pool/writer.hpp"

namespace pushsim::pool::test {

About about_here() {
    return {.libtpms_version = tpm::Library::version(),
            .libtpms_build = must(tpm::Library::build()),
            .made = WallTime{std::chrono::seconds{1'790'000'000}}};
}

std::vector<Entry> some_entries(std::size_t count) {
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < count; ++i) {
        const auto octet = static_cast<std::uint8_t>(i);
        entries.push_back({Bytes(100 + i, octet), Bytes(30, octet), Bytes(40, octet), {}, Bytes(5, octet)});
    }
    return entries;
}

std::filesystem::path write_pool(const std::filesystem::path& file, const std::vector<Entry>& entries,
                                 const About& about) {
    auto writer = must(PoolWriter::begin(file, about));
    for (const Entry& entry : entries)
        must(writer.append(entry));
    must(writer.finish());
    return file;
}

const std::vector<Entry>& real_entries(std::size_t count) {
    static std::vector<Entry> entries;
    if (entries.size() < count)
        must(make_tpms({.count = count - entries.size()}, [&](Entry entry) -> Result<void> {
            entries.push_back(std::move(entry));
            return {};
        }));
    return entries;
}

std::vector<Entry> entries_of(const Pool& pool) {
    std::vector<Entry> entries;
    for (std::size_t number = 0; number < pool.size(); ++number)
        entries.push_back(must(pool.read(number)));
    return entries;
}

}  // namespace pushsim::pool::test
