#pragma once
// Members of a line, described once for both directions: describe(fields, record) names them, WriteFields
// puts them into JSON, ReadFields takes them out and says which one is wrong. Heavy header: for .cpp files
// alone.

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/base/bytes.hpp"
#include "agent/base/http.hpp"
#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/history/json_index.hpp"
#include "sim/history/json_text.hpp"
#include "sim/history/kept_values.hpp"
#include "sim/history/shared.hpp"

namespace pushsim::history {

using Json = nlohmann::ordered_json;

/// Words of an enumeration: words(E{}) is found by argument-dependent look-up.
template <typename E>
using Words = std::vector<std::pair<E, const char*>>;

inline std::int64_t to_microseconds(Duration duration) {
    return std::chrono::round<std::chrono::microseconds>(duration).count();
}

class WriteFields {
  public:
    explicit WriteFields(Json& out) : out_(out) {}

    /// Always there.
    template <typename T>
    void must(const char* name, const T& value) {
        out_[name] = to_json(value);
    }
    /// Left out when it has no value or its default one.
    template <typename T>
    void maybe(const char* name, const T& value) {
        if (!(value == T{})) out_[name] = to_json(value);
    }
    template <typename T>
    void maybe(const char* name, const std::optional<T>& value) {
        if (value) out_[name] = to_json(*value);
    }
    template <typename T>
    void maybe(const char* name, const Shared<T>& value) {
        if (value) out_[name] = to_json(*value);
    }
    /// A text that hardly any other line has; empty: left out.
    void unlike(const char* name, const Text& value) { maybe(name, value); }
    /// A structure whose members are left out together when it is as constructed.
    template <typename T>
    void part(const char* name, const T& value) {
        if (Json json = to_json(value); !json.empty()) out_[name] = std::move(json);
    }
    /// Text that is JSON stands as JSON.
    void json_text(const char* name, std::string_view text) {
        if (text.empty()) return;
        auto json = parse_json(text);
        out_[name] = json ? std::move(*json) : Json(text);
    }
    /// Octets: text where they are UTF-8, else base64 under "<name>64".
    void octets(const char* name, std::string_view value) {
        if (value.empty()) return;
        const Json json = std::string{value};
        try {
            (void)json.dump();
            out_[name] = json;
        } catch (const Json::type_error&) {
            out_[std::string{name} + "64"] = to_base64(as_bytes(value));
        }
    }

  private:
    static Json to_json(bool value) { return value; }
    static Json to_json(int value) { return value; }
    static Json to_json(std::int64_t value) { return value; }
    static Json to_json(std::uint64_t value) { return value; }
    static Json to_json(double value) { return value; }
    static Json to_json(const std::string& value) { return value; }
    static Json to_json(const Text& value) { return value.str(); }
    static Json to_json(Duration value) { return to_microseconds(value); }
    static Json to_json(WallTime value) { return to_rfc3339(value); }
    static Json to_json(const std::map<std::string, std::string>& value) { return value; }
    static Json to_json(const std::map<int, std::string>& value) {
        Json json = Json::object();
        for (const auto& [key, text] : value)
            json[std::to_string(key)] = text;
        return json;
    }
    static Json to_json(const HttpHeaders& value) {
        Json json = Json::array();
        for (const auto& [name, text] : value)
            json.push_back(Json::array({name, text}));
        return json;
    }
    template <typename T>
    static Json to_json(const std::vector<T>& value) {
        Json json = Json::array();
        for (const T& element : value)
            json.push_back(to_json(element));
        return json;
    }
    template <typename T>
    static Json to_json(const List<T>& value) {
        return to_json(static_cast<const std::vector<T>&>(value));
    }
    template <typename T>
    static Json to_json(const T& value) {
        if constexpr (std::is_enum_v<T>) {
            for (const auto& [word_value, word] : words(T{})) {
                if (word_value == value) return word;
            }
            return nullptr;
        } else {
            Json json = Json::object();
            WriteFields fields{json};
            describe(fields,
                     const_cast<T&>(value));  // one description for both directions; this one only reads
            return json;
        }
    }

