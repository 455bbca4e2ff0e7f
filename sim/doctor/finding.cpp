#include "sim/doctor/finding.hpp"

namespace pushsim::doctor {

const char* to_string(Level level) {
    switch (level) {
        case Level::Ok:
            return "ok";
        case Level::Warning:
            return "warning";
        case Level::Fail:
            return "fail";
        case Level::Skipped:
            return "skipped";
    }
    return "?";
}

}  // namespace pushsim::doctor
