#include "agent/protocol/request.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pushsim::protocol {

HttpRequest bare_request(std::string_view method, std::string target, std::string_view accept,
                         const CallHeaders& headers) {
    HttpRequest request{std::string{method}, std::move(target), {}, {}};
    if (!headers.request_id.empty()) request.headers.emplace_back("x-request-id", headers.request_id);
    request.headers.emplace_back("accept", accept);
    if (!headers.token.empty()) request.headers.emplace_back("authorization", "Bearer " + headers.token);
    return request;
}

HttpRequest json_request(std::string_view method, std::string target, std::string_view content_type,
                         std::string_view accept, const CallHeaders& headers,
                         const nlohmann::ordered_json& body) {
    HttpRequest request = bare_request(method, std::move(target), accept, headers);
    const auto before_accept = request.headers.begin() + (headers.request_id.empty() ? 0 : 1);
    request.headers.emplace(before_accept, "content-type", content_type);
    request.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    return request;
}

std::string agents_target(std::string_view version, std::string_view agent_id) {
    return agent_id.empty() ? fmt::format("/v{}/agents", version)
                            : fmt::format("/v{}/agents/{}", version, agent_id);
}

std::string call_name(const HttpRequest& request) {
    return fmt::format("{} {}", request.method, request.target);
}

}  // namespace pushsim::protocol
