#pragma once
// Files: read whole, and written so that a reader, or a kill, never finds them half written.

#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "agent/base/result.hpp"

namespace pushsim {

/// The whole of a file, by way of a new one beside it and a rename: at any instant the name stands for all of
/// the old text or all of the new. The file has `mode`, whatever the umask, from its first octet on.
/// ErrorKind::System naming the file; what was there before is then as it was.
Result<void> write_file(const std::filesystem::path& file, std::string_view text, mode_t mode);

/// All that is in it; empty where it cannot be read.
std::string read_file(const std::filesystem::path& file);

}  // namespace pushsim
