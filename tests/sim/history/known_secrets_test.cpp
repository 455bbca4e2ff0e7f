#include "sim/history/known_secrets.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

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
    EXPECT_EQ(known.replace_in("?a=canary%3E%3Fsecret%22quoted%22&b"), "?a=MARK&b");
    EXPECT_EQ(known.replace_in("?a=canary%3e%3fsecret%22quoted%22&b"), "?a=MARK&b");
    EXPECT_EQ(known.replace_in("%63%61%6E%61%72%79%3E%3F%73%65%63%72%65%74%22%71%75%6F%74%65%64%22"), "MARK");
    EXPECT_EQ(known.replace_in(R"({"x":"canary>?secret\"quoted\""})"), R"({"x":"MARK"})");
}

TEST(KnownSecrets, TheOctetsBehindHexadecimalAreFoundAsBase64) {
    KnownSecrets known;
    known.add("00112233445566778899aabbccddeeff", "MARK");
    EXPECT_EQ(known.replace_in("ABEiM0RVZneImaq7zN3u/w=="), "MARK");
    EXPECT_EQ(known.replace_in("00112233445566778899AABBCCDDEEFF"), "MARK");
}

TEST(KnownSecrets, OneOctetAgainAndAgainIsNone) {
    KnownSecrets known;
    known.add(std::string(96, '0'), "MARK");
    const std::string pcr = "0x" + std::string(64, '0') + std::string(96, '0');
    EXPECT_EQ(known.replace_in(pcr), pcr);
    known.add(std::string(95, '0') + "1", "MARK");
    EXPECT_EQ(known.replace_in(std::string(95, '0') + "1"), "MARK");
}

TEST(KnownSecrets, TheLongestOfTwoIsReplaced) {
    KnownSecrets known;
    known.add("session-1234", "SHORT");
    known.add("session-1234.and-more", "LONG");
    EXPECT_EQ(known.replace_in("session-1234.and-more session-1234"), "LONG SHORT");
}

TEST(KnownSecrets, TheLongestUnusedAreForgottenBeyondTheLimit) {
    KnownSecrets known(2);
    known.add("first-secret", "1");
    known.add("second-secret", "2");
    EXPECT_TRUE(known.use("first-secret"));
    known.add("third-secret", "3");
    EXPECT_FALSE(known.use("second-secret"));
    EXPECT_EQ(known.replace_in("first-secret second-secret third-secret"), "1 second-secret 3");
}

TEST(KnownSecrets, TheFilterIsNoFullerForWhatWasForgotten) {
    constexpr std::uint32_t kLimit = 200;
    KnownSecrets known(kLimit);
    std::mt19937_64 random(1);
    const auto add = [&](std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i)
            known.add(std::to_string(random()) + "-secret", "#");
    };
    add(kLimit);
    const double at_the_limit = known.filter_fill();
    add(100 * kLimit);
    // Twice as full just before it is filled again.
    EXPECT_LT(known.filter_fill(), 2.5 * at_the_limit);
}

RC_GTEST_PROP(KnownSecrets, ThoseInUseAreNeverForgotten, ()) {
    const auto limit = *rc::gen::inRange<std::size_t>(1, 20);
    KnownSecrets known(limit);
    std::vector<std::string> by_use;  // the last used at the end
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 40));
    for (const int step : steps) {
        const std::string secret = "secret-of-agent-" + std::to_string(step) + "-";
        const auto at = std::ranges::find(by_use, secret);
        const bool is_known = at != by_use.end() && static_cast<std::size_t>(by_use.end() - at) <= limit;
        RC_ASSERT(known.use(secret) == is_known);
        if (at != by_use.end()) by_use.erase(at);
        by_use.push_back(secret);
        known.add(secret, "#");
    }
    for (std::size_t i = 0; i < by_use.size(); ++i)
        RC_ASSERT((known.replace_in(by_use[i]) == "#") == (by_use.size() - i <= limit));
}

TEST(KnownSecrets, ShortOnesAreNotSearchedFor) {
    KnownSecrets known;
    known.add("short", "MARK");
    EXPECT_EQ(known.replace_in("a short text"), "a short text");
}

RC_GTEST_PROP(KnownSecrets, NoSecretIsLeftWhereverItStands, ()) {
    const auto secrets = *rc::gen::container<std::vector<std::string>>(rc::gen::suchThat(
        rc::gen::container<std::string>(rc::gen::inRange<char>('a', 'e')),
        [](const auto& s) { return s.size() >= 8 && s.find_first_not_of(s.front()) != std::string::npos; }));
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
