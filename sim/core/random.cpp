#include "sim/core/random.hpp"

#include <bit>
#include <random>

#include <fmt/format.h>

namespace pushsim::core {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

// FNV-1a, 64 bits. A separator follows each name, so that {"ab", "c"} and {"a", "bc"} differ.
std::uint64_t hash_names(std::initializer_list<std::string_view> names) {
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto mix = [&](unsigned char octet) { hash = (hash ^ octet) * 0x100000001b3; };
    for (const std::string_view name : names) {
        for (const char c : name)
            mix(static_cast<unsigned char>(c));
        mix(0);
    }
    return hash;
}

}  // namespace

SeededStream::SeededStream(std::uint64_t seed, std::initializer_list<std::string_view> names) : state_{} {
    std::uint64_t mixed = seed;
    std::uint64_t start = split_mix(mixed) ^ hash_names(names);
    for (auto& word : state_)
        word = split_mix(start);
}

std::uint64_t SeededStream::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

std::uint64_t fresh_seed() {
    return std::random_device{}() & 0xffffffffU;
}

std::string make_uuid(RandomStream& stream) {
    const std::uint64_t high = (stream.next() & ~0xf000ULL) | 0x4000ULL;
    const std::uint64_t low = (stream.next() & ~(3ULL << 62)) | 2ULL << 62;
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xffff,
                       low >> 48, low & 0xffffffffffff);
}

}  // namespace pushsim::core
