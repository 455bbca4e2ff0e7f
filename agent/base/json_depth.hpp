#pragma once

#include <cstddef>
#include <string_view>

namespace pushsim {

/// Whether containers stand more than `limit` deep within one another in a JSON text, without parsing it:
/// what walks over parsed JSON recurses that far. Wrong JSON may give either answer; it is refused by the
/// parser.
bool json_deeper_than(std::string_view text, std::size_t limit);

}  // namespace pushsim
