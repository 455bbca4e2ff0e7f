// One whole attestation against the real verifier: what of it is TPM, our own processor time beside it, the
// servers' processor time, and the rest, in which none of them worked. They take turns, so the parts add up
// to the whole but for what the servers do after they have answered (judging), which overlaps with our own.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/transport/loop.hpp"
#include "sim/core/clock.hpp"
#include "sim/fleet/tenant_desk.hpp"
#include "sim/fleet/virtual_agent.hpp"
#include "sim/history/reader.hpp"
#include "sim/stack/install.hpp"
#include "sim/stack/local_stack.hpp"

namespace pushsim::fleet {
namespace {

using lifecycle::Finished;
using lifecycle::Phase;

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    return std::move(*result);
}

double own_cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/// Of all processes of the stack; fields 14 and 15 of /proc/PID/stat are clock ticks.
double cpu_seconds(const std::filesystem::path& folder) {
    double ticks = 0;
    for (const auto& process : stack::processes_with_environment(
             stack::kFolderVariable, std::filesystem::canonical(folder).string())) {
        std::ifstream stat("/proc/" + std::to_string(process.pid) + "/stat");
        std::string text;
        std::getline(stat, text);
        std::istringstream fields(text.substr(text.rfind(')') + 2));
        std::string skipped;
        for (int i = 3; i < 14; ++i)
            fields >> skipped;
        double user = 0, system = 0;
        fields >> user >> system;
        ticks += user + system;
    }
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double tpm_seconds(const std::filesystem::path& history) {
    Duration sum{};
    for (const auto& entry : must(history::read_history(history)).entries) {
        if (const auto* operation = entry.event.get<history::TpmOperation>()) sum += operation->duration;
    }
    return std::chrono::duration<double>(sum).count();
}

void wait(transport::EventLoop& loop, const bool& done) {
    if (!loop.run_until([&] { return done; }, std::chrono::seconds{60}))
        throw std::runtime_error("no end in 60 s");
}

void WholeCycle(benchmark::State& state) {
    const core::SystemClock clock;
    std::string folder = (std::filesystem::temp_directory_path() / "pushsim-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    const std::filesystem::path place = folder;
    {
        const auto registry = must(stack::Registry::open(place / "registry"));
        stack::LocalStackOptions options;
        options.keylime = must(stack::find_keylime(stack::default_keylime()));
        options.folder = place / "stack";
        options.verifier = {{"quote_interval", std::nullopt}};  // no minimum between attestations
        const auto servers = must(stack::LocalStack::start(options, registry, clock));
        const auto history = must(history::HistoryWriter::open(place / "history.jsonl", clock, {}));

        transport::EventLoop loop(clock);
        const auto post = [&loop](Worker::Task task) { loop.post(std::move(task)); };
        TpmThreads tpms(clock, post, 1);
        TenantDesk tenant(servers->address(), clock, post);
        transport::TlsSettings tls;
        tls.ca_files = {servers->address().ca_file.string()};
        const Surroundings surroundings{loop,
                                        clock,
                                        *history,
                                        must(transport::resolve({transport::Scheme::Http, "127.0.0.1",
                                                                 servers->address().registrar_http.port})),
                                        must(transport::resolve({transport::Scheme::Https, "127.0.0.1",
                                                                 servers->address().verifier.port})),
                                        must(transport::TlsIdentity::make(tls)),
                                        1,
                                        "bench"};
        auto tpm = std::make_unique<AgentTpm>(tpms, TpmDevice::Options{});
        protocol::Enrolment enrolment;
        bool done = false;
        tpm->provision([&](const AgentTpm::Provisioned& provisioned) {
            enrolment.ak_public = must(provisioned.description).ak_public;
            done = true;
        });
        wait(loop, done);
        VirtualAgent agent(surroundings, {"bench[0]", "bench", "bench-agent"}, Manner{},
                           boot::BootState(clock.wall_now()), std::move(tpm));
        const auto pursue = [&](Phase goal) {
            done = false;
            std::optional<Finished> end;
            agent.pursue({.goal = goal, .record = true}, [&](const Finished& finished) {
                end = finished;
                done = true;
            });
            wait(loop, done);
            if (end->ending != Finished::Ending::Reached) throw std::runtime_error(end->reason);
        };
        pursue(Phase::Activate);
        enrolment.tpm_policy =
            protocol::tpm_policy_text(agent.boot().policy_for(tpm::HashAlgorithm::Sha256, {0, 7}));
        done = false;
        tenant.enrol("bench-agent", enrolment, [&](const TenantDesk::Acted& acted) {
            must(acted.result.map([] { return true; }));
            done = true;
        });
        wait(loop, done);
        pursue(Phase::Submit);  // authentication and the TPM's self-tests are not part of the cycle

        const double tpm_before = tpm_seconds(place / "history.jsonl");
        const double own_before = own_cpu_seconds(), servers_before = cpu_seconds(options.folder);
        const Instant began = clock.now();
        for (auto _ : state)
            pursue(Phase::Submit);
        const double wall = std::chrono::duration<double>(clock.now() - began).count();
        const double own = own_cpu_seconds() - own_before;
        const double of_servers = cpu_seconds(options.folder) - servers_before;
        const double tpm_time = tpm_seconds(place / "history.jsonl") - tpm_before;
        const auto cycles = static_cast<double>(state.iterations());
        state.counters["tpm_ms"] = 1e3 * tpm_time / cycles;
        state.counters["client_cpu_ms"] = 1e3 * (own - tpm_time) / cycles;
        state.counters["server_cpu_ms"] = 1e3 * of_servers / cycles;
        state.counters["rest_ms"] = 1e3 * std::max(0.0, wall - own - of_servers) / cycles;
    }
    std::filesystem::remove_all(place);
}
BENCHMARK(WholeCycle)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(100);

}  // namespace
}  // namespace pushsim::fleet
