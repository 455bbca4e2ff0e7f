// What the virtual TPM costs. Keys are RSA-2048; their making varies widely from one to the next.

#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>

#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "agent/tpm/templates.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::tpm {
namespace {

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

TpmHost& host() {
    static TpmHost one;
    return one;
}

TpmHost& host_by_blobs() {
    static TpmHost one(Swapping::Blobs);
    return one;
}

// Argument of a bench: how TPMs take turns.
constexpr std::int64_t by_segment = 0;
constexpr std::int64_t by_blobs = 1;
TpmHost& host_of(const benchmark::State& state) {
    return state.range(0) == by_blobs ? host_by_blobs() : host();
}

const Bytes challenge(20, 7);
const std::vector<int> boot_pcrs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14};

void ManufactureAndPowerOn(benchmark::State& state) {
    for (auto _ : state) {
        VirtualTpm tpm(host());
        must(tpm.power_on());
    }
}
BENCHMARK(ManufactureAndPowerOn)->Unit(benchmark::kMicrosecond);

void OrderlyPowerCycle(benchmark::State& state) {
    VirtualTpm tpm(host());
    must(tpm.power_on());
    for (auto _ : state) {
        must(tpm.power_off());
        must(tpm.power_on());
    }
}
BENCHMARK(OrderlyPowerCycle)->Unit(benchmark::kMicrosecond);

/// A new TPM for each key, for the EK and a primary are the same for one seed; its start is not measured.
template <typename Make>
void make_key(benchmark::State& state, const Make& make) {
    for (auto _ : state) {
        state.PauseTiming();
        VirtualTpm tpm(host());
        must(tpm.power_on());
        must(tpm.run([&](Commands& commands) { return make(commands, state); }));
    }
}

void Ek(benchmark::State& state) {
    make_key(state, [](Commands& commands, benchmark::State& timer) -> Result<void> {
        timer.ResumeTiming();
        must(commands.create_primary(handle::endorsement, ek_template()));
        return {};
    });
}
BENCHMARK(Ek)->Unit(benchmark::kMillisecond)->Iterations(60);

void AkAsPrimary(benchmark::State& state) {
    make_key(state, [](Commands& commands, benchmark::State& timer) -> Result<void> {
        timer.ResumeTiming();
        must(commands.create_primary(handle::endorsement, ak_template()));
        return {};
    });
}
BENCHMARK(AkAsPrimary)->Unit(benchmark::kMillisecond)->Iterations(60);

void AkAsChildOfTheEk(benchmark::State& state) {
    make_key(state, [](Commands& commands, benchmark::State& timer) -> Result<void> {
        const auto ek = must(commands.create_primary(handle::endorsement, ek_template()));
        timer.ResumeTiming();
        const Handle session = must(commands.start_policy_session());
        must(commands.policy_secret(handle::endorsement, session));
        const auto ak = must(commands.create(ek.handle, session, ak_template()));
        must(commands.policy_secret(handle::endorsement, session));
        must(commands.load(ek.handle, session, ak));
        return {};
    });
}
BENCHMARK(AkAsChildOfTheEk)->Unit(benchmark::kMillisecond)->Iterations(30);

struct Provisioned {
    explicit Provisioned(TpmHost& where = host()) : tpm(where) {}
    VirtualTpm tpm;
    AttestationKeys keys = [this] {
        must(tpm.power_on());
        return must(AttestationKeys::provision(tpm, AkParent::None));
    }();
};

void QuoteBootPcrs(benchmark::State& state) {
    Provisioned one;
    for (auto _ : state)
        benchmark::DoNotOptimize(must(one.keys.quote(challenge, HashAlgorithm::Sha256, boot_pcrs)));
}
BENCHMARK(QuoteBootPcrs)->Unit(benchmark::kMicrosecond);

void Certify(benchmark::State& state) {
    Provisioned one;
    for (auto _ : state)
        benchmark::DoNotOptimize(must(one.keys.certify(challenge)));
}
BENCHMARK(Certify)->Unit(benchmark::kMicrosecond);

/// The same with all accelerators; they are off again afterwards.
void QuoteAccelerated(benchmark::State& state) {
    Provisioned one;
    must(switch_accelerators({true, true}));
    for (auto _ : state)
        benchmark::DoNotOptimize(must(one.keys.quote(challenge, HashAlgorithm::Sha256, boot_pcrs)));
    must(switch_accelerators({}));
}
BENCHMARK(QuoteAccelerated)->Unit(benchmark::kMicrosecond);

void PcrExtend(benchmark::State& state) {
    VirtualTpm tpm(host());
    must(tpm.power_on());
    const std::map<HashAlgorithm, Bytes> digests = {{HashAlgorithm::Sha256, Bytes(32, 1)}};
    for (auto _ : state)
        must(tpm.run([&](Commands& commands) { return commands.pcr_extend(10, digests); }));
}
BENCHMARK(PcrExtend)->Unit(benchmark::kMicrosecond);

/// Two TPMs in turn, with one PCR_Extend each time: the swap itself; by blobs without the self-tests it
/// brings on.
void SwapAndExtend(benchmark::State& state) {
    Provisioned pair[2] = {Provisioned(host_of(state)), Provisioned(host_of(state))};
    const std::map<HashAlgorithm, Bytes> digests = {{HashAlgorithm::Sha256, Bytes(32, 1)}};
    std::size_t turn = 0;
    for (auto _ : state)
        must(pair[turn++ % 2].tpm.run([&](Commands& commands) { return commands.pcr_extend(10, digests); }));
}
BENCHMARK(SwapAndExtend)->Arg(by_segment)->Arg(by_blobs)->Unit(benchmark::kMicrosecond);

/// As a fleet does it on one host: each quote by the other TPM; by blobs the self-tests come with it.
void SwapAndQuote(benchmark::State& state) {
    Provisioned pair[2] = {Provisioned(host_of(state)), Provisioned(host_of(state))};
    std::size_t turn = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(
            must(pair[turn++ % 2].keys.quote(challenge, HashAlgorithm::Sha256, boot_pcrs)));
}
BENCHMARK(SwapAndQuote)->Arg(by_segment)->Arg(by_blobs)->Unit(benchmark::kMicrosecond);

/// EK and AK are persistent at handles of their own; the TPM is off.
constexpr Handle ak = handle::first_persistent + 2;
Bytes provisioned_state() {
    VirtualTpm tpm(host());
    must(tpm.power_on());
    must(tpm.run([](Commands& commands) -> Result<void> {
        const auto made = must(commands.create_primary(handle::endorsement, ak_template()));
        return commands.evict_control(made.handle, ak);
    }));
    must(tpm.power_off());
    return tpm.permanent_state();
}

/// So many TPMs of one permanent state, each having quoted twice before; quotes in random order.
void QuoteOfOneOfMany(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(1));
    const Bytes permanent = provisioned_state();
    const auto quote = [](VirtualTpm& tpm) {
        must(tpm.run([](Commands& commands) -> Result<void> {
            benchmark::DoNotOptimize(must(commands.quote(ak, challenge, HashAlgorithm::Sha256, boot_pcrs)));
            return {};
        }));
    };
    std::vector<std::unique_ptr<VirtualTpm>> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(std::make_unique<VirtualTpm>(host_of(state), permanent));
        must(all.back()->power_on());
        quote(*all.back());
        quote(*all.back());
    }
    std::minstd_rand next(1);
    for (auto _ : state)
        quote(*all[next() % count]);
}
BENCHMARK(QuoteOfOneOfMany)
    ->Args({by_segment, 1})
    ->Args({by_segment, 1000})
    ->Args({by_blobs, 1000})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pushsim::tpm
