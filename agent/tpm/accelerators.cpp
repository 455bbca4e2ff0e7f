// RSA_METHOD, RSA and EC_GROUP_new_curve_GFp are what libtpms uses; OpenSSL 3 calls them deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "agent/tpm/accelerators.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <unordered_map>

#include <dlfcn.h>
#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include "agent/base/owned.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::tpm {
namespace {

using Number = Owned<BIGNUM, &BN_clear_free>;
using NumberContext = Owned<BN_CTX, &BN_CTX_free>;
using Group = Owned<EC_GROUP, &EC_GROUP_free>;

std::atomic<bool> rsa_factors = false;
std::atomic<bool> named_p256 = false;
std::atomic<std::uint64_t> rsa_keys_seen = 0;
std::atomic<std::uint64_t> p256_seen = 0;

Bytes octets_of(const BIGNUM* number) {
    Bytes octets(static_cast<std::size_t>(BN_num_bytes(number)));
    BN_bn2bin(number, octets.data());
    return octets;
}

Number number_of(ByteView octets) {
    return Number(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
}

/// Prime factors by modulus.
class Factors {
  public:
    static constexpr std::size_t most = 200'000;

    void add(ByteView modulus, Bytes prime) {
        if (modulus.size() < sizeof(std::uint64_t)) return;
        const std::lock_guard lock(mutex_);
        if (primes_.size() < most) primes_.insert_or_assign(key(modulus), std::move(prime));
    }
    Bytes find(ByteView modulus) const {
        if (modulus.size() < sizeof(std::uint64_t)) return {};
        const std::lock_guard lock(mutex_);
        const auto found = primes_.find(key(modulus));
        return found == primes_.end() ? Bytes{} : found->second;
    }
    bool full() const {
        const std::lock_guard lock(mutex_);
        return primes_.size() >= most;
    }

  private:
    /// The last octets of a modulus are as good as drawn.
    static std::uint64_t key(ByteView modulus) {
        std::uint64_t key = 0;
        for (const std::uint8_t octet : modulus.last(sizeof key))
            key = key << 8U | octet;
        return key;
    }

    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, Bytes> primes_;
};

Factors& factors() {
    static Factors all;
    return all;
}

/// For dP = e⁻¹ mod (p-1), a^(e·dP) - a is a multiple of p for any a, and hardly ever one of q.
Number find_prime(const BIGNUM* n, const BIGNUM* e, const BIGNUM* dp, BN_CTX* context) {
    Number exponent(BN_new());
    Number base(BN_new());
    Number power(BN_new());
    Number prime(BN_new());
    for (BN_ULONG a = 2; a < 12; ++a) {
        const bool found = BN_mul(exponent.get(), e, dp, context) == 1 && BN_set_word(base.get(), a) == 1 &&
                           BN_mod_exp(power.get(), base.get(), exponent.get(), n, context) == 1 &&
                           BN_mod_sub(power.get(), power.get(), base.get(), n, context) == 1 &&
                           BN_gcd(prime.get(), power.get(), n, context) == 1 && BN_is_one(prime.get()) == 0 &&
                           BN_cmp(prime.get(), n) != 0;
        if (found) return prime;
    }
    return nullptr;
}

/// Keys with this method stay as they are; of others OpenSSL 3 makes a copy for each command, which forgets
/// that it shall not be blinded.
const RSA_METHOD* method() {
    static const RSA_METHOD* const own = RSA_meth_dup(RSA_PKCS1_OpenSSL());
    return own;
}

/// Nothing is changed where the numbers do not fit.
void give_factors(RSA* rsa, const BIGNUM* dp, const BIGNUM* qinv) {
    const BIGNUM* n = nullptr;
    const BIGNUM* e = nullptr;
    const BIGNUM* d = nullptr;
    RSA_get0_key(rsa, &n, &e, &d);
    if (n == nullptr || e == nullptr || d == nullptr) return;
    const NumberContext context(BN_CTX_new());
    const Bytes modulus = octets_of(n);
    const Bytes known = factors().find(modulus);
    Number p = known.empty() ? nullptr : number_of(known);
    Number q(BN_new());
    Number rest(BN_new());
    const auto fits = [&] {
        // 1 = q·qInv mod p says which of both factors p is.
        Number one(BN_new());
        return p && BN_is_zero(p.get()) == 0 && BN_div(q.get(), rest.get(), n, p.get(), context.get()) == 1 &&
               BN_is_zero(rest.get()) == 1 &&
               BN_mod_mul(one.get(), q.get(), qinv, p.get(), context.get()) == 1 && BN_is_one(one.get()) == 1;
    };
    if (!fits()) {
        if (factors().full()) return;
        p = find_prime(n, e, dp, context.get());
        if (!fits()) return;
        factors().add(modulus, octets_of(p.get()));
    }
    if (RSA_set0_factors(rsa, p.get(), q.get()) != 1) return;
    (void)p.release();
    (void)q.release();
    if (method() != nullptr) RSA_set_method(rsa, method());
    RSA_set_flags(rsa, RSA_FLAG_NO_BLINDING);
}

struct P256 {
    Number p{BN_new()};
    Number a{BN_new()};
    Number b{BN_new()};

    P256() {
        const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
        EC_GROUP_get_curve(group.get(), p.get(), a.get(), b.get(), nullptr);
    }
};

bool is_p256(const BIGNUM* p, const BIGNUM* a, const BIGNUM* b) {
    static const P256 curve;
    return BN_cmp(p, curve.p.get()) == 0 && BN_cmp(a, curve.a.get()) == 0 && BN_cmp(b, curve.b.get()) == 0;
}

template <typename Function>
Function* of_libcrypto(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

struct Name {
    std::string_view name;
    bool Accelerators::*member;
};
constexpr std::array names = {Name{"rsa-factors", &Accelerators::rsa_factors},
                              Name{"named-p256", &Accelerators::named_p256}};

Result<Accelerators> try_out() {
    const std::uint64_t rsa_before = rsa_keys_seen;
    const std::uint64_t p256_before = p256_seen;
    try {
        TpmHost host(Swapping::Blobs);
        VirtualTpm tpm(host);
        if (auto on = tpm.power_on(); !on) return fail(on.error());
        auto tested = tpm.run([](Commands& commands) { return commands.self_test(); });
        if (!tested) return fail(tested.error());
    } catch (const std::runtime_error& error) {
        return fail(ErrorKind::System, error.what());
    }
    return Accelerators{rsa_keys_seen != rsa_before, p256_seen != p256_before};
}

/// Which of them this libtpms calls, as its self-tests show. Once it is known no host is needed any more:
/// there may be no other than the one that is in use.
Result<Accelerators> possible() {
    static std::mutex mutex;
    static std::optional<Accelerators> known;
    const std::lock_guard lock(mutex);
    if (known) return *known;
    auto found = try_out();
    if (found) known = *found;
    return found;
}

}  // namespace

std::string to_string(const Accelerators& accelerators) {
    std::string text;
    for (const auto& [name, member] : names) {
        if (accelerators.*member) text += (text.empty() ? "" : ", ") + std::string(name);
    }
    return text.empty() ? "none" : text;
}

Result<Accelerators> parse_accelerators(std::string_view text) {
    Accelerators wanted;
    bool none = false;
    constexpr const char* right = "rsa-factors, named-p256, both with a comma between, all or none";
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string_view word = text.substr(begin, end - begin);
        begin = end + 1;
        none = none || word == "none";
        if (word == "all") wanted = {true, true};
        if (word == "none" || word == "all") continue;
        const auto known = std::ranges::find(names, word, &Name::name);
        if (known == names.end()) {
            return fail(ErrorKind::Usage, fmt::format("there is no accelerator '{}'", word), right);
        }
        wanted.*known->member = true;
    }
    if (none && wanted.any()) return fail(ErrorKind::Usage, "'none' goes with no other", right);
    return wanted;
}

Result<void> switch_accelerators(const Accelerators& accelerators) {
    rsa_factors = false;
    named_p256 = false;
    if (!accelerators.any()) return {};
    const auto can = possible();
    if (!can) return fail(can.error().in("trying out the accelerators"));
    for (const auto& [name, member] : names) {
        if (accelerators.*member && !((*can).*member)) {
            return fail(ErrorKind::Tpm,
                        fmt::format("the accelerator {} has no effect on libtpms {} as it is built here",
                                    name, Library::version()),
                        "leave it out: TPMs work the same without it, slower");
        }
    }
    rsa_factors = accelerators.rsa_factors;
    named_p256 = accelerators.named_p256;
    return {};
}

Accelerators accelerators_on() {
    return {rsa_factors, named_p256};
}

void know_factor(ByteView modulus, ByteView prime) {
    if (!prime.empty()) factors().add(modulus, Bytes(prime.begin(), prime.end()));
}

Bytes known_factor(ByteView modulus) {
    return factors().find(modulus);
}

}  // namespace pushsim::tpm

