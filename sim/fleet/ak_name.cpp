#include "sim/fleet/ak_name.hpp"

#include "agent/protocol/public_area.hpp"

namespace pushsim::fleet {

std::string ak_name(ByteView ak_public) {
    const auto area = protocol::read_public_area(ak_public);
    return area ? to_hex(area->name) : "";
}

}  // namespace pushsim::fleet
