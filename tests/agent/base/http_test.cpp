#include "agent/base/http.hpp"

#include <gtest/gtest.h>

namespace pushsim {
namespace {

TEST(HttpResponse, HeadersAreFoundWhateverTheirCaseAndTheFirstWins) {
    const HttpResponse response{429, {{"Retry-After", "3"}, {"retry-after", "5"}, {"X", ""}}, ""};
    EXPECT_EQ(response.header("RETRY-AFTER"), "3");
    EXPECT_EQ(response.header("x"), "");
    EXPECT_FALSE(response.header("Retry").has_value());
}

TEST(HttpRequest, HeadersAreFoundAsThoseOfAnAnswer) {
    const HttpRequest request{"GET", "/", {{"X-Request-Id", "abc"}}, ""};
    EXPECT_EQ(request.header("x-request-id"), "abc");
    EXPECT_FALSE(request.header("x-request").has_value());
}

}  // namespace
}  // namespace pushsim
