#pragma once
// How much memory a piece of work asks for: this test binary counts what `new` hands out.

#include <cstddef>

namespace pushsim::protocol::testing {

/// Octets handed out by `new` in this thread so far, whether or not they were given back.
std::size_t allocated();

}  // namespace pushsim::protocol::testing
