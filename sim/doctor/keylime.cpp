#include "sim/doctor/keylime.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "agent/tpm/attestation_keys.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::doctor {
namespace {

/// "7.14.3", "7.14.4.dev0+g9b1f6e6a": the first two numbers; nothing for what does not begin so.
std::optional<std::pair<int, int>> series_of(const std::string& version) {
    std::pair<int, int> series;
    const char* const end = version.data() + version.size();
    const auto [dot, bad] = std::from_chars(version.data(), end, series.first);
    if (bad != std::errc{} || dot == end || *dot != '.') return std::nullopt;
    const auto [last, bad_too] = std::from_chars(dot + 1, end, series.second);
    return bad_too == std::errc{} ? std::optional(series) : std::nullopt;
}

constexpr std::pair kFirstWithPush{7, 14};

Result<void> quote_once(tpm::TpmHost& host) {
    tpm::VirtualTpm tpm(host);
    if (auto on = tpm.power_on(); !on) return on;
    auto keys = tpm::AttestationKeys::provision(tpm, tpm::AkParent::None);
    if (!keys) return fail(keys.error());
    const auto quote = keys->quote(Bytes(16, 0), tpm::HashAlgorithm::Sha256, {0});
    if (!quote) return fail(quote.error());
    return {};
}

}  // namespace

Finding check_version(const std::string& version, const std::string& origin) {
    Finding finding{Level::Ok, "Keylime", fmt::format("{} ({})", version, origin)};
    const auto series = series_of(version);
    if (!series) {
        finding.level = Level::Warning;
        finding.found =
            fmt::format("of unknown version{} ({})", version.empty() ? "" : " '" + version + "'", origin);
        finding.mend =
            "push mode is in 7.14 and newer; scripts/setup installs a release that tells its version";
    } else if (*series < kFirstWithPush) {
        finding.level = Level::Fail;
        finding.found += ": without push mode, which came with 7.14";
        finding.mend =
            fmt::format("scripts/setup installs {}; without --keylime it is taken", stack::kPinnedRelease);
    }
    return finding;
}

Finding check_keylime(const Result<stack::KeylimeInstall>& keylime) {
    if (!keylime) return {Level::Fail, "Keylime", keylime.error().message, keylime.error().mend};
    return check_version(keylime->version, keylime->origin);
}

Finding check_python(const stack::KeylimeInstall& keylime, const Result<std::string>& problem) {
    constexpr const char* thing = "Keylime's Python";
    if (keylime.python.empty())
        return {Level::Skipped, thing, keylime.origin + " does not tell which Python runs it"};
    if (problem && problem->empty()) return {Level::Ok, thing, keylime.python + " imports both servers"};
    const auto home = stack::keylime_home() / keylime.version;
    const bool ours = keylime.origin.starts_with(home.string() + "/");
    return {Level::Fail, thing,
            problem ? fmt::format("{} cannot import the servers: {}", keylime.python, *problem)
                    : fmt::format("{} does not run: {}", keylime.python, problem.error().message),
            ours ? fmt::format("rm -r {} && scripts/setup --keylime {}", home.string(), keylime.version)
                 : "install what Keylime's requirements.txt names for that Python"};
}

Finding check_ports(const Result<stack::Ports>& ports) {
    if (!ports) return {Level::Fail, "servers' ports", ports.error().message, ports.error().mend};
    return {Level::Ok, "servers' ports",
            fmt::format("{} (registrar), {} (verifier), {} (registrar TLS) are free", ports->registrar_http,
                        ports->verifier, ports->registrar_tls)};
}

TpmFacts try_tpm() {
    const std::string library = "libtpms " + tpm::Library::version();
    try {
        tpm::TpmHost host;
        return {library, quote_once(host), host.fallback()};
    } catch (const std::runtime_error& error) {
        return {library, fail(ErrorKind::Tpm, error.what())};
    }
}

Finding check_tpm(const TpmFacts& facts) {
    if (facts.quotes && !facts.slow.empty()) {
        return {Level::Warning, "TPM",
                fmt::format(
                    "{} starts a TPM that quotes; several take turns by state blobs, each quote then costs "
                    "twice as much: {}",
                    facts.library, facts.slow)};
    }
    if (facts.quotes) return {Level::Ok, "TPM", facts.library + " starts a TPM that quotes"};
    return {Level::Fail, "TPM", fmt::format("{}: {}", facts.library, facts.quotes.error().message),
            "apt-get install --reinstall libtpms0; agents with `tcti:` do without"};
}

}  // namespace pushsim::doctor
