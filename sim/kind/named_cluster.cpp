#include "sim/kind/named_cluster.hpp"

#include <sstream>

#include <fmt/format.h>

#include "agent/base/files.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;
using std::chrono::minutes;

/// Of a kubeconfig: what no two clusters have in common.
std::string authority_in(const std::string& kubeconfig) {
    const std::string name = "certificate-authority-data:";
    const auto at = kubeconfig.find(name);
    return at == std::string::npos ? "" : kubeconfig.substr(at, kubeconfig.find('\n', at) - at);
}

/// Of kind, or of the engine where another came in between.
bool name_is_taken(const Error& error) {
    const auto says = [&](const char* words) { return error.message.find(words) != std::string::npos; };
    return (says("with the name") && says("already exist")) ||
           (says("container name") && says("already in use"));
}

}  // namespace

Result<stack::FileLock> take_alone(const std::string& cluster, const fs::path& folder,
                                   const stack::StopAsked& stop_asked) {
    return stack::take_alone(
        folder / "in-use", stop_asked, fmt::format("the cluster {} is", cluster),
        "wait for its end, or end it first (Ctrl-C): a run puts back what it has changed");
}

std::string tag_of(const std::string& image) {
    const auto colon = image.rfind(':');
    return colon == std::string::npos || image.find('/', colon) != std::string::npos
               ? ""
               : image.substr(colon + 1);
}

std::string image_line(const std::string& theirs, const std::string& wanted) {
    const std::string tag = tag_of(wanted);
    return fmt::format("  - {{ name: {}, newName: \"{}\", newTag: \"{}\" }}\n", theirs,
                       wanted.substr(0, wanted.size() - tag.size() - 1), tag);
}

NamedCluster::NamedCluster(std::string name, fs::path folder, Tools tools, const Clock& clock,
                           stack::StopAsked stop_asked, std::vector<fs::path> others)
    : name_(std::move(name)),
      folder_(std::move(folder)),
      tools_(std::move(tools)),
      clock_(clock),
      runner_(kubeconfig(), clock, std::move(stop_asked)),
      others_(std::move(others)) {}

bool NamedCluster::is_half_made() const {
    return fs::exists(half_made());
}

Result<bool> NamedCluster::is_there() const {
    const auto clusters = runner_.run({tools_.kind, "get", "clusters"}, minutes{1});
    if (!clusters) return fail(clusters.error());
    std::istringstream lines(*clusters);
    for (std::string line; std::getline(lines, line);)
        if (line == name_) return true;
    return false;
}

Error NamedCluster::not_ours() const {
    return {ErrorKind::Config,
            fmt::format("a cluster {} is there that was not made from {}", name_, folder_.string()),
            fmt::format("if nobody needs it: kind delete cluster --name {}", name_)};
}

Result<bool> NamedCluster::is_ours() const {
    const auto there = is_there();
    if (!there || !*there) return there;
    if (const std::string kept = read_file(node_id()); !kept.empty()) {
        const auto now = node_now();
        if (!now) return fail(now.error());
        if (*now != kept) return fail(not_ours());
        return true;
    }
    // Its node is kept when kind has made it.
    if (is_half_made()) return true;
    // Of a pushsim that kept no node.
    const std::string kept = authority_in(read_file(kubeconfig()));
    if (kept.empty()) return fail(not_ours());
    const auto now = kind({"get", "kubeconfig", "--name", name_}, minutes{1});
    if (!now && now.error().kind == ErrorKind::Interrupted) return fail(now.error());
    if (!now || authority_in(*now) != kept) return fail(not_ours());
    return true;
}

Result<std::string> NamedCluster::node_now() const {
    auto said =
        runner_.run({tools_.engine, "container", "inspect", "--format", "{{.Id}}", node()}, minutes{1});
    if (!said) return said;
    // Behind what else it has to say.
    while (said->ends_with('\n'))
        said->pop_back();
    return said->substr(said->rfind('\n') + 1);
}

