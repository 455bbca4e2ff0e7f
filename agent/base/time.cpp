#include "agent/base/time.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace pushsim {
namespace {

using std::chrono::microseconds;
using std::chrono::sys_days;

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

}  // namespace

std::string to_rfc3339(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss<microseconds> clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

Result<WallTime> from_rfc3339(std::string_view text) {
    const auto bad = [&](std::string_view what) {
        return fail(ErrorKind::Parse,
                    fmt::format("not an RFC 3339 time ({}): '{}'", what, text.substr(0, 40)));
    };
    const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) return bad("digits missing");
    if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
        text[13] != ':' || text[16] != ':') {
        return bad("separators");
    }
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return bad("out of range");

    std::size_t at = 19;
    std::int64_t micros = 0;
    if (at < text.size() && text[at] == '.') {
        const std::size_t first = ++at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            if (at - first < 6) micros = micros * 10 + (text[at] - '0');
            ++at;
        }
        if (at == first || at - first > 9) return bad("fraction");
        for (std::size_t i = at - first; i < 6; ++i)
            micros *= 10;
    }
    if (at >= text.size()) return bad("no offset");
    std::chrono::minutes offset{0};
    if (text[at] == 'Z' || text[at] == 'z') {
        ++at;
    } else if (text[at] == '+' || text[at] == '-') {
        const auto hours = digits(text, at + 1, 2), minutes = digits(text, at + 4, 2);
        if (!hours || !minutes || text[at + 3] != ':' || *hours > 23 || *minutes > 59) return bad("offset");
        offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
        if (text[at] == '-') offset = -offset;
        at += 6;
    } else {
        return bad("offset");
    }
    if (at != text.size()) return bad("characters behind the offset");
    return WallTime{sys_days{date}.time_since_epoch() + std::chrono::hours{*hour} +
                    std::chrono::minutes{*minute} + std::chrono::seconds{*second} + microseconds{micros} -
                    offset};
}

std::optional<WallTime> from_http_date(std::string_view text) {
    constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
        text[16] != ' ' || text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") {
        return std::nullopt;
    }
    const auto day = digits(text, 5, 2), year = digits(text, 12, 4);
    const auto hour = digits(text, 17, 2), minute = digits(text, 20, 2), second = digits(text, 23, 2);
    const auto* month = std::ranges::find(months, text.substr(8, 3));
    if (!day || !year || !hour || !minute || !second || month == months.end()) return std::nullopt;
    const std::chrono::year_month_day date{
        std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(month - months.begin()) + 1},
        std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return WallTime{sys_days{date}.time_since_epoch() + std::chrono::hours{*hour} +
                    std::chrono::minutes{*minute} + std::chrono::seconds{*second}};
}

std::string to_text(Duration duration) {
    if (duration < Duration::zero()) return std::string("-").append(to_text(-duration));
    auto left = std::chrono::round<microseconds>(duration);
    if (left.count() == 0) return "0s";
    std::string text;
    const auto take = [&](microseconds unit, const char* suffix) {
        if (const auto count = left / unit; count > 0) {
            text += fmt::format("{}{}", count, suffix);
            left -= count * unit;
        }
    };
    take(std::chrono::hours{1}, "h");
    take(std::chrono::minutes{1}, "m");
    take(std::chrono::seconds{1}, "s");
    take(std::chrono::milliseconds{1}, "ms");
    take(microseconds{1}, "us");
    return text;
}

}  // namespace pushsim
