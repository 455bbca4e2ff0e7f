#pragma once
// HTTP messages as values (RFC 9110), shared by protocol (which writes them), transport (which carries them)
// and lifecycle (which reasons about them).

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pushsim {

/// In the order and with the letter case in which they go over the wire.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The first header of that name, letter case ignored.
std::optional<std::string_view> find_header(const HttpHeaders& headers, std::string_view name);

/// `host` and `content-length` are added at the end by the transport unless they are given here.
struct HttpRequest {
    std::string method;
    std::string target;  ///< path and query, "/v3.0/sessions"
    HttpHeaders headers;
    std::string body;

    std::optional<std::string_view> header(std::string_view name) const { return find_header(headers, name); }
};

struct HttpResponse {
    int status = 0;
    HttpHeaders headers;
    std::string body;

    std::optional<std::string_view> header(std::string_view name) const { return find_header(headers, name); }
};

}  // namespace pushsim
