#pragma once
// How the requests of this folder are put together: headers in the Rust agent's order and letter case.

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "agent/base/http.hpp"
#include "agent/protocol/call.hpp"

namespace pushsim::protocol {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kJsonApi = "application/vnd.api+json";
inline constexpr std::string_view kAnything = "*/*";

/// Without a body. Headers: x-request-id, accept, authorization.
HttpRequest bare_request(std::string_view method, std::string target, std::string_view accept,
                         const CallHeaders& headers);

/// With a compact JSON body; octets that are not UTF-8 are replaced by U+FFFD. Headers: x-request-id,
/// content-type, accept, authorization.
HttpRequest json_request(std::string_view method, std::string target, std::string_view content_type,
                         std::string_view accept, const CallHeaders& headers,
                         const nlohmann::ordered_json& body);

/// "/v2.6/agents/{agent_id}"; without an id, "/v2.6/agents".
std::string agents_target(std::string_view version, std::string_view agent_id = {});

}  // namespace pushsim::protocol
