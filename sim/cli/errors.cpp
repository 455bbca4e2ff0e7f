#include <cstdio>

#include <unistd.h>

#include "reports/console.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/fitted.hpp"

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
    std::string text = line;
    while (text.ends_with('\n'))
        text.pop_back();
    const int width = reports::style_for(STDERR_FILENO).wrap;
    std::fputs(fitted(text + '\n', static_cast<std::size_t>(width)).c_str(), stderr);
}

int report_error(const Error& error) {
    say_error("pushsim: " + error.text());
    return exit_code(error.kind);
}

}  // namespace pushsim::cli
