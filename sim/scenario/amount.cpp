#include "sim/scenario/amount.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pushsim::scenario {

const char* to_string(Distribution::Kind kind) {
    switch (kind) {
        case Distribution::Kind::Uniform:
            return "uniform";
        case Distribution::Kind::Normal:
            return "normal";
        case Distribution::Kind::Exponential:
            return "exponential";
        case Distribution::Kind::OneOf:
            return "one_of";
        case Distribution::Kind::List:
            return "list";
    }
    return "";
}

const char* to_string(InstantName name) {
    switch (name) {
        case InstantName::ChallengesExpireAt:
            return "challenges_expire_at";
        case InstantName::TokenExpiresAt:
            return "token_expires_at";
    }
    return "";
}

std::string to_string(const InstantOffset& instant) {
    if (instant.offset == Duration::zero()) return to_string(instant.name);
    const bool before = instant.offset < Duration::zero();
    return fmt::format("{} {} {}", to_string(instant.name), before ? '-' : '+',
                       to_text(before ? -instant.offset : instant.offset));
}

std::string text(const Amount& amount) {
    if (!amount.varies) return to_text(amount.fixed);
    const std::vector<Duration>& values = amount.varies->values;
    const auto all = [&](const char* between) {
        std::vector<std::string> words;
        words.reserve(values.size());
        for (const Duration value : values)
            words.push_back(to_text(value));
        return fmt::format("{}", fmt::join(words, between));
    };
    switch (amount.varies->kind) {
        case Distribution::Kind::Uniform:
            return all(" to ");
        case Distribution::Kind::Normal:
            return fmt::format("about {} (deviation {})", to_text(values[0]), to_text(values[1]));
        case Distribution::Kind::Exponential:
            return fmt::format("{} on average (exponential)", to_text(values[0]));
        case Distribution::Kind::OneOf:
            return all(" or ");
        case Distribution::Kind::List:
            return all(", then ");
    }
    return "";
}

std::string signed_text(Duration duration) {
    return duration < Duration::zero() ? "-" + to_text(-duration) : to_text(duration);
}

std::string share_text(double share) {
    return fmt::format("{:.6g}%", share * 100);
}

}  // namespace pushsim::scenario
