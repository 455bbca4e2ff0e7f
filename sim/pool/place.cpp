#include "sim/pool/place.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "sim/pool/writer.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::pool {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".pool";
constexpr std::size_t kLongestName = 64;

Result<fs::path> folder() {
    return stack::state_folder("pools");
}

/// A link of a person's own stays, what it points to is the pool. In our own folder there are none.
Result<Place> behind_links(Place place) {
    std::error_code unknown;
    if (!fs::is_symlink(place.file, unknown)) return place;
    if (!place.name.empty())
        return fail(ErrorKind::Config, place.text() + " is a symbolic link",
                    "remove the link, and name the file that it points to");
    std::error_code nowhere;
    fs::path target = fs::canonical(place.file, nowhere);
    if (nowhere)
        return fail(ErrorKind::Config,
                    fmt::format("{} is a symbolic link to nothing that can be reached: {}", place.text(),
                                nowhere.message()),
                    "remove the link, or name another file");
    return Place{"", std::move(target)};
}

}  // namespace

std::string Place::text() const {
    return name.empty() ? fmt::format("the pool {}", file.string())
                        : fmt::format("the pool '{}' ({})", name, file.string());
}

std::string Place::argument() const {
    return name.empty() ? file.string() : name;
}

fs::path Place::lock_file() const {
    return fs::path(file) += ".lock";
}

fs::path Place::ca_file() const {
    const std::string text = file.string();
    const std::size_t stem = text.size() - (text.ends_with(kSuffix) ? kSuffix.size() : 0);
    return text.substr(0, stem) + ".ca.pem";
}

bool is_pool_name(std::string_view text) {
    const auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !text.empty() && text.size() <= kLongestName && is_word(text.front()) &&
           !text.ends_with(kSuffix) &&
           std::ranges::all_of(text, [&](char c) { return is_word(c) || c == '-' || c == '.'; });
}

Result<Place> place_of(const std::string& word) {
    if (word.find('/') != std::string::npos || (word.ends_with(kSuffix) && word != kSuffix)) {
        if (word.ends_with('/'))
            return fail(ErrorKind::Usage, fmt::format("'{}' is a folder, and no pool", escaped(word, 200)),
                        "name a file in it, or a pool: pushsim pool list");
        return behind_links({"", fs::path(word)});
    }
    if (!is_pool_name(word)) {
        return fail(
            ErrorKind::Usage, fmt::format("'{}' is no name of a pool", escaped(word, 200)),
            "letters, digits, '_', '.' and '-', at most 64 of them; a file has a '/' or ends in .pool");
    }
    auto pools = folder();
    if (!pools) return fail(pools.error());
    return behind_links({word, *pools / (word + std::string(kSuffix))});
}

Result<std::vector<Place>> named_places() {
    auto pools = folder();
    if (!pools) return fail(pools.error());
    std::vector<Place> places;
    std::error_code error;
    for (fs::directory_iterator entry(*pools, error), end; !error && entry != end; entry.increment(error)) {
        fs::path file = entry->path();
        const bool is_part = file.extension() == part_suffix;
        if (is_part) file.replace_extension();
        if (file.extension() != kSuffix || (is_part && fs::exists(file, error))) continue;
        const std::string name = file.stem().string();
        if (is_pool_name(name)) places.push_back({name, std::move(file)});
    }
    if (error)
        return fail(ErrorKind::System, fmt::format("cannot read {}: {}", pools->string(), error.message()));
    std::ranges::sort(places, {}, &Place::name);
    return places;
}

}  // namespace pushsim::pool
