#include "sim/pool/format.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/base/json_depth.hpp"
#include "agent/base/text.hpp"
#include "agent/tpm/hash_algorithm.hpp"

namespace pushsim::pool {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "pushsim TPM pool ";
constexpr std::size_t kHeaderDepth = 4;

Bytes sha256(ByteView octets) {
    return tpm::hash(tpm::HashAlgorithm::Sha256, octets);
}

void append_u32(Bytes& octets, std::size_t number) {
    for (int shift = 24; shift >= 0; shift -= 8)
        octets.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::uint32_t u32(ByteView octets) {
    std::uint32_t number = 0;
    for (const std::uint8_t octet : octets.first(4))
        number = number << 8 | octet;
    return number;
}

bool is_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<std::size_t> hex_number(std::string_view text) {
    if (!is_hex(text)) return std::nullopt;
    std::size_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return number;
}

const char* word_in_file(tpm::AkParent parent) {
    return parent == tpm::AkParent::Ek ? "ek" : "primary";
}

tpm::AkParent ak_parent(const std::string& word) {
    for (const tpm::AkParent parent : {tpm::AkParent::None, tpm::AkParent::Ek})
        if (word == word_in_file(parent)) return parent;
    throw std::invalid_argument("has attestation keys of an unknown kind");
}

About about_from(const json& header) {
    About about;
    about.libtpms_version = header.at("libtpms").get<std::string>();
    about.libtpms_build = header.at("build").get<std::string>();
    about.ak = ak_parent(header.at("ak").get<std::string>());
    // Both are shown to people, and the file may be anybody's.
    if (about.libtpms_version.size() > 32 ||
        about.libtpms_version.find_first_not_of("0123456789.") != std::string::npos)
        throw std::invalid_argument("has no version of libtpms");
    if (about.libtpms_build.size() != 64 || !is_hex(about.libtpms_build))
        throw std::invalid_argument("has no build of libtpms");
    const auto made = from_rfc3339(header.at("made").get<std::string>());
    if (!made) throw std::invalid_argument(made.error().message);
    about.made = *made;
    if (const auto ca = header.find("ek_ca"); ca != header.end())
        about.ek_ca =
            pki::Credentials{ca->at("certificate").get<std::string>(), ca->at("key").get<std::string>()};
    return about;
}

}  // namespace

const char* ak_word(tpm::AkParent parent) {
    return parent == tpm::AkParent::Ek ? "child" : "primary";
}

Result<void> check_first_line(std::string_view line) {
    if (line == first_line) return {};
    if (line.starts_with(kMagic)) {
        const std::string_view number = line.substr(kMagic.size(), line.find('\n') - kMagic.size());
        return fail(ErrorKind::Parse,
                    fmt::format("is a pool of format {}, and this pushsim knows format 1 alone",
                                escaped(number, 16)));
    }
    return fail(ErrorKind::Parse, "is no pool of TPMs");
}

Bytes entry_octets(const Entry& entry) {
    Bytes octets;
    for (const Bytes* field :
         {&entry.permanent_state, &entry.ek_public, &entry.ak_public, &entry.ek_factor, &entry.ak_factor}) {
        append_u32(octets, field->size());
        octets.insert(octets.end(), field->begin(), field->end());
    }
    return octets;
}

Result<Entry> parse_entry(ByteView octets) {
    Entry entry;
    for (Bytes* field :
         {&entry.permanent_state, &entry.ek_public, &entry.ak_public, &entry.ek_factor, &entry.ak_factor}) {
        if (octets.size() < 4 || octets.size() - 4 < u32(octets))
            return fail(ErrorKind::Parse, "ends within a field");
        const ByteView contents = octets.subspan(4, u32(octets));
        field->assign(contents.begin(), contents.end());
        octets = octets.subspan(4 + contents.size());
    }
    if (!octets.empty()) return fail(ErrorKind::Parse, "has octets behind its last field");
    return entry;
}

IndexLine index_line(ByteView entry) {
    IndexLine line{.size = static_cast<std::uint32_t>(entry.size())};
    std::ranges::copy(sha256(entry), line.hash.begin());
    return line;
}

void append(Bytes& index, const IndexLine& line) {
    append_u32(index, line.size);
    index.insert(index.end(), line.hash.begin(), line.hash.end());
}

IndexLine parse_index_line(ByteView octets) {
    IndexLine line{.size = u32(octets)};
    std::ranges::copy(octets.subspan(4, line.hash.size()), line.hash.begin());
    return line;
}

std::string header_text(const About& about) {
    json header = {{"libtpms", about.libtpms_version},
                   {"build", about.libtpms_build},
                   {"ak", word_in_file(about.ak)},
                   {"made", to_rfc3339(about.made)}};
    if (about.ek_ca)
        header["ek_ca"] = {{"certificate", about.ek_ca->certificate_pem}, {"key", about.ek_ca->key_pem}};
    return header.dump() + "\n";
}

Result<About> parse_header(std::string_view text) {
    if (json_deeper_than(text, kHeaderDepth)) return fail(ErrorKind::Parse, "is too deep");
    try {
        return about_from(json::parse(text));
    } catch (const std::exception& error) {  // json's, and ours above
        return fail(ErrorKind::Parse, error.what());
    }
}

std::string trailer_text(const Trailer& trailer) {
    return fmt::format("{:08x} {:08x} {}\n", trailer.header_size, trailer.count, trailer.hash);
}

Result<Trailer> parse_trailer(std::string_view text) {
    const auto wrong = [] { return fail(ErrorKind::Parse, "does not end as a pool does"); };
    if (text.size() != trailer_size || text[8] != ' ' || text[17] != ' ' || text.back() != '\n')
        return wrong();
    const auto header_size = hex_number(text.substr(0, 8));
    const auto count = hex_number(text.substr(9, 8));
    const std::string_view hash = text.substr(18, 64);
    if (!header_size || *header_size > max_header_size || !count || *count > max_count || !is_hex(hash))
        return wrong();
    return Trailer{*header_size, *count, std::string(hash)};
}

std::string pool_hash(ByteView index, std::string_view header) {
    Bytes all(first_line.begin(), first_line.end());
    all.insert(all.end(), index.begin(), index.end());
    all.insert(all.end(), header.begin(), header.end());
    return to_hex(sha256(all));
}

}  // namespace pushsim::pool
