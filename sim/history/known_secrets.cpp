#include "sim/history/known_secrets.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>

#include "agent/base/bytes.hpp"
#include "sim/history/json_text.hpp"

namespace pushsim::history {
namespace {

constexpr std::size_t least_filter_words = 1024;
constexpr std::size_t filter_bits_a_key = 16;

std::uint64_t first_octets(std::string_view text) {
    std::uint64_t key = 0;
    std::memcpy(&key, text.data(), sizeof key);
    return key;
}

/// Both bits of a key stand in one word of the filter.
struct FilterPlace {
    std::size_t word;
    std::uint64_t bits;
};
/// `words` is a power of two.
FilterPlace filter_place(std::uint64_t key, std::size_t words) {
    const std::uint64_t mixed = key * 0x9E3779B97F4A7C15U;
    return {static_cast<std::size_t>(mixed >> 32U) & (words - 1),
            std::uint64_t{1} << (mixed >> 26U & 63U) | std::uint64_t{1} << (mixed >> 20U & 63U)};
}

void add_encodings(ByteView octets, std::vector<std::string>& forms) {
    std::string base64 = to_base64(octets);
    forms.push_back(base64);
    base64.erase(base64.find_last_not_of('=') + 1);
    forms.push_back(base64);
    std::replace(base64.begin(), base64.end(), '+', '-');
    std::replace(base64.begin(), base64.end(), '/', '_');
    forms.push_back(base64);
    std::string hex = to_hex(octets);
    forms.push_back(hex);
    std::transform(hex.begin(), hex.end(), hex.begin(),
                   [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
    forms.push_back(std::move(hex));
}

/// As URLs have it: of every octet, and of those alone that may not stand there.
void add_percent_encodings(std::string_view secret, std::vector<std::string>& forms) {
    constexpr std::string_view unreserved = "-._~";
    for (const char* digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
        std::string all, needed;
        for (const char c : secret) {
            const auto octet = static_cast<unsigned char>(c);
            const std::array<char, 3> code{'%', digits[octet >> 4U], digits[octet & 15U]};
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            all.append(code.data(), code.size());
            if (letter || unreserved.find(c) != std::string_view::npos) {
                needed += c;
            } else {
                needed.append(code.data(), code.size());
            }
        }
        forms.push_back(std::move(all));
        forms.push_back(std::move(needed));
    }
}

std::vector<std::string> forms_of(std::string_view secret) {
    std::vector<std::string> forms{std::string{secret}};
    add_encodings(as_bytes(secret), forms);
    add_percent_encodings(secret, forms);
    auto decoded = from_hex(secret);
    if (!decoded) decoded = from_base64(secret);
    if (decoded && decoded->size() >= KnownSecrets::min_size) {
        forms.emplace_back(reinterpret_cast<const char*>(decoded->data()), decoded->size());
        add_encodings(*decoded, forms);
    }
    const std::string quoted = dump_json(nlohmann::ordered_json(std::string{secret}));
    forms.push_back(quoted.substr(1, quoted.size() - 2));
    std::sort(forms.begin(), forms.end());
    forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
    return forms;
}

}  // namespace

KnownSecrets::KnownSecrets(std::size_t limit) : limit_(limit), filter_(least_filter_words) {}

bool KnownSecrets::use(std::string_view secret) {
    const auto at = by_raw_.find(secret);
    if (at == by_raw_.end()) return false;
    secrets_.splice(secrets_.end(), secrets_, at->second);
    return true;
}

double KnownSecrets::filter_fill() const {
    std::size_t set = 0;
    for (const std::uint64_t word : filter_)
        set += static_cast<std::size_t>(std::popcount(word));
    return static_cast<double>(set) / static_cast<double>(filter_.size() * 64);
}

void KnownSecrets::add(std::string_view secret, std::string mark) {
    // One octet again and again, as in a tag of zeros, is nobody's secret, and stands in much that is none.
    if (secret.size() < min_size || secret.find_first_not_of(secret.front()) == std::string_view::npos)
        return;
    if (use(secret)) return;
    secrets_.push_back({std::string{secret}, std::move(mark), forms_of(secret)});
    const Secret& kept = secrets_.back();
    by_raw_.emplace(kept.raw, std::prev(secrets_.end()));
    for (const std::string& form : kept.forms) {
        const std::uint64_t key = first_octets(form);
        by_first_octets_.emplace(key, Form{&form, &kept});
        put_into_filter(key);
    }
    if (by_first_octets_.size() * filter_bits_a_key > filter_.size() * 64) fill_filter(2 * filter_.size());
    if (secrets_.size() > limit_) forget_oldest();
    if (stale_ > by_first_octets_.size()) fill_filter(filter_.size());
}

void KnownSecrets::forget_oldest() {
    const Secret& oldest = secrets_.front();
    for (const std::string& form : oldest.forms) {
        auto [at, end] = by_first_octets_.equal_range(first_octets(form));
        while (at != end)
            at = at->second.secret == &oldest ? by_first_octets_.erase(at) : std::next(at);
    }
    stale_ += oldest.forms.size();
    by_raw_.erase(oldest.raw);
    secrets_.pop_front();
}

/// Without those that were forgotten. What that costs is shared by as many that were added.
void KnownSecrets::fill_filter(std::size_t words) {
    filter_.assign(words, 0);
    stale_ = 0;
    for (const auto& [key, form] : by_first_octets_)
        put_into_filter(key);
}

void KnownSecrets::put_into_filter(std::uint64_t key) {
    const FilterPlace place = filter_place(key, filter_.size());
    filter_[place.word] |= place.bits;
}

bool KnownSecrets::may_begin(std::uint64_t key) const {
    const FilterPlace place = filter_place(key, filter_.size());
    return (filter_[place.word] & place.bits) == place.bits;
}

std::string KnownSecrets::replace_in(std::string_view text) const {
    std::string result;
    std::size_t copied = 0;
    for (std::size_t i = 0; !secrets_.empty() && i + min_size <= text.size();) {
        const std::uint64_t key = first_octets(text.substr(i, min_size));
        const Form* found = nullptr;
        if (may_begin(key)) {
            auto [at, end] = by_first_octets_.equal_range(key);
            for (; at != end; ++at) {
                const Form& form = at->second;
                if (text.substr(i, form.text->size()) == *form.text &&
                    (found == nullptr || form.text->size() > found->text->size())) {
                    found = &form;
                }
            }
        }
        if (found == nullptr) {
            ++i;
            continue;
        }
        result.append(text.substr(copied, i - copied)).append(found->secret->mark);
        i += found->text->size();
        copied = i;
    }
    return result.append(text.substr(copied));
}

}  // namespace pushsim::history
