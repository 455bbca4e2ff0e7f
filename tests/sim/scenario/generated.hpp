#pragma once
// Files made from the tables of the language: for each key, option, step and fault one that is valid, and
// some with one slip each.

#include <string>
#include <vector>

namespace pushsim::scenario {

enum class Slip {
    None,
    UnknownKey,
    WrongType,
    NoUnit,
    UndefinedName,  ///< only the whole file, or nothing but a list of names, can tell
};
const char* to_string(Slip slip);

struct Generated {
    Slip slip = Slip::None;
    std::string place;               ///< "step `attest`"
    std::string word;                ///< the key or name that it is about
    std::vector<std::string> lines;  ///< instead of those of the small scenario that begin with the same key
};

/// The small scenario with those lines.
std::string text_with(const std::vector<std::string>& lines);

std::vector<Generated> generated();

}  // namespace pushsim::scenario
