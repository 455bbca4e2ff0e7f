// Quotes as faults have them: by another key, with a clock that a TPM tells after trouble, or none at all.

#include <utility>

#include <fmt/format.h>

#include "sim/fleet/tpm_device.hpp"

namespace pushsim::fleet {
namespace {

using Clock = faults::Quoting::Clock;

}  // namespace

Result<lifecycle::TpmAnswer> TpmDevice::quote(const faults::Quoting& quoting,
                                              const std::vector<boot::Event>& measured) {
    auto quote = quoting.clock == Clock::BeginsAnew  ? quote_cleared(quoting)
                 : quoting.clock == Clock::IsNotSafe ? quote_unsafe(quoting, measured)
                                                     : quote_by(quoting);
    if (!quote) return fail(quote.error());
    told_clock_ = quote->clock.clock;
    if (quoting.certifies) {
        // The values and the clock beside it stay those of the quote that was due.
        auto certified = keys_->certify(quoting.quote.challenge);
        if (!certified) return fail(certified.error());
        quote->message = std::move(certified->message);
        quote->signature = std::move(certified->signature);
    }
    return lifecycle::TpmAnswer{std::move(*quote)};
}

Result<tpm::Quote> TpmDevice::quote_by(const faults::Quoting& quoting) {
    if (auto ready = need_keys(); !ready) return fail(ready.error());
    const lifecycle::QuotePcrs& quote = quoting.quote;
    return keys_->quote(quote.challenge, quote.bank, quote.pcrs, quote.data_pcr,
                        quoting.by_another_key ? tpm::Signer::AnotherKey : tpm::Signer::Ak);
}

Result<tpm::Quote> TpmDevice::quote_cleared(const faults::Quoting& quoting) {
    if (!told_clock_) {
        return fail(ErrorKind::Usage, "the agent's TPM has not quoted yet: there is no clock to go back from",
                    "let it attest before");
    }
    if (auto cleared = clear(); !cleared) return fail(cleared.error());
    auto quote = quote_by(quoting);
    if (quote && quote->clock.clock >= *told_clock_) {
        return fail(
            ErrorKind::Usage,
            fmt::format("the clock of the TPM had come to {} ms alone in the quote before, and is there "
                        "again ({} ms)",
                        *told_clock_, quote->clock.clock),
            "let the agent attest later: a `wait` before the attestation that comes before");
    }
    return quote;
}

Result<tpm::Quote> TpmDevice::quote_unsafe(const faults::Quoting& quoting,
                                           const std::vector<boot::Event>& measured) {
    // The clock is safe again from the next instant on at which the TPM writes it down, which is one in four
    // seconds.
    constexpr int kAttempts = 3;
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
        // An orderly start writes the clock down: what it tells after the loss is no less than before.
        for (const bool orderly : {true, false}) {
            if (auto on = reboot(orderly); !on) return fail(on.error());
        }
        // The loss counts as a failed authorisation, which is no part of this.
        auto counted =
            tpm_->run([](tpm::Commands& commands) { return commands.dictionary_attack_lock_reset(); });
        if (!counted) return fail(counted.error());
        if (auto again = extend(measured); !again) return fail(again.error());
        auto quote = quote_by(quoting);
        if (!quote || !quote->clock.safe) return quote;
    }
    return fail(ErrorKind::Tpm, fmt::format("the clock is safe after each of {} losses of power", kAttempts));
}

}  // namespace pushsim::fleet
