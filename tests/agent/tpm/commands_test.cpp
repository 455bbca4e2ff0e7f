#include "agent/tpm/commands.hpp"

#include <gmock/gmock.h>

#include "agent/tpm/templates.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<int> all_pcrs() {
    std::vector<int> pcrs(24);
    for (int i = 0; i < 24; ++i)
        pcrs[static_cast<std::size_t>(i)] = i;
    return pcrs;
}

class CommandsTest : public OnEveryTpm {};
PUSHSIM_ON_EVERY_TPM(CommandsTest);

TEST_P(CommandsTest, PcrRead_GivesAllPcrsOfEachBank) {
    for (const auto bank :
         {HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512}) {
        const auto values =
            must(ask(shared_tpm(), [&](Commands& c) { return c.pcr_read(bank, all_pcrs()); }));
        ASSERT_EQ(values.size(), 24U);
        for (const auto& [pcr, value] : values)
            EXPECT_EQ(value.size(), digest_size(bank)) << pcr;
        EXPECT_THAT(values.at(17), Each(0xFF));  // "no DRTM yet", PC Client Platform TPM Profile 4.6
    }
}

TEST_P(CommandsTest, PcrRead_OfAPcrThatDoesNotExistIsAnError) {
    EXPECT_THAT(ask(shared_tpm(),
                    [](Commands& c) {
                        return c.pcr_read(HashAlgorithm::Sha256, {0, 24});
                    })
                    .error()
                    .message,
                HasSubstr("TPM2_PCR_Read: there is no PCR 24"));
}

TEST_P(CommandsTest, PcrReset_IsForTheDebugPcrsOnly) {
    must(shared_tpm().run([](Commands& commands) -> Result<void> {
        must(commands.pcr_extend(16, {{HashAlgorithm::Sha256, Bytes(32, 1)}}));
        EXPECT_THAT(must(commands.pcr_read(HashAlgorithm::Sha256, {16})).at(16), Not(Each(0)));
        must(commands.pcr_reset(16));
        EXPECT_THAT(must(commands.pcr_read(HashAlgorithm::Sha256, {16})).at(16), Each(0));
        const auto refused = commands.pcr_reset(0);
        EXPECT_THAT(refused.error().message,
                    HasSubstr("TPM2_PCR_Reset of 0x0: tpm:warn(2.0): bad locality (0x907)"));
        return {};
    }));
}

TEST_P(CommandsTest, PcrExtend_WantsTheBanksDigestSize) {
    const auto done = shared_tpm().run([](Commands& commands) {
        return commands.pcr_extend(16, {{HashAlgorithm::Sha256, Bytes(20)}});
    });
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("a sha256 digest has 32 octets, not 20"));
}

TEST_P(CommandsTest, Errors_NameCommandHandleAndDecodedCode) {
    const auto not_there = ask(shared_tpm(), [](Commands& c) { return c.read_public(0x81012345); });
    ASSERT_FALSE(not_there);
    EXPECT_EQ(not_there.error().kind, ErrorKind::Tpm);
    EXPECT_THAT(not_there.error().message, HasSubstr("TPM2_ReadPublic of 0x81012345: tpm:handle(1):"));
    EXPECT_THAT(not_there.error().message, HasSubstr("(0x18b)"));
    const auto not_loaded = ask(
        shared_tpm(), [](Commands& c) { return c.quote(0x80000005, Bytes{1}, HashAlgorithm::Sha256, {0}); });
    ASSERT_FALSE(not_loaded);
    EXPECT_THAT(not_loaded.error().message, HasSubstr("TPM2_Quote of 0x80000005: tpm:"));
}

TEST_P(CommandsTest, Errors_NameATemplateOrKeyThatDoesNotParse) {
    const auto primary = ask(shared_tpm(), [](Commands& c) {
        return c.create_primary(handle::endorsement, Bytes{1, 2, 3});
    });
    ASSERT_FALSE(primary);
    EXPECT_THAT(primary.error().message, HasSubstr("TPM2_CreatePrimary: public template: mu:"));
    const auto loaded = ask(shared_tpm(), [](Commands& c) {
        return c.load(0x81000000, handle::password, {Bytes{0, 1, 0}, Bytes{0, 0, 7}});
    });
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().message, "private area of the key: 1 octets too many");
}

