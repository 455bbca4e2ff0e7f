#pragma once
// A PostgreSQL cluster of a stack's own. PostgreSQL comes from the system; what runs it never is root.

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "agent/base/result.hpp"
#include "sim/stack/acts.hpp"
#include "sim/stack/install.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::stack {

/// PostgreSQL as it is installed, and whom it runs as.
struct Postgresql {
    std::filesystem::path programs;  ///< folder with initdb, postgres and createdb
    /// Root alone: the system's user `postgres`, for initdb and postgres refuse root.
    std::optional<std::pair<uid_t, gid_t>> user;
};

/// That of initdb in PATH, else the newest in `versions`/*/bin. ErrorKind::Config with the way out.
Result<Postgresql> find_postgresql(const std::filesystem::path& versions = "/usr/lib/postgresql");

/// Why no stack with PostgreSQL can be started here with this Keylime, and the way out; nothing where one
/// can.
std::optional<std::string> why_no_postgresql(const KeylimeInstall& keylime);

/// A cluster in `folder`, which must have a short path: its socket is in there, and nobody else reaches it.
/// It listens on no port. What is in it may be lost with the machine's power (fsync is off).
class PostgresqlCluster {
  public:
    PostgresqlCluster(Postgresql installed, std::filesystem::path folder, const std::string& stack_id,
                      std::filesystem::path log);

    /// Makes `folder`, 0700, of the user that PostgreSQL runs as. One that is there already is somebody
    /// else's: ErrorKind::System.
    Result<void> make_folder() const;
    Program initdb() const;
    Program server() const;
    /// A database for each of both servers. The cluster must run.
    Result<void> make_databases() const;
    /// Keylime's option `database_url`.
    std::string url(ServerName server) const;

  private:
    Program program(const std::string& name, std::vector<std::string> arguments) const;

    Postgresql installed_;
    std::filesystem::path folder_;
    std::string stack_id_;
    std::filesystem::path log_;
};

}  // namespace pushsim::stack
