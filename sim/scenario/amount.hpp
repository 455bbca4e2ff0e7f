#pragma once
// How long and when: durations that may vary, instants that a verifier sets, and how both are written.

#include <optional>
#include <string>
#include <vector>

#include "agent/base/time.hpp"

namespace pushsim::scenario {

/// How a duration is drawn (the scenario language, "distributions").
struct Distribution {
    enum class Kind {
        Uniform,      ///< from values[0] to values[1]
        Normal,       ///< mean values[0], deviation values[1], never less than nothing
        Exponential,  ///< mean values[0]
        OneOf,        ///< any of them
        List,         ///< one after the other, then again
    };
    Kind kind = Kind::Uniform;
    std::vector<Duration> values;

    bool operator==(const Distribution&) const = default;
};
const char* to_string(Distribution::Kind kind);

/// A duration that may vary.
struct Amount {
    Duration fixed{};
    std::optional<Distribution> varies = {};  ///< then `fixed` is not looked at

    bool operator==(const Amount&) const = default;
};

/// Instants that a verifier sets.
enum class InstantName {
    ChallengesExpireAt,
    TokenExpiresAt,
};
/// "challenges_expire_at - 500ms"
struct InstantOffset {
    InstantName name = InstantName::ChallengesExpireAt;
    Duration offset{};

    bool operator==(const InstantOffset&) const = default;
};

const char* to_string(InstantName name);
/// "challenges_expire_at - 500ms", as in files.
std::string to_string(const InstantOffset& instant);

// In words, for people.
std::string text(const Amount& amount);      ///< "2s", "1s to 3s"
std::string signed_text(Duration duration);  ///< "-1h"
std::string share_text(double share);        ///< "12.5%"

}  // namespace pushsim::scenario
