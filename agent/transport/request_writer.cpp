#include "agent/transport/request_writer.hpp"

#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

namespace pushsim::transport {
namespace {

void refuse(std::string_view text, std::string_view characters, const char* what) {
    if (text.find_first_of(characters) != std::string_view::npos) {
        throw std::invalid_argument(fmt::format("request with a line break or space in its {}", what));
    }
}

}  // namespace

std::string write_request(const HttpRequest& request, const Endpoint& endpoint) {
    using namespace std::string_view_literals;
    refuse(request.method, "\r\n\0 "sv, "method");
    refuse(request.target, "\r\n\0 "sv, "target");
    if (request.method.empty() || request.target.empty()) {
        throw std::invalid_argument("request without method or target");
    }

    std::string text;
    text.reserve(512 + request.body.size());
    text.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    for (const auto& [name, value] : request.headers) {
        refuse(name, "\r\n\0: "sv, "header name");
        refuse(value, "\r\n\0"sv, "header value");
        text.append(name).append(": ").append(value).append("\r\n");
    }
    if (!request.header("host")) {
        text.append("host: ").append(authority_of(endpoint)).append("\r\n");
    }
    const bool expects_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
                              request.method == "PATCH";
    if (expects_body && !request.header("content-length") && !request.header("transfer-encoding")) {
        text.append(fmt::format("content-length: {}\r\n", request.body.size()));
    }
    return text.append("\r\n").append(request.body);
}

}  // namespace pushsim::transport
