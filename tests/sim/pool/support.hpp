#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "sim/core/clock.hpp"
#include "sim/pool/pool.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::pool::test {

using stack::test::read;
using stack::test::TemporaryFolder;
using stack::test::write;

/// Ends a test with the error's words.
template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// A folder that XDG_STATE_HOME names from then on; to be made before anything that looks there.
class StateFolder : public TemporaryFolder {
  public:
    StateFolder() { ::setenv("XDG_STATE_HOME", path().c_str(), 1); }
};

/// Of this libtpms.
About about_here();

/// Octets that differ from TPM to TPM: no TPM can be made of them.
std::vector<Entry> some_entries(std::size_t count);

/// A pool of these.
std::filesystem::path write_pool(const std::filesystem::path& file, const std::vector<Entry>& entries,
                                 const About& about = about_here());

/// Real TPMs, made once for all tests of this program.
const std::vector<Entry>& real_entries(std::size_t count);

/// All that can be read of a pool; throws where that fails.
std::vector<Entry> entries_of(const Pool& pool);

}  // namespace pushsim::pool::test
