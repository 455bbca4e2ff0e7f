#pragma once
// Which Keylime runs: a release that scripts/setup installed, a folder, a source checkout, or a program.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"

namespace pushsim::stack {

/// The release that scripts/setup installs.
inline constexpr const char* kPinnedRelease = "7.14.3";

struct KeylimeInstall {
    std::vector<std::string> verifier;                             ///< program and arguments, absolute
    std::vector<std::string> registrar;                            ///< program and arguments, absolute
    std::vector<std::pair<std::string, std::string>> environment;  ///< beyond the inherited: PYTHONPATH
    std::string version;  ///< "7.14.3", as the package says; empty where it does not
    std::string origin;   ///< for reports: the program found, or the checkout and its commit
    std::string python;   ///< what runs it; empty where the program does not tell
    /// Starting it again may run other code although `origin` is the same: a checkout that is changed, or
    /// whose commit git does not tell, or a program that does not tell its version.
    bool may_change = false;

    /// "Keylime 7.14.3 (/path/.keylime/7.14.3)".
    std::string text() const;
};

/// `origin` is the pinned release as scripts/setup installs it.
bool is_pinned_release(const std::string& origin);

/// Where releases are: `$PUSHSIM_KEYLIME_HOME`, else `.keylime` in the project this was built from. Holds one
/// virtual environment per release, named by it.
std::filesystem::path keylime_home();

/// `$PUSHSIM_KEYLIME`, or nothing: what find_keylime() takes where no --keylime was given.
std::string default_keylime();

/// `wanted` is a value of --keylime:
///   VERSION  "7.14.2": the virtual environment `home`/VERSION
///   DIR      a folder with bin/keylime_verifier or keylime_verifier, or a source checkout (with keylime/),
///   which is
///            run by the python of the pinned release, or else by python3 in PATH
///   BIN      the path of a keylime_verifier, with keylime_registrar beside it
///   ""       the pinned release, else keylime_verifier in PATH
/// Asks that python once for the version. ErrorKind::Config with the way out where nothing is found.
Result<KeylimeInstall> find_keylime(const std::string& wanted,
                                    const std::filesystem::path& home = keylime_home());

/// What keeps its Python from importing both servers, in Python's words ("ModuleNotFoundError: No module
/// named 'tornado'"); "" where nothing does. ErrorKind::System where that Python does not run at all, or
/// `keylime.python` is empty.
Result<std::string> import_problem(const KeylimeInstall& keylime);
/// The same of any modules, by their names in Python.
Result<std::string> import_problem(const KeylimeInstall& keylime, const std::vector<std::string>& modules);

}  // namespace pushsim::stack
