#include "agent/protocol/refusal.hpp"

#include <algorithm>
#include <charconv>

#include "agent/base/text.hpp"
#include "agent/protocol/json.hpp"

namespace pushsim::protocol {
namespace {

constexpr std::size_t kMostErrors = 16;    // that are read
constexpr std::size_t kLongestCode = 100;  // octets
constexpr std::chrono::seconds kYear = std::chrono::hours{24 * 366};

template <typename Number>
std::optional<Number> whole(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<int> status_in(const json::Value& object, std::string_view name) {
    if (const auto text = object.text_if_any(name)) return whole<int>(*text);
    const auto number = object.number_if_any(name);
    if (!number || *number < 0 || *number > 999) return std::nullopt;
    return static_cast<int>(*number);
}

}  // namespace

std::optional<std::string> RefusedAnswer::code() const {
    for (const ServerError& error : errors) {
        if (error.code) return error.code;
    }
    return std::nullopt;
}

std::string RefusedAnswer::text() const {
    constexpr std::size_t longest = 300;
    std::string all;
    for (const ServerError& error : errors) {
        if (all.size() > 2 * longest) break;
        all += all.empty() ? " " : "; ";
        if (error.code) all += escaped(*error.code, longest);
        const auto& words = error.detail ? error.detail : error.title;
        if (words) all += (error.code ? ": " : "") + escaped(*words, longest);
        if (error.pointer) all += " (" + escaped(*error.pointer, longest) + ")";
    }
    if (retry_after) all += ", retry after " + to_text(*retry_after);
    return std::to_string(status) + all;
}

std::optional<Duration> retry_after(const HttpResponse& answer, WallTime now) {
    const auto header = answer.header("Retry-After");
    if (!header) return std::nullopt;
    const std::string_view value = trimmed(*header);
    if (!value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; })) {
        const auto seconds = whole<std::int64_t>(value);
        return seconds ? std::min(std::chrono::seconds{*seconds}, kYear) : kYear;
    }
    const auto date = from_http_date(value);
    if (!date) return std::nullopt;
    // In seconds first: the difference of extreme dates does not fit into nanoseconds.
    const auto left = *date - now;
    if (left <= WallTime::duration::zero()) return Duration::zero();
    return left > kYear ? Duration{kYear} : Duration{left};
}

RefusedAnswer parse_refusal(const HttpResponse& answer, WallTime now) {
    RefusedAnswer refusal{answer.status, {}, retry_after(answer, now)};
    auto document = json::Document::parse(answer.body);
    if (!document) return refusal;
    const json::Value root = document->root();
    for (const json::Value& item : root.array_if_any("errors", kMostErrors)) {
        ServerError error;
        error.status = status_in(item, "status");
        error.code = item.text_if_any("code");
        if (error.code && error.code->size() > kLongestCode) error.code->resize(kLongestCode);
        error.title = item.text_if_any("title");
        error.detail = item.text_if_any("detail");
        error.pointer = item.object_if_any("source").text_if_any("pointer");
        refusal.errors.push_back(std::move(error));
    }
    if (refusal.errors.empty()) {
        ServerError error;
        error.status = status_in(root, "code");
        error.title = root.text_if_any("status");
        if (error.status && error.title) refusal.errors.push_back(std::move(error));
    }
    return refusal;
}

}  // namespace pushsim::protocol
