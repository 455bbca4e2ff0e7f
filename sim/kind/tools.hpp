#pragma once
// kind, kubectl and the container engine: other people's programs, run one at a time and told on in full.

#include <filesystem>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::kind {

/// Where the programs are. A program of ours that is missing has an empty path.
struct Tools {
    std::filesystem::path kind;
    std::filesystem::path kubectl;
    std::filesystem::path engine;  ///< docker, else podman
};

/// In PATH. ErrorKind::Config, naming what is missing and where it comes from, or that the engine does not
/// answer.
Result<Tools> find_tools();

/// Runs programs with our environment and the kubeconfig of one cluster alone. Not thread-safe.
class Runner {
  public:
    /// What they print is kept in `folder` (which is there): of the last one `tool.log`.
    Runner(const std::filesystem::path& folder, std::filesystem::path kubeconfig, const Clock& clock,
           stack::StopAsked stop_asked);

    /// What it printed, standard output and errors together. ErrorKind::Stack with its last lines if it fails
    /// or has not ended after `limit`; Interrupted when a person asks to stop: then it gets SIGTERM, and
    /// SIGKILL after 10 s.
    Result<std::string> run(const std::vector<std::string>& command, Duration limit) const;

  private:
    std::filesystem::path log_;
    std::filesystem::path kubeconfig_;
    const Clock& clock_;
    stack::StopAsked stop_asked_;
};

}  // namespace pushsim::kind
