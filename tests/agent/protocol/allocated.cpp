#include "tests/agent/protocol/allocated.hpp"

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t handed_out = 0;
}

// The other forms of new and delete end here ([new.delete]), save those for over-aligned types.

void* operator new(std::size_t size) {
    handed_out += size;
    void* memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) throw std::bad_alloc{};
    return memory;
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace pushsim::protocol::testing {

std::size_t allocated() {
    return handed_out;
}

}  // namespace pushsim::protocol::testing
