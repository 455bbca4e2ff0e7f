#pragma once
// Members of a line, described once for both directions: describe(fields, record) names them, WriteFields
// puts them into JSON, ReadFields takes them out and says which one is wrong. Heavy header: for .cpp files
// alone.

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/base/bytes.hpp"
#include "agent/base/http.hpp"
#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/history/json_text.hpp"

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
    /// A structure whose members are left out together when it is as constructed.
    template <typename T>
    void part(const char* name, const T& value) {
        if (Json json = to_json(value); !json.empty()) out_[name] = std::move(json);
    }
    /// Text that is JSON stands as JSON.
    void json_text(const char* name, const std::string& text) {
        if (text.empty()) return;
        auto json = parse_json(text);
        out_[name] = json ? std::move(*json) : Json(text);
    }
    /// Octets: text where they are UTF-8, else base64 under "<name>64".
    void octets(const char* name, const std::string& value) {
        if (value.empty()) return;
        const Json json = value;
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
    ReadFields(const Json& in, std::string path, std::optional<Error>& error)
        : in_(in), path_(std::move(path)), error_(error) {
        if (!in_.is_object()) wrong("", "an object");
    }

    template <typename T>
    void must(const char* name, T& value) {
        if (const Json* json = find(name)) {
            from_json(*json, name, value);
        } else {
            wrong(name, "there");
        }
    }
    template <typename T>
    void maybe(const char* name, T& value) {
        if (const Json* json = find(name)) from_json(*json, name, value);
    }
    template <typename T>
    void maybe(const char* name, std::optional<T>& value) {
        if (const Json* json = find(name)) from_json(*json, name, value.emplace());
    }
    template <typename T>
    void part(const char* name, T& value) {
        maybe(name, value);
    }
    void json_text(const char* name, std::string& text) {
        if (const Json* json = find(name))
            text = json->is_string() ? json->get<std::string>() : dump_json(*json);
    }
    void octets(const char* name, std::string& value) {
        maybe(name, value);
        std::string base64;
        const std::string encoded_name = std::string{name} + "64";
        maybe(encoded_name.c_str(), base64);
        if (base64.empty()) return;
        if (auto decoded = from_base64(base64)) {
            value.assign(decoded->begin(), decoded->end());
        } else {
            wrong(encoded_name, "base64");
        }
    }

  private:
    const Json* find(const char* name) const {
        if (error_ || !in_.is_object()) return nullptr;
        const auto at = in_.find(name);
        return at == in_.end() ? nullptr : &*at;
    }
    void wrong(const std::string& name, const std::string& expected) {
        if (!error_) error_ = Error{ErrorKind::Parse, path_ + "/" + name + ": is not " + expected};
    }

    void from_json(const Json& json, const std::string& name, bool& value) {
        if (!json.is_boolean()) return wrong(name, "true or false");
        value = json.get<bool>();
    }
    void from_json(const Json& json, const std::string& name, std::int64_t& value) {
        const bool fits =
            json.is_number_integer() &&
            (!json.is_number_unsigned() ||
             json.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
        if (!fits) return wrong(name, "an integer of 64 bits");
        value = json.get<std::int64_t>();
    }
    void from_json(const Json& json, const std::string& name, int& value) {
        std::int64_t wide = 0;
        from_json(json, name, wide);
        if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
            return wrong(name, "an integer of 32 bits");
        }
        value = static_cast<int>(wide);
    }
    void from_json(const Json& json, const std::string& name, std::uint64_t& value) {
        if (!json.is_number_unsigned()) return wrong(name, "a whole number");
        value = json.get<std::uint64_t>();
    }
    void from_json(const Json& json, const std::string& name, double& value) {
        if (!json.is_number() || !std::isfinite(json.get<double>())) return wrong(name, "a number");
        value = json.get<double>();
    }
    void from_json(const Json& json, const std::string& name, std::string& value) {
        if (!json.is_string()) return wrong(name, "a text");
        value = json.get<std::string>();
    }
    void from_json(const Json& json, const std::string& name, Duration& value) {
        std::int64_t microseconds = 0;
        from_json(json, name, microseconds);
        constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 1000;
        if (microseconds > most || microseconds < -most) return wrong(name, "a duration that fits");
        value = std::chrono::microseconds{microseconds};
    }
    void from_json(const Json& json, const std::string& name, WallTime& value) {
        std::string text;
        from_json(json, name, text);
        if (error_) return;
        if (auto time = from_rfc3339(text)) {
            value = *time;
        } else {
            wrong(name, "a time of RFC 3339");
        }
    }
    void from_json(const Json& json, const std::string& name, std::map<std::string, std::string>& value) {
        if (!json.is_object()) return wrong(name, "an object");
        for (const auto& [key, member] : json.items())
            from_json(member, name + "/" + key, value[key]);
    }
    void from_json(const Json& json, const std::string& name, std::map<int, std::string>& value) {
        if (!json.is_object()) return wrong(name, "an object");
        for (const auto& [key, member] : json.items()) {
            const bool digits =
                !key.empty() && key.size() < 6 && key.find_first_not_of("0123456789") == std::string::npos;
            if (!digits) return wrong(name + "/" + key, "a number");
            from_json(member, name + "/" + key, value[std::stoi(key)]);
        }
    }
    void from_json(const Json& json, const std::string& name, HttpHeaders& value) {
        if (!json.is_array()) return wrong(name, "a list");
        for (const Json& pair : json) {
            if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
                return wrong(name, "a list of name and value");
            }
            value.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
        }
    }
    template <typename T>
    void from_json(const Json& json, const std::string& name, std::vector<T>& value) {
        if (!json.is_array()) return wrong(name, "a list");
        for (const Json& element : json) {
            const std::string element_name = name + "/" + std::to_string(value.size());
            from_json(element, element_name, value.emplace_back());
            if (error_) return;
        }
    }
    template <typename T>
    void from_json(const Json& json, const std::string& name, T& value) {
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
            ReadFields fields{json, path_ + "/" + name, error_};
            describe(fields, value);
        }
    }

    const Json& in_;
    std::string path_;
    std::optional<Error>& error_;
};

}  // namespace pushsim::history
