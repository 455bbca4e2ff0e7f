// The same keys and signatures with the accelerators and without.

#include "agent/tpm/accelerators.hpp"

#include <memory>

#include <gmock/gmock.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "agent/tpm/marshal.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

constexpr Accelerators none;
constexpr Accelerators all{true, true};

class AcceleratorsTest : public testing::Test {
  protected:
    void TearDown() override { must(switch_accelerators(none)); }

    /// A TPM that was made before, powered on again from that.
    std::unique_ptr<VirtualTpm> from(const Bytes& permanent) {
        auto tpm = std::make_unique<VirtualTpm>(host(), permanent);
        must(tpm->power_on());
        return tpm;
    }
    Bytes manufactured() {
        VirtualTpm tpm(host());
        must(tpm.power_on());
        must(tpm.power_off());
        return tpm.permanent_state();
    }
};

Bytes modulus_of(const AttestationKeys& keys) {
    return check::parse_public(keys.describe().ak_public).modulus;
}

bool quotes(AttestationKeys& keys, std::uint8_t nonce) {
    const auto quote = must(keys.quote(Bytes(20, nonce), HashAlgorithm::Sha256, {0, 7}));
    return check::parse_attest(quote.message).extra_data == Bytes(20, nonce) &&
           check::verifies(keys.describe().ak_public, quote.message, quote.signature);
}

TEST_F(AcceleratorsTest, OneSeedGivesTheSameKeysWithAndWithout) {
    const Bytes permanent = manufactured();
    Description made[2];
    for (const bool accelerated : {false, true}) {
        must(switch_accelerators(accelerated ? all : none));
        const auto tpm = from(permanent);
        made[accelerated ? 1 : 0] = must(AttestationKeys::provision(*tpm, AkParent::None)).describe();
    }
    EXPECT_EQ(made[0].ek_public, made[1].ek_public);
    EXPECT_EQ(made[0].ak_public, made[1].ak_public);
}

TEST_F(AcceleratorsTest, SignaturesAndCredentialsAreRightWithEach) {
    const auto tpm = from(manufactured());
    auto keys = must(AttestationKeys::provision(*tpm, AkParent::Ek));
    const Bytes secret(32, 9);
    const auto credential =
        check::make_credential(keys.describe().ek_public, check::key_name(keys.describe().ak_public), secret);
    for (const Accelerators& on : {all, none, Accelerators{.rsa_factors = true}, all}) {
        must(switch_accelerators(on));
        EXPECT_EQ(accelerators_on(), on);
        EXPECT_TRUE(quotes(keys, 1)) << to_string(on);
        const auto certified = must(keys.certify(Bytes(20, 2)));
        EXPECT_TRUE(check::verifies(keys.describe().ak_public, certified.message, certified.signature));
        EXPECT_EQ(must(keys.activate_credential(credential.id_object, credential.encrypted_secret)), secret);
    }
}

TEST_F(AcceleratorsTest, TheFactorOfAKeyIsFoundWithTheFirstQuoteAndOnlyThen) {
    const auto tpm = from(manufactured());
    auto keys = must(AttestationKeys::provision(*tpm, AkParent::None));
    ASSERT_TRUE(quotes(keys, 1));
    EXPECT_TRUE(known_factor(modulus_of(keys)).empty()) << "they were not asked for";
    must(switch_accelerators(all));
    ASSERT_TRUE(quotes(keys, 2));
    const Bytes prime = known_factor(modulus_of(keys));
    EXPECT_EQ(prime.size(), 128U);
    // It is one: said to a process that does not know it, it is taken; what it replaces is found again.
    know_factor(modulus_of(keys), Bytes(128, 3));
    EXPECT_TRUE(quotes(keys, 3)) << "what does not divide the modulus is not used";
    EXPECT_EQ(known_factor(modulus_of(keys)), prime);
    know_factor(modulus_of(keys), prime);
    EXPECT_TRUE(quotes(keys, 4));
}

TEST_F(AcceleratorsTest, NonsenseForFactorsIsNotUsed) {
    const auto tpm = from(manufactured());
    auto keys = must(AttestationKeys::provision(*tpm, AkParent::None));
    must(switch_accelerators(all));
    for (const Bytes& nonsense :
         {Bytes{}, Bytes{0}, Bytes{1}, Bytes(128, 0), Bytes(600, 0xFF), modulus_of(keys)}) {
        know_factor(modulus_of(keys), nonsense);
        EXPECT_TRUE(quotes(keys, 1)) << to_hex(nonsense);
    }
    know_factor({}, Bytes(128, 3));
    know_factor(Bytes(4, 1), Bytes(128, 3));
    EXPECT_TRUE(known_factor(Bytes(4, 1)).empty());
}