    Json& out_;
};

class ReadFields {
  public:
    /// `error` gets the first thing that is wrong.
    /// Texts that `kept` has are shared with it, where there is one.
    ReadFields(JsonValue in, std::optional<Error>& error, KeptValues* kept)
        : ReadFields(in, error, kept, nullptr, "") {}

    template <typename T>
    void must(const char* name, T& value) {
        if (const auto json = find(name)) {
            from_json(*json, name, value);
        } else {
            wrong(name, "there");
        }
    }
    template <typename T>
    void maybe(const char* name, T& value) {
        if (const auto json = find(name)) from_json(*json, name, value);
    }
    template <typename T>
    void maybe(const char* name, std::optional<T>& value) {
        if (const auto json = find(name)) from_json(*json, name, value.emplace());
    }
    template <typename T>
    void maybe(const char* name, Shared<T>& value) {
        if (const auto json = find(name)) from_json(*json, name, value.emplace());
    }
    void unlike(const char* name, Text& value) {
        KeptValues* const kept = std::exchange(kept_, nullptr);
        maybe(name, value);
        kept_ = kept;
    }
    template <typename T>
    void part(const char* name, T& value) {
        maybe(name, value);
    }
    template <typename T>
    void json_text(const char* name, T& text) {
        const auto json = find(name);
        if (!json) return;
        if (json->is_string()) {
            text = json->string();
        } else if (const auto tree = parse_json(json->raw())) {
            text = dump_json(*tree);
        }
    }
    void octets(const char* name, Text& value) {
        maybe(name, value);
        std::string base64;
        const std::string encoded_name = std::string{name} + "64";
        maybe(encoded_name.c_str(), base64);
        if (base64.empty()) return;
        if (auto decoded = from_base64(base64)) {
            value = std::string{decoded->begin(), decoded->end()};
        } else {
            wrong(encoded_name, "base64");
        }
    }

  private:
    ReadFields(JsonValue in, std::optional<Error>& error, KeptValues* kept, const ReadFields* parent,
               std::string_view name)
        : in_(in), error_(error), kept_(kept), parent_(parent), name_(name) {
        if (in_.is_object()) {
            next_ = in_.first();
        } else {
            wrong("", "an object");
        }
    }

    /// Lines have their members in the order in which they are asked for: what is not ahead is behind only
    /// where something was passed over.
    std::optional<JsonValue> find(std::string_view name) {
        if (error_ || !in_.is_object()) return std::nullopt;
        if (const auto found = find_from(next_, name)) return found;
        return passed_over_ ? find_from(in_.first(), name) : std::nullopt;
    }
    std::optional<JsonValue> find_from(const std::optional<JsonValue>& start, std::string_view name) {
        bool at_start = true;
        for (auto at = start; at; at_start = false) {
            const auto value = at->next();
            if (at->is(name)) {
                passed_over_ = passed_over_ || !at_start;
                next_ = value->next();
                return value;
            }
            at = value->next();
        }
        return std::nullopt;
    }
    std::string path() const { return parent_ == nullptr ? "" : parent_->path() + "/" + std::string{name_}; }
    void wrong(std::string_view name, const std::string& expected) {
        if (!error_)
            error_ = Error{ErrorKind::Parse, path() + "/" + std::string{name} + ": is not " + expected};
    }

