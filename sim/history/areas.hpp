#pragma once
// The areas of requirements: EVID of KPM-EVID-007.

#include <span>
#include <string_view>

namespace pushsim::history {

struct Area {
    std::string_view name;
    std::string_view about;
};
/// In the order in which they are shown.
std::span<const Area> areas();
/// "evidence" of EVID; empty of one that is none.
std::string_view about_area(std::string_view name);

}  // namespace pushsim::history
