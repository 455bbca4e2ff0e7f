#include "agent/boot/boot_state.hpp"

#include <gtest/gtest.h>

#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::boot {
namespace {

using tpm::HashAlgorithm;

BootState booted() {
    return BootState{WallTime{std::chrono::seconds{1'700'000'000}}};
}

TEST(Measurement, TextIsHashedForEachBank) {
    const auto measurement = parse_measurement("text:abc");
    ASSERT_TRUE(measurement.has_value());
    // FIPS 180-4 examples for "abc".
    EXPECT_EQ(to_hex(measurement->digests.at(HashAlgorithm::Sha1)),
              "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(to_hex(measurement->digests.at(HashAlgorithm::Sha256)),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(measurement->digests.size(), 4U);
}

TEST(Measurement, DigestExtendsItsOwnBankAlone) {
    const auto measurement = parse_measurement("sha1:a9993e364706816aba3e25717850c26c9cd0d89d");
    ASSERT_TRUE(measurement.has_value());
    EXPECT_EQ(measurement->digests.size(), 1U);
    BootState state = booted();
    state.measure(4, *measurement);
    EXPECT_EQ(state.pcr_value(HashAlgorithm::Sha256, 4), Bytes(32, 0));
    EXPECT_NE(state.pcr_value(HashAlgorithm::Sha1, 4), Bytes(20, 0));
}

TEST(Measurement, MistakesAreNamed) {
    EXPECT_EQ(parse_measurement("sha256:abcd").error().message,
              "measurement `sha256:abcd`: a sha256 digest has 64 hexadecimal digits, this has 4");
    EXPECT_EQ(parse_measurement("md5:00").error().message,
              "a measurement is `text:…` or `sha256:HEX` (also sha1, sha384, sha512); found `md5:00`");
    EXPECT_FALSE(parse_measurement("abc").has_value());
    EXPECT_FALSE(parse_measurement("sha1:zz").has_value());
}

TEST(BootState, ExtendIsTheHashOfOldValueAndDigest) {
    // sha256(32 zero octets ‖ sha256("abc")), computed with openssl dgst.
    BootState state = booted();
    state.measure(7, *parse_measurement("text:abc"));
    EXPECT_EQ(to_hex(state.pcr_value(HashAlgorithm::Sha256, 7)),
              "589f9ffed4c477966bfb8d41f37895b08c69047df8f911d6f3b57fbe08faee8d");
    EXPECT_EQ(state.pcr_value(HashAlgorithm::Sha256, 6), Bytes(32, 0));
}

TEST(BootState, OrderOfMeasurementsMatters) {
    BootState one = booted(), other = booted();
    one.measure(0, *parse_measurement("text:a"));
    one.measure(0, *parse_measurement("text:b"));
    other.measure(0, *parse_measurement("text:b"));
    other.measure(0, *parse_measurement("text:a"));
    EXPECT_NE(one.pcr_value(HashAlgorithm::Sha256, 0), other.pcr_value(HashAlgorithm::Sha256, 0));
}

TEST(BootState, GoesOnFromASleepWithPcr0To15) {
    BootState state{WallTime{}};
    state.measure(15, parse_measurement("text:x").value());
    const BootState expected = state;
    state.measure(16, parse_measurement("text:y").value());
    state.measure(23, parse_measurement("text:y").value());
    const BootState awake = state;
    state.resume();
    EXPECT_EQ(state.events().size(), 1U);
    for (const int pcr : {15, 16, 23})
        EXPECT_EQ(state.pcr_value(HashAlgorithm::Sha256, pcr),
                  expected.pcr_value(HashAlgorithm::Sha256, pcr));
    EXPECT_EQ(awake.events().size(), 3U) << "a copy is another machine";
}

TEST(BootState, PolicyAllowsExactlyThePresentValues) {
    BootState state = booted();
    state.measure(7, *parse_measurement("text:on"));
    const auto policy = state.policy_for(HashAlgorithm::Sha256, {0, 7});
    ASSERT_EQ(policy.size(), 2U);
    EXPECT_EQ(policy.at(0), std::vector<std::string>{std::string(64, '0')});
    EXPECT_EQ(policy.at(7), std::vector<std::string>{to_hex(state.pcr_value(HashAlgorithm::Sha256, 7))});
}

TEST(BootState, PredictsEveryPcrOfATpmThatWasMeasuredAlike) {
    tpm::TpmHost host;
    tpm::VirtualTpm tpm(host);
    ASSERT_TRUE(tpm.power_on());
    BootState state = booted();
    const auto done = tpm.run([&](tpm::Commands& commands) -> Result<void> {
        for (const int pcr : {0, 7, 7, 10, 16, 23}) {
            const auto measurement = *parse_measurement("text:of " + std::to_string(pcr));
            state.measure(pcr, measurement);
            if (auto extended = commands.pcr_extend(pcr, measurement.digests); !extended) return extended;
        }
        for (const HashAlgorithm bank : tpm::hash_algorithms) {
            for (int pcr = 0; pcr < 24; ++pcr) {
                const auto values = commands.pcr_read(bank, {pcr});
                if (!values) return tl::make_unexpected(values.error());
                EXPECT_EQ(to_hex(state.pcr_value(bank, pcr)), to_hex(values->at(pcr)))
                    << "PCR " << pcr << " of " << tpm::to_string(bank);
            }
        }
        return {};
    });
    EXPECT_TRUE(done) << done.error().text();
}

TEST(BootState, CopiesShareWhatTheyHaveInCommonUntilOneMeasures) {
    BootState golden{WallTime{}};
    golden.measure(7, *parse_measurement("text:secure-boot-on"));
    BootState first(WallTime{std::chrono::seconds{1}}, golden);
    const BootState second(WallTime{std::chrono::seconds{2}}, golden);
    EXPECT_EQ(&first.events(), &second.events());
    first.measure(4, *parse_measurement("text:another-loader"));
    EXPECT_EQ(first.events().size(), 2U);
    EXPECT_EQ(golden.events().size(), 1U);
    EXPECT_EQ(&second.events(), &golden.events());
    EXPECT_EQ(first.boot_time(), WallTime{std::chrono::seconds{1}});
    EXPECT_EQ(second.pcr_value(HashAlgorithm::Sha256, 4), Bytes(32, 0));
}

TEST(BootState, PcrsOfADynamicLaunchCannotBeMeasuredInto) {
    tpm::TpmHost host;
    tpm::VirtualTpm tpm(host);
    ASSERT_TRUE(tpm.power_on());
    for (int pcr = 17; pcr <= 22; ++pcr) {
        const auto extended = tpm.run([&](tpm::Commands& commands) {
            return commands.pcr_extend(pcr, parse_measurement("text:late")->digests);
        });
        EXPECT_FALSE(extended) << pcr;
    }
}

}  // namespace
}  // namespace pushsim::boot
