#include "agent/base/http.hpp"

#include <algorithm>

#include "agent/base/text.hpp"

namespace pushsim {
std::optional<std::string_view> find_header(const HttpHeaders& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (std::ranges::equal(key, name, {}, lower_ascii, lower_ascii)) return value;
    }
    return std::nullopt;
}

}  // namespace pushsim
