#include "agent/tpm/hash_algorithm.hpp"

#include <stdexcept>
#include <string>

#include <openssl/evp.h>

namespace pushsim::tpm {
namespace {

struct Entry {
    HashAlgorithm algorithm;
    const char* name;  // OpenSSL's too
    std::size_t size;
};
constexpr Entry entries[] = {
    {HashAlgorithm::Sha1, "sha1", 20},
    {HashAlgorithm::Sha256, "sha256", 32},
    {HashAlgorithm::Sha384, "sha384", 48},
    {HashAlgorithm::Sha512, "sha512", 64},
};

const Entry& entry(HashAlgorithm algorithm) {
    for (const Entry& known : entries)
        if (known.algorithm == algorithm) return known;
    throw std::invalid_argument("not a hash algorithm: " + std::to_string(static_cast<int>(algorithm)));
}

}  // namespace

std::string_view to_string(HashAlgorithm algorithm) {
    return entry(algorithm).name;
}

std::optional<HashAlgorithm> hash_algorithm_from(std::string_view name) {
    for (const Entry& known : entries)
        if (known.name == name) return known.algorithm;
    return std::nullopt;
}

std::optional<HashAlgorithm> hash_algorithm_from(std::uint16_t id) {
    for (const Entry& known : entries)
        if (static_cast<std::uint16_t>(known.algorithm) == id) return known.algorithm;
    return std::nullopt;
}

std::size_t digest_size(HashAlgorithm algorithm) {
    return entry(algorithm).size;
}

Bytes hash(HashAlgorithm algorithm, ByteView data) {
    const Entry& known = entry(algorithm);
    Bytes digest(known.size);
    if (EVP_Q_digest(nullptr, known.name, nullptr, data.data(), data.size(), digest.data(), nullptr) != 1)
        throw std::runtime_error(std::string("libcrypto does not offer ") + known.name);
    return digest;
}

}  // namespace pushsim::tpm
