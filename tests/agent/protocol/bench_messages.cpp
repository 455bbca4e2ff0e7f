// Parsing and building of each message, on what was recorded.

#include <benchmark/benchmark.h>

#include "tests/agent/protocol/parsers.hpp"
#include "tests/agent/protocol/recording.hpp"

namespace pushsim::protocol {
namespace {

using testing::recording;

void parse(benchmark::State& state, const char* recorded, const char* parser_name) {
    const auto answer = recording(recorded).response;
    const auto& parser = testing::parser_named(parser_name);
    for (auto _ : state) {
        auto result = parser.parse(answer);
        if (!result) state.SkipWithError(result.error().message.c_str());
        benchmark::DoNotOptimize(result);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * answer.body.size()));
}
BENCHMARK_CAPTURE(parse, versions, "registrar-version", "versions");
BENCHMARK_CAPTURE(parse, registration, "registrar-register", "registration");
BENCHMARK_CAPTURE(parse, session, "session-create", "session");
BENCHMARK_CAPTURE(parse, proof, "session-proof-pass", "proof");
BENCHMARK_CAPTURE(parse, negotiation, "attestation-negotiate", "negotiation");
BENCHMARK_CAPTURE(parse, negotiation_logs, "attestation-negotiate-logs", "negotiation");
BENCHMARK_CAPTURE(parse, evidence, "attestation-evidence", "evidence");
BENCHMARK_CAPTURE(parse, status, "verifier-status-pass", "status");
BENCHMARK_CAPTURE(parse, list, "verifier-list", "list");
BENCHMARK_CAPTURE(parse, registrar_agent, "registrar-agent", "registrar agent");

void parse_refused(benchmark::State& state) {
    const auto answer = recording("attestation-negotiate-premature-429").response;
    for (auto _ : state)
        benchmark::DoNotOptimize(parse_refusal(answer, WallTime{}));
}
BENCHMARK(parse_refused);

Bytes base64_member(const char* name, const char* pointer) {
    const auto text = recording(name).sent()[nlohmann::json::json_pointer{pointer}].get<std::string>();
    return from_base64(text).value();
}

tpm::Description some_tpm() {
    tpm::Description tpm;
    tpm.ak_public = base64_member("registrar-register", "/aik_tpm");
    tpm.ek_public = base64_member("registrar-register", "/ek_tpm");
    tpm.hash_algorithms = {"sha256"};
    tpm.signature_schemes = {"ecdsa", "ecschnorr", "rsapss", "rsassa"};
    for (int pcr = 0; pcr < 24; ++pcr)
        tpm.available_pcrs["sha256"].push_back(pcr);
    return tpm;
}

template <typename Build>
void build(benchmark::State& state, Build&& request) {
    for (auto _ : state)
        benchmark::DoNotOptimize(request());
}

const CallHeaders kHeaders{"abc123", "18fb02d3-8ed1-44ca-a511-cd783bf43b9c.Hg3efmXk0zRJcz3s604IrW"};
const std::string kAgent = "a1000000-0000-4000-8000-000000000001";

void build_register(benchmark::State& state) {
    build(state, [registration = make_registration(some_tpm())] {
        return register_request(kAgent, registration, "2.6", kHeaders);
    });
}
BENCHMARK(build_register);

void build_activate(benchmark::State& state) {
    build(state, [secret = Bytes(32, 7)] { return activate_request(kAgent, auth_tag(kAgent, secret)); });
}
BENCHMARK(build_activate);

void build_session(benchmark::State& state) {
    build(state, [] { return session_request(kAgent); });
}
BENCHMARK(build_session);

void build_proof(benchmark::State& state) {
    build(state, [message = Bytes(157, 1), signature = Bytes(262, 2)] {
        return proof_request("18fb02d3-8ed1-44ca-a511-cd783bf43b9c", kAgent, message, signature);
    });
}
BENCHMARK(build_proof);

void build_capabilities(benchmark::State& state) {
    build(state, [tpm = some_tpm()] { return make_capabilities(tpm, WallTime{}); });
}
BENCHMARK(build_capabilities);

void build_negotiation(benchmark::State& state) {
    build(state, [capabilities = make_capabilities(some_tpm(), WallTime{}).value()] {
        return negotiation_request(kAgent, capabilities, kHeaders);
    });
}
BENCHMARK(build_negotiation);

void build_evidence(benchmark::State& state) {
    tpm::Quote quote{Bytes(145, 1), Bytes(262, 2), tpm::HashAlgorithm::Sha256, {}};
    for (int pcr = 0; pcr < 8; ++pcr)
        quote.pcrs[pcr] = Bytes(32, 3);
    build(state, [&] { return evidence_request("/t", {make_quote_evidence(quote)}, kHeaders); });
}
BENCHMARK(build_evidence);

void build_enrolment(benchmark::State& state) {
    Enrolment enrolment;
    enrolment.ak_public = some_tpm().ak_public;
    enrolment.tpm_policy = tpm_policy_text({{0, {std::string(64, '0')}}});
    build(state, [&] { return enrol_request(kAgent, enrolment); });
}
BENCHMARK(build_enrolment);

}  // namespace
}  // namespace pushsim::protocol
