#pragma once

#include <filesystem>
#include <string>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"

namespace pushsim::cli {

/// Makes `<out>/<UTC time>-<name>-<seed>/` (0700; "-2", "-3", … behind it if that is taken) and points
/// `<out>/latest` to it. ErrorKind::System, naming the folder and --out.
Result<std::filesystem::path> make_run_folder(const std::filesystem::path& out, const std::string& name,
                                              std::uint64_t seed, WallTime now);

}  // namespace pushsim::cli