// Both do what libcrypto's do, and more only where it was asked for. They are called from C, which exceptions
// must not pass: memory that is short leaves the slow way.
extern "C" {

int RSA_set0_crt_params(RSA* rsa, BIGNUM* dmp1, BIGNUM* dmq1, BIGNUM* iqmp) {
    using namespace pushsim::tpm;
    static auto* const real = of_libcrypto<decltype(RSA_set0_crt_params)>("RSA_set0_crt_params");
    if (real == nullptr) return 0;
    rsa_keys_seen.fetch_add(1, std::memory_order_relaxed);
    const int done = real(rsa, dmp1, dmq1, iqmp);
    if (done == 1 && rsa_factors.load(std::memory_order_relaxed)) {
        try {
            give_factors(rsa, dmp1, iqmp);
        } catch (...) {
        }
    }
    return done;
}

EC_GROUP* EC_GROUP_new_curve_GFp(const BIGNUM* p, const BIGNUM* a, const BIGNUM* b, BN_CTX* context) {
    using namespace pushsim::tpm;
    static auto* const real = of_libcrypto<decltype(EC_GROUP_new_curve_GFp)>("EC_GROUP_new_curve_GFp");
    try {
        if (is_p256(p, a, b)) {
            p256_seen.fetch_add(1, std::memory_order_relaxed);
            if (named_p256.load(std::memory_order_relaxed))
                return EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
        }
    } catch (...) {
    }
    return real == nullptr ? nullptr : real(p, a, b, context);
}

}  // extern "C"
