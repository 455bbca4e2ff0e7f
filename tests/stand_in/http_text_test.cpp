#include "tests/stand_in/http_text.hpp"

#include <gtest/gtest.h>

namespace pushsim::stand_in {
namespace {

const std::string kRequest = "POST /a HTTP/1.1\r\nAccept: */*\r\nContent-Length: 5\r\n\r\nhello";

TEST(HttpText, ARequestEndsWhereItsLengthSays) {
    EXPECT_EQ(request_size(kRequest), kRequest.size());
    EXPECT_EQ(request_size(kRequest + "GET"), kRequest.size());
    EXPECT_EQ(request_size("GET / HTTP/1.1\r\nhost: a\r\n\r\n"), 27U);
    for (std::size_t size = 0; size < kRequest.size(); ++size)
        EXPECT_FALSE(request_size(kRequest.substr(0, size))) << size;
}

TEST(HttpText, ARequestIsTakenApart) {
    const HttpRequest request = taken_apart(kRequest);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/a");
    EXPECT_EQ(request.headers, (HttpHeaders{{"Accept", "*/*"}, {"Content-Length", "5"}}));
    EXPECT_EQ(request.body, "hello");
}

}  // namespace
}  // namespace pushsim::stand_in
