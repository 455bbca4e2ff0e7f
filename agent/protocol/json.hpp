#pragma once
// Reading one JSON document member by member, for the parsers of this folder. The first thing that is not as
// expected is remembered with its JSON pointer; from then on reads may give empty values. So a parser reads
// straight through and asks once, at the end, whether all was well. Documents come from servers that may be
// hostile: what is built beside the document itself is bounded by it, and complaints are escaped and short.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/base/bytes.hpp"
#include "agent/base/time.hpp"

namespace pushsim::protocol::json {

/// Deeper nesting is refused before anything is built of it.
inline constexpr std::size_t kMaxDepth = 64;

/// For lists of which only the size of the body says how long they are.
inline constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();

class Document;

/// A value in a document, or its absence; cheap to copy, must not outlive the document. Values of missing or
/// ill-typed members are absent, and reads of members of an absent value are empty and complain no further.
class Value {
  public:
    // Required members: missing, null or another type is complained of, and so are more elements or members
    // than `at_most`. Names must outlive the value that they give.
    Value object(std::string_view name) const;
    std::vector<Value> array(std::string_view name, std::size_t at_most = kAnyNumber) const;
    /// Those of an object.
    std::vector<std::pair<std::string_view, Value>> members(std::string_view name, std::size_t at_most) const;
    std::string text(std::string_view name) const;
    Bytes base64(std::string_view name) const;
    WallTime time(std::string_view name) const;
    std::uint64_t count(std::string_view name) const;  ///< a whole number that is not negative
    bool flag(std::string_view name) const;            ///< true, false, 1 or 0
    std::vector<std::string> texts(std::string_view name) const;

    // Nothing where the member is missing or null; another type is complained of.
    std::optional<Value> optional_object(std::string_view name) const;
    std::optional<std::string> optional_text(std::string_view name) const;
    std::optional<Bytes> optional_base64(std::string_view name) const;
    std::optional<WallTime> optional_time(std::string_view name) const;
    std::optional<std::uint64_t> optional_count(std::string_view name) const;

    // Nothing where there is no such value; never complain.
    Value object_if_any(std::string_view name) const;
    std::vector<Value> array_if_any(std::string_view name, std::size_t at_most) const;  ///< the first ones
    std::optional<std::string> text_if_any(std::string_view name) const;
    std::optional<double> number_if_any(std::string_view name) const;

    // The value itself, for elements of arrays and members of maps.
    bool is_null() const;  ///< null or absent
    bool is_string() const;
    Value as_object() const;
    std::vector<Value> as_array(std::size_t at_most = kAnyNumber) const;
    std::string as_text() const;
    std::uint64_t as_count() const;

    /// Complains of the member of that name (of the value itself when the name is empty).
    void wrong(std::string_view name, std::string_view what) const;

  private:
    friend class Document;
    Value(Document* document, const nlohmann::json* value, const nlohmann::json* parent = nullptr,
          std::string_view name = {});
    Value member(std::string_view name) const;
    /// Whether the value has the type; complains if not. Absent values were complained of before.
    bool expect(bool is_type, std::string_view type) const;
    /// Whether there are no more of them; complains if there are.
    bool expect_at_most(std::size_t at_most, std::string_view what) const;
    std::vector<Value> elements(std::size_t at_most) const;
    std::string pointer() const;
    bool absent() const { return value_ == nullptr; }

    Document* document_;
    const nlohmann::json* value_;
    const nlohmann::json* parent_;  ///< of an absent value: where it is missing, and
    std::string_view name_;         ///< under which name
};

class Document {
  public:
    /// ErrorKind::Parse with the octet at which it stops being JSON (RFC 8259), or for nesting beyond
    /// kMaxDepth.
    static Result<Document> parse(std::string_view text);
    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;
    ~Document();

    Value root();
    /// The first complaint, "/data/attributes/token: missing, expected a string"; empty when all was well.
    const std::string& complaint() const { return complaint_; }

  private:
    friend class Value;
    explicit Document(std::unique_ptr<nlohmann::json> value);
    std::unique_ptr<nlohmann::json> value_;
    std::string complaint_;
};

}  // namespace pushsim::protocol::json
