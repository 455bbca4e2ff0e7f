#pragma once
// A cluster of Kind by its name: made, asked and deleted, whatever is in it.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/kind/tools.hpp"

namespace pushsim::kind {

class NamedCluster {
  public:
    /// What is kept of it lies in `folder`, which is there: kubeconfig, kubectl's cache, a mark while it is
    /// half made, and in `log` what the last tool printed.
    NamedCluster(std::string name, std::filesystem::path folder, Tools tools, const Clock& clock,
                 stack::StopAsked stop_asked, const std::string& log = "tool.log");

    const std::string& name() const { return name_; }
    const Tools& tools() const { return tools_; }
    std::string node() const { return name_ + "-control-plane"; }
    std::filesystem::path kubeconfig() const { return folder_ / (name_ + ".kubeconfig"); }

    /// Whether kind knows one of that name.
    Result<bool> is_there() const;
    /// Whether it was made from that folder; ErrorKind::Config with the way out where it is there, but was
    /// not.
    Result<bool> is_ours() const;
    /// Killed while it was made.
    bool is_half_made() const;
    void set_half_made(bool half) const;
    /// ErrorKind::Stack where kind fails. The mark stays.
    Result<void> create(const std::filesystem::path& config, const std::string& node_image) const;
    /// With what was kept of it, but for files that are others'.
    Result<void> remove() const;
    /// The same of a cluster that others deleted.
    void forget() const;

    /// ErrorKind::Config where the engine has no such image: `scripts/kind-images NAME` makes it.
    Result<void> check_image(const std::string& image, const std::string& name) const;
    Result<void> load(const std::string& image) const;
    /// What it printed; as Runner::run. kubectl itself tries for 30 s.
    Result<std::string> kubectl(const std::vector<std::string>& words, Duration limit) const;
    /// Runs a command on its node. As kubectl().
    Result<std::string> on_node(const std::vector<std::string>& command, Duration limit) const;
    /// The command that runs kubectl at this cluster.
    std::vector<std::string> kubectl_words(const std::vector<std::string>& words) const;
    /// The command that goes on with the logs of the pods that `selector` finds now, each line with its pod's
    /// name.
    std::vector<std::string> follow_words(const std::string& selector, std::size_t lines) const;
    /// The addresses of the gateway in the containers' network: this machine, as the nodes see it.
    std::vector<std::string> gateways() const;

  private:
    Result<std::string> kind(std::vector<std::string> words, Duration limit) const;
    std::filesystem::path half_made() const;

    std::string name_;
    std::filesystem::path folder_;
    Tools tools_;
    Runner runner_;
};

}  // namespace pushsim::kind
