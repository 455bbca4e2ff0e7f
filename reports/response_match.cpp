#include "reports/response_match.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "sim/history/json_text.hpp"

namespace pushsim::reports {
namespace {

using history::body_absent;
using history::header_absent;
using history::header_present;
using nlohmann::json;

constexpr const char* retry_after = "Retry-After";
constexpr history::StatusRange any_status{100, 599};

bool is_in(const std::vector<history::StatusRange>& ranges, int value) {
    return std::ranges::any_of(
        ranges, [&](const history::StatusRange& range) { return value >= range.low && value <= range.high; });
}

std::string ranges_text(const std::vector<history::StatusRange>& ranges) {
    std::vector<std::string> parts;
    parts.reserve(ranges.size());
    for (const history::StatusRange& range : ranges) {
        parts.push_back(range.low == range.high ? std::to_string(range.low)
                                                : fmt::format("{}-{}", range.low, range.high));
    }
    return fmt::format("{}", fmt::join(parts, " or "));
}

std::string codes_text(std::vector<std::string> codes) {
    std::ranges::replace(codes, std::string(history::no_code), std::string("without a code"));
    return fmt::format("{}", fmt::join(codes, " or "));
}

const history::MessageSeen& answer_of(const history::Entry& line) {
    const auto* exchange = as<history::ExchangeSeen>(&line);
    return exchange != nullptr ? exchange->response : as<history::TenantActSeen>(&line)->response;
}

bool same_name(const std::string& a, const std::string& b) {
    return std::ranges::equal(a, b, [](char x, char y) { return std::tolower(x) == std::tolower(y); });
}

std::optional<std::string> header_of(const history::MessageSeen& answer, const std::string& name) {
    for (const auto& [known, value] : answer.headers) {
        if (same_name(known, name)) return value;
    }
    return std::nullopt;
}

/// Whole seconds (RFC 9110, 10.2.3); a date is none.
bool fits(const std::vector<history::StatusRange>& ranges, const std::string& value) {
    int seconds = 0;
    const char* const end = value.data() + value.size();
    const auto [last, error] = std::from_chars(value.data(), end, seconds);
    return error == std::errc{} && last == end && seconds >= 0 && is_in(ranges, seconds);
}

/// JSON that is not nested beyond reason; objects are equal in any order.
std::optional<json> parsed(const std::string& text) {
    if (json_deeper_than(text, history::max_json_depth)) return std::nullopt;
    json value = json::parse(text, nullptr, false);
    if (value.is_discarded()) return std::nullopt;
    return value;
}

/// Nothing where the pointer leads nowhere, or is none.
const json* at_pointer(const json& value, const std::string& pointer) {
    try {
        const json::json_pointer path{pointer};
        return value.contains(path) ? &value.at(path) : nullptr;
    } catch (const json::exception&) {
        return nullptr;
    }
}

std::string short_json(const json& value) {
    constexpr std::size_t most = 80;
    const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() <= most ? text : text.substr(0, most) + "…";
}

/// One answer against one clause.
class Matching {
  public:
    Matching(const history::ResponseClause& clause, const history::Entry& line)
        : clause_(clause), line_(line), seen_(deciding_exchange(line)), answer_(answer_of(line)) {}

    Match match() {
        if (!seen_.status) {
            const std::string why = seen_.failure.empty() ? "no answer" : seen_.failure;
            return {Judgement::DoesNotHold, why, "", ""};
        }
        status();
        wait();
        for (const auto& [name, value] : clause_.header)
            header(name, value);
        body();
        Match result{Judgement::Holds, words(), "", seen()};
        if (wrong_) result.judgement = Judgement::DoesNotHold;
        if (!wrong_) {
            result.as_asked = result.actual;
            for (const std::string& one : as_asked_)
                result.as_asked += ", " + one;
        }
        if (!wrong_ && !unknown_.empty()) result = {Judgement::Skipped, unknown_, unknown_, ""};
        return result;
    }

  private:
    void status() {
        const bool right_status = clause_.status.empty() || is_in(clause_.status, *seen_.status);
        const std::string code = seen_.code.empty() ? history::no_code : seen_.code;
        const bool right_code = clause_.code.empty() || std::ranges::count(clause_.code, code) > 0;
        const auto* exchange = as<history::ExchangeSeen>(&line_);
        const bool right_pointer =
            clause_.pointer.empty() || (exchange != nullptr && exchange->pointer == clause_.pointer);
        wrong_ = !right_status || !right_code || !right_pointer;
        if (!right_pointer)
            seen_words_.push_back(
                exchange == nullptr || exchange->pointer.empty() ? "no pointer" : "at " + exchange->pointer);
    }
    void wait() {
        if (clause_.retry_after.empty()) return;
        const auto* exchange = as<history::ExchangeSeen>(&line_);
        if (exchange == nullptr && !answer_.kept) return not_kept("headers");
        const std::string value =
            exchange != nullptr ? exchange->retry_after.str() : header_of(answer_, retry_after).value_or("");
        saw(fits(clause_.retry_after, value),
            value.empty() ? fmt::format("no {}", retry_after) : fmt::format("{} {}", retry_after, value));
    }
    void header(const std::string& name, const std::string& wanted) {
        if (!answer_.kept) return not_kept("headers");
        const auto value = header_of(answer_, name);
        const bool fits =
            wanted == header_absent ? !value : value && (wanted == header_present || *value == wanted);
        saw(fits, value ? fmt::format("{}: {}", name, *value) : fmt::format("no {}", name));
    }
    void body() {
        if (clause_.body.empty()) return;
        if (!answer_.kept) return not_kept("body");
        if (answer_.cut) {
            unknown_ = "of the answer's body the history has the beginning alone";
            return;
        }
        const auto value = parsed(answer_.body);
        if (!value) return saw(false, "a body that is no JSON");
        for (const auto& [pointer, text] : clause_.body) {
            const auto wanted = parsed(text);
            const json* found = at_pointer(*value, pointer);
            saw(text == body_absent ? found == nullptr : found != nullptr && wanted && *found == *wanted,
                found == nullptr ? fmt::format("no {}", pointer)
                                 : fmt::format("{} {}", pointer, short_json(*found)));
        }
    }

