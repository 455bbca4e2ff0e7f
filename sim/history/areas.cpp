#include "sim/history/areas.hpp"

#include <algorithm>
#include <array>

namespace pushsim::history {
namespace {

constexpr std::array<Area, 15> table{{
    {"REG", "registration"},
    {"SESS", "sessions and proof of possession"},
    {"TOK", "tokens"},
    {"NEG", "negotiation"},
    {"EVID", "evidence"},
    {"VER", "verification"},
    {"IMA", "IMA logs"},
    {"BOOT", "measured boot"},
    {"STAT", "status and timeouts"},
    {"ADM", "tenant API"},
    {"RATE", "rate limits"},
    {"CONC", "concurrency"},
    {"OPS", "restarts and configuration"},
    {"API", "framing"},
    {"SEC", "who may do what"},
}};

}  // namespace

std::span<const Area> areas() {
    return table;
}

std::string_view about_area(std::string_view name) {
    const auto* const at = std::ranges::find(table, name, &Area::name);
    return at == table.end() ? std::string_view{} : at->about;
}

}  // namespace pushsim::history
