#include "agent/protocol/answer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "agent/protocol/refusal.hpp"

namespace pushsim::protocol {
namespace {

/// application/json or application/…+json, whatever its parameters (RFC 9110, 8.3.1; RFC 6839, 3.1).
bool is_json(std::string_view content_type) {
    std::string type{content_type.substr(0, content_type.find(';'))};
    type.erase(type.find_last_not_of(" \t") + 1);
    std::ranges::transform(type, type.begin(), lower_ascii);
    return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

std::string in_call(std::string_view call, std::string_view what) {
    return call.empty() ? std::string{what} : fmt::format("{}: {}", call, what);
}

}  // namespace

Error unexpected_status(const HttpResponse& answer, std::initializer_list<int> expected,
                        std::string_view call) {
    RefusedAnswer refusal = parse_refusal(answer, WallTime{});
    refusal.retry_after.reset();  // a date means nothing without the time of now
    std::string wanted;
    for (const int status : expected)
        wanted += fmt::format("{}{}", wanted.empty() ? "" : " or ", status);
    return {ErrorKind::Protocol,
            in_call(call, fmt::format("answered {}, expected {}", refusal.text(), wanted))};
}

Error malformed(std::string_view call, std::string_view what) {
    return {ErrorKind::Parse, in_call(call, what)};
}

Result<json::Document> open_answer(const HttpResponse& answer, std::initializer_list<int> expected,
                                   std::string_view call) {
    if (std::ranges::find(expected, answer.status) == expected.end()) {
        return fail(unexpected_status(answer, expected, call));
    }
    const auto content_type = answer.header("Content-Type");
    if (!content_type || !is_json(*content_type)) {
        const std::string found = content_type ? "'" + escaped(*content_type, 100) + "'" : "missing";
        return fail(ErrorKind::Protocol,
                    in_call(call, fmt::format("header Content-Type: {}, expected JSON", found)));
    }
    auto document = json::Document::parse(answer.body);
    if (!document) return fail(malformed(call, document.error().message));
    return document;
}

json::Value open_envelope(json::Document& document, int status) {
    const json::Value root = document.root().as_object();
    const std::uint64_t code = root.count("code");
    if (code != static_cast<std::uint64_t>(status)) {
        root.wrong("code", fmt::format("{}, but the status of the answer is {}", code, status));
    }
    (void)root.text("status");
    return root.object("results");
}

json::Value open_resource(json::Document& document, std::string_view type) {
    const json::Value data = document.root().as_object().object("data");
    one_of(data, "type", {type});
    return data.object("attributes");
}

std::string one_of(const json::Value& object, std::string_view name,
                   std::initializer_list<std::string_view> known) {
    std::string found = object.text(name);
    if (std::ranges::find(known, found) == known.end()) {
        object.wrong(name, fmt::format("'{:.40}', expected '{}'", found, fmt::join(known, "' or '")));
    }
    return found;
}

bool can_be_sent_back(std::string_view text) {
    constexpr std::size_t kLongest = 4096;
    return !text.empty() && text.size() <= kLongest &&
           std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace pushsim::protocol
