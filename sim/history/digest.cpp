#include "sim/history/digest.hpp"

#include <array>
#include <cstdint>

#include <openssl/evp.h>

#include "agent/base/bytes.hpp"

namespace pushsim::history {

std::string sha256_hex(std::string_view text) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    return to_hex(ByteView{digest.data(), size});
}

}  // namespace pushsim::history
