#pragma once
// Completion of the command line: the shells' scripts ask pushsim itself, by `pushsim __complete WORD…`.

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace pushsim::cli {

/// The word that the scripts ask by.
inline constexpr const char* kComplete = "__complete";

struct Candidate {
    std::string word;
    std::string about;
    bool operator==(const Candidate&) const = default;
};

/// What may stand where the last of `words` stands: what the command line `app` understands, in the order of
/// its help. `words` are those behind "pushsim"; the last is what was typed of it so far, and may be empty.
/// bash hands "--format=j" over as three words; both forms are understood.
struct Completion {
    std::vector<Candidate> candidates;
    bool files = false;
    bool folders = false;

    /// A line each, "WORD<TAB>ABOUT", then ":files" or ":folders": what the scripts read.
    std::string text() const;
};
Completion complete(const CLI::App& app, std::vector<std::string> words);

/// What the shell has to read once; `shell` is one of shells(). Empty for another.
const std::vector<std::string>& shells();
std::string completion_script(const std::string& shell);

}  // namespace pushsim::cli
