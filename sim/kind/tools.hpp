#pragma once
// kind, kubectl and the container engine: other people's programs, run one at a time and told on in full.

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::kind {

/// Where the programs are. A program of ours that is missing has an empty path.
struct Tools {
    std::filesystem::path kind;
    std::filesystem::path kubectl;
    std::filesystem::path engine;  ///< docker
};

/// In PATH. ErrorKind::Config, naming what is missing and where it comes from, or that the engine does not
/// answer.
Result<Tools> find_tools();

/// The same without its value.
template <typename T>
Result<void> done(const Result<T>& result) {
    if (!result) return fail(result.error());
    return {};
}

/// The object that kubectl printed, behind its warnings; discarded where there is none.
nlohmann::json object_in(std::string_view said);

/// Our environment with the kubeconfig of one cluster alone.
std::vector<std::pair<std::string, std::string>> environment_with(const std::filesystem::path& kubeconfig);

/// What errors call such a command: "kubectl get pods", not longer than a line.
std::string kubectl_name(const std::vector<std::string>& words);

/// Runs programs with our environment and the kubeconfig of one cluster alone.
class Runner {
  public:
    Runner(std::filesystem::path kubeconfig, const Clock& clock, stack::StopAsked stop_asked);

    /// What it printed, standard output and errors together. ErrorKind::Stack with its last lines if it fails
    /// or has not ended after `limit`; Interrupted when a person asks to stop: then it gets SIGTERM, and
    /// SIGKILL after 10 s.
    /// Errors call it `name`; empty: its whole command line.
    Result<std::string> run(const std::vector<std::string>& command, Duration limit,
                            const std::string& name = {}) const;

  private:
    std::filesystem::path kubeconfig_;
    const Clock& clock_;
    stack::StopAsked stop_asked_;
};

}  // namespace pushsim::kind
