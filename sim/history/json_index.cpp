#include "sim/history/json_index.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "sim/history/json_text.hpp"

namespace pushsim::history {

bool JsonIndex::read(std::string_view text) {
    text_ = text;
    at_ = 0;
    tokens_.clear();
    if (text.size() >= std::numeric_limits<std::uint32_t>::max() || !value(0)) return false;
    skip_spaces();
    return at_ == text.size();
}

JsonValue JsonIndex::root() const {
    return {*this, 0, tokens_.front().next};
}

void JsonIndex::skip_spaces() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
        ++at_;
}

bool JsonIndex::take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
}

void JsonIndex::add(Kind kind, std::size_t begin) {
    tokens_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_),
                       static_cast<std::uint32_t>(tokens_.size() + 1), kind});
}

// Recursion is bounded by max_json_depth.
// NOLINTNEXTLINE(misc-no-recursion)
bool JsonIndex::value(std::size_t depth) {
    skip_spaces();
    if (at_ >= text_.size()) return false;
    switch (text_[at_]) {
        case '{':
            return container(Kind::Object, '}', depth + 1);
        case '[':
            return container(Kind::Array, ']', depth + 1);
        case '"':
            return string();
        case 't':
            return word("true", Kind::True);
        case 'f':
            return word("false", Kind::False);
        case 'n':
            return word("null", Kind::Null);
        default:
            return number();
    }
}

// NOLINTNEXTLINE(misc-no-recursion)
bool JsonIndex::container(Kind kind, char close, std::size_t depth) {
    if (depth > max_json_depth) return false;
    const std::size_t token = tokens_.size();
    const std::size_t begin = at_++;
    add(kind, begin);
    skip_spaces();
    if (!take(close)) {
        do {
            if (kind == Kind::Object) {
                skip_spaces();
                if (!string()) return false;
                skip_spaces();
                if (!take(':')) return false;
            }
            if (!value(depth)) return false;
            skip_spaces();
        } while (take(','));
        if (!take(close)) return false;
    }
    tokens_[token].end = static_cast<std::uint32_t>(at_);
    tokens_[token].next = static_cast<std::uint32_t>(tokens_.size());
    return true;
}

bool JsonIndex::string() {
    const std::size_t begin = at_;
    if (!take('"')) return false;
    bool plain = true;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (c < 0x20) return false;
        if (c >= 0x80) plain = false;
        if (c == '\\') {
            plain = false;
            ++at_;
        }
    }
    if (!take('"')) return false;
    // Escapes and UTF-8 are seldom, and one who knows them is there.
    if (!plain && !nlohmann::json::accept(text_.substr(begin, at_ - begin))) return false;
    add(plain ? Kind::String : Kind::EscapedString, begin);
    return true;
}

bool JsonIndex::digits() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9')
        ++at_;
    return at_ > begin;
}

bool JsonIndex::number() {
    const std::size_t begin = at_;
    take('-');
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    const std::size_t first = at_;
    if (!digits() || (zero && at_ - first > 1)) return false;
    Kind kind = Kind::Integer;
    if (take('.')) {
        kind = Kind::Number;
        if (!digits()) return false;
    }
    if (take('e') || take('E')) {
        kind = Kind::Number;
        if (!take('+')) take('-');
        if (!digits()) return false;
    }
    // One who knows says whether it is a number that a double can be.
    constexpr std::size_t longest_integer = 20;
    if (at_ - begin > longest_integer) kind = Kind::Number;
    if (kind == Kind::Number && !nlohmann::json::accept(text_.substr(begin, at_ - begin))) return false;
    add(kind, begin);
    return true;
}

bool JsonIndex::word(std::string_view text, Kind kind) {
    const std::size_t begin = at_;
    if (!text_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    add(kind, begin);
    return true;
}

namespace {

template <typename T>
std::optional<T> number_in(std::string_view text) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

bool JsonValue::is_object() const {
    return index_->tokens_[at_].kind == JsonIndex::Kind::Object;
}
bool JsonValue::is_array() const {
    return index_->tokens_[at_].kind == JsonIndex::Kind::Array;
}
bool JsonValue::is_string() const {
    const auto kind = index_->tokens_[at_].kind;
    return kind == JsonIndex::Kind::String || kind == JsonIndex::Kind::EscapedString;
}

std::optional<bool> JsonValue::boolean() const {
    const auto kind = index_->tokens_[at_].kind;
    if (kind != JsonIndex::Kind::True && kind != JsonIndex::Kind::False) return std::nullopt;
    return kind == JsonIndex::Kind::True;
}

std::optional<std::int64_t> JsonValue::integer() const {
    if (index_->tokens_[at_].kind != JsonIndex::Kind::Integer) return std::nullopt;
    return number_in<std::int64_t>(raw());
}

std::optional<std::uint64_t> JsonValue::whole_number() const {
    if (index_->tokens_[at_].kind != JsonIndex::Kind::Integer) return std::nullopt;
    return number_in<std::uint64_t>(raw());
}

std::optional<double> JsonValue::number() const {
    const auto kind = index_->tokens_[at_].kind;
    if (kind != JsonIndex::Kind::Integer && kind != JsonIndex::Kind::Number) return std::nullopt;
    const auto number = number_in<double>(raw());
    return number && std::isfinite(*number) ? number : std::nullopt;
}

std::string_view JsonValue::raw() const {
    const auto& token = index_->tokens_[at_];
    return index_->text_.substr(token.begin, token.end - token.begin);
}

std::optional<std::string_view> JsonValue::plain_string() const {
    if (index_->tokens_[at_].kind != JsonIndex::Kind::String) return std::nullopt;
    const std::string_view text = raw();
    return text.substr(1, text.size() - 2);
}

std::string JsonValue::string() const {
    if (const auto plain = plain_string()) return std::string{*plain};
    return nlohmann::json::parse(raw()).get<std::string>();
}

bool JsonValue::is(std::string_view text) const {
    if (const auto plain = plain_string()) return *plain == text;
    return index_->tokens_[at_].kind == JsonIndex::Kind::EscapedString && string() == text;
}

std::optional<JsonValue> JsonValue::first() const {
    const auto end = index_->tokens_[at_].next;
    if (at_ + 1 == end) return std::nullopt;
    return JsonValue{*index_, at_ + 1, end};
}

std::optional<JsonValue> JsonValue::next() const {
    const auto next = index_->tokens_[at_].next;
    if (next >= end_) return std::nullopt;
    return JsonValue{*index_, next, end_};
}

}  // namespace pushsim::history
