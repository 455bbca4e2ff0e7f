#include "tests/bench_scale/process_cost.hpp"

#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>

// jemalloc's, where the program has it.
extern "C" int mallctl(const char* name, void* old, std::size_t* old_size, void* next, std::size_t next_size)
    __attribute__((weak));

namespace pushsim::bench {
namespace {

constexpr std::size_t kOtherFiles = 64;

Duration of(const timeval& time) {
    return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

}  // namespace

Duration cpu_time() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return of(usage.ru_utime) + of(usage.ru_stime);
}

Result<std::uint64_t> private_memory() {
    constexpr const char* kFile = "/proc/self/smaps_rollup";
    constexpr std::uint64_t kUnit = 1024;
    std::ifstream lines(kFile);
    std::uint64_t sum = 0;
    bool found = false;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        std::uint64_t value = 0;
        if (!(words >> name >> value) || (name != "Private_Clean:" && name != "Private_Dirty:")) continue;
        sum += kUnit * value;
        found = true;
    }
    if (!found) return fail(ErrorKind::System, fmt::format("{} does not tell private memory", kFile));
    return sum;
}

Result<void> allow_files(std::size_t needed) {
    needed += kOtherFiles;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < needed) {
        return fail(ErrorKind::System,
                    fmt::format("{} descriptors are needed, the hard limit is {}", needed, limit.rlim_max),
                    fmt::format("as root: prlimit --pid $$ --nofile={0}:{0}", needed));
    }
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return {};
}

std::string allocator() {
    const char* version = "";
    std::size_t size = sizeof version;
    if (mallctl == nullptr || mallctl("version", &version, &size, nullptr, 0) != 0) return "the C library";
    return fmt::format("jemalloc {}",
                       std::string_view(version).substr(0, std::string_view(version).find('-')));
}

std::string machine() {
    std::string processor = "unknown processor";
    std::ifstream lines("/proc/cpuinfo");
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("model name")) continue;
        processor = line.substr(line.find(':') + 2);
        break;
    }
    utsname system{};
    ::uname(&system);
    return fmt::format("{}, {} processors, {} {}", processor, std::thread::hardware_concurrency(),
                       system.sysname, system.release);
}

}  // namespace pushsim::bench
