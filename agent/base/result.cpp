#include "agent/base/result.hpp"

namespace pushsim {

const char* to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Usage:
            return "usage";
        case ErrorKind::Config:
            return "config";
        case ErrorKind::Parse:
            return "parse";
        case ErrorKind::Tpm:
            return "tpm";
        case ErrorKind::Transport:
            return "transport";
        case ErrorKind::Protocol:
            return "protocol";
        case ErrorKind::Refused:
            return "refused";
        case ErrorKind::Stack:
            return "stack";
        case ErrorKind::System:
            return "system";
        case ErrorKind::Interrupted:
            return "interrupted";
    }
    return "unknown";
}

std::string Error::line() const {
    return mend.empty() ? message : message + "; " + mend;
}

std::string Error::text() const {
    return mend.empty() ? message : message + "\n  mend: " + mend;
}

}  // namespace pushsim
