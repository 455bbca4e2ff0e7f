#include "agent/protocol/json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/base/json_depth.hpp"

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

Value::Value(Document* document, const json* value, std::string pointer)
    : document_{document}, value_{value}, pointer_{std::move(pointer)} {}

void Value::wrong(std::string_view name, std::string_view what) const {
    if (!document_->complaint_.empty()) return;
    const std::string pointer = name.empty() ? pointer_ : pointer_ + step(name);
    document_->complaint_ = fmt::format("{}: {}", pointer.empty() ? "the body" : pointer, what);
}

Value Value::member(std::string_view name) const {
    const json* found = nullptr;
    if (value_ != nullptr && value_->is_object()) {
        if (const auto it = value_->find(name); it != value_->end()) found = &*it;
    }
    return {document_, found, pointer_ + step(name)};
}

bool Value::expect(bool is_type, std::string_view type) const {
    if (is_type) return true;
    wrong({}, fmt::format("{}, expected {}", absent() ? "missing" : name_of(*value_), type));
    return false;
}

bool Value::is_null() const {
    return absent() || value_->is_null();
}

bool Value::is_string() const {
    return !absent() && value_->is_string();
}

Value Value::as_object() const {
    return expect(!absent() && value_->is_object(), "an object") ? *this
                                                                 : Value{document_, nullptr, pointer_};
}

std::vector<Value> Value::as_array() const {
    std::vector<Value> elements;
    if (!expect(!absent() && value_->is_array(), "an array")) return elements;
    elements.reserve(value_->size());
    for (std::size_t i = 0; i < value_->size(); ++i) {
        elements.push_back(Value{document_, &(*value_)[i], fmt::format("{}/{}", pointer_, i)});
    }
    return elements;
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

std::vector<Value> Value::array(std::string_view name) const {
    return member(name).as_array();
}

std::vector<std::pair<std::string, Value>> Value::members(std::string_view name) const {
    std::vector<std::pair<std::string, Value>> all;
    const Value object = member(name).as_object();
    if (object.absent()) return all;
    for (const auto& [key, value] : object.value_->items()) {
        all.emplace_back(key, Value{document_, &value, object.pointer_ + step(key)});
    }
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
    for (const Value& element : array(name))
        all.push_back(element.as_text());
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
    Value value = member(name);
    if (!value.absent() && !value.value_->is_object()) value.value_ = nullptr;
    return value;
}

std::vector<Value> Value::array_if_any(std::string_view name) const {
    const Value value = member(name);
    return !value.absent() && value.value_->is_array() ? value.as_array() : std::vector<Value>{};
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
    return {this, value_.get(), {}};
}

}  // namespace pushsim::protocol::json
