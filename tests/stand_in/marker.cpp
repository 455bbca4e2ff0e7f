#include "tests/stand_in/marker.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "agent/base/bytes.hpp"

namespace pushsim::stand_in {
namespace fs = std::filesystem;

std::vector<std::string> Marker::forms() const {
    std::vector<std::string> all{octets, to_hex(as_bytes(octets))};
    for (std::size_t before = 0; before < 3; ++before) {
        const std::string text = to_base64(as_bytes(std::string(before, 'x') + octets));
        const std::size_t begin = before == 0 ? 0 : 4;
        const std::size_t end = (before + octets.size()) / 3 * 4;
        all.push_back(text.substr(begin, end - begin));
    }
    std::string whole, needed;
    for (const char c : octets) {
        const std::string code = fmt::format("%{:02X}", static_cast<unsigned char>(c));
        whole += code;
        needed += std::isalnum(static_cast<unsigned char>(c)) != 0 ? std::string(1, c) : code;
    }
    all.push_back(whole);
    all.push_back(needed);
    return all;
}

bool Marker::is_in(const std::string& text) const {
    return std::ranges::any_of(forms(),
                               [&](const std::string& form) { return text.find(form) != std::string::npos; });
}

std::vector<Marker> markers_of_pem(const std::string& name, const std::string& pem) {
    std::vector<Marker> markers;
    for (std::size_t at = 0; at < pem.size();) {
        const std::size_t end = std::min(pem.find('\n', at), pem.size());
        if (pem[at] != '-' && end - at > 40) markers.push_back({name, pem.substr(at, end - at)});
        at = end + 1;
    }
    return markers;
}

std::vector<Marker> markers_of_file(const std::string& name, const std::string& content) {
    constexpr std::size_t length = 48;
    constexpr std::size_t different = 24;
    std::vector<Marker> markers;
    for (std::size_t at = 0; at + length <= content.size(); at += length) {
        const std::string piece = content.substr(at, length);
        if (std::set<char>(piece.begin(), piece.end()).size() >= different) markers.push_back({name, piece});
    }
    return markers;
}

std::string found_in(const Said& said, const std::vector<Marker>& markers) {
    std::string found;
    for (const Marker& marker : markers) {
        const auto forms = marker.forms();
        for (const auto& [what, text] : said) {
            if (std::ranges::any_of(
                    forms, [&](const std::string& form) { return text.find(form) != std::string::npos; }))
                found += fmt::format("{} in {}\n", marker.name, what);
        }
    }
    return found;
}

std::string found_below(const fs::path& folder, const std::vector<Marker>& markers) {
    Said files;
    for (const auto& file : fs::recursive_directory_iterator(folder)) {
        if (!file.is_regular_file() || file.is_symlink()) continue;
        std::ifstream in(file.path(), std::ios::binary);
        files.emplace_back(file.path().filename().string(),
                           std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()));
    }
    return found_in(files, markers);
}

}  // namespace pushsim::stand_in
