#include "agent/protocol/json.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/base/json_depth.hpp"
#include "agent/base/text.hpp"

namespace pushsim::protocol::json {
namespace {

using nlohmann::json;

/// One step of a JSON pointer (RFC 6901).
std::string step(std::string_view name) {
    std::string text = "/";
    for (const char c : name) {
        if (c == '~') {
            text += "~0";
        } else if (c == '/') {
            text += "~1";
        } else {
            text += c;
        }
    }
    return text;
}

/// The JSON pointer to `wanted`, looked for from `value` on; searching for it when it is needed costs nothing
/// where all is well. As deep as documents are (kMaxDepth).
std::optional<std::string> pointer_to(const json& wanted, const json& value) {
    if (&value == &wanted) return std::string{};
    if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (const auto rest = pointer_to(wanted, value[i])) return fmt::format("/{}{}", i, *rest);
        }
    } else if (value.is_object()) {
        for (const auto& [name, member] : value.get_ref<const json::object_t&>()) {
            if (const auto rest = pointer_to(wanted, member)) return step(name) + *rest;
        }
    }
    return std::nullopt;
}

/// What was found in place of what was expected; never the value itself, which may be secret.
std::string_view name_of(const json& value) {
    switch (value.type()) {
        case json::value_t::null:
            return "null";
        case json::value_t::object:
            return "an object";
        case json::value_t::array:
            return "an array";
        case json::value_t::string:
            return "a string";
        case json::value_t::boolean:
            return "a boolean";
        default:
            return "a number";
    }
}

bool is_count(const json& value) {
    return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
}

constexpr std::string_view kCount = "a whole number that is not negative";

}  // namespace

Value::Value(Document* document, const json* value, const json* parent, std::string_view name)
    : document_{document}, value_{value}, parent_{parent}, name_{name} {}

std::string Value::pointer() const {
    const json* known = absent() ? parent_ : value_;
    std::string pointer = known == nullptr ? "" : pointer_to(*known, *document_->value_).value_or("");
    return absent() ? pointer + step(name_) : pointer;
}

void Value::wrong(std::string_view name, std::string_view what) const {
    constexpr std::size_t kLongest = 200;
    if (!document_->complaint_.empty()) return;
    const std::string where = name.empty() ? pointer() : pointer() + step(name);
    document_->complaint_ =
        fmt::format("{}: {}", where.empty() ? "the body" : escaped(where, kLongest), escaped(what, kLongest));
}

Value Value::member(std::string_view name) const {
    if (absent()) return *this;
    if (value_->is_object()) {
        if (const auto it = value_->find(name); it != value_->end()) return {document_, &*it};
    }
    return {document_, nullptr, value_, name};
}

bool Value::expect(bool is_type, std::string_view type) const {
    if (is_type || !document_->complaint_.empty()) return is_type;
    wrong({}, fmt::format("{}, expected {}", absent() ? "missing" : name_of(*value_), type));
    return false;
}

bool Value::expect_at_most(std::size_t at_most, std::string_view what) const {
    if (value_->size() <= at_most) return true;
    wrong({}, fmt::format("{} {}, expected at most {}", value_->size(), what, at_most));
    return false;
}

bool Value::is_null() const {
    return absent() || value_->is_null();
}

bool Value::is_string() const {
    return !absent() && value_->is_string();
}

Value Value::as_object() const {
    return expect(!absent() && value_->is_object(), "an object") ? *this : Value{document_, nullptr};
}

std::vector<Value> Value::elements(std::size_t at_most) const {
    const std::size_t count = std::min(value_->size(), at_most);
    std::vector<Value> some;
    some.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        some.push_back(Value{document_, &(*value_)[i]});
    return some;
}

std::vector<Value> Value::as_array(std::size_t at_most) const {
    if (!expect(!absent() && value_->is_array(), "an array")) return {};
    if (!expect_at_most(at_most, "elements")) return {};
    return elements(at_most);
}

std::string Value::as_text() const {
    if (!expect(!absent() && value_->is_string(), "a string")) return {};
    return value_->get_ref<const std::string&>();
}

std::uint64_t Value::as_count() const {
    return expect(!absent() && is_count(*value_), kCount) ? value_->get<std::uint64_t>() : 0;
}

Value Value::object(std::string_view name) const {
    return member(name).as_object();
}

std::vector<Value> Value::array(std::string_view name, std::size_t at_most) const {
    return member(name).as_array(at_most);
}

