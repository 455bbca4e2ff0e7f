// FAIL policy_violation where it is a file in the IMA log.

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "reports/rules/rules.hpp"

namespace pushsim::reports::rule {
namespace {

constexpr std::size_t most_files_shown = 3;

/// What the verifier's log says of one file (keylime/ima/ima.py, _validate_ima_ng).
struct RefusedFile {
    std::string path;
    std::string digest;  ///< that the log has; empty: the policy does not know the path
};

std::optional<RefusedFile> refused_file(std::string_view text) {
    constexpr std::string_view unknown = "File not found in allowlist: ";
    constexpr std::string_view other = "Hashes for file ";
    constexpr std::string_view matches = " don't match ";
    if (text.starts_with(unknown)) return RefusedFile{std::string(text.substr(unknown.size())), ""};
    const std::size_t at = text.rfind(matches);
    if (!text.starts_with(other) || at == std::string_view::npos) return std::nullopt;
    const std::string_view digest = text.substr(at + matches.size());
    return RefusedFile{std::string(text.substr(other.size(), at - other.size())),
                       std::string(digest.substr(0, digest.find(' ')))};
}

std::string words(const RefusedFile& file) {
    return file.digest.empty() ? fmt::format("{} is not in it", file.path)
                               : fmt::format("{} has another digest there than {}", file.path, file.digest);
}

std::vector<RefusedFile> refused_files(const history::Verdict& verdict) {
    std::vector<RefusedFile> files;
    if (!verdict.log.value) return files;
    for (const std::string& line : verdict.log.value->details) {
        if (auto file = refused_file(line)) files.push_back(std::move(*file));
    }
    return files;
}

}  // namespace

Found file_not_in_runtime_policy(const AgentStory& agent, const Stories& /*all*/) {
    Found found;
    for (const history::Entry* line : agent.lines) {
        const auto* verdict = as<history::Verdict>(line);
        if (verdict == nullptr || evaluation_of(*verdict) != "fail") continue;
        const auto files = refused_files(*verdict);
        if (files.empty()) continue;
        std::vector<std::string> shown;
        for (std::size_t i = 0; i < std::min(files.size(), most_files_shown); ++i)
            shown.push_back(words(files[i]));
        found.push_back(
            {.subject = files.front().path,
             .cause = fmt::format(
                 "The IMA log has what the runtime policy does not allow: {}{}.", fmt::join(shown, "; "),
                 files.size() > shown.size() ? fmt::format("; and {} more", files.size() - shown.size())
                                             : ""),
             .mend = "Find out how it came to the machine. If it belongs there, put it into the runtime "
                     "policy and give that to the verifier: it holds for all evidence that comes after, also "
                     "for what was collected before.",
             .evidence = lines_of({line}),
             .failures = {line->n}});
    }
    return found;
}

}  // namespace pushsim::reports::rule
