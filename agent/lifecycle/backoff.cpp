#include "agent/lifecycle/backoff.hpp"

#include <algorithm>
#include <string_view>

namespace pushsim::lifecycle {

Duration backoff(const Pace& pace, int retry, RandomStream& random) {
    const Duration longest = pace.longest;
    Duration full = std::clamp(pace.initial, Duration::zero(), longest);
    for (int doubled = 1; doubled < retry && full < longest; ++doubled) {
        full = full > longest / 2 ? longest : full * 2;
    }
    if (!pace.jitter) return full;
    const auto half = static_cast<double>(full.count()) / 2;
    return Duration{static_cast<Duration::rep>(half + half * random.uniform())};
}

std::string make_request_id(RandomStream& random, std::size_t length) {
    constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::uint64_t draw = random.next();  // 36^12 fits into it
    std::string id;
    while (id.size() < length) {
        id += kAlphabet[draw % kAlphabet.size()];
        draw /= kAlphabet.size();
    }
    return id;
}

}  // namespace pushsim::lifecycle
