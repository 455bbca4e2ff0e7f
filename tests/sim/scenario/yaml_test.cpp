// What the YAML of a scenario may be, and where its places are.

#include <gmock/gmock.h>

#include "sim/scenario/yaml_tree.hpp"
#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string with_title(const std::string& title) {
    return Parts{.more = "title: " + title}.text();
}

TEST(Yaml, AllProblemsOfAFileAreReportedInTheirOrder) {
    EXPECT_EQ(
        problems_of("scenario: s\n"
                    "stack: { verifier: { quote_intervall: 1s }, frehs: true }\n"
                    "agents:\n"
                    "  honest: { cuont: 2, boot: { extend: { 24: [nothing] } } }\n"
                    "script:\n"
                    "  - atest: honest\n"
                    "  - attest: honset\n"
                    "    expect: { verdict: pas }\n"
                    "expect: [ acounted ]\n"),
        "2:22: unknown option `quote_intervall` of the verifier; did you mean `quote_interval`?\n"
        "2:45: unknown key `frehs` in `stack`; did you mean `fresh`?\n"
        "4:13: unknown key `cuont` in group `honest`; did you mean `count`?\n"
        "4:41: expected a PCR number from 0 to 23; found '24'\n"
        "4:46: expected a measurement, text:… (hashed) or a digest sha1:…, sha256:…, sha384:…, sha512:… in "
        "hex; found 'nothing'\n"
        "6:5: unknown step `atest`; did you mean `attest`?\n"
        "7:13: no group is called `honset`; did you mean `honest`?\n"
        "8:24: `verdict`: unknown value 'pas'; did you mean `pass`?\n"
        "9:11: unknown check `acounted`; did you mean `accounted`?");
}

TEST(Yaml, BrokenAgentsAreNotReportedAgainByTheScript) {
    EXPECT_EQ(problems_of("scenario: s\nagents: [a]\nscript: [attest: a]\nexpect: [status: PASS]\n"),
              "2:9: `agents`: expected a map, like { late: { count: 3 } }; found a list");
}

TEST(Yaml, CarriageReturnsBeforeLineFeedsChangeNothing) {
    std::string text = Parts{.more = "titel: x"}.text();
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2))
        text.replace(at, 1, "\r\n");
    EXPECT_EQ(problems_of(text), "5:1: unknown key `titel` in a scenario; did you mean `title`?");
}

TEST(Yaml, AByteOrderMarkIsNoColumn) {
    EXPECT_EQ(problems_of("\xEF\xBB\xBFtitel: x\n" + Parts{}.text()),
              "1:1: unknown key `titel` in a scenario; did you mean `title`?");
}

TEST(Yaml, ColumnsCountOctets) {
    EXPECT_EQ(problems_of(Parts{.more = "stack: { \"ä\": 1, frehs: 1 }"}.text()),
              "5:10: unknown key `ä` in `stack`; known: verifier, registrar, database, workers, needs, "
              "keylime, fresh\n"
              "5:19: unknown key `frehs` in `stack`; did you mean `fresh`?");
}

TEST(Yaml, OctetsThatAreNotUtf8AreRefusedAtTheirPlace) {
    EXPECT_EQ(problems_of(with_title("a\xC3")), "5:9: not UTF-8");
    EXPECT_EQ(problems_of(with_title("a\xC0\x80")), "5:9: not UTF-8") << "overlong";
    EXPECT_EQ(problems_of(with_title("a\xED\xA0\x80")), "5:9: not UTF-8") << "half of a surrogate pair";
    EXPECT_EQ(problems_of(with_title("a\xF4\x90\x80\x80")), "5:9: not UTF-8") << "behind U+10FFFF";
    EXPECT_EQ(problems_of("\xFF\xFEs\0c\0"), "1:1: not UTF-8") << "UTF-16";
}

TEST(Yaml, AllOfUnicodeIsTaken) {
    const std::string title = "\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x94\x91";
    const LoadResult result = load_text(with_title(title), "f");
    ASSERT_TRUE(result.ok()) << result.text();
    EXPECT_EQ(result.scenarios[0].title, title);
}

TEST(Yaml, LongTextsAreCutInMessagesBetweenCharacters) {
    std::string umlauts;
    for (int i = 0; i < 19; ++i)
        umlauts += "ä";
    EXPECT_EQ(problems_of(Parts{.agents = "agents: { a: { ak: x" + umlauts + umlauts + " } }"}.text()),
              "2:20: `ak`: unknown value 'x" + umlauts + "…'; known: child, primary");
    EXPECT_EQ(problems_of(Parts{.agents = "agents: { a: { ak: x" + umlauts + "y } }"}.text()),
              "2:20: `ak`: unknown value 'x" + umlauts + "y'; known: child, primary");
}

