#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "agent/protocol/admin.hpp"
#include "agent/protocol/registrar.hpp"
#include "sim/doctor/servers.hpp"

namespace pushsim::doctor {
namespace {

constexpr std::chrono::seconds kLimit{5};

/// Calls a server, and looks at its clock with each answer.
class Caller {
  public:
    Caller(const stack::HostPort& where, std::optional<stack::TlsIdentity> tls, const Clock& clock)
        : client_(where, std::move(tls), clock, kLimit), clock_(clock) {}

    stack::Call operator()(const HttpRequest& request) {
        const WallTime sent = clock_.wall_now();
        stack::Call call = client_.exchange(request);
        const auto& answer = call.outcome.response;
        const auto header = answer ? answer->header("Date") : std::nullopt;
        if (const auto date = header ? from_http_date(*header) : std::nullopt)
            seen_.push_back({sent, clock_.wall_now(), *date});
        return call;
    }
    const std::vector<ClockSeen>& seen() const { return seen_; }

  private:
    stack::AdminClient client_;
    const Clock& clock_;
    std::vector<ClockSeen> seen_;
};

std::optional<int> status_of(const stack::Call& call) {
    return call.outcome.response ? std::optional(call.outcome.response->status) : std::nullopt;
}

ServerFacts look_at(const char* name, const stack::HostPort& where, bool tls, Caller& caller) {
    ServerFacts facts{name, where, tls, caller(protocol::version_request())};
    if (tls && facts.version.outcome.response) facts.sessions = status_of(caller(stack::sessions_request()));
    return facts;
}

std::optional<WallTime> as_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    return WallTime{std::chrono::seconds{::timegm(&parts)}};
}

}  // namespace

Result<Validity> validity_of(const std::filesystem::path& file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rbe"),
                                                                 std::fclose);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(
        stream ? PEM_read_X509(stream.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
    const auto not_before = certificate ? as_time(X509_get0_notBefore(certificate.get())) : std::nullopt;
    const auto not_after = certificate ? as_time(X509_get0_notAfter(certificate.get())) : std::nullopt;
    if (!not_before || !not_after) {
        return fail(ErrorKind::Config, fmt::format("{} is no certificate in PEM", file.string()),
                    "name a file that begins with -----BEGIN CERTIFICATE-----");
    }
    return Validity{*not_before, *not_after};
}

std::vector<Finding> look_at_servers(const stack::StackAddress& stack, const Clock& clock) {
    const stack::TlsIdentity nobody{
        .ca_file = stack.ca_file, .certificate = {}, .key = {}, .verify_server = stack.verify_server};
    stack::TlsIdentity administrator = nobody;
    administrator.certificate = stack.admin_certificate;
    administrator.key = stack.admin_key;

    Caller verifier(stack.verifier, nobody, clock);
    Caller registrar(stack.registrar_http, std::nullopt, clock);
    Caller registrar_tls(stack.registrar_tls, nobody, clock);
    const ServerFacts servers[] = {
        look_at("verifier", stack.verifier, true, verifier),
        look_at("registrar", stack.registrar_http, false, registrar),
        look_at("registrar TLS", stack.registrar_tls, true, registrar_tls),
    };
    if (auto swapped = check_swapped(servers[0], servers[2])) return {std::move(*swapped)};
    std::vector<Finding> findings;
    for (const ServerFacts& server : servers)
        findings.push_back(check_server(server, stack.ca_file.string()));
    const bool verifier_answers = findings[0].level == Level::Ok;
    const bool registrar_answers = findings[2].level == Level::Ok;
    findings.push_back(check_mode(servers[0]));

    const WallTime now = clock.wall_now();
    findings.push_back(check_validity("CA certificate", stack.ca_file, validity_of(stack.ca_file), now));
    findings.push_back(check_validity("admin certificate", stack.admin_certificate,
                                      validity_of(stack.admin_certificate), now));

    Caller as_admin(stack.verifier, administrator, clock);
    Caller as_registrars_admin(stack.registrar_tls, administrator, clock);
    ApiVersions versions;
    if (verifier_answers) {
        for (const std::string& version : protocol::known_registrar_versions()) {
            if (status_of(as_admin(protocol::list_request(version))) == 200)
                versions.verifier.push_back(version);
        }
    }
    if (const auto& answer = servers[1].version.outcome.response) {
        if (auto offered = protocol::parse_versions(*answer))
            versions.registrar = std::move(offered->supported);
    }

    // In a version that the server has, so that it is the certificate that is judged.
    const auto newest = [&](const std::vector<std::string>& served) {
        for (const std::string& version : protocol::known_registrar_versions()) {
            if (std::ranges::find(served, version) != served.end()) return version;
        }
        return stack.api_version;
    };
    const auto admin_at = [&](const char* name, bool answers, Caller& caller, const HttpRequest& request) {
        if (!answers)
            return Finding{Level::Skipped, fmt::format("administrator at {}", name), "it does not answer"};
        return check_admin(name, caller(request));
    };
    findings.push_back(
        admin_at("verifier", verifier_answers, as_admin, protocol::list_request(newest(versions.verifier))));
    const bool is_admin = findings.back().level == Level::Ok;
    findings.push_back(admin_at("registrar", registrar_answers, as_registrars_admin,
                                protocol::registrar_list_request(newest(versions.registrar))));
    const Finding no_versions{
        Level::Skipped, "API versions",
        is_admin ? "the registrar does not answer" : "only an administrator can see those of a verifier"};
    findings.push_back(is_admin && servers[1].version.outcome.response ? check_api_versions(versions)
                                                                       : no_versions);
    findings.push_back(check_clock("verifier", skew_of(verifier.seen())));
    findings.push_back(check_clock("registrar", skew_of(registrar.seen())));
    return findings;
}

}  // namespace pushsim::doctor
