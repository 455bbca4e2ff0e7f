#include "sim/cli/clock_offset.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pushsim::cli {

Duration ClockOffset::certain() const {
    const Duration size = offset < Duration::zero() ? -offset : offset;
    return size > uncertainty ? offset : Duration::zero();
}

ClockOffset offset_of(const std::vector<ClockOffset>& measured) {
    const auto best = std::ranges::min_element(measured, {}, &ClockOffset::uncertainty);
    return best == measured.end() ? ClockOffset{} : *best;
}

std::string text_of(const ClockOffset& offset) {
    using std::chrono::milliseconds;
    const auto rounded = [](Duration duration) { return to_text(std::chrono::ceil<milliseconds>(duration)); };
    const std::string about = fmt::format("(±{})", rounded(offset.uncertainty));
    const Duration certain = offset.certain();
    if (certain == Duration::zero()) return "its clock is ours " + about;
    const bool ahead = certain > Duration::zero();
    return fmt::format("its clock is {} {} {}",
                       to_text(std::chrono::round<milliseconds>(ahead ? certain : -certain)),
                       ahead ? "ahead" : "behind", about);
}

}  // namespace pushsim::cli
