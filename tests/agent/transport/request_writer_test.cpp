#include "agent/transport/request_writer.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace pushsim::transport {
namespace {

const Endpoint kVerifier{.host = "verifier.example", .port = 8881};

TEST(RequestWriter, GivenHostAndLengthStayWhereTheyAre) {
    const HttpRequest request{
        "POST", "/x", {{"host", "other"}, {"content-length", "2"}, {"last", "1"}}, "{}"};
    EXPECT_EQ(write_request(request, kVerifier),
              "POST /x HTTP/1.1\r\nhost: other\r\ncontent-length: 2\r\nlast: 1\r\n\r\n{}");
}

TEST(RequestWriter, LengthIsAddedWhereABodyIsExpected) {
    EXPECT_EQ(write_request({"GET", "/", {}, ""}, kVerifier),
              "GET / HTTP/1.1\r\nhost: verifier.example:8881\r\n\r\n");
    EXPECT_EQ(write_request({"PUT", "/", {}, ""}, kVerifier),
              "PUT / HTTP/1.1\r\nhost: verifier.example:8881\r\ncontent-length: 0\r\n\r\n");
    EXPECT_EQ(write_request({"GET", "/", {}, "x"}, kVerifier),
              "GET / HTTP/1.1\r\nhost: verifier.example:8881\r\ncontent-length: 1\r\n\r\nx");
}

TEST(RequestWriter, GivenTransferEncodingKeepsTheLengthAway) {
    const HttpRequest request{"POST", "/", {{"Host", "h"}, {"Transfer-Encoding", "chunked"}}, "0\r\n\r\n"};
    EXPECT_EQ(write_request(request, kVerifier),
              "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

TEST(RequestWriter, Ipv6HostsStandInBrackets) {
    EXPECT_EQ(authority_of({.host = "::1", .port = 8881}), "[::1]:8881");
}

TEST(RequestWriter, WhatWouldChangeTheFramingIsRefused) {
    using namespace std::string_literals;
    const HttpRequest good{"GET", "/", {{"a", "b"}}, ""};
    for (const std::string& bad : {"a\r\nb"s, "a\nb"s, "a\0b"s}) {
        HttpRequest request = good;
        request.method = bad;
        EXPECT_THROW(write_request(request, kVerifier), std::invalid_argument);
        request = good;
        request.target = bad;
        EXPECT_THROW(write_request(request, kVerifier), std::invalid_argument);
        request = good;
        request.headers[0].first = bad;
        EXPECT_THROW(write_request(request, kVerifier), std::invalid_argument);
        request = good;
        request.headers[0].second = bad;
        EXPECT_THROW(write_request(request, kVerifier), std::invalid_argument);
    }
    EXPECT_THROW(write_request({"", "/", {}, ""}, kVerifier), std::invalid_argument);
    EXPECT_THROW(write_request({"GET", "/a b", {}, ""}, kVerifier), std::invalid_argument);
}

}  // namespace
}  // namespace pushsim::transport
