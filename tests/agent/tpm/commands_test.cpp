#include "agent/tpm/commands.hpp"

#include <gmock/gmock.h>
#include <tss2/tss2_sys.h>

#include "agent/tpm/ek_certificate.hpp"
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

constexpr Handle ek_certificate_index = 0x01c00002;
constexpr std::uint32_t auth_read = 0x00040000;
constexpr std::uint32_t owner_read = 0x00020000;

std::vector<int> all_pcrs() {
    std::vector<int> pcrs(24);
    for (int i = 0; i < 24; ++i)
        pcrs[static_cast<std::size_t>(i)] = i;
    return pcrs;
}

/// Defines an NV index of the owner and writes it, in parts as small as every TPM takes.
void nv_define_and_write(Commands& commands, Handle index, const Bytes& contents,
                         std::uint32_t read_attribute) {
    TSS2L_SYS_AUTH_COMMAND auths{};
    auths.count = 1;
    auths.auths[0].sessionHandle = handle::password;
    TSS2L_SYS_AUTH_RESPONSE answers{};
    TPM2B_NV_PUBLIC about{};
    about.nvPublic.nvIndex = index;
    about.nvPublic.nameAlg = 0x000B;
    about.nvPublic.attributes = 0x00000002 | 0x02000000 | read_attribute;  // OWNERWRITE, NO_DA
    about.nvPublic.dataSize = static_cast<UINT16>(contents.size());
    const TPM2B_AUTH no_auth{};
    if (const auto code =
            Tss2_Sys_NV_DefineSpace(commands.sapi(), handle::owner, &auths, &no_auth, &about, &answers))
        throw std::runtime_error("TPM2_NV_DefineSpace " + std::to_string(code));
    for (std::size_t at = 0; at < contents.size(); at += 256) {
        TPM2B_MAX_NV_BUFFER part{};
        part.size = static_cast<UINT16>(std::min<std::size_t>(256, contents.size() - at));
        std::copy_n(contents.begin() + static_cast<std::ptrdiff_t>(at), part.size, part.buffer);
        answers = {};
        if (const auto code = Tss2_Sys_NV_Write(commands.sapi(), handle::owner, index, &auths, &part,
                                                static_cast<UINT16>(at), &answers))
            throw std::runtime_error("TPM2_NV_Write " + std::to_string(code));
    }
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

TEST_P(NvTest, EkCertificate_IsReadFromNvWithoutItsPadding) {
    auto under_test = TpmUnderTest::make(GetParam());
    Bytes der = {0x30, 0x82, 0x06, 0x40};  // SEQUENCE of 1,600 octets
    for (int i = 0; i < 1600; ++i)
        der.push_back(static_cast<std::uint8_t>(i * 7));
    Bytes contents = der;
    contents.resize(der.size() + 100, 0xFF);
    must(under_test->tpm().run([&](Commands& commands) -> Result<void> {
        nv_define_and_write(commands, ek_certificate_index, contents, auth_read);
        EXPECT_EQ(must(commands.nv_read(ek_certificate_index)), contents);
        return {};
    }));
    const auto keys = must(AttestationKeys::provision(under_test->tpm(), AkParent::None));
    std::string pem = keys.describe().ek_certificate;
    const std::string head = "-----BEGIN CERTIFICATE-----\n";
    const std::string foot = "-----END CERTIFICATE-----\n";
    ASSERT_EQ(pem.substr(0, head.size()), head);
    ASSERT_EQ(pem.substr(pem.size() - foot.size()), foot);
    pem = pem.substr(head.size(), pem.size() - head.size() - foot.size());
    EXPECT_EQ(pem.find('\n'), 64U);
    std::erase(pem, '\n');
    EXPECT_EQ(must(from_base64(pem)), der);
}

TEST_P(NvTest, Read_ByTheOwnerWhereTheAttributesSaySo) {
    auto under_test = TpmUnderTest::make(GetParam());
    const Bytes contents(700, 0x5A);
    must(under_test->tpm().run([&](Commands& commands) -> Result<void> {
        nv_define_and_write(commands, 0x01800001, contents, owner_read);
        EXPECT_EQ(must(commands.nv_read(0x01800001)), contents);
        return {};
    }));
}

TEST_P(NvTest, Read_OfNothingIsNothing) {
    auto under_test = TpmUnderTest::make(GetParam());
    must(under_test->tpm().run([&](Commands& commands) -> Result<void> {
        EXPECT_EQ(must(commands.nv_read(0x01800001)), std::nullopt);
        nv_define_and_write(commands, 0x01800001, {}, owner_read);  // defined, not written
        EXPECT_EQ(must(commands.nv_read(0x01800001)), std::nullopt);
        return {};
    }));
}

TEST_P(NvTest, EkCertificate_ThatIsNoneIsAnError) {
    auto under_test = TpmUnderTest::make(GetParam());
    for (const Bytes& contents : {Bytes{0x31, 0x02, 1, 1}, Bytes{0x30, 0x05, 1, 1}, Bytes{0x30, 0x80, 0, 0},
                                  Bytes{0x30, 0x83, 0xFF}, Bytes{0x30}}) {
        must(under_test->tpm().run([&](Commands& commands) -> Result<void> {
            nv_define_and_write(commands, ek_certificate_index, contents, auth_read);
            const auto certificate = read_ek_certificate(commands);
            if (certificate) throw std::runtime_error("taken for a certificate: " + to_hex(contents));
            EXPECT_THAT(certificate.error().message, HasSubstr("holds no DER certificate"));
            TSS2L_SYS_AUTH_COMMAND auths{};
            auths.count = 1;
            auths.auths[0].sessionHandle = handle::password;
            TSS2L_SYS_AUTH_RESPONSE answers{};
            EXPECT_EQ(Tss2_Sys_NV_UndefineSpace(commands.sapi(), handle::owner, ek_certificate_index, &auths,
                                                &answers),
                      0U);
            return {};
        }));
    }
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
