#pragma once
// Where the values of a JSON text stand, without a copy of any: a history has millions of lines, and trees of
// them cost more than all that is made of them. Strict (RFC 8259): what it takes, nlohmann/json takes too.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushsim::history {

class JsonIndex;

/// A value in a text; text and index must outlive it.
class JsonValue {
  public:
    bool is_object() const;
    bool is_array() const;
    bool is_string() const;
    std::optional<bool> boolean() const;
    /// Nothing where it is none, or does not fit.
    std::optional<std::int64_t> integer() const;
    std::optional<std::uint64_t> whole_number() const;  ///< not of "-0" either
    std::optional<double> number() const;               ///< finite
    /// Of a string: its text; of anything else nothing useful.
    std::string string() const;
    /// The same, where it stands in the text as it is; nothing where it has escapes, or is no string.
    std::optional<std::string_view> plain_string() const;
    /// As it stands there, a string with its quotes.
    std::string_view raw() const;

    /// Walks over elements, or over members: first a name, then its value.
    std::optional<JsonValue> first() const;
    std::optional<JsonValue> next() const;
    /// Of a string: whether that is its text.
    bool is(std::string_view text) const;

  private:
    friend class JsonIndex;
    JsonValue(const JsonIndex& index, std::uint32_t at, std::uint32_t end)
        : index_(&index), at_(at), end_(end) {}

    const JsonIndex* index_;
    std::uint32_t at_;
    std::uint32_t end_;  ///< behind the last value beside it
};

class JsonIndex {
  public:
    /// False where the text is no JSON, nested more than max_json_depth deep, or longer than 4 GiB.
    bool read(std::string_view text);
    /// After read(), while it has been true and the text lives.
    JsonValue root() const;

  private:
    friend class JsonValue;
    enum class Kind : std::uint8_t {
        Object,
        Array,
        String,
        EscapedString,
        Integer,
        Number,
        True,
        False,
        Null
    };
    struct Token {
        std::uint32_t begin;
        std::uint32_t end;
        std::uint32_t next;  ///< token behind it and all within it
        Kind kind;
    };

    void skip_spaces();
    bool take(char c);
    bool value(std::size_t depth);
    bool container(Kind kind, char close, std::size_t depth);
    bool string();
    bool number();
    bool word(std::string_view text, Kind kind);
    bool digits();
    void add(Kind kind, std::size_t begin);

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<Token> tokens_;
};

}  // namespace pushsim::history
