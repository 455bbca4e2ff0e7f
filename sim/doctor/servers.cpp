#include "sim/doctor/servers.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/stack/inspect.hpp"

namespace pushsim::doctor {
namespace {

using stack::Recognised;
using std::chrono::seconds;
using transport::FailureKind;

constexpr Duration kMuchSkew = seconds{1};
constexpr Duration kTooMuchSkew = seconds{5};
constexpr std::chrono::days kSoon{7};

std::string url(const ServerFacts& facts) {
    return fmt::format("{}://{}", facts.tls ? "https" : "http", facts.where.text());
}

/// What a failure to get an answer calls for.
std::string mend_of(const ServerFacts& facts, FailureKind kind, const std::string& ca_file) {
    const std::string port =
        fmt::format("see whether this is the {}'s port for {}", facts.server(), facts.tls ? "TLS" : "HTTP");
    switch (kind) {
        case FailureKind::Certificate:
            return fmt::format(
                "--ca must be the CA of this server's certificate (given: {}), which must name {} as "
                "an alternative name",
                ca_file, facts.where.host);
        case FailureKind::Tls:
            return port;
        case FailureKind::Closed:
        case FailureKind::Reset:
            return port + ", and what its log says";
        case FailureKind::Timeout:
            return port + ", whether a firewall is between, and what the server's log says";
        default:
            return fmt::format(
                "start the {}, or name where it listens; of `stack up`: pushsim stack logs says why "
                "it ended",
                facts.server());
    }
}

/// "+0.12 s", with its sign.
std::string in_seconds(Duration duration) {
    return fmt::format("{:+.2f} s", std::chrono::duration<double>(duration).count());
}

std::optional<std::uint64_t> whole(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    return bad == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string ServerFacts::server() const {
    return name.substr(0, name.find(' '));
}

std::optional<Recognised> ServerFacts::recognised() const {
    const auto& answer = version.outcome.response;
    return answer ? std::optional(stack::recognise(answer->status, sessions)) : std::nullopt;
}

Finding check_server(const ServerFacts& facts, const std::string& ca_file) {
    const auto& outcome = facts.version.outcome;
    if (!outcome.response) {
        const auto& failure = *outcome.failure;
        return {Level::Fail, facts.name, failure.message, mend_of(facts, failure.kind, ca_file)};
    }
    // The registrar says its versions; a verifier has no such resource in push mode, which check_mode()
    // judges.
    const auto known = facts.recognised();
    const bool is_verifier = known == Recognised::PushVerifier || known == Recognised::PullVerifier;
    if (facts.server() == "registrar" && (is_verifier || outcome.response->status != 200)) {
        return {Level::Fail, facts.name,
                fmt::format("{} answers GET /version with {}: {}", url(facts), outcome.response->status,
                            is_verifier ? "a verifier" : "no registrar"),
                fmt::format("name the {} port that the registrar listens on", facts.tls ? "TLS" : "HTTP")};
    }
    return {
        Level::Ok, facts.name,
        url(facts) + (facts.tls ? " answers; its certificate verifies for " + facts.where.host : " answers")};
}

std::optional<Finding> check_swapped(const ServerFacts& verifier, const ServerFacts& registrar_tls) {
    const auto there = registrar_tls.recognised();
    if (verifier.recognised() != Recognised::Registrar ||
        (there != Recognised::PushVerifier && there != Recognised::PullVerifier))
        return std::nullopt;
    const Error error = stack::ports_are_swapped(verifier.where, registrar_tls.where);
    return Finding{Level::Fail, "servers", error.message, error.mend};
}

Finding check_mode(const ServerFacts& verifier) {
    constexpr const char* thing = "verifier's mode";
    const auto known = verifier.recognised();
    if (!known || !verifier.sessions) return {Level::Skipped, thing, "the verifier does not answer"};
    switch (*known) {
        case Recognised::PushVerifier:
            return {Level::Ok, thing, "push"};
        case Recognised::PullVerifier:
            return {Level::Fail, thing, "pull: agents cannot send attestations to it",
                    "set `mode = push` in [verifier] of its verifier.conf and restart it"};
        case Recognised::Registrar:
            return {Level::Fail, thing,
                    fmt::format("{} has no sessions: a registrar, or a verifier before Keylime 7.14",
                                url(verifier)),
                    "name the verifier's port; push mode needs Keylime 7.14 or newer"};
        case Recognised::Unclear:
            break;
    }
    return {*verifier.sessions == 405 ? Level::Warning : Level::Fail, thing,
            fmt::format("unclear: GET /version is {} (410: push, 200: pull), and GET /v3.0/sessions is {} "
                        "(405: a verifier)",
                        verifier.version.outcome.response->status, *verifier.sessions),
            "see whether this is the verifier's port, the verifier's log, and `mode` in its verifier.conf"};
}

Finding check_admin(const std::string& server, const stack::Call& list) {
    const std::string thing = "administrator at " + server;
    const auto& outcome = list.outcome;
    const std::string mend =
        "--admin-cert and --admin-key must be a pair, of a CA in the server's trusted_client_ca";
    if (!outcome.response) return {Level::Fail, thing, outcome.failure->message, mend};
    const int status = outcome.response->status;
    if (status == 200) return {Level::Ok, thing, "the certificate may list agents"};
    if (status == 401 || status == 403)
        return {Level::Fail, thing, fmt::format("the certificate is refused ({})", status), mend};
    return {Level::Fail, thing, fmt::format("{} is answered with {}", list.request.target, status),
            fmt::format("see the log of the {}", server)};
}

Finding check_validity(const std::string& thing, const std::filesystem::path& file,
                       const Result<Validity>& validity, WallTime now) {
    if (!validity) return {Level::Fail, thing, validity.error().message, validity.error().mend};
    const std::string until = to_rfc3339(validity->not_after).substr(0, 10);
    const std::string renew =
        fmt::format("have {} issued anew, and see whether this machine's clock is right", file.string());
    if (now < validity->not_before) {
        return {Level::Fail, thing,
                fmt::format("valid from {} on, which is to come", to_rfc3339(validity->not_before)), renew};
    }
    if (now >= validity->not_after) return {Level::Fail, thing, "expired on " + until, renew};
    if (validity->not_after - now < kSoon) return {Level::Warning, thing, "expires on " + until, renew};
    return {Level::Ok, thing, fmt::format("{} is valid until {}", file.string(), until)};
}

Finding check_api_versions(const ApiVersions& versions) {
    constexpr const char* thing = "API versions";
    std::vector<std::string> common;
    for (const std::string& version : versions.verifier) {
        if (std::ranges::find(versions.registrar, version) != versions.registrar.end())
            common.push_back(version);
    }
    const auto list = [](const std::vector<std::string>& all) {
        return all.empty() ? std::string("none") : fmt::format("{}", fmt::join(all, ", "));
    };
    if (!common.empty())
        return {Level::Ok, thing,
                fmt::format("common to both: {}; spoken: {}", list(common), common.front())};
    return {
        Level::Fail, thing,
        fmt::format("none in common: of those that pushsim speaks the verifier has {}, the registrar has {}",
                    list(versions.verifier), list(versions.registrar)),
        "run the same Keylime for both, 7.14 or newer"};
}

std::optional<Skew> skew_of(const std::vector<ClockSeen>& seen) {
    std::optional<Skew> skew;
    for (const ClockSeen& one : seen) {
        const Skew here{one.date - one.received, one.date + seconds{1} - one.sent};
        if (!skew || here.most < skew->least || here.least > skew->most) {
            skew = here;
        } else {
            skew = Skew{std::max(skew->least, here.least), std::min(skew->most, here.most)};
        }
    }
    return skew;
}

Finding check_clock(const std::string& server, const std::optional<Skew>& skew) {
    const std::string thing = "clock of " + server;
    if (!skew) return {Level::Skipped, thing, "no answer had a Date header"};
    const Duration middle = (skew->least + skew->most) / 2;
    const Duration surely = std::max({Duration::zero(), skew->least, -skew->most});
    Finding finding{Level::Ok, thing,
                    fmt::format("{} against this machine (uncertain by {:.2f} s: Date has whole seconds)",
                                in_seconds(middle),
                                std::chrono::duration<double>((skew->most - skew->least) / 2).count())};
    if (surely <= kMuchSkew) return finding;
    finding.level = surely > kTooMuchSkew ? Level::Fail : Level::Warning;
    finding.mend =
        "let NTP set both clocks (timedatectl set-ntp true), or challenges expire too early or late";
    return finding;
}

RateLimits rate_limits_in(const std::string& verifier_conf) {
    RateLimits limits;
    limits.known = true;
    std::istringstream lines(verifier_conf);
    for (std::string line; std::getline(lines, line);) {
        const auto equals = line.find('=');
        if (equals == std::string::npos) continue;
        const std::string name = line.substr(0, line.find_first_of(" ="));
        const auto first = line.find_first_not_of(' ', equals + 1);
        const auto value = first == std::string::npos ? std::nullopt : whole(line.substr(first));
        if (!value) continue;
        if (name == "session_create_rate_limit_per_ip") limits.of_an_address = *value;
        if (name == "session_create_rate_limit_per_agent") limits.of_an_agent = *value;
        if (name == "session_create_rate_limit_window_ip") limits.window_of_an_address = seconds{*value};
        if (name == "session_create_rate_limit_window_agent") limits.window_of_an_agent = seconds{*value};
    }
    return limits;
}

Finding check_rate_limits(const RateLimits& limits, std::size_t agents) {
    Finding finding{Level::Ok, "rate limits",
                    fmt::format("{} sessions in {} from one address, {} in {} of one agent{}; agents: {}",
                                limits.of_an_address, to_text(limits.window_of_an_address),
                                limits.of_an_agent, to_text(limits.window_of_an_agent),
                                limits.known ? "" : " (if not changed there)", agents)};
    if (agents <= limits.of_an_address) return finding;
    finding.level = Level::Warning;
    finding.mend = fmt::format(
        "session_create_rate_limit_per_ip = {} in [verifier] (a scenario: `stack: verifier:`; `stack up`: "
        "--verifier-option), or agents from more addresses",
        agents);
    return finding;
}

}  // namespace pushsim::doctor
