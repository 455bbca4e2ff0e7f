#include <cstdio>

#include "sim/cli/commands.hpp"

namespace pushsim::cli {

int exit_code(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Usage:
        case ErrorKind::Config:
            return kUsage;
        case ErrorKind::Refused:
            return kNotAsExpected;
        case ErrorKind::Interrupted:
            return kInterrupted;
        default:
            return kFailed;
    }
}

void say_error(const std::string& line) {
    std::fputs((line + '\n').c_str(), stderr);
}

int report_error(const Error& error) {
    say_error("pushsim: " + error.text());
    return exit_code(error.kind);
}

}  // namespace pushsim::cli
