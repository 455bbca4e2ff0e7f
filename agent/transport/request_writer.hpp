#pragma once

#include <string>

#include "agent/base/http.hpp"
#include "agent/transport/endpoint.hpp"

namespace pushsim::transport {

/// The request as HTTP/1.1 octets, headers in the order and letter case given. Behind them, unless given:
/// `Host`, and `Content-Length` if there is a body or the method is POST, PUT or PATCH. With a given
/// `Transfer-Encoding` the body counts as encoded already. A given length is not checked.
/// Throws std::invalid_argument for control characters where they would change the request's framing.
std::string write_request(const HttpRequest& request, const Endpoint& endpoint);

}  // namespace pushsim::transport
