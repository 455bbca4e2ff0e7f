// What happens to the machine under a TPM, by what the TPM attests afterwards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "agent/tpm/quote_check.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "sim/core/clock.hpp"
#include "sim/fleet/tpm_device.hpp"
#include "sim/pool/pools.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::fleet {
namespace {

using testing::HasSubstr;
using tpm::HashAlgorithm;

enum class Act { Reboot, Suspend, Clear, Restore };

std::string to_text(Act act) {
    constexpr const char* names[] = {"reboot", "suspend", "clear", "restore"};
    return names[static_cast<int>(act)];
}
void showValue(Act act, std::ostream& out) {
    out << to_text(act);
}

void must(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().text());
}

class Machine {
  public:
    explicit Machine(std::optional<TpmDevice::Options::Pooled> pooled = {})
        : device_(host_, {.ak_primary = true, .pooled = pooled, .restored = true}) {
        const auto description = device_.describe();
        if (!description) throw std::runtime_error(description.error().text());
        ak_ = description->ak_public;
    }

    Result<void> does(Act act) {
        switch (act) {
            case Act::Reboot:
                return device_.reboot(true);
            case Act::Suspend:
                return device_.suspend();
            case Act::Clear:
                return device_.clear();
            case Act::Restore:
                return device_.restore();
        }
        return {};
    }
    void extend(int pcr) { must(device_.extend({{pcr, boot::parse_measurement("text:measured").value()}})); }
    /// Signed by the AK that it has had from the beginning.
    tpm::Quote quote() {
        const Bytes challenge(16, 3);
        const auto answer =
            device_.use(lifecycle::QuotePcrs{challenge, HashAlgorithm::Sha256, {7, 15, 16, 23}});
        if (!answer) throw std::runtime_error(answer.error().text());
        auto quote = std::get<tpm::Quote>(*answer);
        must(tpm::check_quote(quote, challenge, ak_));
        return quote;
    }
    tpm::ClockInfo clock() { return quote().clock; }
    TpmDevice& device() { return device_; }

  private:
    tpm::TpmHost host_;
    TpmDevice device_;
    Bytes ak_;
};

/// With the keys of a pool that all of these share: they are there at once.
struct PooledMachine {
    PooledMachine() {
        static const stack::test::TemporaryFolder folder;
        static const core::SystemClock clock;
        static const auto made = pool::ensure({.file = folder.path() / "one.pool"},
                                              {.count = 1, .ak = tpm::AkParent::None}, clock);
        if (!made) throw std::runtime_error(made.error().text());
        machine = std::make_unique<Machine>(TpmDevice::Options::Pooled{&made->pool, 0});
    }
    std::unique_ptr<Machine> machine;
};

/// What TCG TPM 2.0 Part 1, 36, and Part 3, 24.6 (TPM2_Clear) say of it.
struct Counts {
    std::uint32_t resets;
    std::uint32_t restarts;
    std::uint64_t at_least;  ///< the clock
};

RC_GTEST_PROP(TpmOfAMachine, CountsItsStartsAsSpecified, ()) {
    // A clear makes the keys anew, which takes its time.
    const auto act = rc::gen::weightedElement<Act>(
        {{3, Act::Reboot}, {3, Act::Suspend}, {1, Act::Clear}, {3, Act::Restore}});
    const auto acts = *rc::gen::resize(8, rc::gen::container<std::vector<Act>>(act));
    const PooledMachine pooled;
    Machine& machine = *pooled.machine;
    const tpm::ClockInfo first = machine.clock();
    Counts now{first.reset_count, first.restart_count, first.clock};
    std::optional<Counts> before;
    for (const Act next : acts) {
        const auto done = machine.does(next);
        if (next == Act::Restore && !before) {
            RC_ASSERT(!done);
            continue;
        }
        RC_ASSERT(bool(done));
        if (next == Act::Reboot || next == Act::Suspend) before = now;
        if (next == Act::Reboot) now = {now.resets + 1, 0, now.at_least};
        if (next == Act::Suspend) now.restarts += 1;
        if (next == Act::Clear) now = {0, 0, 0};
        if (next == Act::Restore) now = *before;
        const tpm::ClockInfo told = machine.clock();
        RC_ASSERT(told.safe);
        RC_ASSERT(told.clock >= now.at_least);
        RC_ASSERT(told.reset_count == now.resets);
        RC_ASSERT(told.restart_count == now.restarts);
        now.at_least = told.clock;
    }
}

TEST(TpmOfAMachine, SleepsWithPcr0To15) {
    Machine machine;
    for (const int pcr : {7, 15, 16, 23})
        machine.extend(pcr);
    const auto before = machine.quote().pcrs;
    must(machine.does(Act::Suspend));
    const auto after = machine.quote().pcrs;
    for (const int pcr : {7, 15})
        EXPECT_EQ(after.at(pcr), before.at(pcr));
    for (const int pcr : {16, 23}) {
        EXPECT_TRUE(boot::is_lost_in_sleep(pcr));
        EXPECT_NE(after.at(pcr), before.at(pcr));
        EXPECT_EQ(after.at(pcr), Bytes(32, 0));
    }
    EXPECT_EQ(machine.device().measurements().size(), 2U);
}

TEST(TpmOfAMachine, GoesBackToWhatWasMeasuredBeforeItsLastReboot) {
    Machine machine;
    machine.extend(7);
    const auto before = machine.quote().pcrs;
    must(machine.does(Act::Reboot));
    machine.extend(15);
    for (int time = 0; time < 2; ++time) {
        must(machine.does(Act::Restore));
        EXPECT_EQ(machine.quote().pcrs, before);
        EXPECT_EQ(machine.device().measurements().size(), 1U);
    }
}

TEST(TpmOfAMachine, GoesBackToNothingWhereItNeverStartedAgain) {
    Machine machine;
    const auto restored = machine.does(Act::Restore);
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().kind, ErrorKind::Usage);
    EXPECT_THAT(restored.error().text(), HasSubstr("neither rebooted nor suspended"));
    machine.clock();
}

TEST(TpmOfAMachine, WhichIsOfAPoolKeepsItsAk) {
    const PooledMachine pooled;
    Machine& machine = *pooled.machine;
    for (const Act act : {Act::Suspend, Act::Restore, Act::Clear, Act::Suspend, Act::Reboot, Act::Restore}) {
        SCOPED_TRACE(to_text(act));
        must(machine.does(act));
        machine.quote();
    }
}

}  // namespace
}  // namespace pushsim::fleet
