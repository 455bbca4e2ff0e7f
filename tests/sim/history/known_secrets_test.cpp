#include "sim/history/known_secrets.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "agent/base/bytes.hpp"

namespace pushsim::history {
namespace {

TEST(KnownSecrets, ASecretIsFoundInEveryFormItIsWrittenIn) {
    KnownSecrets known;
    const std::string secret = "canary>?secret\"quoted\"";
    known.add(secret, "MARK");
    EXPECT_EQ(known.replace_in("a " + secret + " b"), "a MARK b");
    EXPECT_EQ(known.replace_in("a " + to_base64(as_bytes(secret)) + " b"), "a MARK b");
    EXPECT_EQ(known.replace_in("a " + to_hex(as_bytes(secret)) + " b"), "a MARK b");
    EXPECT_EQ(known.replace_in(R"({"x":"canary>?secret\"quoted\""})"), R"({"x":"MARK"})");
}

TEST(KnownSecrets, TheOctetsBehindHexadecimalAreFoundAsBase64) {
    KnownSecrets known;
    known.add("00112233445566778899aabbccddeeff", "MARK");
    EXPECT_EQ(known.replace_in("ABEiM0RVZneImaq7zN3u/w=="), "MARK");
    EXPECT_EQ(known.replace_in("00112233445566778899AABBCCDDEEFF"), "MARK");
}

TEST(KnownSecrets, TheLongestOfTwoIsReplaced) {
    KnownSecrets known;
    known.add("session-1234", "SHORT");
    known.add("session-1234.and-more", "LONG");
    EXPECT_EQ(known.replace_in("session-1234.and-more session-1234"), "LONG SHORT");
}

TEST(KnownSecrets, TheOldestAreForgottenBeyondTheLimit) {
    KnownSecrets known(2);
    known.add("first-secret", "1");
    known.add("second-secret", "2");
    known.add("third-secret", "3");
    EXPECT_FALSE(known.knows("first-secret"));
    EXPECT_EQ(known.replace_in("first-secret second-secret third-secret"), "first-secret 2 3");
}

TEST(KnownSecrets, ShortOnesAreNotSearchedFor) {
    KnownSecrets known;
    known.add("short", "MARK");
    EXPECT_EQ(known.replace_in("a short text"), "a short text");
}

RC_GTEST_PROP(KnownSecrets, NoSecretIsLeftWhereverItStands, ()) {
    const auto secrets = *rc::gen::container<std::vector<std::string>>(
        rc::gen::suchThat(rc::gen::container<std::string>(rc::gen::inRange<char>('a', 'e')),
                          [](const auto& s) { return s.size() >= 8; }));
    KnownSecrets known;
    std::string text;
    for (const std::string& secret : secrets) {
        known.add(secret, "#");
        text += *rc::gen::container<std::string>(rc::gen::inRange<char>('e', 'z')) + secret;
    }
    const std::string replaced = known.replace_in(text);
    for (const std::string& secret : secrets)
        RC_ASSERT(replaced.find(secret) == std::string::npos);
}

}  // namespace
}  // namespace pushsim::history
