#include "sim/pool/verify.hpp"

#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "agent/tpm/public_key_pem.hpp"
#include "agent/tpm/quote_check.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"
#include "sim/pki/ek_authority.hpp"

namespace pushsim::pool {
namespace {

constexpr std::size_t kChallengeSize = 20;

/// That its public area is as long as the one of the templates is, so that a modulus is at its end.
bool is_rsa_2048(const Bytes& tpm2b_public) {
    constexpr std::size_t modulus_size = 256;
    return tpm2b_public.size() > modulus_size;
}

Result<void> has_keys_of(tpm::VirtualTpm& tpm, const Entry& entry) {
    return tpm.run([&](tpm::Commands& commands) -> Result<void> {
        const struct {
            const char* name;
            tpm::Handle handle;
            const Bytes& expected;
        } keys[] = {{"EK", tpm::handle::persistent_ek, entry.ek_public},
                    {"AK", tpm::handle::persistent_ak, entry.ak_public}};
        for (const auto& key : keys) {
            const auto read = commands.read_public(key.handle);
            if (!read) return fail(read.error());
            if (read->public_area != key.expected)
                return fail(ErrorKind::Tpm,
                            fmt::format("its {} is another one than its entry says", key.name));
        }
        return {};
    });
}

class Verification {
  public:
    Verification(const Pool& pool, tpm::TpmHost& host) : pool_(pool), host_(host) {}

    Result<void> prepare() {
        const auto& ca = pool_.about().ek_ca;
        if (!ca) return {};
        auto authority = pki::EkAuthority::from(*ca);
        if (!authority) return fail(authority.error());
        authority_ = std::move(*authority);
        return {};
    }

    /// Where something does not hold, or the file cannot be read (ErrorKind::System).
    Result<void> look_at(std::size_t number) {
        const bool in_sample = is_in_sample(number);
        if (in_sample) ++seen_.sample;
        const auto entry = pool_.read(number);
        if (!entry) return fail(entry.error());
        ++seen_.entries;
        tpm::VirtualTpm tpm(host_, entry->permanent_state);
        if (auto on = tpm.power_on(); !on) return on;
        if (!is_rsa_2048(entry->ek_public) || !is_rsa_2048(entry->ak_public))
            return fail(ErrorKind::Tpm, "its keys are not RSA-2048");
        if (auto keys = has_keys_of(tpm, *entry); !keys) return keys;
        ++seen_.tpms;
        return in_sample ? quote(tpm, *entry) : Result<void>{};
    }

    Verified seen() && { return std::move(seen_); }
    void note(const std::string& fault) {
        if (seen_.faults.size() < Verified::max_faults) seen_.faults.push_back(fault);
    }

  private:
    /// The first of each of `verify_sample` parts of the pool.
    bool is_in_sample(std::size_t number) const {
        const auto part = [&](std::size_t n) { return n * verify_sample / pool_.size(); };
        return number == 0 || part(number) != part(number - 1);
    }

    Result<void> quote(tpm::VirtualTpm& tpm, const Entry& entry) {
        Bytes challenge;
        auto drawn = tpm.run([&](tpm::Commands& commands) -> Result<void> {
            auto octets = commands.get_random(kChallengeSize);
            if (!octets) return fail(octets.error());
            challenge = std::move(*octets);
            return {};
        });
        if (!drawn) return drawn;
        auto keys = tpm::AttestationKeys::persistent(tpm);
        if (!keys) return fail(keys.error());
        const auto quote = keys->quote(challenge, tpm::HashAlgorithm::Sha256, {0, 7, 10});
        if (!quote) return fail(quote.error());
        if (auto holds = tpm::check_quote(*quote, challenge, entry.ak_public); !holds) return holds;
        ++seen_.quotes;
        if (!authority_) return {};
        if (!authority_->vouches(keys->describe().ek_certificate, tpm::public_key_pem(entry.ek_public)))
            return fail(ErrorKind::Tpm, "the pool's CA does not vouch for its EK certificate");
        ++seen_.certificates;
        return {};
    }

    const Pool& pool_;
    tpm::TpmHost& host_;
    std::optional<pki::EkAuthority> authority_;
    Verified seen_;
};

}  // namespace

Result<Verified> verify(const Pool& pool,
                        const std::function<void(std::size_t done, std::size_t total)>& progress,
                        const std::function<bool()>& stop_asked) {
    std::optional<tpm::TpmHost> host;
    try {
        // One TPM after the other: none of them is swapped.
        host.emplace(tpm::Swapping::Blobs);
    } catch (const std::runtime_error& error) {
        return fail(ErrorKind::System, error.what());
    }
    Verification verification(pool, *host);
    if (auto prepared = verification.prepare(); !prepared) verification.note(prepared.error().message);
    for (std::size_t number = 0; number < pool.size(); ++number) {
        if (stop_asked && stop_asked()) return fail(ErrorKind::Interrupted, "interrupted");
        const auto holds = verification.look_at(number);
        if (!holds && holds.error().kind == ErrorKind::System) return fail(holds.error());
        if (!holds) verification.note(fmt::format("TPM {}: {}", number, holds.error().message));
        if (progress) progress(number + 1, pool.size());
    }
    return std::move(verification).seen();
}

}  // namespace pushsim::pool
