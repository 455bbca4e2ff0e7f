#include "sim/history/texts.hpp"

#include "sim/history/descriptions.hpp"

namespace pushsim::history {
namespace {

/// Reads members as WriteFields does, and takes the text among them.
class TakeFields {
  public:
    explicit TakeFields(const TakeText& take) : take_(take) {}

    template <typename T>
    void must(const char* name, const T& value) {
        look(name, value);
    }
    template <typename T>
    void maybe(const char* name, const T& value) {
        look(name, value);
    }
    template <typename T>
    void part(const char* name, const T& value) {
        look(name, value);
    }
    void unlike(const char* name, const Text& value) { look(name, value); }
    void json_text(const char* name, std::string_view text) { look(name, text); }
    void octets(const char* name, std::string_view value) { look(name, value); }

  private:
    void look(std::string_view name, std::string_view text) {
        if (!text.empty()) take_(name, text);
    }
    void look(std::string_view name, const std::string& text) { look(name, std::string_view{text}); }
    void look(std::string_view name, const Text& text) { look(name, text.view()); }
    void look(std::string_view, const HttpHeaders& headers) {
        for (const auto& [name, text] : headers)
            look(name, text);
    }
    template <typename K>
    void look(std::string_view, const std::map<K, std::string>& texts) {
        for (const auto& [key, text] : texts) {
            if constexpr (std::is_same_v<K, std::string>) {
                look(key, text);
            } else {
                look("", text);
            }
        }
    }
    template <typename T>
    void look(std::string_view name, const std::optional<T>& value) {
        if (value) look(name, *value);
    }
    template <typename T>
    void look(std::string_view name, const Shared<T>& value) {
        if (value) look(name, *value);
    }
    template <typename T>
    void look(std::string_view name, const List<T>& values) {
        look(name, static_cast<const std::vector<T>&>(values));
    }
    template <typename T>
    void look(std::string_view, const std::vector<T>& values) {
        for (const T& value : values)
            look("", value);
    }
    template <typename T>
    void look(std::string_view, const T& value) {
        if constexpr (std::is_class_v<T> && !std::is_same_v<T, WallTime> && !std::is_same_v<T, Duration>) {
            describe(*this, const_cast<T&>(value));  // one description for all; this one only reads
        }
    }

    const TakeText& take_;
};

}  // namespace

void for_each_text(const Entry& line, const TakeText& take) {
    TakeFields fields{take};
    describe(fields, const_cast<Where&>(*line.where));
    describe_held(fields, line.event);
}

void for_each_text(const Head& head, const TakeText& take) {
    TakeFields fields{take};
    describe(fields, const_cast<Head&>(head));
}

}  // namespace pushsim::history
