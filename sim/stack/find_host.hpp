#pragma once
// Which of several hosts has the verifier: an agent in a cluster of its own is not told where the other one
// is.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::stack {

/// In place of a host: that of the default route.
inline constexpr const char* gateway_word = "gateway";

/// The first of `hosts`, in their order, with a verifier at `port` whose certificate is for that name and of
/// a CA in `ca_file`; for so long they are tried anew, for names may not be known yet in a cluster that
/// begins. ErrorKind::Stack where there is none, with what came of each; Interrupted.
Result<std::string> find_host(const std::vector<std::string>& hosts, std::uint16_t port,
                              const std::filesystem::path& ca_file, const Clock& clock,
                              Duration patience = {}, const StopAsked& stop_asked = {});

/// The address that /proc/net/route has for the default route.
std::optional<std::string> default_gateway(const std::string& routes);

}  // namespace pushsim::stack
