#pragma once

#include <vector>

#include "agent/base/result.hpp"
#include "agent/boot/boot_state.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::fleet {

/// ErrorKind::Parse, naming the measurement that is none; the loader takes no such.
Result<std::vector<boot::Event>> events_of(const std::vector<scenario::Extension>& extensions);

}  // namespace pushsim::fleet
