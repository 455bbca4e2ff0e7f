#include "reports/markdown.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace pushsim::reports::markdown {
namespace {

TEST(Markdown, EscapedTextIsNoMarkup) {
    EXPECT_EQ(escaped("plain, 4xx."), "plain, 4xx.");
    EXPECT_EQ(escaped("*a* _b_ `c` [d](e) ~f~ | $g$ \\"),
              "\\*a\\* \\_b\\_ \\`c\\` \\[d\\](e) \\~f\\~ \\| \\$g\\$ \\\\");
    EXPECT_EQ(escaped("<img> &amp;"), "&lt;img&gt; &amp;amp;");
    EXPECT_EQ(escaped("@everyone #12"), "@<!-- -->everyone #<!-- -->12");
    EXPECT_EQ(escaped("a\n# b\x1b"), "a #<!-- --> b ") << "on one line";
}

TEST(Markdown, NamesInASentenceAreCode) {
    EXPECT_EQ(prose("without `data_x`, _x_"), "without `data_x`, \\_x\\_");
    EXPECT_EQ(prose("`a` and `b`"), "`a` and `b`");
    EXPECT_EQ(prose("one ` alone, _x_"), "one \\` alone, \\_x\\_");
    EXPECT_EQ(prose("``a``"), "\\`\\`a\\`\\`");
    EXPECT_EQ(prose("`<b>` <b>"), "`<b>` &lt;b&gt;");
    EXPECT_EQ(prose(""), "");
}

TEST(Markdown, ACodeSpanHoldsItsBackticks) {
    EXPECT_EQ(code("a"), "`a`");
    EXPECT_EQ(code("a`b"), "``a`b``");
    EXPECT_EQ(code("`a```"), "```` `a``` ````");
    EXPECT_EQ(code(" a "), "`  a  `");
    EXPECT_EQ(code("a\nb"), "`a b`");
    EXPECT_EQ(code(""), "");
}

TEST(Markdown, AFenceIsLongerThanAnyInIt) {
    EXPECT_EQ(fenced("a", "http"), "```http\na\n```\n");
    EXPECT_EQ(fenced("a\n```\nb\n"), "````\na\n```\nb\n````\n");
    EXPECT_EQ(fenced(""), "```\n\n```\n");
}

TEST(Markdown, NothingEndsAFenceBeforeItsEnd) {
    EXPECT_TRUE(rc::check([] {
        const auto text = *rc::gen::container<std::string>(rc::gen::element('`', '~', '\n', ' ', 'a'));
        const std::string block = fenced(text);
        const std::string fence = block.substr(0, block.find('\n'));
        RC_ASSERT(block.find(fence, 1) == block.size() - fence.size() - 1);
    }));
}

TEST(Markdown, ASectionCountsWhatHasNoRoom) {
    EXPECT_EQ(section("### A", {"- a\n", "- b\n"}, 100, "x.json"), "### A\n\n- a\n- b\n\n");
    EXPECT_EQ(section("### A", {"- a\n", "- long\n", "- b\n"}, 12, "x.json"),
              "### A\n\n- a\n\nand 2 more (x.json)\n\n");
    EXPECT_EQ(section("### A", {}, 100, "x.json"), "");
}

}  // namespace
}  // namespace pushsim::reports::markdown
