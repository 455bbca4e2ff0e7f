#pragma once

#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/boot/boot_state.hpp"
#include "sim/history/record.hpp"
#include "sim/scenario/group.hpp"
#include "sim/scenario/policy.hpp"

namespace pushsim::fleet {

/// ErrorKind::Parse, naming the measurement that is none; the loader takes no such.
Result<std::vector<boot::Event>> events_of(const std::vector<scenario::Extension>& extensions);

/// What the agents of such a group have measured at their boot: the extensions, then what IMA measures of
/// files that are told by their number alone ("/usr/bin/tool-0001"). Errors as above.
Result<boot::BootState> golden_state(const scenario::Group& group);

/// Its SHA-256 is that of the contents, or as it stands there.
Result<boot::ImaFile> ima_file(const std::string& path, const scenario::Measurement& contents);

/// As it goes into the history.
history::MachineAct extension_record(const boot::Event& event);
/// What such a boot measured: of the IMA log, which may be long, one record that tells its length.
std::vector<history::MachineAct> boot_records(const boot::BootState& golden);

}  // namespace pushsim::fleet
