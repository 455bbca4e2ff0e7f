// What reading scenarios costs: a folder of 1,000 (the goal: a second), and one of 10,000 agents (the same).

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "sim/scenario/loader.hpp"

namespace pushsim::scenario {
namespace {

namespace fs = std::filesystem;

class Folder {
  public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "pushsim-bench-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the bench");
        path_ = name;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

/// The scenarios that are shipped, again and again under other names.
void copy_shipped(const fs::path& folder, int count) {
    std::vector<std::string> texts;
    for (const auto& entry : fs::recursive_directory_iterator(PUSHSIM_SCENARIOS)) {
        if (entry.path().extension() != ".yaml") continue;
        std::ifstream in(entry.path());
        texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    for (int i = 0; i < count; ++i) {
        std::string text = texts[static_cast<std::size_t>(i) % texts.size()];
        const std::size_t name = text.find("\nscenario: ") + 1;
        text.replace(name, text.find('\n', name) - name, fmt::format("scenario: copy-{}", i));
        std::ofstream(folder / fmt::format("{:04}.yaml", i)) << text;
    }
}

void LoadFolder(benchmark::State& state) {
    const Folder folder;
    copy_shipped(folder.path(), static_cast<int>(state.range(0)));
    for (auto _ : state) {
        const LoadResult result = load({folder.path()});
        if (!result.ok()) throw std::runtime_error(result.text());
        benchmark::DoNotOptimize(result);
    }
}
BENCHMARK(LoadFolder)->Arg(1000)->Unit(benchmark::kMillisecond);

constexpr const char* kEnd =
    "script:\n  - attest: { agents: a0, every: 10s, for: 5m, spread: 10s }\n    expect: { verdict: pass }\n"
    "expect: [ accounted ]\n";

void load_and_write(benchmark::State& state, const std::string& text) {
    for (auto _ : state) {
        const LoadResult result = load_text(text, "bench.yaml");
        if (!result.ok()) throw std::runtime_error(result.text());
        benchmark::DoNotOptimize(resolved(result.scenarios[0]));
    }
}

void PlanOfOneGroup(benchmark::State& state) {
    load_and_write(state,
                   fmt::format("scenario: s\nagents: {{ a0: {{ count: {} }} }}\n{}", state.range(0), kEnd));
}
BENCHMARK(PlanOfOneGroup)->Arg(10'000)->Unit(benchmark::kMillisecond);

void PlanOfGroupsOfOne(benchmark::State& state) {
    std::string agents;
    for (int i = 0; i < state.range(0); ++i)
        agents += fmt::format("  a{}: {{ count: 1 }}\n", i);
    load_and_write(state, "scenario: s\nagents:\n" + agents + kEnd);
}
BENCHMARK(PlanOfGroupsOfOne)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pushsim::scenario
