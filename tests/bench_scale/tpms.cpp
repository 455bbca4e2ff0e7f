#include "tests/bench_scale/tpms.hpp"

#include <ctime>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "agent/tpm/public_key_pem.hpp"
#include "agent/tpm/quote_check.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"
#include "tests/bench_scale/child.hpp"
#include "tests/bench_scale/process_cost.hpp"

namespace pushsim::bench {
namespace {

const Bytes kChallenge(20, 1);
const std::vector<int> kPcrs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14};

Duration thread_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

/// A TPM of the pool that is on.
struct Provisioned {
    Provisioned(tpm::TpmHost& host, const pool::Pool& pool, std::size_t number)
        : Provisioned(host, must(pool.read(number))) {}
    Provisioned(tpm::TpmHost& host, pool::Entry entry) : tpm(host, std::move(entry.permanent_state)) {
        must(tpm.power_on());
        tpm::know_factor(tpm::modulus_of(entry.ak_public), entry.ak_factor);
    }
    tpm::Quote quote(const Bytes& challenge) {
        if (!keys) keys.emplace(must(tpm::AttestationKeys::persistent(tpm)));
        return must(keys->quote(challenge, tpm::HashAlgorithm::Sha256, kPcrs));
    }
    const Bytes& ak_public() const { return keys->describe().ak_public; }

    tpm::VirtualTpm tpm;
    std::optional<tpm::AttestationKeys> keys;
};

/// A thread's share of the TPMs: they stay with its host.
class Share {
  public:
    explicit Share(const pool::Pool& pool) : pool_(pool) {}

    void power_on(std::size_t number) {
        tpms_.push_back(std::make_unique<Provisioned>(host_, pool_, number));
    }
    /// Each once; gives the processor time of each.
    std::vector<Duration> quote_all() {
        std::vector<Duration> times;
        for (const auto& tpm : tpms_) {
            const Duration before = thread_time();
            (void)tpm->quote(kChallenge);
            times.push_back(thread_time() - before);
        }
        return times;
    }
    /// Of each, when they are drawn at random.
    Duration quote(std::size_t count, RandomStream& random) {
        const Duration before = thread_time();
        for (std::size_t i = 0; i < count; ++i)
            (void)tpms_[random.next() % tpms_.size()]->quote(kChallenge);
        return (thread_time() - before) / static_cast<Duration::rep>(count);
    }
    /// Of so many, spread evenly, those whose quote holds.
    std::size_t verify(std::size_t sample) {
        std::size_t good = 0;
        for (std::size_t i = 0; i < sample; ++i) {
            auto& tpm = *tpms_[i * tpms_.size() / sample];
            good += tpm::check_quote(tpm.quote(kChallenge), kChallenge, tpm.ak_public()) ? 1 : 0;
        }
        return good;
    }
    std::size_t size() const { return tpms_.size(); }

  private:
    const pool::Pool& pool_;
    tpm::TpmHost host_;
    std::vector<std::unique_ptr<Provisioned>> tpms_;
};

template <typename Work>
void in_threads(std::vector<std::unique_ptr<Share>>& shares, const Work& work) {
    std::vector<std::thread> threads;
    std::vector<std::exception_ptr> failures(shares.size());
    for (std::size_t i = 0; i < shares.size(); ++i) {
        threads.emplace_back([&, i] {
            try {
                work(*shares[i], i);
            } catch (...) {
                failures[i] = std::current_exception();
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    for (const auto& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

TpmCosts measure(const pool::Pool& pool, const TpmLoad& load) {
    TpmCosts costs{.count = load.count, .threads = load.threads};
    // What is made once, by whoever is first, is no TPM's.
    Share single(pool);
    single.power_on(0);
    (void)single.quote_all();
    (void)single.quote_all();
    std::vector<std::unique_ptr<Share>> shares;
    for (unsigned i = 0; i < load.threads; ++i)
        shares.push_back(std::make_unique<Share>(pool));

    const std::uint64_t before = must(private_memory());
    const core::SystemClock clock;
    const Instant began = clock.now();
    in_threads(shares, [&](Share& share, std::size_t first) {
        for (std::size_t i = first; i < load.count; i += load.threads)
            share.power_on(i);
    });
    costs.ready = clock.now() - began;
    std::vector<std::vector<Duration>> first_quotes(shares.size());
    in_threads(shares, [&](Share& share, std::size_t i) { first_quotes[i] = share.quote_all(); });
    in_threads(shares, [](Share& share, std::size_t) { (void)share.quote_all(); });
    costs.first_quote = median(first_quotes.front());
    costs.octets_each = (must(private_memory()) - before) / load.count;
    costs.sample = load.sample;
    costs.verified = shares.front()->verify(load.sample);

    core::SeededStream random(1, {"bench", "tpms"});
    std::vector<Duration> alone, many, accelerated;
    tpm::Accelerators faster{.rsa_factors = true};
    for (int round = 0; round < load.rounds; ++round) {
        alone.push_back(single.quote(load.quotes_a_round, random));
        many.push_back(shares.front()->quote(load.quotes_a_round, random));
        must(tpm::switch_accelerators(faster));
        accelerated.push_back(shares.front()->quote(load.quotes_a_round, random));
        must(tpm::switch_accelerators({}));
    }
    costs.alone = median(alone);
    costs.one_of_many = compared(many, alone);
    costs.accelerated = compared(accelerated, many);
    return costs;
}

}  // namespace

Result<TpmCosts> measure_tpms(const pool::Pool& pool, const TpmLoad& load) {
    try {
        const Child<char, TpmCosts> child([&]() -> std::function<TpmCosts(const char&)> {
            return [&](const char&) { return measure(pool, load); };
        });
        return child.ask(0);
    } catch (const std::exception& error) {
        return fail(ErrorKind::System, error.what());
    }
}

}  // namespace pushsim::bench
