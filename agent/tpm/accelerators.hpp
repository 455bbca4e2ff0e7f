#pragma once
// What makes libtpms' arithmetic cheaper without another result. libtpms hands libcrypto RSA keys without
// their factors and P-256 as a curve it does not know, so libcrypto takes its slowest way. Functions of
// libcrypto that libtpms calls are replaced in this program (the dynamic linker takes the program's first),
// and give libcrypto what it was not told.

#include <cstdint>
#include <string>

#include "agent/base/bytes.hpp"
#include "agent/base/result.hpp"

namespace pushsim::tpm {

/// Same seeds, same keys, same signatures with and without. Off unless asked for: figures with them on are
/// not those of the libtpms that the machine has, and whoever shows them says so.
struct Accelerators {
    bool rsa_factors = false;  ///< RSA_set0_crt_params: the factors too, and no blinding
    bool named_p256 = false;   ///< EC_GROUP_new_curve_GFp: P-256 by its name

    bool any() const { return rsa_factors || named_p256; }
    friend bool operator==(const Accelerators&, const Accelerators&) = default;
};
/// "rsa-factors, named-p256"; "none".
std::string to_string(const Accelerators& accelerators);
/// "rsa-factors", "named-p256", "all", "none", or several with commas between; ErrorKind::Usage.
Result<Accelerators> parse_accelerators(std::string_view text);

/// For the whole process, at any time: commands that run take the one or the other way. Those that this
/// libtpms gives no chance to work are an error (ErrorKind::Tpm), and none is on then: a TPM is asked for its
/// self-tests, which must have come by here. About 10 ms, the first time. ErrorKind::System where that TPM
/// has no host (TpmHost), and none is on then either.
Result<void> switch_accelerators(const Accelerators& accelerators);
Accelerators accelerators_on();

/// Finding the factors of a key costs about half a quote, once. Who knows one of them can say so: big-endian
/// octets, as in TPM2B_PUBLIC_KEY_RSA. What does not divide the modulus is not used. The most that are known
/// at once are 200,000; keys beyond them are slow.
void know_factor(ByteView modulus, ByteView prime);
/// One that was found or said; empty: none yet.
Bytes known_factor(ByteView modulus);

}  // namespace pushsim::tpm
