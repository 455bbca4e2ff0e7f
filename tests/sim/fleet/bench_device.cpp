// What letting go of a TPM and taking it again costs an attestation, by kind of TPM.

#include <filesystem>
#include <stdexcept>

#include <benchmark/benchmark.h>

#include "sim/fleet/tpm_device.hpp"

namespace pushsim::fleet {
namespace {

using scenario::TpmKind;

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

const lifecycle::QuotePcrs quote{Bytes(32, 7), tpm::HashAlgorithm::Sha256, {0, 7}};

/// Quote after quote, the TPM let go of in between where `rests`.
void quotes(benchmark::State& state, TpmDevice& device, bool rests) {
    must(device.use(quote));
    for (auto _ : state) {
        if (rests) must(device.rest());
        benchmark::DoNotOptimize(must(device.use(quote)));
    }
}

void InPushsim(benchmark::State& state) {
    tpm::TpmHost host;
    TpmDevice device(host, {});
    quotes(state, device, false);
}
BENCHMARK(InPushsim)->Unit(benchmark::kMillisecond);

/// Into a file and out of it: `pushsim agent`.
void KeptBetween(benchmark::State& state) {
    std::string folder = (std::filesystem::temp_directory_path() / "pushsim-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    {
        tpm::TpmHost host;
        TpmDevice device(host, {.kept = std::filesystem::path(folder) / "agent.json"});
        quotes(state, device, true);
    }
    std::filesystem::remove_all(folder);
}
BENCHMARK(KeptBetween)->Unit(benchmark::kMillisecond)->UseRealTime();

/// A swtpm of its own: `tpm: swtpm`.
void Swtpm(benchmark::State& state) {
    tpm::TpmHost host;
    TpmDevice device(host, {.tpm = {TpmKind::Swtpm}});
    quotes(state, device, false);
}
BENCHMARK(Swtpm)->Unit(benchmark::kMillisecond)->UseRealTime();

/// One that others may use meanwhile: `pushsim agent --tcti`.
void OutsideLetGoBetween(benchmark::State& state) {
    const auto swtpm = must(SwtpmProcess::make());
    tpm::TpmHost host;
    TpmDevice device(host, {.tpm = {TpmKind::Outside, swtpm->tcti()}});
    quotes(state, device, true);
}
BENCHMARK(OutsideLetGoBetween)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace pushsim::fleet
