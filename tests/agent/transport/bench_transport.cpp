// What an exchange costs this side and the wire, on loopback; the server is a thread of the same process.

#include <benchmark/benchmark.h>

#include "client.hpp"

namespace pushsim::transport::testing {
namespace {

const std::string kAnswer = ok(std::string(500, 'x'));

Endpoint endpoint_of(const TestServer& server, bool tls) {
    return tls ? Client::tls(server) : Client::plain(server);
}

std::optional<ServerTls> settings(bool tls) {
    if (!tls) return std::nullopt;
    return server_tls();
}

/// One request of a session's size on an open connection; range(0): with TLS.
void BM_KeepAliveRequest(benchmark::State& state) {
    const bool tls = state.range(0) != 0;
    TestServer server(settings(tls), answer_always(kAnswer));
    Client client;
    Connection connection(client.loop, endpoint_of(server, tls), trusting_identity());
    const HttpRequest request = post(std::string(800, 'x'));
    for (auto _ : state) {
        if (!client.exchange(connection, request).response) state.SkipWithError("no answer");
    }
}
BENCHMARK(BM_KeepAliveRequest)->Arg(0)->Arg(1)->ArgName("tls")->UseRealTime();

/// Connection, handshake (P-256), one request, close; range(0): with TLS.
void BM_NewConnection(benchmark::State& state) {
    const bool tls = state.range(0) != 0;
    TestServer server(settings(tls), answer_always(kAnswer));
    Client client;
    const Endpoint endpoint = endpoint_of(server, tls);
    for (auto _ : state) {
        if (!client.once(endpoint).response) state.SkipWithError("no answer");
    }
}
BENCHMARK(BM_NewConnection)->Arg(0)->Arg(1)->ArgName("tls")->UseRealTime();

}  // namespace
}  // namespace pushsim::transport::testing
