#include "tests/stand_in/http_text.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace pushsim::stand_in {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool same_letters(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, {}, [](unsigned char c) { return std::tolower(c); },
        [](unsigned char c) { return std::tolower(c); });
}

}  // namespace

std::optional<std::size_t> request_size(std::string_view octets) {
    constexpr std::string_view kLength = "content-length: ";
    const auto end = octets.find(kHeadEnd);
    if (end == std::string_view::npos) return std::nullopt;
    std::size_t body = 0;
    for (std::size_t at = octets.find(kLineEnd); at < end; at = octets.find(kLineEnd, at + 1)) {
        const std::string_view line = octets.substr(at + kLineEnd.size());
        if (same_letters(line.substr(0, kLength.size()), kLength))
            body = std::stoul(std::string(line.substr(kLength.size(), 20)));
    }
    const std::size_t size = end + kHeadEnd.size() + body;
    return octets.size() >= size ? std::optional(size) : std::nullopt;
}

HttpRequest taken_apart(std::string_view text) {
    HttpRequest request;
    const auto end = text.find(kHeadEnd);
    std::string_view head = text.substr(0, end + kLineEnd.size());
    const auto next_line = [&head] {
        const auto at = head.find(kLineEnd);
        const std::string_view line = head.substr(0, at);
        head.remove_prefix(at + kLineEnd.size());
        return line;
    };
    const std::string_view first = next_line();
    request.method = first.substr(0, first.find(' '));
    request.target = first.substr(request.method.size() + 1);
    request.target.resize(request.target.find(' '));
    while (!head.empty()) {
        const std::string_view line = next_line();
        const auto colon = line.find(": ");
        request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    request.body = text.substr(end + kHeadEnd.size());
    return request;
}

std::string written(const HttpResponse& answer) {
    std::string text = fmt::format("HTTP/1.1 {} x\r\n", answer.status);
    for (const auto& [name, value] : answer.headers)
        text += fmt::format("{}: {}\r\n", name, value);
    return text + fmt::format("Content-Length: {}\r\n\r\n{}", answer.body.size(), answer.body);
}

}  // namespace pushsim::stand_in