TEST_P(CommandsTest, ReadPublic_AgreesWithCreation) {
    must(keys().release());
    must(shared_tpm().run([](Commands& commands) -> Result<void> {
        const auto ek = must(commands.create_primary(handle::endorsement, ek_template()));
        const auto read = must(commands.read_public(ek.handle));
        EXPECT_EQ(read.public_area, ek.public_area);
        EXPECT_EQ(read.name, ek.name);
        EXPECT_EQ(read.name, check::key_name(ek.public_area));
        return commands.flush_context(ek.handle);
    }));
}

TEST_P(CommandsTest, GetRandom_GivesAsMuchAsAsked) {
    const auto first = must(ask(shared_tpm(), [](Commands& c) { return c.get_random(200); }));
    const auto second = must(ask(shared_tpm(), [](Commands& c) { return c.get_random(200); }));
    EXPECT_EQ(first.size(), 200U);
    EXPECT_NE(first, second);
}

TEST_P(CommandsTest, Startup_OfAStartedTpmIsRefused) {
    const auto done =
        shared_tpm().run([](Commands& commands) { return commands.startup(StartupType::Clear); });
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("TPM2_Startup: tpm:error(2.0): "));
    EXPECT_THAT(done.error().message, HasSubstr("(0x100)"));
}

TEST_P(CommandsTest, Handles_ListWhatIsLoaded) {
    must(shared_tpm().run([](Commands& commands) -> Result<void> {
        const Handle session = must(commands.start_policy_session());
        EXPECT_THAT(must(commands.handles(handle::first_loaded_session)), Contains(session));
        must(commands.flush_context(session));
        EXPECT_THAT(must(commands.handles(handle::first_loaded_session)), IsEmpty());
        return {};
    }));
}

TEST_P(CommandsTest, Property_OfATagThatTheTpmDoesNotHaveIsZero) {
    EXPECT_EQ(must(ask(shared_tpm(), [](Commands& c) { return c.property(0x0001FFFF); })), 0U);
    EXPECT_EQ(must(ask(shared_tpm(), [](Commands& c) { return c.property(0x00000112); })),
              24U);  // TPM_PT_PCR_COUNT
}

class NvTest : public OnEveryTpm {};
PUSHSIM_ON_EVERY_TPM(NvTest);

TEST_P(NvTest, Read_ByTheOwnerWhereTheAttributesSaySo) {
    auto under_test = TpmUnderTest::make(GetParam());
    const Bytes contents(700, 0x5A);
    must(under_test->tpm().run([&](Commands& commands) -> Result<void> {
        must(commands.nv_define(0x01800001, contents, NvReader::Owner));
        EXPECT_EQ(must(commands.nv_read(0x01800001)), contents);
        return {};
    }));
}

TEST_P(NvTest, Read_OfNothingIsNothing) {
    auto under_test = TpmUnderTest::make(GetParam());
    must(under_test->tpm().run([&](Commands& commands) -> Result<void> {
        EXPECT_EQ(must(commands.nv_read(0x01800001)), std::nullopt);
        must(commands.nv_define(0x01800001, {}, NvReader::Owner));
        EXPECT_EQ(must(commands.nv_read(0x01800001)), std::nullopt);
        return {};
    }));
}

TEST_P(NvTest, EvictControl_KeepsAKeyOverAPowerCycleAndRemovesIt) {
    constexpr Handle persistent = 0x81000042;
    auto under_test = TpmUnderTest::make(GetParam());
    Bytes name;
    must(under_test->tpm().run([&](Commands& commands) -> Result<void> {
        const auto key = must(commands.create_primary(handle::owner, ak_template()));
        name = key.name;
        must(commands.evict_control(key.handle, persistent));
        return commands.flush_context(key.handle);
    }));
    under_test->power_cycle(PowerOff::OrderlyClear);
    must(under_test->tpm().run([&](Commands& commands) -> Result<void> {
        EXPECT_EQ(must(commands.read_public(persistent)).name, name);
        EXPECT_THAT(must(commands.handles(handle::first_persistent)), Contains(persistent));
        must(commands.evict_control(persistent, persistent));
        EXPECT_THAT(must(commands.handles(handle::first_persistent)), IsEmpty());
        return {};
    }));
}

}  // namespace
}  // namespace pushsim::tpm
