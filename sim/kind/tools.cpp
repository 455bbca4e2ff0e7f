#include "sim/kind/tools.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/base/files.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;

/// At most so many lines from its end.
std::string last_lines(const std::string& text, std::size_t count) {
    std::size_t begin = text.find_last_not_of('\n');
    if (begin == std::string::npos) return "";
    const std::size_t end = begin + 1;
    for (std::size_t lines = 0; begin != std::string::npos && lines < count; ++lines)
        begin = begin == 0 ? std::string::npos : text.rfind('\n', begin - 1);
    return text.substr(begin == std::string::npos ? 0 : begin + 1,
                       end - (begin == std::string::npos ? 0 : begin + 1));
}

/// A file without a name, that nobody else writes to; gone with this.
class Output {
  public:
    Output() : descriptor_(::memfd_create("output", MFD_CLOEXEC)) {}
    ~Output() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    bool is_open() const { return descriptor_ >= 0; }
    /// For us, and for a child before it is another program.
    fs::path path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

  private:
    int descriptor_;
};

Error missing(const std::string& what, const std::string& mend) {
    return {ErrorKind::Config, fmt::format("--stack kind needs {}, and there is none in PATH", what), mend};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> environment_with(const fs::path& kubeconfig) {
    auto all = stack::own_environment();
    std::erase_if(all, [](const auto& one) { return one.first == "KUBECONFIG"; });
    all.emplace_back("KUBECONFIG", kubeconfig.string());
    return all;
}

std::string kubectl_name(const std::vector<std::string>& words) {
    constexpr std::size_t longest = 80;
    std::string name = fmt::format("kubectl {}", fmt::join(words, " "));
    if (const auto end = std::min(name.find('\n'), longest); end < name.size())
        name = name.substr(0, end) + "…";
    return name;
}

Result<Tools> find_tools() {
    const auto kind = stack::in_path("kind");
    if (!kind) return fail(missing("kind", "https://kind.sigs.k8s.io has it, one program"));
    const auto kubectl = stack::in_path("kubectl");
    if (!kubectl)
        return fail(missing("kubectl", "https://kubernetes.io/docs/tasks/tools has it, one program"));
    const auto engine = stack::in_path("docker");
    if (!engine) return fail(missing("docker", "install it: pushsim has Kind's clusters with Docker alone"));
    // By it kind takes another one.
    const char* provider = std::getenv("KIND_EXPERIMENTAL_PROVIDER");
    if (provider != nullptr && *provider != '\0' && std::string_view(provider) != "docker")
        return fail(ErrorKind::Config, fmt::format("KIND_EXPERIMENTAL_PROVIDER is {}", provider),
                    "unset it: pushsim has Kind's clusters with Docker alone");
    const auto answers =
        stack::run_program({engine->string(), "ps", "--quiet"}, {}, std::chrono::seconds{20});
    if (!answers)
        return fail(ErrorKind::Config, fmt::format("{} does not answer", engine->string()),
                    fmt::format("`{} ps` says why: its service may not run, or not be for this user",
                                engine->filename().string()));
    return Tools{*kind, *kubectl, *engine};
}

nlohmann::json object_in(std::string_view said) {
    const std::size_t begin = said.starts_with('{') ? 0 : said.find("\n{") + 1;
    return nlohmann::json::parse(said.substr(begin), nullptr, false);
}

Runner::Runner(fs::path kubeconfig, const Clock& clock, stack::StopAsked stop_asked)
    : kubeconfig_(std::move(kubeconfig)), clock_(clock), stop_asked_(std::move(stop_asked)) {}

Result<std::string> Runner::run(const std::vector<std::string>& command, Duration limit,
                                const std::string& called) const {
    const Output output;
    if (!output.is_open()) return fail(ErrorKind::System, fmt::format("memfd: {}", std::strerror(errno)));
    auto process = stack::ServerProcess::start({.command = command,
                                                .environment = environment_with(kubeconfig_),
                                                .folder = "/",
                                                .log = output.path()});
    if (!process) return fail(process.error());
    const std::string name = called.empty()
                                 ? fmt::format("{} {}", fs::path(command.front()).filename().string(),
                                               fmt::join(command.begin() + 1, command.end(), " "))
                                 : called;
    const Instant end = clock_.now() + limit;
    const auto asked = [this] { return stop_asked_ && stop_asked_(); };
    while (!process->ended() && clock_.now() < end && !asked())
        stack::wait_for(std::chrono::milliseconds{100}, process->descriptor());
    const auto how = process->ended();
    if (!how) {
        process->signal_group(SIGTERM);
        const Instant patience = clock_.now() + std::chrono::seconds{10};
        while (!process->group_gone() && clock_.now() < patience)
            stack::wait_for(std::chrono::milliseconds{50});
        if (!process->group_gone()) process->signal_group(SIGKILL);
        while (!process->group_gone())
            stack::wait_for(std::chrono::milliseconds{10});
        if (asked()) return fail(ErrorKind::Interrupted, name + ": stopped");
        return fail(ErrorKind::Stack,
                    fmt::format("{}: not done after {} s: {}", name,
                                std::chrono::duration_cast<std::chrono::seconds>(limit).count(),
                                last_lines(read_file(output.path()), 5)));
    }
    std::string said = read_file(output.path());
    if (*how == "exit status 0") return said;
    return fail(ErrorKind::Stack, fmt::format("{}: {}\n{}", name, *how, last_lines(said, 15)));
}

}  // namespace pushsim::kind
