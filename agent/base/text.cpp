#include "agent/base/text.hpp"

#include <fmt/format.h>

namespace pushsim {

std::string escaped(std::string_view octets, std::size_t at_most) {
    std::string text;
    for (const char c : octets) {
        const std::string shown =
            c >= ' ' && c <= '~' ? std::string{c} : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        if (text.size() + shown.size() > at_most) return text + "...";
        text += shown;
    }
    return text;
}

}  // namespace pushsim
