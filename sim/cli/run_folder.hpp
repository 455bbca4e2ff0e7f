#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"

namespace pushsim::cli {

/// Makes `<out>/<UTC time>-<name>-<seed>/` (0700; "-2", "-3", … behind it if that is taken) and points
/// `<out>/latest` to it. ErrorKind::System, naming the folder and --out.
Result<std::filesystem::path> make_run_folder(const std::filesystem::path& out, const std::string& name,
                                              std::uint64_t seed, WallTime now);

/// The history that a run folder, or the path of a history, means; nothing where it means neither.
std::optional<std::filesystem::path> history_of(const std::filesystem::path& what);

}  // namespace pushsim::cli
