#include "agent/base/text.hpp"

#include <gtest/gtest.h>

namespace pushsim {
namespace {

TEST(EscapedText, PrintableAsciiIsItself) {
    EXPECT_EQ(escaped("403 a 'b' {c} ~", 80), "403 a 'b' {c} ~");
    EXPECT_EQ(escaped("", 80), "");
}

TEST(EscapedText, EveryOtherOctetIsShownByItsNumber) {
    EXPECT_EQ(escaped("a\r\n\x1b[31mb\x7f\xc3\xa4", 80), "a\\x0d\\x0a\\x1b[31mb\\x7f\\xc3\\xa4");
    EXPECT_EQ(escaped(std::string_view{"\0", 1}, 80), "\\x00");
}

TEST(EscapedText, IsCutBetweenCharactersAndSaysSo) {
    EXPECT_EQ(escaped("abcd", 4), "abcd");
    EXPECT_EQ(escaped("abcde", 4), "abcd...");
    EXPECT_EQ(escaped("ab\n", 4), "ab...");
    EXPECT_EQ(escaped(std::string(1'000'000, '\n'), 100).size(), 103U);
}

TEST(ShellWord, IsQuotedOnlyWhereAShellWouldReadMoreInIt) {
    EXPECT_EQ(shell_word("/srv/keylime-7.14/ca.pem"), "/srv/keylime-7.14/ca.pem");
    EXPECT_EQ(shell_word("127.0.0.1:8881"), "127.0.0.1:8881");
    EXPECT_EQ(shell_word("a b"), "'a b'");
    EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_word("$HOME;*"), "'$HOME;*'");
    EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace pushsim
