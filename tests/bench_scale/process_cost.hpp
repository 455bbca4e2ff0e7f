#pragma once
// What this process has taken of the machine.

#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"

namespace pushsim::bench {

/// User and system time of all threads so far: getrusage(2).
Duration cpu_time();

/// Octets of memory that no other process shares: Private_Clean and Private_Dirty of /proc/self/smaps_rollup.
Result<std::uint64_t> private_memory();

/// Raises the soft limit of descriptors to the hard one, for children, too; ErrorKind::System where that is
/// below `needed` and the few that a process has anyway.
Result<void> allow_files(std::size_t needed);

/// "jemalloc 5.3.0", or "the C library": what gives this process its memory.
std::string allocator();

/// "AMD EPYC …, 2 processors, Linux 6.1.0": what figures are of.
std::string machine();

}  // namespace pushsim::bench
