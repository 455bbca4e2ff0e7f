#pragma once
// The cluster `keylime-infra`: a registrar and a verifier in Kubernetes, brought up, looked at and taken
// down.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/kind/pods.hpp"
#include "sim/kind/tools.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/file_lock.hpp"

namespace pushsim::kind {

inline constexpr const char* infra_cluster = "keylime-infra";

/// Where the servers keep what they know (kind/infra/…).
enum class Database { Sqlite, Postgresql };

struct InfraOptions {
    std::string node_image;  ///< of the cluster's node; empty: kind's own
    std::string keylime_image = "pushsim-keylime:7.14.3";
    std::string postgresql_image = "pushsim-postgresql:15";
    Database database = Database::Sqlite;
    std::vector<std::string> names = {};  ///< further ones in the servers' certificates
    stack::StopAsked stop_asked;
    std::function<void(const std::string&)> say;  ///< a line for each step that takes seconds
};

/// What is kept of it in a folder (0700): certificates, kubeconfig, and the address in infra.json.
struct InfraState {
    std::filesystem::path folder;
    std::filesystem::path kubeconfig() const { return folder / "keylime-infra.kubeconfig"; }
    std::filesystem::path certificates() const { return folder / "certs"; }
    std::filesystem::path record() const { return folder / "infra.json"; }

    /// state_folder("kind"). ErrorKind::System.
    static Result<InfraState> open();
};

/// The address of the servers if the cluster was brought up from that folder and not taken down since.
std::optional<stack::StackAddress> infra_address(const InfraState& state);
/// A folder for each server with the files that it is configured with, as they were when it was brought up.
std::filesystem::path infra_conf(const InfraState& state);

/// Where those servers keep what they know.
Database infra_database(const InfraState& state);
/// Whoever changes the servers holds it. ErrorKind::Config where another process does, naming it.
Result<stack::FileLock> take_cluster(const InfraState& state, const stack::StopAsked& stop_asked);

/// Makes the cluster where there is none, loads the images, makes certificates, applies the manifests of
/// `sources` (the project's kind/) and returns when both servers are ready and reached. Where it is up
/// already the manifests and certificates are applied anew. A cluster that this call made is gone again after
/// an error or when a person asks to stop. ErrorKind::Config (a tool or an image is missing, a cluster of
/// that name is another's), Stack (a port is taken, or a tool failed, with what it printed), Interrupted.
/// `alone`: of take_cluster().
Result<stack::StackAddress> infra_up(const InfraState& state, const stack::FileLock& alone,
                                     const std::filesystem::path& sources, const InfraOptions& options,
                                     const Clock& clock);

/// Deletes the cluster. False: there was none. Certificates stay. `alone`: of take_cluster().
Result<bool> infra_down(const InfraState& state, const stack::FileLock& alone, const Clock& clock);

/// That a cluster which is there has nothing in it any more, and the way out.
Error emptied();

/// What runs in it, by name; none where there is no cluster. ErrorKind::Stack where it does not answer, or
/// has lost what was in it.
Result<std::vector<ServerSeen>> infra_servers(const InfraState& state, const Clock& clock);

/// The last `lines` of a server's log.
Result<std::string> infra_log(const InfraState& state, const std::string& server, std::size_t lines,
                              const Clock& clock);

/// The command that goes on with the log of a server, or of both (empty). ErrorKind::Config where no cluster
/// is up.
Result<std::vector<std::string>> infra_follow(const InfraState& state, const std::string& server,
                                              std::size_t lines, const Clock& clock);

/// Where kind/ is: PUSHSIM_KIND, else in the source folder that this program was built from.
std::filesystem::path sources_of_clusters();

}  // namespace pushsim::kind
