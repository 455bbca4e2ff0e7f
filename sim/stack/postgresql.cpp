#include "sim/stack/postgresql.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/stack/registry.hpp"

namespace pushsim::stack {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUser = "pushsim";  // of the database

bool has_programs(const fs::path& folder) {
    return std::ranges::all_of(std::array{"initdb", "postgres", "createdb"},
                               [&](const char* name) { return is_program(folder / name); });
}

/// "15" of /usr/lib/postgresql/15; 0 for what is no version.
int version_of(const fs::path& folder) {
    const std::string name = folder.filename().string();
    int version = 0;
    std::from_chars(name.data(), name.data() + name.size(), version);
    return version;
}

std::optional<fs::path> find_programs(const fs::path& versions) {
    std::error_code error;
    if (const auto initdb = in_path("initdb")) {
        // Beside the real one: a link to initdb alone is of no use.
        const auto folder = fs::canonical(*initdb, error).parent_path();
        if (!error && has_programs(folder)) return folder;
    }
    std::optional<fs::path> newest;
    for (fs::directory_iterator entry(versions, error), end; !error && entry != end; entry.increment(error)) {
        if (!has_programs(entry->path() / "bin")) continue;
        if (!newest || version_of(entry->path()) > version_of(newest->parent_path()))
            newest = entry->path() / "bin";
    }
    return newest;
}

std::optional<std::pair<uid_t, gid_t>> find_user(const char* name) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return std::pair{entry.pw_uid, entry.pw_gid};
}

}  // namespace

Result<Postgresql> find_postgresql(const fs::path& versions) {
    auto programs = find_programs(versions);
    if (!programs) {
        return fail(ErrorKind::Config, "PostgreSQL is not installed",
                    "run scripts/setup, or: apt-get install postgresql");
    }
    Postgresql installed{.programs = std::move(*programs), .user = std::nullopt};
    if (::geteuid() != 0) return installed;
    installed.user = find_user("postgres");
    if (!installed.user || !in_path("setpriv")) {
        return fail(
            ErrorKind::Config,
            "PostgreSQL refuses to run as root, and the user `postgres` or the program setpriv to run "
            "it as another is missing",
            "run pushsim as an ordinary user, or: apt-get install postgresql util-linux");
    }
    return installed;
}

std::optional<std::string> why_no_postgresql(const KeylimeInstall& keylime) {
    const auto text = [](const Error& error) {
        return error.mend.empty() ? error.message : fmt::format("{}: {}", error.message, error.mend);
    };
    if (const auto installed = find_postgresql(); !installed) return text(installed.error());
    const auto problem = import_problem(keylime, {"psycopg2"});
    if (!problem) return text(problem.error());
    if (problem->empty()) return std::nullopt;
    return fmt::format(
        "Keylime's Python cannot reach PostgreSQL ({}): run scripts/setup, or install psycopg2-binary with "
        "{}",
        *problem, keylime.python);
}

PostgresqlCluster::PostgresqlCluster(Postgresql installed, fs::path folder, const std::string& stack_id,
                                     fs::path log)
    : installed_(std::move(installed)),
      folder_(std::move(folder)),
      stack_id_(stack_id),
      log_(std::move(log)) {}

Result<void> PostgresqlCluster::make_folder() const {
    const bool made = ::mkdir(folder_.c_str(), 0700) == 0;
    if (made && (!installed_.user ||
                 ::chown(folder_.c_str(), installed_.user->first, installed_.user->second) == 0)) {
        return {};
    }
    return fail(ErrorKind::System,
                fmt::format("cannot make the folder {}: {}", folder_.string(), std::strerror(errno)));
}

Program PostgresqlCluster::program(const std::string& name, std::vector<std::string> arguments) const {
    std::vector<std::string> command;
    if (installed_.user) {
        command = {in_path("setpriv").value_or("setpriv").string(),
                   fmt::format("--reuid={}", installed_.user->first),
                   fmt::format("--regid={}", installed_.user->second), "--clear-groups", "--"};
    }
    command.push_back((installed_.programs / name).string());
    command.insert(command.end(), arguments.begin(), arguments.end());
    // The C locale: its log is read for when it is ready.
    return {.command = std::move(command),
            .environment = {{"PATH", "/usr/bin:/bin"},
                            {"LC_ALL", "C"},
                            {kFolderVariable, log_.parent_path().string()},
                            {kIdVariable, stack_id_}},
            .folder = folder_,
            .log = log_};
}

Program PostgresqlCluster::initdb() const {
    return program("initdb", {"-D", (folder_ / "data").string(), "-U", kUser, "--auth=trust", "--no-locale",
                              "--encoding=UTF8", "--no-sync", "--wal-segsize=1"});
}

Program PostgresqlCluster::server() const {
    std::vector<std::string> arguments{"-D", (folder_ / "data").string()};
    // Who may enter the folder is trusted. Every worker of Keylime may hold 30 connections.
    for (const std::string& setting :
         {std::string("listen_addresses="), "unix_socket_directories=" + folder_.string(),
          std::string("fsync=off"), std::string("dynamic_shared_memory_type=mmap"),
          std::string("max_connections=400")}) {
        arguments.emplace_back("-c");
        arguments.push_back(setting);
    }
    return program("postgres", std::move(arguments));
}

Result<void> PostgresqlCluster::make_databases() const {
    for (const ServerName server : {ServerName::Verifier, ServerName::Registrar}) {
        auto made = run_program({(installed_.programs / "createdb").string(), "-h", folder_.string(), "-U",
                                 kUser, to_string(server)},
                                {}, std::chrono::seconds{30});
        if (!made) return fail(made.error().in("a database for the " + to_string(server)));
    }
    return {};
}

std::string PostgresqlCluster::url(ServerName server) const {
    return fmt::format("postgresql+psycopg2://{}@/{}?host={}", kUser, to_string(server), folder_.string());
}

}  // namespace pushsim::stack
