#pragma once
// What a word of the scenario language means, in words.

#include <string>
#include <string_view>
#include <vector>

namespace pushsim::cli {

struct Line {
    std::size_t indent = 0;
    std::string text;
};

/// A step, fault, check, metric, key, word or option of Keylime, in every place where there is one of that
/// name; empty where there is none.
std::vector<Line> explain_name(std::string_view name);
/// "did you mean `attest`?", or where names are listed.
std::string nearest_to(std::string_view name);

}  // namespace pushsim::cli