Result<void> NamedCluster::bring_up(const Plan& plan) const {
    auto ours = is_ours();
    if (!ours) return fail(ours.error());
    for (const Image& image : plan.images) {
        if (auto there = check_image(image); !there) return there;
    }
    const auto remove_and_say = [&] {
        plan.say(fmt::format("removing the cluster {}", name_));
        return remove_it();
    };
    if (*ours && is_half_made()) {
        if (auto removed = remove_and_say(); !removed) return removed;
        ours = false;
    }
    if (*ours) {
        if (auto filled = plan.fill(false); !filled) return filled;
        return keep_node();
    }
    if (plan.before_new) {
        if (auto may = plan.before_new(); !may) return may;
    }
    forget();  // one that others deleted
    if (auto marked = write_file(half_made(), "", 0600); !marked) return marked;
    plan.say(fmt::format("making the cluster {}", name_));
    auto up = create(plan);
    if (!up && name_is_taken(up.error())) {
        forget();
        return fail(not_ours());
    }
    if (up) up = keep_node();
    if (up) up = plan.fill(true);
    if (!up) {
        if (auto removed = remove_and_say(); !removed) return removed;
        if (up.error().kind != ErrorKind::Interrupted) return up;
        return fail(ErrorKind::Interrupted, fmt::format("stopped; no cluster {} is left", name_));
    }
    std::error_code none;
    fs::remove(half_made(), none);
    return up;
}

Result<void> NamedCluster::keep_node() const {
    const auto now = node_now();
    if (!now) return done(now);
    return write_file(node_id(), *now, 0600);
}

Result<std::string> NamedCluster::kind(std::vector<std::string> words, Duration limit) const {
    words.insert(words.begin(), tools_.kind.string());
    return runner_.run(words, limit);
}

Result<void> NamedCluster::create(const Plan& plan) const {
    // Kept where it fails: kind itself would delete one that another has made by that name meanwhile.
    std::vector<std::string> words{"create",       "cluster",    "--name", name_,  "--config", plan.config,
                                   "--kubeconfig", kubeconfig(), "--wait", "180s", "--retain"};
    if (!plan.node_image.empty()) words.insert(words.end(), {"--image", plan.node_image});
    return done(kind(words, minutes{6}));
}

Result<bool> NamedCluster::remove() const {
    auto ours = is_ours();
    if (!ours) return ours;
    if (!*ours) {
        forget();
        return false;
    }
    if (auto removed = remove_it(); !removed) return fail(removed.error());
    return true;
}

Result<void> NamedCluster::remove_it() const {
    const Runner without_haste(kubeconfig(), clock_, {});
    const auto kind_delete = [&] {
        return without_haste.run(
            {tools_.kind, "delete", "cluster", "--name", name_, "--kubeconfig", kubeconfig()}, minutes{3});
    };
    auto removed = kind_delete();
    // Of a process that was ended while it did so.
    if (!removed && removed.error().message.find("already in progress") != std::string::npos) {
        stack::wait_for(std::chrono::seconds{3});
        removed = kind_delete();
    }
    if (removed) forget();
    return done(removed);
}

void NamedCluster::forget() const {
    std::error_code none;
    for (const fs::path& one : {kubeconfig(), node_id(), half_made(), folder_ / (name_ + ".cache")})
        fs::remove_all(one, none);
    for (const fs::path& one : others_)
        fs::remove_all(one, none);
}

Result<void> NamedCluster::check_image(const Image& image) const {
    if (tag_of(image.image).empty())
        return fail(ErrorKind::Config, fmt::format("the image {} has no tag", image.image),
                    fmt::format("name one: {}:TAG", image.image));
    const auto there = runner_.run({tools_.engine, "image", "inspect", image.image}, minutes{1});
    if (there || there.error().kind == ErrorKind::Interrupted) return done(there);
    return fail(ErrorKind::Config,
                fmt::format("{} has no image {}", tools_.engine.filename().string(), image.image),
                fmt::format("scripts/kind-images {} makes it", image.name));
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

Result<std::optional<std::string>> NamedCluster::kubectl_if_there(const std::vector<std::string>& words,
                                                                  Duration limit) const {
    if (!fs::exists(kubeconfig())) return std::nullopt;
    auto said = kubectl(words, limit);
    if (said) return std::move(*said);
    const auto ours = is_ours();
    if (!ours) return fail(ours.error());
    if (*ours) return fail(said.error());
    // Where somebody is at it, it is his to forget.
    if (const auto alone = take_alone(name_, folder_, {})) forget();
    return std::nullopt;
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
