#pragma once
// What `pushsim stack up|down|status|logs|clean` does.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/local_stack.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::stack {

/// The folder of a kept stack that was given no other: `$XDG_STATE_HOME/pushsim/stack/NAME`.
std::filesystem::path kept_folder(const Registry& registry, const std::string& name);

/// Starts a stack that lives on. ErrorKind::Config if one runs in that folder already.
Result<StackRecord> stack_up(const LocalStackOptions& options, const Registry& registry, const Clock& clock);

/// Ends kept stacks: the one in `folder`, or all that are not out_of_sight(). Returns what was ended;
/// ErrorKind::Config if `folder` is given and holds no kept stack, or one that is out of sight.
Result<std::vector<StackRecord>> stack_down(const Registry& registry,
                                            const std::optional<std::filesystem::path>& folder,
                                            const Clock& clock);

struct StackStatus {
    StackRecord record;
    bool verifier_answers = false;
    bool registrar_answers = false;
    std::size_t processes = 0;  ///< that live
    /// "up", "starting", "not answering", "left behind", "gone", "in another container".
    std::string word() const;
};
/// Every stack there is a record of.
std::vector<StackStatus> stack_status(const Registry& registry, const Clock& clock);

/// Why a kept stack is not what starting one with `wanted` would give; nothing if it is: the same Keylime
/// from the same place, configuration files that say the same but for ports and certificates, and those ports
/// and certificates that `wanted` asks for.
std::optional<std::string> misfit(const StackRecord& record, const LocalStackOptions& wanted);

struct Cleaned {
    std::vector<EndedStack> leftovers;
    std::vector<std::filesystem::path> removed_folders;
};
/// Ends what dead owners left, and removes folders of kept stacks (those of kept_folder()) that no longer
/// run. What is out_of_sight() stays.
Cleaned stack_clean(const Registry& registry, const Clock& clock);

}  // namespace pushsim::stack
