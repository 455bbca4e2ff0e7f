#include "agent/lifecycle/backoff.hpp"

#include <algorithm>
#include <string_view>

namespace pushsim::lifecycle {

Duration backoff(Duration initial, Duration longest, int retry, RandomStream& random) {
    Duration full = std::clamp(initial, Duration::zero(), longest);
    for (int doubled = 1; doubled < retry && full < longest; ++doubled) {
        full = full > longest / 2 ? longest : full * 2;
    }
    const auto half = static_cast<double>(full.count()) / 2;
    return Duration{static_cast<Duration::rep>(half + half * random.uniform())};
}

std::string make_request_id(RandomStream& random) {
    constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    constexpr int kLength = 12;  // 36^12 fits into one draw
    std::uint64_t draw = random.next();
    std::string id;
    for (int position = 0; position < kLength; ++position) {
        id += kAlphabet[draw % kAlphabet.size()];
        draw /= kAlphabet.size();
    }
    return id;
}

}  // namespace pushsim::lifecycle
