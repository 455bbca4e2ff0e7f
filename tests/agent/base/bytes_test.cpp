#include "agent/base/bytes.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <rapidcheck.h>

namespace pushsim {
namespace {

std::string openssl_base64(const Bytes& data) {
    std::string text((data.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), data.data(),
                                       static_cast<int>(data.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

TEST(Base64, AgreesWithOpenSslAndComesBack) {
    EXPECT_TRUE(rc::check([](const Bytes& data) {
        RC_ASSERT(to_base64(data) == openssl_base64(data));
        RC_ASSERT(*from_base64(to_base64(data)) == data);
    }));
}

TEST(Base64, WhatIsNotCanonicalIsRefused) {
    // RFC 4648 section 10 vectors, each damaged in one way.
    for (const char* text :
         {"Zg=", "Zg", "Z===", "====", "Zm9v\n", "Zm 9", "Zm-_", "Zh==", "Zm9=", "=Zm9", "Zg==Zg=="}) {
        const auto decoded = from_base64(text);
        ASSERT_FALSE(decoded.has_value()) << text;
        EXPECT_EQ(decoded.error().kind, ErrorKind::Parse);
        EXPECT_NE(decoded.error().message.find("not base64"), std::string::npos) << decoded.error().message;
    }
    EXPECT_TRUE(from_base64("")->empty());
    EXPECT_EQ(to_hex(*from_base64("Zm9vYg==")), "666f6f62");
}

TEST(Base64, WhateverIsAcceptedIsCanonical) {
    EXPECT_TRUE(rc::check([](const std::string& text) {
        const auto decoded = from_base64(text);
        if (decoded) RC_ASSERT(to_base64(*decoded) == text);
    }));
}

TEST(Hex, ComesBackInLowerCase) {
    EXPECT_TRUE(rc::check([](const Bytes& data) {
        const std::string text = to_hex(data);
        RC_ASSERT(text.find_first_not_of("0123456789abcdef") == std::string::npos);
        RC_ASSERT(*from_hex(text) == data);
    }));
    EXPECT_EQ(*from_hex("AbCd"), (Bytes{0xab, 0xcd}));
}

TEST(Hex, OddLengthAndForeignDigitsAreNamed) {
    EXPECT_EQ(from_hex("abc").error().message, "not hexadecimal: odd number of digits (3)");
    EXPECT_EQ(from_hex("abxd").error().message, "not hexadecimal at digit 2");
    EXPECT_EQ(from_hex("abcg").error().message, "not hexadecimal at digit 3");
}

TEST(Error, TextCarriesTheWayOut) {
    const Error error{ErrorKind::Config, "no such file: a.yaml", "name an existing file"};
    EXPECT_EQ(error.in("run").text(), "run: no such file: a.yaml\n  mend: name an existing file");
}

}  // namespace
}  // namespace pushsim
