#include "agent/tpm/ek_certificate.hpp"

#include <gmock/gmock.h>

#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using testing::ElementsAre;

constexpr Handle leaf_index = 0x01c00002;
constexpr Handle ca_index = 0x01c00100;

/// A SEQUENCE of that many octets.
Bytes der(std::size_t size, std::uint8_t first) {
    Bytes out = {0x30, 0x82, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(static_cast<std::uint8_t>(first + i * 7));
    return out;
}

Bytes padded(Bytes contents) {
    contents.resize(contents.size() + 100, 0xFF);
    return contents;
}

/// The blocks of a PEM text, and nothing else in it.
std::vector<Bytes> blocks_of(std::string pem) {
    const std::string head = "-----BEGIN CERTIFICATE-----\n";
    const std::string foot = "-----END CERTIFICATE-----\n";
    std::vector<Bytes> blocks;
    while (!pem.empty()) {
        const auto end = pem.find(foot);
        if (!pem.starts_with(head) || end == std::string::npos) throw std::runtime_error("not PEM: " + pem);
        std::string text = pem.substr(head.size(), end - head.size());
        EXPECT_LE(text.find('\n'), 64U);
        std::erase(text, '\n');
        blocks.push_back(must(from_base64(text)));
        pem.erase(0, end + foot.size());
    }
    return blocks;
}

class EkCertificateTest : public OnEveryTpm {
  protected:
    void write(Handle index, const Bytes& contents, NvReader reader = NvReader::Index) {
        must(
            tpm_->tpm().run([&](Commands& commands) { return commands.nv_define(index, contents, reader); }));
    }
    Result<std::string> read() {
        return ask(tpm_->tpm(), [](Commands& c) { return read_ek_certificate(c); });
    }
    std::unique_ptr<TpmUnderTest> tpm_ = TpmUnderTest::make(GetParam());
};
PUSHSIM_ON_EVERY_TPM(EkCertificateTest);

TEST_P(EkCertificateTest, IsReadFromNvWithoutItsPadding) {
    write(leaf_index, padded(der(1600, 1)));
    const auto keys = must(AttestationKeys::provision(tpm_->tpm(), AkParent::None));
    EXPECT_THAT(blocks_of(keys.describe().ek_certificate), ElementsAre(der(1600, 1)));
}

TEST_P(EkCertificateTest, IsFollowedByItsCasLastOneFirst) {
    const Bytes root = der(1100, 2), intermediate = der(700, 3);
    Bytes both = root;
    both.insert(both.end(), intermediate.begin(), intermediate.end());
    write(leaf_index, der(900, 1));
    // They go over from one index to the next, and others than theirs are not read.
    write(ca_index, {both.begin(), both.begin() + 1500});
    write(ca_index + 5, padded({both.begin() + 1500, both.end()}), NvReader::Owner);
    write(ca_index + 0x100, der(10, 4));
    EXPECT_THAT(blocks_of(must(read())), ElementsAre(der(900, 1), intermediate, root));
}

TEST_P(EkCertificateTest, IsEmptyWhereThereIsNoneWhateverCasThereAre) {
    EXPECT_EQ(must(read()), "");
    write(ca_index, der(100, 2));
    EXPECT_EQ(must(read()), "");
}

TEST_P(EkCertificateTest, ThatIsNoDerIsGivenAsItIs) {
    for (const Bytes& contents : {Bytes{0x31, 0x02, 1, 1}, Bytes{0x30, 0x05, 1, 1}, Bytes{0x30, 0x80, 0, 0},
                                  Bytes{0x30, 0x83, 0xFF}, Bytes{0x30}}) {
        tpm_ = TpmUnderTest::make(GetParam());
        write(leaf_index, contents);
        write(ca_index, contents);
        EXPECT_THAT(blocks_of(must(read())), ElementsAre(contents));
        const auto keys = AttestationKeys::provision(tpm_->tpm(), AkParent::None);
        EXPECT_TRUE(keys) << keys.error().text();
    }
}

TEST_P(EkCertificateTest, CasEndWhereTheyAreNoDer) {
    Bytes cas = der(100, 2);
    const Bytes odd = {0x31, 0x02, 1, 1};
    cas.insert(cas.end(), odd.begin(), odd.end());
    write(leaf_index, der(50, 1));
    write(ca_index, cas);
    EXPECT_THAT(blocks_of(must(read())), ElementsAre(der(50, 1), der(100, 2)));
}

}  // namespace
}  // namespace pushsim::tpm
