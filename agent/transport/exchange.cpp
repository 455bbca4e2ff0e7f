#include "agent/transport/exchange.hpp"

namespace pushsim::transport {

const char* to_string(FailureKind kind) {
    switch (kind) {
        case FailureKind::ConnectRefused:
            return "connect_refused";
        case FailureKind::ConnectFailed:
            return "connect_failed";
        case FailureKind::Certificate:
            return "certificate";
        case FailureKind::Tls:
            return "tls";
        case FailureKind::Timeout:
            return "timeout";
        case FailureKind::Closed:
            return "closed";
        case FailureKind::Reset:
            return "reset";
        case FailureKind::Malformed:
            return "malformed";
        case FailureKind::TooLarge:
            return "too_large";
        case FailureKind::Cancelled:
            return "cancelled";
    }
    return "unknown";
}

}  // namespace pushsim::transport
