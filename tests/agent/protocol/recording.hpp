#pragma once
// The recorded exchanges of fixtures/messages.

#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/base/http.hpp"
#include "agent/base/result.hpp"

namespace pushsim::protocol::testing {

struct Recording {
    std::string name;  ///< of the file, without .json
    HttpRequest request;
    HttpResponse response;
    nlohmann::json known;  ///< null where the file has none

    /// The headers that a builder is responsible for: those of the transport are left out.
    HttpHeaders built_headers() const;
    nlohmann::json sent() const { return nlohmann::json::parse(request.body); }
};

/// An answer that says it is JSON.
HttpResponse json_answer(int status, std::string body);

/// A recording that is not there, or not readable, is an exception.
Recording recording(const std::string& name);
/// All of them, sorted by name.
std::vector<Recording> all_recordings();

/// The value, or a test failure that shows the error.
template <typename T>
T expect_value(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    return *std::move(result);
}

}  // namespace pushsim::protocol::testing
