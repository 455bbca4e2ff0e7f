// PCR numbers, measurements and PCR values.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sim/scenario/values.hpp"

namespace pushsim::scenario {
namespace {

struct Bank {
    std::string_view name;
    std::size_t digest_size;
};
constexpr std::array<Bank, 4> banks{{{"sha1", 20}, {"sha256", 32}, {"sha384", 48}, {"sha512", 64}}};

/// Hex of so many octets, or what is wrong with it.
tl::expected<Bytes, std::string> read_hex(std::string_view text, std::size_t size) {
    auto octets = from_hex(text);
    if (octets && octets->size() == size) return std::move(*octets);
    const std::size_t wrong = text.find_first_not_of("0123456789abcdefABCDEF");
    if (wrong == std::string_view::npos) return tl::make_unexpected(fmt::format("found {}", text.size()));
    return tl::make_unexpected(fmt::format("character {} is not one", wrong + 1));
}

}  // namespace

std::optional<int> read_pcr(Report& report, const Node& node) {
    const auto value = node.is(Node::Kind::Scalar) ? parse_integer(node.text) : std::nullopt;
    if (!value || *value < 0 || *value > 23) {
        report.add(node, fmt::format("expected a PCR number from 0 to 23; found {}", found(node)));
        return std::nullopt;
    }
    return static_cast<int>(*value);
}

std::vector<int> read_pcr_list(Report& report, const Node& node, std::string_view what) {
    std::vector<int> pcrs;
    if (!node.is(Node::Kind::List) || node.items.empty()) {
        report.expected(node, what, "a list of PCR numbers, like [0, 7]");
        return pcrs;
    }
    for (const Node& item : node.items) {
        const auto pcr = read_pcr(report, item);
        if (!pcr) continue;
        if (std::ranges::find(pcrs, *pcr) != pcrs.end()) {
            report.add(item, fmt::format("PCR {} is given twice", *pcr));
        } else {
            pcrs.push_back(*pcr);
        }
    }
    return pcrs;
}

std::optional<Measurement> read_measurement(Report& report, const Node& node) {
    const auto bad = [&] {
        report.add(node, fmt::format("expected a measurement, text:… (hashed) or a digest sha1:…, sha256:…, "
                                     "sha384:…, sha512:… in hex; found {}",
                                     found(node)));
        return std::nullopt;
    };
    if (!node.is(Node::Kind::Scalar)) return bad();
    const std::size_t colon = node.text.find(':');
    if (colon == std::string::npos || colon + 1 == node.text.size()) return bad();
    const std::string_view kind = std::string_view(node.text).substr(0, colon);
    const std::string_view rest = std::string_view(node.text).substr(colon + 1);
    if (kind == "text") {
        const ByteView octets = as_bytes(rest);
        return Measurement{node.text, "", Bytes(octets.begin(), octets.end())};
    }
    const auto bank = std::ranges::find(banks, kind, &Bank::name);
    if (bank == banks.end()) return bad();
    auto digest = read_hex(rest, bank->digest_size);
    if (!digest) {
        report.add(node, fmt::format("a {} digest has {} hex digits; {}", kind, bank->digest_size * 2,
                                     digest.error()));
        return std::nullopt;
    }
    return Measurement{node.text, std::string(kind), std::move(*digest)};
}

std::vector<Extension> read_extensions(Report& report, const Entries& entries) {
    std::vector<Extension> extensions;
    for (const auto& [key, value] : entries) {
        const auto pcr = read_pcr(report, *key);
        if (pcr && *pcr >= 17 && *pcr <= 22) {
            report.add(*key,
                       fmt::format("PCR {} cannot be extended from locality 0; use 0 to 16 or 23", *pcr));
        }
        if (!value->is(Node::Kind::List) || value->items.empty()) {
            report.expected(*value, "PCR " + shown(key->text),
                            "a list of measurements, like [\"text:secure-boot-on\"]");
            continue;
        }
        for (const Node& item : value->items) {
            auto measurement = read_measurement(report, item);
            if (pcr && measurement) extensions.push_back({*pcr, std::move(*measurement)});
        }
    }
    return extensions;
}

std::map<int, std::vector<std::string>> read_allowed_values(Report& report, const Entries& entries) {
    std::map<int, std::vector<std::string>> allowed;
    for (const auto& [key, value] : entries) {
        const auto pcr = read_pcr(report, *key);
        if (!value->is(Node::Kind::List) || value->items.empty()) {
            report.expected(*value, "PCR " + shown(key->text),
                            "a list of the values that the PCR may have, in hex");
            continue;
        }
        for (const Node& item : value->items) {
            const auto octets = item.is(Node::Kind::Scalar) ? from_hex(item.text) : Result<Bytes>{};
            const bool fits =
                octets && std::ranges::find(banks, octets->size(), &Bank::digest_size) != banks.end();
            if (!fits) {
                report.add(item, fmt::format("expected a PCR value of 40, 64, 96 or 128 hex digits; found {}",
                                             found(item)));
            } else if (pcr) {
                allowed[*pcr].push_back(to_hex(*octets));
            }
        }
    }
    return allowed;
}

}  // namespace pushsim::scenario