TEST(Yaml, AFileOverTheBoundIsRefused) {
    const std::string valid = Parts{}.text();
    const std::string filling(max_file_size - valid.size() - 2, 'x');
    EXPECT_EQ(problems_of(valid + "#" + filling + "\n"), "");
    EXPECT_EQ(problems_of(valid + "#" + filling + "x\n"), "1:1: larger than 16384 KiB");
}

TEST(Yaml, NestingIsBounded) {
    EXPECT_EQ(problems_of(with_title(std::string(31, '[') + std::string(31, ']'))),
              "5:8: `title`: expected a text; found a list");
    EXPECT_EQ(problems_of(with_title(std::string(32, '[') + std::string(32, ']'))),
              "5:39: nested deeper than 32 levels");
    EXPECT_THAT(problems_of(with_title(std::string(500'000, '['))), EndsWith("nested deeper than 32 levels"));
    std::string steps;
    for (int i = 0; i < 700; ++i)
        steps += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    EXPECT_THAT(problems_of(steps), EndsWith("nested deeper than 32 levels"));
}

TEST(Yaml, AliasesRepeatWhatTheyStandFor) {
    const LoadResult result = load_text(
        Parts{.agents = "agents: { a: { boot: &b { extend: { 7: [\"text:x\"] } } }, b: { boot: *b } }",
              .script = "script: [ attest: [a, b] ]"}
            .text(),
        "f");
    ASSERT_TRUE(result.ok()) << result.text();
    EXPECT_EQ(result.scenarios[0].groups[1].boot, result.scenarios[0].groups[0].boot);
    EXPECT_EQ(result.scenarios[0].groups[1].boot.size(), 1U);
}

TEST(Yaml, AliasesThatGrowWithoutEndAreRefused) {
    std::string lines = "x0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
    for (int i = 1; i < 10; ++i) {
        lines += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [";
        for (int j = 0; j < 9; ++j)
            lines += (j > 0 ? ", *x" : "*x") + std::to_string(i - 1);
        lines += "]\n";
    }
    EXPECT_THAT(problems_of(lines), EndsWith("more than 50000 values, those that aliases repeat included"));
}

TEST(Yaml, ALongTextRepeatedByAliasesIsRefused) {
    std::string lines = "x: &x " + std::string(500'000, 'x') + "\ny: [";
    for (int i = 0; i < 40'000; ++i)
        lines += "*x,";
    EXPECT_THAT(problems_of(lines + "*x]\n"),
                EndsWith("more than 50000 values, those that aliases repeat included"));
}

TEST(Yaml, AliasesCannotNestDeeperThanTheBound) {
    const std::string lines = "x0: &x0 [[[[[[[[[[a]]]]]]]]]]\nx1: &x1 [[[[[[[[[[*x0]]]]]]]]]]\nx2: ";
    EXPECT_THAT(problems_of(lines + "[[[[[[[[[[[*x1]]]]]]]]]]]\n"), Not(HasSubstr("nested")));
    EXPECT_EQ(problems_of(lines + "[[[[[[[[[[[[*x1]]]]]]]]]]]]\n"), "3:17: nested deeper than 32 levels");
}

TEST(Yaml, QuotesThatTheEndOfTheFileCutsOffAreReported) {
    EXPECT_EQ(problems_of(with_title("'it''s")), "5:8: not YAML: the quote ' is not closed");
    EXPECT_EQ(problems_of(with_title("\"a\\\"")), "5:8: not YAML: the quote \" is not closed");
    EXPECT_EQ(problems_of(with_title("'it''s'")), "");
    EXPECT_EQ(problems_of(with_title("\"a\\\"\"")), "");
    EXPECT_EQ(problems_of(with_title("&x 'a'")), "");
    EXPECT_EQ(problems_of(with_title("|\n  it's \"open")), "") << "no quotes in a block";
}

TEST(Yaml, ManyKeysAreReadInReasonableTime) {
    // Quadratic code would take minutes here; the test's own time-out is what fails.
    std::string text = "scenario: s\nagents:\n";
    for (int i = 0; i < 12'000; ++i)
        text += "  a" + std::to_string(i) + ": {}\n";
    text += "script: [ { read_status: a7 } ]\nexpect: [ { agents: a7, status: PASS } ]\n";
    const LoadResult result = load_text(text, "f");
    ASSERT_TRUE(result.ok()) << result.text().substr(0, 1000);
    EXPECT_EQ(result.scenarios[0].groups.size(), 12'000U);
}

TEST(Yaml, EmptyAndBlankFilesSayWhatIsExpected) {
    for (const char* text : {"", "\n", "   \n\n", "---\n", "~", "null\n"}) {
        EXPECT_THAT(problems_of(text), HasSubstr("expected")) << "'" << text << "'";
        EXPECT_THAT(problems_of(text), HasSubstr("`scenario:")) << "'" << text << "'";
    }
}

}  // namespace
}  // namespace pushsim::scenario