std::vector<std::pair<std::string_view, Value>> Value::members(std::string_view name,
                                                               std::size_t at_most) const {
    std::vector<std::pair<std::string_view, Value>> all;
    const Value object = member(name).as_object();
    if (object.absent() || !object.expect_at_most(at_most, "members")) return all;
    for (const auto& [key, value] : object.value_->get_ref<const json::object_t&>())
        all.emplace_back(key, Value{document_, &value});
    return all;
}

std::string Value::text(std::string_view name) const {
    return member(name).as_text();
}

Bytes Value::base64(std::string_view name) const {
    const Value value = member(name);
    if (!value.expect(!value.absent() && value.value_->is_string(), "a base64 string")) return {};
    auto data = from_base64(value.value_->get_ref<const std::string&>());
    if (!data) value.wrong({}, data.error().message);
    return data ? *std::move(data) : Bytes{};
}

WallTime Value::time(std::string_view name) const {
    const Value value = member(name);
    if (!value.expect(!value.absent() && value.value_->is_string(), "a string with a time")) return {};
    const auto time = from_rfc3339(value.value_->get_ref<const std::string&>());
    if (!time) value.wrong({}, time.error().message);
    return time.value_or(WallTime{});
}

std::uint64_t Value::count(std::string_view name) const {
    return member(name).as_count();
}

bool Value::flag(std::string_view name) const {
    const Value value = member(name);
    if (!value.absent() && value.value_->is_boolean()) return value.value_->get<bool>();
    const bool is_bit = !value.absent() && is_count(*value.value_) && value.value_->get<std::uint64_t>() <= 1;
    return value.expect(is_bit, "a boolean, 0 or 1") && value.value_->get<std::uint64_t>() == 1;
}

std::vector<std::string> Value::texts(std::string_view name) const {
    std::vector<std::string> all;
    for (const Value& element : array(name)) {
        all.push_back(element.as_text());
        if (!document_->complaint_.empty()) break;
    }
    return all;
}

std::optional<Value> Value::optional_object(std::string_view name) const {
    const Value value = member(name);
    if (value.is_null()) return std::nullopt;
    return value.as_object();
}

std::optional<std::string> Value::optional_text(std::string_view name) const {
    if (member(name).is_null()) return std::nullopt;
    return text(name);
}

std::optional<Bytes> Value::optional_base64(std::string_view name) const {
    if (member(name).is_null()) return std::nullopt;
    return base64(name);
}

std::optional<WallTime> Value::optional_time(std::string_view name) const {
    if (member(name).is_null()) return std::nullopt;
    return time(name);
}

std::optional<std::uint64_t> Value::optional_count(std::string_view name) const {
    if (member(name).is_null()) return std::nullopt;
    return count(name);
}

Value Value::object_if_any(std::string_view name) const {
    const Value value = member(name);
    const bool is_other = !value.absent() && !value.value_->is_object();
    return is_other ? Value{document_, nullptr, value_, name} : value;
}

std::vector<Value> Value::array_if_any(std::string_view name, std::size_t at_most) const {
    const Value value = member(name);
    return !value.absent() && value.value_->is_array() ? value.elements(at_most) : std::vector<Value>{};
}

std::optional<std::string> Value::text_if_any(std::string_view name) const {
    const Value value = member(name);
    if (value.absent() || !value.value_->is_string()) return std::nullopt;
    return value.as_text();
}

std::optional<double> Value::number_if_any(std::string_view name) const {
    const Value value = member(name);
    if (value.absent() || !value.value_->is_number()) return std::nullopt;
    return value.value_->get<double>();
}

Document::Document(std::unique_ptr<json> value) : value_{std::move(value)} {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string_view text) {
    if (json_deeper_than(text, kMaxDepth)) {
        return fail(ErrorKind::Parse, fmt::format("the body is nested more than {} levels deep", kMaxDepth));
    }
    try {
        return Document{std::make_unique<json>(json::parse(text))};
    } catch (const json::parse_error& error) {
        return fail(ErrorKind::Parse, text.empty()
                                          ? "the body is empty, expected JSON"
                                          : fmt::format("the body is not JSON: wrong at octet {} of {}",
                                                        error.byte, text.size()));
    } catch (const json::exception&) {
        return fail(ErrorKind::Parse, "the body is not JSON: a number is out of range");
    }
}

Value Document::root() {
    return {this, value_.get()};
}

}  // namespace pushsim::protocol::json