/// An ECDSA key on P-256, made from the seed of the owner's hierarchy, that certifies itself.
struct EcCertified {
    Bytes key;
    Certification certification;
};
EcCertified ec_certify(Tpm& tpm) {
    TPMT_PUBLIC shape{};
    shape.type = TPM2_ALG_ECC;
    shape.nameAlg = TPM2_ALG_SHA256;
    shape.objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_FIXEDTPM |
                             TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN;
    shape.parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_NULL},
                                  .scheme = {.scheme = TPM2_ALG_ECDSA, .details = {}},
                                  .curveID = TPM2_ECC_NIST_P256,
                                  .kdf = {.scheme = TPM2_ALG_NULL, .details = {}}};
    shape.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
    EcCertified made;
    must(tpm.run([&](Commands& commands) -> Result<void> {
        auto key = must(commands.create_primary(handle::owner, marshal(shape, Tss2_MU_TPMT_PUBLIC_Marshal)));
        made.key = std::move(key.public_area);
        made.certification = must(commands.certify(key.handle, key.handle, Bytes(20, 1)));
        return commands.flush_context(key.handle);
    }));
    return made;
}

/// By OpenSSL alone.
bool verifies(const EcCertified& made, const Bytes& message) {
    const auto key_area = must(unmarshal("TPM2B_PUBLIC", made.key, Tss2_MU_TPM2B_PUBLIC_Unmarshal));
    const auto signature =
        must(unmarshal("TPMT_SIGNATURE", made.certification.signature, Tss2_MU_TPMT_SIGNATURE_Unmarshal));
    const auto& point = key_area.publicArea.unique.ecc;
    Bytes octets{4};
    for (const auto& part : {point.x, point.y}) {
        octets.resize(octets.size() + 32 - part.size);
        octets.insert(octets.end(), part.buffer, part.buffer + part.size);
    }
    char curve[] = "P-256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets.data(), octets.size()),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX* making = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
    EVP_PKEY* key = nullptr;
    EVP_PKEY_fromdata_init(making);
    EVP_PKEY_fromdata(making, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    const auto& ecdsa = signature.signature.ecdsa;
    ECDSA_SIG* pair = ECDSA_SIG_new();
    ECDSA_SIG_set0(pair, BN_bin2bn(ecdsa.signatureR.buffer, ecdsa.signatureR.size, nullptr),
                   BN_bin2bn(ecdsa.signatureS.buffer, ecdsa.signatureS.size, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair, &der);
    EVP_MD_CTX* verifying = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(verifying, nullptr, EVP_sha256(), nullptr, key);
    const bool good =
        EVP_DigestVerify(verifying, der, static_cast<std::size_t>(size), message.data(), message.size()) == 1;
    EVP_MD_CTX_free(verifying);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(making);
    return good;
}

TEST_F(AcceleratorsTest, P256ByItsNameGivesTheSameKeysAndGoodSignatures) {
    const Bytes permanent = manufactured();
    Bytes keys[2];
    for (const bool accelerated : {false, true}) {
        must(switch_accelerators(accelerated ? all : none));
        const auto tpm = from(permanent);
        const EcCertified made = ec_certify(*tpm);
        EXPECT_TRUE(verifies(made, made.certification.message)) << accelerated;
        EXPECT_FALSE(verifies(made, Bytes(32, 6))) << accelerated;
        keys[accelerated ? 1 : 0] = made.key;
    }
    EXPECT_EQ(keys[0], keys[1]);
}

TEST(AcceleratorNames, AreReadAndWritten) {
    EXPECT_EQ(must(parse_accelerators("all")), all);
    EXPECT_EQ(must(parse_accelerators("none")), none);
    EXPECT_EQ(must(parse_accelerators("rsa-factors")), (Accelerators{.rsa_factors = true}));
    EXPECT_EQ(must(parse_accelerators("named-p256,rsa-factors")), all);
    EXPECT_EQ(must(parse_accelerators("all,rsa-factors")), all);
    EXPECT_EQ(must(parse_accelerators("none,none")), none);
    EXPECT_EQ(to_string(all), "rsa-factors, named-p256");
    EXPECT_EQ(to_string(none), "none");
    for (const char* wrong : {"", "rsa", "all,none", "rsa-factors,", ",", "RSA-FACTORS"}) {
        const auto read = parse_accelerators(wrong);
        ASSERT_FALSE(read) << wrong;
        EXPECT_EQ(read.error().kind, ErrorKind::Usage);
        EXPECT_THAT(read.error().text(), testing::HasSubstr("rsa-factors, named-p256"));
    }
}

}  // namespace
}  // namespace pushsim::tpm
