#include "sim/scenario/position.hpp"

#include <fmt/format.h>

namespace pushsim::scenario {

std::string Position::text() const {
    return line == 0 ? file : fmt::format("{}:{}:{}", file, line, column);
}

}  // namespace pushsim::scenario
