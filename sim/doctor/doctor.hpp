#pragma once
// Whether this machine, Keylime and the servers are fit for a run, and how to mend what is not.

#include <cstddef>
#include <filesystem>
#include <variant>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/doctor/finding.hpp"
#include "sim/stack/install.hpp"
#include "sim/stack/ports.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::doctor {

/// A local stack that a run would start.
struct ToStart {
    Result<stack::KeylimeInstall> keylime;
    stack::AskedPorts ports;
};
/// A stack that `stack up` keeps.
struct Kept {
    stack::StackRecord record;
};
/// A stack that runs elsewhere; an error where its address cannot be used.
struct External {
    Result<stack::StackAddress> address;
    std::string name = "external stack";
    std::vector<Finding> beside = {};  ///< what else is known of it
};

struct Subject {
    std::variant<ToStart, Kept, External> stack;
    std::size_t agents = 1;
    std::filesystem::path runs = "runs";  ///< where run folders go
};

/// Everything, in the order of the report. Starts no server; calls those that run for a few seconds at most.
std::vector<Finding> examine(const Subject& subject, const Result<stack::Registry>& registry,
                             const Clock& clock);

}  // namespace pushsim::doctor