    std::string seen() const {
        constexpr int least_error = 400;
        std::vector<std::string> parts{fmt::format("status: {}", *seen_.status)};
        if (!seen_.code.empty() || *seen_.status >= least_error)
            parts.push_back("code: " + (seen_.code.empty() ? history::no_code : seen_.code));
        const auto* exchange = as<history::ExchangeSeen>(&line_);
        if (exchange != nullptr && !exchange->pointer.empty())
            parts.push_back("pointer: " + in_quotes(exchange->pointer));
        if (answer_.kept) see_headers(parts);
        if (answer_.kept && !answer_.cut) see_body(parts);
        return fmt::format("{{ {} }}", fmt::join(parts, ", "));
    }
    void see_headers(std::vector<std::string>& parts) const {
        std::set<std::string> names;
        for (const auto& [name, value] : clause_.header)
            names.insert(name);
        if (!clause_.retry_after.empty()) names.insert(retry_after);
        std::vector<std::string> headers;
        for (const std::string& name : names) {
            const auto value = header_of(answer_, name);
            headers.push_back(fmt::format("{}: {}", name, value ? in_quotes(*value) : header_absent));
        }
        if (!headers.empty()) parts.push_back(fmt::format("header: {{ {} }}", fmt::join(headers, ", ")));
    }
    void see_body(std::vector<std::string>& parts) const {
        constexpr std::size_t longest = 200;  // what is longer is for a person to say
        const auto value = parsed(answer_.body);
        if (!value) return;
        std::vector<std::string> members;
        for (const auto& [pointer, wanted] : clause_.body) {
            const json* found = at_pointer(*value, pointer);
            const std::string text = found == nullptr ? body_absent
                                                      : found->dump(-1, ' ', /*ensure_ascii=*/true,
                                                                    json::error_handler_t::replace);
            if (text.size() <= longest) members.push_back(fmt::format("{}: {}", in_quotes(pointer), text));
        }
        if (!members.empty()) parts.push_back(fmt::format("body: {{ {} }}", fmt::join(members, ", ")));
    }
    /// A JSON text is one of YAML, too.
    static std::string in_quotes(const std::string& text) {
        return json(text).dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
    }

    void not_kept(const char* what) {
        unknown_ = fmt::format("the {} of the answer {} not in the history", what,
                               std::string_view{what}.ends_with('s') ? "are" : "is");
    }
    void saw(bool as_asked, const std::string& words) {
        if (!as_asked) wrong_ = true;
        (as_asked ? as_asked_ : seen_words_).push_back(words);
    }
    std::string words() const {
        std::string text = std::to_string(*seen_.status);
        if (!seen_.code.empty()) text += " " + seen_.code;
        for (const std::string& one : seen_words_)
            text += ", " + one;
        return text;
    }

    const history::ResponseClause& clause_;
    const history::Entry& line_;
    DecidingExchange seen_;
    const history::MessageSeen& answer_;
    bool wrong_ = false;
    std::string unknown_;
    std::vector<std::string> seen_words_;  ///< of what differs
    std::vector<std::string> as_asked_;    ///< of what does not
};

}  // namespace

Match match(const history::ResponseClause& clause, const history::Entry& line) {
    return Matching{clause, line}.match();
}

std::string words(const history::ResponseClause& clause) {
    const bool any = clause.status == std::vector{any_status};
    std::string text = any ? "an answer" : ranges_text(clause.status);
    if (!clause.code.empty()) text += fmt::format("{}{}", text.empty() ? "" : " ", codes_text(clause.code));
    if (!clause.pointer.empty())
        text += fmt::format("{} at {}", text.empty() ? "an error" : "", clause.pointer);
    std::vector<std::string> parts;
    if (!text.empty()) parts.push_back(text);
    if (!clause.retry_after.empty())
        parts.push_back(fmt::format("{} {}", retry_after, ranges_text(clause.retry_after)));
    for (const auto& [name, value] : clause.header) {
        parts.push_back(value == header_absent    ? fmt::format("without {}", name)
                        : value == header_present ? fmt::format("with {}", name)
                                                  : fmt::format("{}: {}", name, value));
    }
    for (const auto& [pointer, value] : clause.body)
        parts.push_back(value == body_absent ? fmt::format("without {}", pointer)
                                             : fmt::format("{} {}", pointer, value));
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string words_of_none(const history::ResponseClause& clause) {
    if (clause == history::ResponseClause{.status = {any_status}}) return "no answer";
    if (clause == history::ResponseClause{.body = clause.body} && clause.body.size() == 1 &&
        clause.body.begin()->second == body_absent)
        return "with " + clause.body.begin()->first;
    if (clause == history::ResponseClause{.header = clause.header} && clause.header.size() == 1) {
        const auto& [name, value] = *clause.header.begin();
        if (value == header_absent) return "with " + name;
        if (value == header_present) return "without " + name;
    }
    return "not " + words(clause);
}

}  // namespace pushsim::reports
