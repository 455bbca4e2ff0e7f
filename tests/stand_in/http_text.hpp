#pragma once
// HTTP messages from a server's side: a request out of its octets, an answer into them.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/http.hpp"

namespace pushsim::stand_in {

/// How many octets the request that `octets` begins with has, head and body (by Content-Length); nothing
/// while its end has not come.
std::optional<std::size_t> request_size(std::string_view octets);

/// A whole request, as transport writes it.
HttpRequest taken_apart(std::string_view text);

/// With a Content-Length of its own.
std::string written(const HttpResponse& answer);

}  // namespace pushsim::stand_in
