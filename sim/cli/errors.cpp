#include <cstdio>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"

namespace pushsim::cli {

int exit_code(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Usage:
        case ErrorKind::Config:
            return kUsage;
        case ErrorKind::Interrupted:
            return kInterrupted;
        default:
            return kFailed;
    }
}

int report_error(const Error& error) {
    fmt::print(stderr, "pushsim: {}\n", error.text());
    return exit_code(error.kind);
}

}  // namespace pushsim::cli
