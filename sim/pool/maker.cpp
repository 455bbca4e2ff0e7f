#include "sim/pool/maker.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/ek_certificate.hpp"
#include "agent/tpm/public_key_pem.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::pool {
namespace {

/// While it lives, keys that are used show a factor of theirs; where libtpms is not to be accelerated they
/// do not.
class FactorsShown {
  public:
    FactorsShown() {
        tpm::Accelerators wanted = before_;
        wanted.rsa_factors = true;
        (void)tpm::switch_accelerators(wanted);
    }
    ~FactorsShown() { (void)tpm::switch_accelerators(before_); }
    FactorsShown(const FactorsShown&) = delete;
    FactorsShown& operator=(const FactorsShown&) = delete;

  private:
    const tpm::Accelerators before_ = tpm::accelerators_on();
};

/// Uses each private key once, and takes what that has shown.
Result<void> take_factors(tpm::AttestationKeys& keys, Entry& entry) {
    const Bytes anything(20, 1);
    if (auto certified = keys.certify(anything); !certified) return fail(certified.error());
    // No credential of this EK: it is decrypted, and then refused.
    (void)keys.activate_credential(Bytes(68, 1), Bytes(256, 1));
    entry.ak_factor = tpm::known_factor(tpm::modulus_of(entry.ak_public));
    entry.ek_factor = tpm::known_factor(tpm::modulus_of(entry.ek_public));
    return {};
}

class Maker {
  public:
    Maker(const Making& making, const std::function<Result<void>(Entry)>& keep)
        : making_(making), keep_(keep) {}

    Result<void> make() {
        // Before the hosts: it may need the only one that there can be.
        const FactorsShown shown;
        if (auto ready = open_hosts(); !ready) return ready;
        std::vector<std::thread> threads;
        threads.reserve(hosts_.size());
        try {
            // A signal is the main thread's business.
            const stack::SignalsHeld held;
            for (const auto& host : hosts_)
                threads.emplace_back([this, &host] { work(*host); });
        } catch (const std::system_error& error) {
            // Those that could be started do the work.
            if (threads.empty())
                return fail(ErrorKind::System, fmt::format("cannot start a thread: {}", error.what()));
        }
        for (std::thread& thread : threads)
            thread.join();
        if (failure_) return fail(*failure_);
        return {};
    }

  private:
    /// As many as the machine lets be made, at least one.
    Result<void> open_hosts() {
        const unsigned wanted = making_.jobs > 0 ? making_.jobs : std::thread::hardware_concurrency();
        const std::size_t useful = std::min<std::size_t>(std::max(wanted, 1U), making_.count);
        // One TPM after the other: none of them is swapped.
        auto made = tpm::make_tpm_hosts(useful, tpm::Swapping::Blobs);
        if (!made) return fail(made.error());
        hosts_ = std::move(made->hosts);
        return {};
    }

    void work(tpm::TpmHost& host) {
        while (take()) {
            auto entry = make_one(host);
            const std::lock_guard lock(mutex_);
            if (failure_) return;
            if (entry) {
                if (auto kept = keep_(std::move(*entry)); !kept) failure_ = kept.error();
            } else {
                failure_ = entry.error().in("making a TPM");
            }
        }
    }

    /// Whether there is one more to be made.
    bool take() {
        if (making_.stop_asked && making_.stop_asked()) return false;
        const std::lock_guard lock(mutex_);
        if (failure_ || taken_ == making_.count) return false;
        ++taken_;
        return true;
    }

    Result<Entry> make_one(tpm::TpmHost& host) {
        tpm::VirtualTpm tpm(host);
        if (auto on = tpm.power_on(); !on) return fail(on.error());
        auto keys = tpm::AttestationKeys::provision(tpm, making_.ak);
        if (!keys) return fail(keys.error());
        if (auto persistent = keys->make_persistent(); !persistent) return fail(persistent.error());
        Entry entry;
        entry.ek_public = keys->describe().ek_public;
        entry.ak_public = keys->describe().ak_public;
        if (auto taken = take_factors(*keys, entry); !taken) return fail(taken.error());
        if (making_.ek_authority != nullptr) {
            if (auto certified = certify(tpm, entry.ek_public); !certified) return fail(certified.error());
        }
        if (auto off = tpm.power_off(); !off) return fail(off.error());
        entry.permanent_state = tpm.permanent_state();
        return entry;
    }

    Result<void> certify(tpm::VirtualTpm& tpm, const Bytes& ek_public) {
        Bytes certificate;
        try {
            const std::lock_guard lock(mutex_);
            certificate = making_.ek_authority->issue(tpm::public_key_pem(ek_public));
        } catch (const std::runtime_error& error) {
            return fail(ErrorKind::System, error.what());
        }
        return tpm.run([&](tpm::Commands& commands) {
            return commands.nv_define(tpm::ek_certificate_index, certificate, tpm::NvReader::Index);
        });
    }

    const Making& making_;
    const std::function<Result<void>(Entry)>& keep_;
    std::vector<std::unique_ptr<tpm::TpmHost>> hosts_;
    std::mutex mutex_;  // guards what follows, the authority and `keep_`
    std::size_t taken_ = 0;
    std::optional<Error> failure_;
};

}  // namespace

Result<void> make_tpms(const Making& making, const std::function<Result<void>(Entry)>& keep) {
    return Maker(making, keep).make();
}

}  // namespace pushsim::pool
