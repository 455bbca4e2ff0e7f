#include "sim/kind/named_cluster.hpp"

#include <sstream>

#include <fmt/format.h>

#include "agent/base/files.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;
using std::chrono::minutes;

Result<void> done(const Result<std::string>& result) {
    if (!result) return fail(result.error());
    return {};
}

}  // namespace

NamedCluster::NamedCluster(std::string name, fs::path folder, Tools tools, const Clock& clock,
                           stack::StopAsked stop_asked, const std::string& log)
    : name_(std::move(name)),
      folder_(std::move(folder)),
      tools_(std::move(tools)),
      runner_(folder_ / log, kubeconfig(), clock, std::move(stop_asked)) {}

fs::path NamedCluster::half_made() const {
    return folder_ / (name_ + ".half-made");
}

bool NamedCluster::is_half_made() const {
    return fs::exists(half_made());
}

void NamedCluster::set_half_made(bool half) const {
    std::error_code none;
    if (half)
        (void)write_file(half_made(), "", 0600);
    else
        fs::remove(half_made(), none);
}

Result<bool> NamedCluster::is_there() const {
    const auto clusters = runner_.run({tools_.kind, "get", "clusters"}, minutes{1});
    if (!clusters) return fail(clusters.error());
    std::istringstream lines(*clusters);
    for (std::string line; std::getline(lines, line);)
        if (line == name_) return true;
    return false;
}

Result<bool> NamedCluster::is_ours() const {
    const auto there = is_there();
    if (!there || !*there || fs::exists(kubeconfig()) || is_half_made()) return there;
    return fail(ErrorKind::Config,
                fmt::format("a cluster {} is there that {} knows nothing of", name_, folder_.string()),
                fmt::format("if nobody needs it: kind delete cluster --name {}", name_));
}

Result<std::string> NamedCluster::kind(std::vector<std::string> words, Duration limit) const {
    words.insert(words.begin(), tools_.kind.string());
    return runner_.run(words, limit);
}

Result<void> NamedCluster::create(const fs::path& config, const std::string& node_image) const {
    std::vector<std::string> words{"create",   "cluster",       "--name",       name_,
                                   "--config", config.string(), "--kubeconfig", kubeconfig().string(),
                                   "--wait",   "180s"};
    if (!node_image.empty()) words.insert(words.end(), {"--image", node_image});
    return done(kind(words, minutes{6}));
}

Result<void> NamedCluster::remove() const {
    const auto remove_it = [&] {
        return kind({"delete", "cluster", "--name", name_, "--kubeconfig", kubeconfig().string()},
                    minutes{3});
    };
    auto removed = remove_it();
    // Of a process that was ended while it did so.
    if (!removed && removed.error().message.find("already in progress") != std::string::npos) {
        stack::wait_for(std::chrono::seconds{3});
        removed = remove_it();
    }
    if (removed) forget();
    return done(removed);
}

void NamedCluster::forget() const {
    std::error_code none;
    for (const fs::path& one : {kubeconfig(), half_made(), folder_ / (name_ + ".cache")})
        fs::remove_all(one, none);
}

Result<void> NamedCluster::check_image(const std::string& image, const std::string& name) const {
    const auto there = runner_.run({tools_.engine, "image", "inspect", image}, minutes{1});
    if (there || there.error().kind == ErrorKind::Interrupted) return done(there);
    return fail(ErrorKind::Config,
                fmt::format("{} has no image {}", tools_.engine.filename().string(), image),
                fmt::format("scripts/kind-images {} makes it", name));
}

Result<void> NamedCluster::load(const std::string& image) const {
    return done(kind({"load", "docker-image", image, "--name", name_}, minutes{5}));
}

std::vector<std::string> NamedCluster::kubectl_words(const std::vector<std::string>& words) const {
    std::vector<std::string> all{tools_.kubectl.string(), "--kubeconfig=" + kubeconfig().string(),
                                 "--cache-dir=" + (folder_ / (name_ + ".cache")).string()};
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

std::vector<std::string> NamedCluster::follow_words(const std::string& selector, std::size_t lines) const {
    return kubectl_words({"-n", "keylime", "logs", "--follow", "--prefix", "--all-containers",
                          "--max-log-requests=50", fmt::format("--tail={}", lines), "-l", selector});
}

Result<std::string> NamedCluster::kubectl(const std::vector<std::string>& words, Duration limit) const {
    std::vector<std::string> all = kubectl_words(words);
    all.insert(all.begin() + 1, "--request-timeout=30s");
    return runner_.run(all, limit, kubectl_name(words));
}

Result<std::string> NamedCluster::on_node(const std::vector<std::string>& command, Duration limit) const {
    std::vector<std::string> all{tools_.engine.string(), "exec", node()};
    all.insert(all.end(), command.begin(), command.end());
    return runner_.run(all, limit);
}

std::vector<std::string> NamedCluster::gateways() const {
    const auto said = runner_.run({tools_.engine, "network", "inspect", "kind", "--format",
                                   "{{range .IPAM.Config}}{{.Gateway}}\n{{end}}"},
                                  minutes{1});
    std::vector<std::string> all;
    std::istringstream lines(said.value_or(""));
    for (std::string line; std::getline(lines, line);)
        if (line.find_first_not_of("0123456789.") == std::string::npos && !line.empty()) all.push_back(line);
    return all;
}

}  // namespace pushsim::kind