    void from_json(JsonValue json, std::string_view name, bool& value) {
        if (const auto read = json.boolean()) {
            value = *read;
        } else {
            wrong(name, "true or false");
        }
    }
    void from_json(JsonValue json, std::string_view name, std::int64_t& value) {
        if (const auto read = json.integer()) {
            value = *read;
        } else {
            wrong(name, "an integer of 64 bits");
        }
    }
    void from_json(JsonValue json, std::string_view name, int& value) {
        std::int64_t wide = 0;
        from_json(json, name, wide);
        if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
            return wrong(name, "an integer of 32 bits");
        }
        value = static_cast<int>(wide);
    }
    void from_json(JsonValue json, std::string_view name, std::uint64_t& value) {
        if (const auto read = json.whole_number()) {
            value = *read;
        } else {
            wrong(name, "a whole number");
        }
    }
    void from_json(JsonValue json, std::string_view name, double& value) {
        if (const auto read = json.number()) {
            value = *read;
        } else {
            wrong(name, "a number");
        }
    }
    void from_json(JsonValue json, std::string_view name, std::string& value) {
        if (!json.is_string()) return wrong(name, "a text");
        value = json.string();
    }
    void from_json(JsonValue json, std::string_view name, Text& value) {
        if (!json.is_string()) return wrong(name, "a text");
        const auto plain = json.plain_string();
        if (!plain) {
            value = json.string();
        } else {
            value = kept_ == nullptr ? Text{*plain} : kept_->text(*plain);
        }
    }
    void from_json(JsonValue json, std::string_view name, Duration& value) {
        std::int64_t microseconds = 0;
        from_json(json, name, microseconds);
        constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 1000;
        if (microseconds > most || microseconds < -most) return wrong(name, "a duration that fits");
        value = std::chrono::microseconds{microseconds};
    }
    void from_json(JsonValue json, std::string_view name, WallTime& value) {
        std::string text;
        from_json(json, name, text);
        if (error_) return;
        if (auto time = from_rfc3339(text)) {
            value = *time;
        } else {
            wrong(name, "a time of RFC 3339");
        }
    }
    void from_json(JsonValue json, std::string_view name, std::map<std::string, std::string>& value) {
        if (!json.is_object()) return wrong(name, "an object");
        for (auto key = json.first(); key; key = key->next()) {
            const std::string text = key->string();
            key = key->next();
            from_json(*key, std::string{name} + "/" + text, value[text]);
        }
    }
    void from_json(JsonValue json, std::string_view name, std::map<int, std::string>& value) {
        if (!json.is_object()) return wrong(name, "an object");
        for (auto key = json.first(); key; key = key->next()) {
            const std::string text = key->string();
            key = key->next();
            const std::string member = std::string{name} + "/" + text;
            const bool digits =
                !text.empty() && text.size() < 6 && text.find_first_not_of("0123456789") == std::string::npos;
            if (!digits) return wrong(member, "a number");
            from_json(*key, member, value[std::stoi(text)]);
        }
    }
    void from_json(JsonValue json, std::string_view name, HttpHeaders& value) {
        if (!json.is_array()) return wrong(name, "a list");
        for (auto pair = json.first(); pair; pair = pair->next()) {
            const auto header = pair->is_array() ? pair->first() : std::nullopt;
            const auto text = header ? header->next() : std::nullopt;
            if (!text || text->next() || !header->is_string() || !text->is_string()) {
                return wrong(name, "a list of name and value");
            }
            value.emplace_back(header->string(), text->string());
        }
    }
    template <typename T>
    void from_json(JsonValue json, std::string_view name, std::vector<T>& value) {
        if (!json.is_array()) return wrong(name, "a list");
        for (auto element = json.first(); element; element = element->next()) {
            const std::string element_name = std::string{name} + "/" + std::to_string(value.size());
            from_json(*element, element_name, value.emplace_back());
            if (error_) return;
        }
    }
    template <typename T>
    void from_json(JsonValue json, std::string_view name, List<T>& value) {
        from_json(json, name, value.edit());
    }
    template <typename T>
    void from_json(JsonValue json, std::string_view name, T& value) {
        if constexpr (std::is_enum_v<T>) {
            std::string text;
            from_json(json, name, text);
            if (error_) return;
            for (const auto& [word_value, word] : words(T{})) {
                if (text == word) {
                    value = word_value;
                    return;
                }
            }
            wrong(name, "a word that is known there: '" + text + "'");
        } else {
            ReadFields fields{json, error_, kept_, this, name};
            describe(fields, value);
        }
    }

    JsonValue in_;
    std::optional<Error>& error_;
    KeptValues* kept_;
    const ReadFields* parent_;
    std::string_view name_;
    std::optional<JsonValue> next_;  ///< behind the member that was found last
    bool passed_over_ = false;
};

}  // namespace pushsim::history
