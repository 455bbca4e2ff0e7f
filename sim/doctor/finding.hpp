#pragma once
// What the look at one thing came to.

#include <string>

namespace pushsim::doctor {

enum class Level {
    Ok,
    Warning,  ///< a run may do without, or may meet it
    Fail,     ///< a run would not do what it should
    Skipped,  ///< not looked at: `found` says why
};
const char* to_string(Level level);  ///< "ok", "warning", "fail", "skipped"

struct Finding {
    Level level = Level::Ok;
    std::string thing;  ///< "Keylime", "file descriptors"
    std::string found;
    std::string mend = {};  ///< one line; only of a warning or a failure

    bool operator==(const Finding&) const = default;
};

}  // namespace pushsim::doctor
