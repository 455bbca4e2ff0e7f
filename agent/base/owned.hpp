#pragma once

#include <memory>

namespace pushsim {

template <auto Free>
struct Freed {
    template <typename T>
    void operator()(T* thing) const {
        Free(thing);
    }
};

/// What a C library gave, freed by its own function: Owned<BIGNUM, &BN_free>.
template <typename T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

}  // namespace pushsim
