// What a pool of 10,000 costs to open and to read. Its entries are as large as real ones, and no TPMs.

#include <benchmark/benchmark.h>

#include "sim/pool/pool.hpp"
#include "sim/pool/writer.hpp"

namespace pushsim::pool {
namespace {

namespace fs = std::filesystem;

/// In the folder for temporary files, until the program ends.
const fs::path& pool_of_10000() {
    static const struct File {
        File() {
            auto writer =
                PoolWriter::begin(path, {.libtpms_version = "0.0.0", .libtpms_build = std::string(64, '0')});
            const Entry entry{Bytes(3900, 1), Bytes(316, 2), Bytes(280, 3), Bytes(128, 4), Bytes(128, 5)};
            for (int i = 0; writer && i < 10'000; ++i)
                (void)writer->append(entry);
            if (writer) (void)writer->finish();
        }
        ~File() { fs::remove(path); }
        File(const File&) = delete;
        File& operator=(const File&) = delete;
        const fs::path path = fs::temp_directory_path() / "pushsim-bench.pool";
    } file;
    return file.path;
}

void PoolOf10000_Open(benchmark::State& state) {
    const fs::path& file = pool_of_10000();
    for (auto _ : state) {
        const auto pool = Pool::open(file);
        if (!pool || pool->size() != 10'000) state.SkipWithError("not opened");
    }
}
BENCHMARK(PoolOf10000_Open)->Unit(benchmark::kMillisecond);

void PoolOf10000_ReadAll(benchmark::State& state) {
    const auto pool = Pool::open(pool_of_10000());
    for (auto _ : state) {
        if (!pool || !pool->check_entries()) state.SkipWithError("not read");
    }
}
BENCHMARK(PoolOf10000_ReadAll)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pushsim::pool
