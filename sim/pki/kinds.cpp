#include <array>
#include <utility>

#include <fmt/format.h>

#include "sim/pki/pki.hpp"

namespace pushsim::pki {
namespace {

constexpr std::array<std::pair<CertificateKind, const char*>, 9> kWords{{
    {CertificateKind::Valid, "valid"},
    {CertificateKind::Admin, "admin"},
    {CertificateKind::Expired, "expired"},
    {CertificateKind::NotYetValid, "not_yet_valid"},
    {CertificateKind::WrongCa, "wrong_ca"},
    {CertificateKind::SelfSigned, "self_signed"},
    {CertificateKind::WrongName, "wrong_name"},
    {CertificateKind::NoSan, "no_san"},
    {CertificateKind::WrongUsage, "wrong_usage"},
}};

}  // namespace

const char* to_string(CertificateKind kind) {
    for (const auto& [known, word] : kWords) {
        if (known == kind) return word;
    }
    return "unknown";
}

Result<CertificateKind> certificate_kind(std::string_view word) {
    std::string known_words;
    for (const auto& [kind, known] : kWords) {
        if (word == known) return kind;
        known_words += known_words.empty() ? known : fmt::format(", {}", known);
    }
    return fail(ErrorKind::Config, fmt::format("no certificate kind '{}'", word),
                fmt::format("known are: {}", known_words));
}

const std::vector<CertificateKind>& certificate_kinds() {
    static const auto kinds = [] {
        std::vector<CertificateKind> all;
        all.reserve(kWords.size());
        for (const auto& [kind, word] : kWords)
            all.push_back(kind);
        return all;
    }();
    return kinds;
}

}  // namespace pushsim::pki
