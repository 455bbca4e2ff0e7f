#include "tests/stand_in/unnoticed.hpp"

namespace pushsim::stand_in {

std::vector<Unnoticed> unnoticed() {
    return {{"yes", {}}, {"no", {}}, {"echo", {}}};
}

}  // namespace pushsim::stand_in
