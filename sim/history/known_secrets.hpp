#pragma once
// Secrets that were seen, and what stands for them.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pushsim::history {

/// Finds the octets of many secrets in a text at once, in the forms they are likely to be written in: raw,
/// base64 (with and without padding, both alphabets), hexadecimal, escaped in JSON; where a secret is itself
/// hexadecimal or base64, the octets it stands for as well. Not thread-safe.
class KnownSecrets {
  public:
    static constexpr std::size_t min_size = 8;

    /// The oldest are forgotten beyond `limit`.
    explicit KnownSecrets(std::size_t limit = 65536);

    /// `mark` replaces every form of it. Nothing happens if it is known or shorter than min_size.
    void add(std::string_view secret, std::string mark);

    bool knows(std::string_view secret) const;

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
    void fill_filter();
    void put_into_filter(std::uint64_t first_octets);

    std::size_t limit_;
    std::deque<Secret> secrets_;
    std::unordered_set<std::string> raw_;
    std::unordered_multimap<std::uint64_t, Form> by_first_octets_;
    // Bloom filter of the keys above, for most positions of a text match none. It grows with them: one that
    // is full lets everything through.
    std::vector<std::uint64_t> filter_;
};

}  // namespace pushsim::history
