// pushsim_stand_in CA-FILE PATTERN SECONDS FOLDER|- SEED|- LIE|-: a verifier (https) and a registrar (http
// and https) on ports of 127.0.0.1 that are free, until standard input ends or SIGTERM comes. Judges nothing:
// what it is for says stand_ins.hpp; with LIE, liars.hpp. Writes the certificate of its CA to CA-FILE and
// then a line "verifier PORT registrar PORT registrar-tls PORT" to standard output. A request whose "METHOD
// TARGET" fits PATTERN (fnmatch) is taken and never answered; GET /taken tells how many were. Sessions live
// for SECONDS. With FOLDER the verifier asks for client certificates, and one that it takes is written there.
// With SEED its draws follow from that, and its clock stands still.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include <fnmatch.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"
#include "sim/pki/pki.hpp"
#include "tests/agent/transport/test_server.hpp"
#include "tests/stand_in/liars.hpp"
#include "tests/stand_in/server.hpp"
#include "tests/stand_in/stand_ins.hpp"

namespace {

using namespace pushsim;

constexpr std::size_t kOtherFiles = 64;

/// As many connections as there may be descriptors, after the soft limit was raised to the hard one.
std::size_t most_connections() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > kOtherFiles ? limit.rlim_cur - kOtherFiles : 0;
}

struct Wish {
    const char* ca_file;
    const char* unanswered;
    std::chrono::seconds session_lifetime;
    const char* admin_folder;           ///< null: no certificates are asked for
    std::optional<std::uint64_t> seed;  ///< then the clock stands still
    std::optional<stand_in::Lie> lie;
};

void serve(const Wish& wish) {
    const core::SystemClock system_clock;
    const core::SimulatedClock still_clock;
    const Clock& clock = wish.seed ? static_cast<const Clock&>(still_clock) : system_clock;
    core::SeededStream random(wish.seed ? *wish.seed : core::fresh_seed(), {"stand-in"});
    const pki::TestPki pki(system_clock.wall_now());
    transport::testing::ServerTls tls{.credentials = pki.issue(pki::CertificateKind::Valid, pki::Role::Server,
                                                               {"stand-in", {"localhost"}, {"127.0.0.1"}})};
    if (wish.admin_folder != nullptr) {
        tls.client_ca_pem = pki.ca_certificate_pem();
        const auto admin = pki.issue(pki::CertificateKind::Admin, pki::Role::Client, {"the tenant"});
        if (const auto files = pki::write_files(admin, wish.admin_folder, "admin"); !files)
            throw std::runtime_error(files.error().text());
    }
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(transport::testing::server_context(tls),
                                                                    &SSL_CTX_free);
    transport::EventLoop loop(clock);
    const std::size_t most = most_connections();
    stand_in::StandIns peers(clock, random, most, wish.session_lifetime);
    peers.decides_at_once = wish.seed.has_value() || wish.lie;
    std::optional<stand_in::LiarAndRegistrar> liar;
    if (wish.lie) {
        // Scenarios wait for challenges to expire, and ask for short ones.
        peers.challenge_lifetime = std::chrono::seconds{2};
        liar.emplace(peers, *wish.lie);
    }
    std::size_t taken = 0;
    const auto answer_as = [&](bool is_verifier, const HttpRequest& request) -> std::optional<HttpResponse> {
        if (request.target == "/taken") return HttpResponse{200, {}, std::to_string(taken)};
        if (::fnmatch(wish.unanswered, (request.method + " " + request.target).c_str(), 0) == 0) {
            ++taken;
            return std::nullopt;
        }
        if (!liar) return peers.answer(request);
        return is_verifier ? liar->verifier(request) : liar->registrar(request);
    };
    const auto as_verifier = [&](const HttpRequest& request) { return answer_as(true, request); };
    const auto as_registrar = [&](const HttpRequest& request) { return answer_as(false, request); };
    const stand_in::HttpServer verifier(loop, context.get(), most, as_verifier);
    const stand_in::HttpServer registrar(loop, nullptr, most, as_registrar);
    const stand_in::HttpServer registrar_tls(loop, context.get(), most, as_registrar);
    if (const auto written = pki::write_certificate(pki.ca_certificate_pem(), wish.ca_file); !written)
        throw std::runtime_error(written.error().text());
    loop.watch(STDIN_FILENO, EPOLLIN, [&loop](std::uint32_t) {
        char octet = 0;
        if (::read(STDIN_FILENO, &octet, 1) <= 0) loop.stop();
    });
    std::printf("verifier %u registrar %u registrar-tls %u\n", verifier.port(), registrar.port(),
                registrar_tls.port());
    std::fflush(stdout);
    loop.run();
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 7) {
        std::fputs("usage: pushsim_stand_in CA-FILE PATTERN SECONDS FOLDER|- SEED|- LIE|-\n", stderr);
        return 2;
    }
    const std::string folder = arguments[4], seed = arguments[5];
    std::signal(SIGPIPE, SIG_IGN);
    try {
        serve({arguments[1], arguments[2], std::chrono::seconds{std::stol(arguments[3])},
               folder == "-" ? nullptr : folder.c_str(),
               seed == "-" ? std::nullopt : std::optional<std::uint64_t>(std::stoull(seed)),
               stand_in::lie_of(arguments[6])});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "pushsim_stand_in: %s\n", error.what());
        return 3;
    }
    return 0;
}
