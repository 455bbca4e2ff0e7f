#include "sim/stack/inspect.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "agent/protocol/admin.hpp"
#include "agent/protocol/registrar.hpp"
#include "agent/transport/tls.hpp"
#include "sim/stack/admin_client.hpp"
#include "sim/stack/recognise.hpp"

namespace pushsim::stack {
namespace {

using transport::FailureKind;
using Versions = std::vector<std::string>;

constexpr std::chrono::seconds kLimit{30};

/// A port of a server, and the option that names it.
struct Peer {
    const char* server;
    const HostPort& where;
    const char* option;

    std::string text() const { return fmt::format("the {} at {}", server, where.text()); }
};

class Inspection {
  public:
    Inspection(StackAddress address, const Clock& clock) : address_(std::move(address)), clock_(clock) {}

    Result<StackAddress> run() {
        const auto pair =
            transport::TlsIdentity::make({.ca_files = {address_.ca_file.string()},
                                          .certificate_file = address_.admin_certificate.string(),
                                          .key_file = address_.admin_key.string()});
        if (!pair) {
            Error error = pair.error().in("--ca, --admin-cert and --admin-key");
            if (error.mend.empty())
                error.mend = "--admin-cert and --admin-key want PEM files that belong together";
            return fail(std::move(error));
        }
        const auto offered = offered_versions();
        if (!offered) return fail(offered.error());
        if (auto push = check_mode(); !push) return fail(push.error());
        Versions common = protocol::known_registrar_versions();
        if (!offered->empty()) {
            std::erase_if(
                common, [&](const auto& one) { return std::ranges::find(*offered, one) == offered->end(); });
        }
        if (common.empty()) {
            return fail(nothing_common(registrar_, fmt::format("{}", fmt::join(*offered, ", "))));
        }
        // In push mode the verifier does not tell its versions; the first that it serves is the newest.
        for (const std::string& version : common) {
            auto served = serves(verifier_, protocol::list_request(version));
            if (!served) return fail(served.error());
            if (!*served) continue;
            if (served = serves(registrar_tls_, protocol::registrar_list_request(version)); !served)
                return fail(served.error());
            if (!*served) continue;
            if (is_verifier(registrar_tls_)) {
                return fail(ErrorKind::Stack,
                            fmt::format("{} has sessions, as no registrar of Keylime does: it is a verifier",
                                        registrar_tls_.text()),
                            fmt::format("is {} its port for TLS?", registrar_tls_.option));
            }
            address_.api_version = version;
            return address_;
        }
        return fail(nothing_common(verifier_, "none that the registrar serves"));
    }

    Result<void> check_mode() const {
        const auto call = ask(verifier_, nobody(), protocol::version_request());
        if (!call.outcome.response) {
            auto unusable = no_tls(verifier_, call);
            return unusable ? fail(std::move(*unusable)) : Result<void>{};
        }
        const std::optional<int> sessions = sessions_status(verifier_);
        const int version = call.outcome.response->status;
        switch (recognise(version, sessions)) {
            case Recognised::PushVerifier:
                return {};
            case Recognised::PullVerifier:
                return fail(
                    ErrorKind::Config,
                    fmt::format(
                        "{} is in pull mode: it answers GET /version with 200, where push mode has 410",
                        verifier_.text()),
                    "set mode = push in its verifier.conf and start it anew");
            case Recognised::Registrar:
                return fail(registrar_in_its_place());
            case Recognised::Unclear:
                break;
        }
        if (version == 410) return fail(other_sessions(sessions));
        return fail(no_such_server(verifier_, call));
    }

  private:
    TlsIdentity nobody() const {
        return {.ca_file = address_.ca_file,
                .certificate = {},
                .key = {},
                .verify_server = address_.verify_server};
    }
    TlsIdentity administrator() const {
        return {.ca_file = address_.ca_file,
                .certificate = address_.admin_certificate,
                .key = address_.admin_key,
                .verify_server = address_.verify_server};
    }

    Call ask(const Peer& peer, std::optional<TlsIdentity> tls, const HttpRequest& request) const {
        return AdminClient(peer.where, std::move(tls), clock_, kLimit).exchange(request);
    }

    /// Nothing where it does not answer.
    std::optional<int> sessions_status(const Peer& peer) const {
        const auto sessions = ask(peer, nobody(), sessions_request());
        return sessions.outcome.response ? std::optional(sessions.outcome.response->status) : std::nullopt;
    }

    bool is_verifier(const Peer& peer) const {
        const auto version = ask(peer, nobody(), protocol::version_request());
        if (!version.outcome.response) return false;
        const auto found = recognise(version.outcome.response->status, sessions_status(peer));
        return found == Recognised::PushVerifier || found == Recognised::PullVerifier;
    }

    /// Of a registrar at the verifier's port. Agents do not know its port for TLS.
    Error registrar_in_its_place() const {
        if (address_.registrar_tls.port != 0 && is_verifier(registrar_tls_))
            return ports_are_swapped(address_.verifier, address_.registrar_tls);
        return {ErrorKind::Stack,
                fmt::format("{} has no sessions, as no verifier of Keylime does: it is a registrar",
                            verifier_.text()),
                fmt::format("is {} its host and port?", verifier_.option)};
    }

