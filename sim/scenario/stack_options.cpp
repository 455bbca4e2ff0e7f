#include "sim/scenario/stack_options.hpp"

namespace pushsim::scenario {

bool can_share(const StackOptions& a, const StackOptions& b) {
    return !a.fresh && !b.fresh && a.verifier == b.verifier && a.registrar == b.registrar &&
           a.database == b.database && a.workers == b.workers;
}

}  // namespace pushsim::scenario
