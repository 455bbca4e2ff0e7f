#include "agent/base/time.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace pushsim {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, ReadsTheVerifiersTimestamps) {
    EXPECT_EQ(to_rfc3339(*from_rfc3339("2026-11-23T15:00:34.944070+00:00")), "2026-11-23T15:00:34.944070Z");
    EXPECT_EQ(to_rfc3339(*from_rfc3339("2026-11-23T10:00:00Z")), "2026-11-23T10:00:00.000000Z");
    EXPECT_EQ(to_rfc3339(*from_rfc3339("2026-11-23T00:30:00.5+01:00")), "2026-11-22T23:30:00.500000Z");
    EXPECT_EQ(to_rfc3339(*from_rfc3339("2024-02-29t23:59:60.123456789z")), "2024-03-01T00:00:00.123456Z");
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
    for (const char* text :
         {"", "2026-11-23", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z",
          "2026-11-23T00:00:00", "2026-11-23T00:00:00.Z", "2026-11-23T00:00:00Zx", "2026-11-23T00:00:00+0100",
          "2026-11-23T00:00:00.1234567890Z", "None", "2026-11-23T00:00:00+", "2026-11-23T00:00:00+01"}) {
        EXPECT_FALSE(from_rfc3339(text).has_value()) << text;
    }
}

TEST(Rfc3339, ComesBack) {
    EXPECT_TRUE(rc::check([] {
        const auto micros = *rc::gen::inRange<std::int64_t>(-62'000'000'000'000'000, 250'000'000'000'000'000);
        const WallTime time{std::chrono::microseconds{micros}};
        RC_ASSERT(*from_rfc3339(to_rfc3339(time)) == time);
    }));
}

TEST(DurationText, UsesTheUnitsOfScenarios) {
    EXPECT_EQ(to_text(0s), "0s");
    EXPECT_EQ(to_text(90s), "1m30s");
    EXPECT_EQ(to_text(1500ms), "1s500ms");
    EXPECT_EQ(to_text(-250ms), "-250ms");
    EXPECT_EQ(to_text(2h + 3us), "2h3us");
}

TEST(HttpDate, IsReadInTheFormThatServersWrite) {
    EXPECT_EQ(from_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), from_rfc3339("1994-11-06T08:49:37Z").value());
    for (const char* text : {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
                             "Sun, 06 Nov 1994 24:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"})
        EXPECT_EQ(from_http_date(text), std::nullopt) << text;
}

}  // namespace
}  // namespace pushsim
