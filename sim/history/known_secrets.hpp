#pragma once
// Secrets that were seen, and what stands for them.

#include <algorithm>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pushsim::history {

/// Finds the octets of many secrets in a text at once, in the forms they are likely to be written in: raw,
/// base64 (with and without padding, both alphabets), hexadecimal, percent-encoded, escaped in JSON; where a
/// secret is itself hexadecimal or base64, the octets it stands for as well. Not thread-safe.
class KnownSecrets {
  public:
    static constexpr std::size_t min_size = 8;

    /// Those that were longest not used are forgotten beyond `limit`.
    explicit KnownSecrets(std::size_t limit = 65536);

    /// `mark` replaces every form of it. Nothing happens if it is known, shorter than min_size, or one octet
    /// again and again.
    void add(std::string_view secret, std::string mark);

    /// `limit` is at least so high from now on.
    void allow_for(std::size_t secrets) { limit_ = std::max(limit_, secrets); }

    /// Whether it is known; it has been used now.
    bool use(std::string_view secret);

    /// How full the filter is that most positions of a text do not pass, from 0 to 1: a full one lets all
    /// through, and replace_in() is slow.
    double filter_fill() const;

    /// The text with every occurrence replaced, the longest first.
    std::string replace_in(std::string_view text) const;

  private:
    struct Secret {
        std::string raw;
        std::string mark;
        std::vector<std::string> forms;
    };
    struct Form {
        const std::string* text;
        const Secret* secret;
    };

    void forget_oldest();
    bool may_begin(std::uint64_t first_octets) const;
    void fill_filter(std::size_t words);
    void put_into_filter(std::uint64_t first_octets);

    std::size_t limit_;
    std::list<Secret> secrets_;  // the last used at the end
    std::unordered_map<std::string_view, std::list<Secret>::iterator> by_raw_;
    std::unordered_multimap<std::uint64_t, Form> by_first_octets_;
    // Bloom filter of the keys above, for most positions of a text match none. It grows with them: one that
    // is full lets everything through.
    std::vector<std::uint64_t> filter_;
    std::size_t stale_ = 0;  // keys that were forgotten since the filter was filled
};

}  // namespace pushsim::history
