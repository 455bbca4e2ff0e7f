#include "sim/stack/install.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

#include "sim/stack/process.hpp"

namespace pushsim::stack {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVerifier = "keylime_verifier";
constexpr const char* kRegistrar = "keylime_registrar";

// "#!/path/python3", or, where that line would be too long, pip's "'''exec' /path/python3 …" below
// "#!/bin/sh".
std::optional<fs::path> python_of(const fs::path& script) {
    std::ifstream file(script);
    std::string first;
    std::string second;
    std::getline(file, first);
    std::getline(file, second);
    std::string command;
    if (second.starts_with("'''exec' ")) {
        command = second.substr(9);
    } else if (first.starts_with("#!")) {
        command = first.substr(2);
    }
    std::istringstream words(command);
    std::string word;
    words >> word;
    if (fs::path(word).filename() == "env") words >> word;
    std::erase(word, '"');
    if (fs::path(word).filename().string().find("python") == std::string::npos) return std::nullopt;
    return word.front() == '/' ? fs::path(word) : in_path(word);
}

// Says where the package is and what it calls itself; a checkout has its version in setup.cfg alone.
constexpr const char* kAskVersion = R"(
import configparser, importlib.metadata, importlib.util, os, sys
sys.path = [folder for folder in sys.path if folder]
spec = importlib.util.find_spec("keylime")
root = os.path.dirname(os.path.dirname(spec.origin or list(spec.submodule_search_locations)[0] + "/x"))
found = [d.version for d in importlib.metadata.distributions(name="keylime", path=[root])]
if not found:
    setup = configparser.RawConfigParser()
    setup.read(os.path.join(root, "setup.cfg"))
    found = [setup.get("metadata", "version", fallback="")]
print(found[0])
)";

// As the servers' programs do on their first lines; the empty entry of sys.path is the folder we are in.
constexpr const char* kTryImports = R"(
import sys
sys.path = [folder for folder in sys.path if folder]
try:
    import {}
except BaseException as problem:
    print(type(problem).__name__ + ": " + str(problem).partition("\n")[0])
)";

/// What a short script of Python says in the environment of `install`, without white space at its end.
Result<std::string> ask_python(const KeylimeInstall& install, const std::string& script) {
    auto environment = install.environment;
    if (environment.empty()) environment.emplace_back("PYTHONPATH", "");
    auto answer = run_program({install.python, "-c", script}, environment, std::chrono::seconds{20});
    if (answer) answer->erase(answer->find_last_not_of(" \n") + 1);
    return answer;
}

std::string ask_version(const KeylimeInstall& install) {
    return ask_python(install, kAskVersion).value_or("");
}

tl::unexpected<Error> missing(const std::string& message) {
    return fail(
        ErrorKind::Config, message,
        fmt::format("run scripts/setup, which installs Keylime {}; other releases: scripts/setup --keylime "
                    "VERSION; a checkout or program of your own: --keylime DIR|BIN",
                    kPinnedRelease));
}

Result<KeylimeInstall> from_program(const fs::path& given) {
    const fs::path verifier = fs::absolute(given).lexically_normal();
    const fs::path registrar = verifier.parent_path() / kRegistrar;
    for (const auto& program : {verifier, registrar}) {
        if (!is_program(program)) {
            return missing(fmt::format("Keylime not found: {} is no program", program.string()));
        }
    }
    KeylimeInstall install{.verifier = {verifier.string()},
                           .registrar = {registrar.string()},
                           .environment = {},
                           .version = {},
                           .origin = verifier.string(),
                           .python = python_of(verifier).value_or("").string()};
    if (!install.python.empty()) install.version = ask_version(install);
    install.may_change = install.version.empty();
    return install;
}

constexpr std::string_view kPushSeries = "7.14.";

bool is_checkout(const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "keylime" / "cmd" / "verifier.py", ignored);
}