    /// Of what answers GET /version as a verifier in push mode does.
    Error other_sessions(std::optional<int> status) const {
        return {
            ErrorKind::Stack,
            fmt::format("{} answers GET /version with 410, as a verifier in push mode does, but GET {} {}, "
                        "where a verifier of Keylime 7.14 has 405",
                        verifier_.text(), sessions_request().target,
                        status ? fmt::format("with {}", *status) : "not at all"),
            fmt::format("is {} its host and port? A busy one: try again", verifier_.option)};
    }

    static Error no_such_server(const Peer& peer, const Call& call) {
        return {
            ErrorKind::Stack,
            fmt::format("{} answered {} {} with {}, as no {} of Keylime does", peer.text(),
                        call.request.method, call.request.target, call.outcome.response->status, peer.server),
            fmt::format("is {} its host and port?", peer.option)};
    }

    static Error nothing_common(const Peer& peer, const std::string& served) {
        const auto& known = protocol::known_registrar_versions();
        return {ErrorKind::Config,
                fmt::format("{} serves other API versions than we speak: {}, and not {} to {}", peer.text(),
                            served, known.back(), known.front()),
                "use a Keylime 7.14, the first with push mode"};
    }

    Error no_administrator(const Peer& peer, const char* found) const {
        return {ErrorKind::Config,
                fmt::format("{} does not take {} for an administrator's certificate: {}", peer.text(),
                            address_.admin_certificate.string(), found),
                fmt::format("--admin-cert wants a client certificate of a CA in the {}'s trusted_client_ca, "
                            "such as client-cert.crt in Keylime's cv_ca folder",
                            peer.server)};
    }

    /// Why there was no talking TLS with the server; nothing where that was not the matter.
    std::optional<Error> no_tls(const Peer& peer, const Call& call) const {
        const auto& [kind, words] = *call.outcome.failure;
        Error error{kind == FailureKind::Certificate ? ErrorKind::Config : ErrorKind::Stack,
                    fmt::format("the {} at {}", peer.server, words)};
        if (kind == FailureKind::Tls || kind == FailureKind::Timeout) {
            error.mend = fmt::format("is {} its port for TLS?", peer.option);
        } else if (kind != FailureKind::Certificate) {
            return std::nullopt;
        } else if (words.find("host name mismatch") != std::string::npos) {
            error.mend = fmt::format(
                "{} wants a name or address that the certificate bears; or give the "
                "server a certificate that bears this one",
                peer.option);
        } else {
            error.mend = fmt::format(
                "--ca wants the certificate of the CA that issued the server's; {} was "
                "given",
                address_.ca_file.string());
        }
        return error;
    }

    /// Nothing where the registrar does not answer.
    Result<Versions> offered_versions() const {
        const auto call = ask(registrar_, std::nullopt, protocol::version_request());
        if (!call.outcome.response) return Versions{};
        auto versions = protocol::parse_versions(*call.outcome.response);
        if (!versions) return fail(no_such_server(registrar_, call));
        return std::move(versions->supported);
    }

    /// Whether a server serves the version of this request, which is for administrators.
    Result<bool> serves(const Peer& peer, const HttpRequest& request) const {
        const auto call = ask(peer, administrator(), request);
        if (!call.outcome.response) return unanswered(peer, call);
        switch (call.outcome.response->status) {
            case 200:
                return true;
            case 404:
                return false;
            case 403:
                return fail(no_administrator(peer, "it answers 403"));
            default:
                return fail(no_such_server(peer, call));
        }
    }

    Result<bool> unanswered(const Peer& peer, const Call& call) const {
        if (auto unusable = no_tls(peer, call)) return fail(std::move(*unusable));
        const FailureKind kind = call.outcome.failure->kind;
        if (kind != FailureKind::Closed && kind != FailureKind::Reset) return true;
        // A verifier talks to those without a certificate, a registrar does not (keylime/web/base/server.py).
        const bool ours_is_at_fault =
            &peer == &registrar_tls_ || ask(peer, nobody(), call.request).outcome.response.has_value();
        if (!ours_is_at_fault) return true;
        return fail(no_administrator(peer, "it ended the connection when it was shown"));
    }

    StackAddress address_;
    const Clock& clock_;
    Peer registrar_{"registrar", address_.registrar_http, "--registrar"};
    Peer registrar_tls_{"registrar", address_.registrar_tls, "--registrar-tls"};
    Peer verifier_{"verifier", address_.verifier, "--verifier"};
};

}  // namespace

Error ports_are_swapped(const HostPort& verifier, const HostPort& registrar_tls) {
    return {ErrorKind::Config,
            fmt::format("--verifier and --registrar-tls are swapped: a registrar is at {}, a verifier at {}",
                        verifier.text(), registrar_tls.text()),
            fmt::format("--verifier {} --registrar-tls {}", registrar_tls.text(), verifier.text())};
}

Result<void> inspect_verifier(const StackAddress& address, const Clock& clock) {
    return Inspection(address, clock).check_mode();
}

Result<StackAddress> inspect(StackAddress address, const Clock& clock) {
    return Inspection(std::move(address), clock).run();
}

}  // namespace pushsim::stack
