#pragma once
// How the requirements stood in the last run that decided all of them, as kept beside the registry.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "sim/conformance/loaded.hpp"

namespace pushsim::conformance {

struct Verdicts {
    std::string keylime;                           ///< the version they are of
    std::string begun;                             ///< RFC 3339
    std::map<std::string, std::string> standings;  ///< requirement -> "pass", "deviation", …
};

/// `keylime`, `begun`, and `verdicts`: id -> standing, as `pushsim report RUN --verdicts FILE` writes it.
Loaded<Verdicts> load_verdicts(const std::filesystem::path& file);
Loaded<Verdicts> read_verdicts(std::string_view text, const std::string& file);

/// Where those of a version are: verdicts/keylime-7.14.3.yaml.
std::filesystem::path verdicts_file(const std::filesystem::path& suite, std::string_view version);

}  // namespace pushsim::conformance
