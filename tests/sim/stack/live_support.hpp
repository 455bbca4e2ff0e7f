#pragma once

#include <stdexcept>

#include "sim/stack/local_stack.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {

/// The Keylime that the live tests run: $PUSHSIM_KEYLIME, else what scripts/setup installed. A test that
/// needs it fails where there is none, with the way out.
inline KeylimeInstall keylime() {
    auto found = find_keylime(default_keylime());
    if (!found) throw std::runtime_error(found.error().text());
    return *found;
}

/// A registry and a stack's folder of its own.
struct Place {
    TemporaryFolder temporary;
    Registry registry = *Registry::open(temporary.path() / "registry");
    core::SystemClock clock;

    LocalStackOptions options(const std::string& name = "stack") const {
        LocalStackOptions options;
        options.keylime = keylime();
        options.folder = temporary.path() / name;
        return options;
    }
};

/// Processes that carry the stack's folder in their environment.
inline std::size_t processes_of(const std::filesystem::path& folder) {
    return processes_with_environment(kFolderVariable, std::filesystem::weakly_canonical(folder).string())
        .size();
}

}  // namespace pushsim::stack::test
