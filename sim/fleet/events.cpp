#include "sim/fleet/events.hpp"

#include <utility>

namespace pushsim::fleet {

Result<std::vector<boot::Event>> events_of(const std::vector<scenario::Extension>& extensions) {
    std::vector<boot::Event> events;
    for (const auto& [pcr, written] : extensions) {
        auto measurement = boot::parse_measurement(written.as_written);
        if (!measurement) return fail(measurement.error());
        events.push_back({pcr, std::move(*measurement)});
    }
    return events;
}

}  // namespace pushsim::fleet
