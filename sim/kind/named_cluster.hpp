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
#include "sim/stack/file_lock.hpp"

namespace pushsim::kind {

/// Whoever changes the cluster that is kept in the folder holds it. ErrorKind::Config where another process
/// does, naming it and the way out.
Result<stack::FileLock> take_alone(const std::string& cluster, const std::filesystem::path& folder,
                                   const stack::StopAsked& stop_asked);

/// Behind the colon that is not that of a registry's port; empty where there is none.
std::string tag_of(const std::string& image);
/// A line of a kustomization's `images`: `wanted`, which has a tag, in place of theirs.
std::string image_line(const std::string& theirs, const std::string& wanted);

class NamedCluster {
  public:
    /// An image of the engine's, and what makes it: `scripts/kind-images NAME`.
    struct Image {
        std::string image;
        std::string name;
    };
    struct Plan {
        std::filesystem::path config;  ///< of kind
        std::string node_image;        ///< empty: kind's own
        std::vector<Image> images;     ///< what is to be there before
        std::function<Result<void>()> before_new = {};
        std::function<Result<void>(bool is_new)> fill;  ///< all that it is to have before it is up
        std::function<void(const std::string&)> say;
    };

    /// What is kept of it lies in `folder`, which is there: kubeconfig, kubectl's cache, its node's id, a
    /// mark while it is half made; and in `others`.
    NamedCluster(std::string name, std::filesystem::path folder, Tools tools, const Clock& clock,
                 stack::StopAsked stop_asked, std::vector<std::filesystem::path> others = {});

    const std::string& name() const { return name_; }
    const Tools& tools() const { return tools_; }
    std::string node() const { return name_ + "-control-plane"; }
    std::filesystem::path kubeconfig() const { return folder_ / (name_ + ".kubeconfig"); }

    /// Whether it is there, made from that folder; ErrorKind::Config with the way out where another is there
    /// by its name.
    Result<bool> is_ours() const;
    /// Where there is none, or one that is half made, it is made and filled; what this made is gone again
    /// where that fails. One that is there is filled. With take_alone().
    Result<void> bring_up(const Plan& plan) const;
    /// With what is kept of it, whoever asks to stop. False: there was none. ErrorKind as is_ours(); Stack.
    /// With take_alone().
    Result<bool> remove() const;

    /// ErrorKind::Config where the engine has no such image, or it is named without a tag.
    Result<void> check_image(const Image& image) const;
    Result<void> load(const std::string& image) const;
    /// What it printed; as Runner::run. kubectl itself tries for 30 s.
    Result<std::string> kubectl(const std::vector<std::string>& words, Duration limit) const;
    /// The same; nothing of a cluster that is not there. What is kept of one that others deleted goes.
    Result<std::optional<std::string>> kubectl_if_there(const std::vector<std::string>& words,
                                                        Duration limit) const;
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
    Result<bool> is_there() const;
    bool is_half_made() const;
    Result<void> create(const Plan& plan) const;
    Result<std::string> node_now() const;
    Result<void> keep_node() const;
    Result<void> remove_it() const;
    void forget() const;
    Error not_ours() const;
    std::filesystem::path half_made() const { return folder_ / (name_ + ".half-made"); }
    std::filesystem::path node_id() const { return folder_ / (name_ + ".node"); }

    std::string name_;
    std::filesystem::path folder_;
    Tools tools_;
    const Clock& clock_;
    Runner runner_;
    std::vector<std::filesystem::path> others_;
};

}  // namespace pushsim::kind
