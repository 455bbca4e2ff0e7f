#include "agent/boot/ima_log.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace pushsim::boot {
namespace {

using tpm::HashAlgorithm;

void append_length(Bytes& data, std::size_t length) {
    for (int shift = 0; shift < 32; shift += 8)
        data.push_back(static_cast<std::uint8_t>(length >> shift));
}

/// With the zero that ends a text in C.
void append_text(Bytes& data, std::string_view text) {
    const ByteView octets = as_bytes(text);
    data.insert(data.end(), octets.begin(), octets.end());
    data.push_back(0);
}

}  // namespace

Bytes ima_template_data(const ImaFile& file) {
    constexpr std::string_view algorithm = "sha256:";
    Bytes data;
    append_length(data, algorithm.size() + 1 + file.digest.size());
    append_text(data, algorithm);
    data.insert(data.end(), file.digest.begin(), file.digest.end());
    append_length(data, file.path.size() + 1);
    append_text(data, file.path);
    return data;
}

std::string ima_line(const ImaFile& file) {
    return fmt::format("{} {} ima-ng sha256:{} {}", ima_pcr,
                       to_hex(tpm::hash(HashAlgorithm::Sha1, ima_template_data(file))), to_hex(file.digest),
                       file.path);
}

void ImaLog::add(ImaFile file) {
    std::string line = ima_line(file) + '\n';
    entries_.push_back({std::move(file), std::move(line)});
}

std::string ImaLog::text(std::uint64_t first, std::optional<std::uint64_t> count) const {
    std::string text;
    if (first >= entry_count()) return text;
    const std::uint64_t end = first + std::min(count.value_or(entry_count()), entry_count() - first);
    for (std::uint64_t i = first; i < end; ++i)
        text += entries_[i].line;
    return text;
}

void ImaLog::allow_in(AllowedFiles& allowed) const {
    for (const Entry& entry : entries_) {
        auto& digests = allowed[entry.file.path];
        std::string digest = to_hex(entry.file.digest);
        if (std::ranges::find(digests, digest) == digests.end()) digests.push_back(std::move(digest));
    }
}

}  // namespace pushsim::boot
