#pragma once
// The verifier's database as it is read from within the verifier's pod: SQLite and PostgreSQL.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/stack/database.hpp"

namespace pushsim::kind {

/// How a pod's database is reached now.
struct PodDatabasePlace {
    std::string pod;                   ///< its uid; with another one it is asked anew
    std::vector<std::string> command;  ///< runs pod_database_script() there, with lines in and out
};

struct PodDatabaseOptions {
    /// Where it is now; ErrorKind::Stack, saying why it cannot be read.
    std::function<Result<PodDatabasePlace>()> place;
    std::vector<std::pair<std::string, std::string>> environment;
    std::filesystem::path errors;  ///< a file for what goes wrong
    Duration limit = std::chrono::seconds{10};
    const Clock& clock;
};

/// One program goes on in the pod as long as that lives, for its start takes longer than what is asked of it.
std::shared_ptr<stack::VerifierDatabase> pod_database(PodDatabaseOptions options);

/// For Keylime's Python: answers each line of JSON, [query, parameters], with a line [row], [null] or "what
/// went wrong". `url`: as Keylime's `database_url`.
std::string pod_database_script(const std::string& url);

/// Of a line that it answers: the row's texts (null is empty), nothing for no row. ErrorKind::Stack.
Result<std::optional<std::vector<std::string>>> parse_pod_answer(std::string_view line);

}  // namespace pushsim::kind