Result<KeylimeInstall> from_checkout(const fs::path& given, const fs::path& home) {
    const fs::path folder = fs::absolute(given).lexically_normal();
    std::optional<fs::path> python = home / kPinnedRelease / "bin" / "python3";
    if (!is_program(*python)) python = in_path("python3");
    if (!python) return missing("no python3 to run the Keylime checkout with");
    const auto command = [&](const char* server) {
        return std::vector<std::string>{python->string(), "-c",
                                        fmt::format("from keylime.cmd.{} import main; main()", server)};
    };
    KeylimeInstall install{.verifier = command("verifier"),
                           .registrar = command("registrar"),
                           .environment = {{"PYTHONPATH", folder.string()}},
                           .version = {},
                           .origin = folder.string(),
                           .python = python->string()};
    install.version = ask_version(install);
    // A checkout is more than its version: name the commit where git can tell it.
    auto commit = run_program({"git", "-C", folder.string(), "describe", "--tags", "--always", "--dirty"}, {},
                              std::chrono::seconds{5});
    if (commit) {
        while (!commit->empty() && commit->back() == '\n')
            commit->pop_back();
        install.origin += fmt::format(" at {}", *commit);
    }
    install.may_change = !commit || commit->ends_with("-dirty");
    return install;
}

Result<KeylimeInstall> from_folder(const fs::path& folder, const fs::path& home) {
    if (is_checkout(folder)) return from_checkout(folder, home);
    for (const auto& program : {folder / "bin" / kVerifier, folder / kVerifier}) {
        if (is_program(program)) return from_program(program);
    }
    return missing(fmt::format("Keylime not found: {} has neither bin/{} nor keylime/cmd/verifier.py",
                               folder.string(), kVerifier));
}

bool is_version(const std::string& text) {
    return text.find('.') != std::string::npos &&
           text.find_first_not_of("0123456789.") == std::string::npos && text.front() != '.' &&
           text.back() != '.';
}

}  // namespace

std::string KeylimeInstall::text() const {
    return fmt::format("Keylime {} ({})", version.empty() ? "of unknown version" : version, origin);
}

bool is_pinned_release(const std::string& origin) {
    const fs::path program = keylime_home() / kPinnedRelease / "bin" / kVerifier;
    return origin == fs::absolute(program).lexically_normal().string();
}

fs::path keylime_home() {
    if (const char* given = std::getenv("PUSHSIM_KEYLIME_HOME"); given != nullptr && *given != '\0') {
        return given;
    }
    return fs::path(PUSHSIM_SOURCE_DIR) / ".keylime";
}

std::string default_keylime() {
    const char* given = std::getenv("PUSHSIM_KEYLIME");
    return given == nullptr ? "" : given;
}

Result<KeylimeInstall> find_keylime(const std::string& wanted, const fs::path& home) {
    if (wanted.empty()) {
        if (is_program(home / kPinnedRelease / "bin" / kVerifier)) {
            return from_program(home / kPinnedRelease / "bin" / kVerifier);
        }
        if (const auto program = in_path(kVerifier)) return from_program(*program);
        return missing(fmt::format("Keylime not found: neither {} nor {} in PATH",
                                   (home / kPinnedRelease).string(), kVerifier));
    }
    if (is_version(wanted)) {
        if (is_program(home / wanted / "bin" / kVerifier))
            return from_program(home / wanted / "bin" / kVerifier);
        return fail(ErrorKind::Config,
                    fmt::format("Keylime {} is not installed in {}", wanted, home.string()),
                    wanted.starts_with(kPushSeries)
                        ? fmt::format("run scripts/setup --keylime {}", wanted)
                        : "scripts/setup --keylime installs 7.14 releases, the first with push mode");
    }
    std::error_code ignored;
    if (fs::is_directory(wanted, ignored)) return from_folder(wanted, home);
    if (fs::exists(wanted, ignored)) return from_program(wanted);
    return missing(fmt::format("Keylime not found: '{}' is no release, folder or program", wanted));
}

Result<std::string> import_problem(const KeylimeInstall& keylime) {
    return import_problem(keylime, {"keylime.cmd.verifier", "keylime.cmd.registrar"});
}

Result<std::string> import_problem(const KeylimeInstall& keylime, const std::vector<std::string>& modules) {
    if (keylime.python.empty()) {
        return fail(ErrorKind::System, fmt::format("{} does not tell which Python runs it", keylime.origin));
    }
    return ask_python(keylime, fmt::format(kTryImports, fmt::join(modules, ", ")));
}

}  // namespace pushsim::stack
