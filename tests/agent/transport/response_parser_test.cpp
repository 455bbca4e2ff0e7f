// Answers in any portions. What is malformed is tested over sockets (hostile_test.cpp).

#include "agent/transport/response_parser.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace pushsim::transport {
namespace {

using State = ResponseParser::State;

constexpr AnswerBounds kBounds{.header = std::size_t{64} * 1024, .body = std::size_t{1} << 20};

struct Answer {
    std::string octets;
    HttpResponse meaning;
    bool until_close = false;
};

/// An answer of any status, headers and body, in one of the three framings, with or without interim answers.
rc::Gen<Answer> any_answer() {
    return rc::gen::exec([] {
        Answer answer;
        for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
            answer.octets += "HTTP/1.1 100 Continue\r\nX-Interim: yes\r\n\r\n";
        const auto status = *rc::gen::element(200, 201, 202, 400, 401, 403, 404, 429, 500, 503, 599);
        answer.meaning.status = status;
        const auto letters = rc::gen::container<std::string>(rc::gen::inRange<char>('!', '~'));
        const auto body = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
        answer.meaning.body = body;
        for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
            answer.meaning.headers.emplace_back(fmt::format("X-Header-{}", i), *letters);

        std::string framed = body;
        const int framing = *rc::gen::inRange(0, 3);
        answer.until_close = framing == 2;
        if (framing == 0) {
            answer.meaning.headers.emplace_back("content-Length", std::to_string(body.size()));
        } else if (framing == 1) {
            answer.meaning.headers.emplace_back("Transfer-Encoding", "chunked");
            framed.clear();
            for (std::size_t at = 0; at < body.size();) {
                const auto size = *rc::gen::inRange<std::size_t>(1, body.size() - at + 1);
                framed += fmt::format("{:x}\r\n", size) + body.substr(at, size) + "\r\n";
                at += size;
            }
            framed += *rc::gen::element<std::string>("0\r\n\r\n", "0\r\nX-Trailer: 1\r\n\r\n");
        }
        answer.octets += fmt::format("HTTP/1.1 {} Some words\r\n", status);
        for (const auto& [name, value] : answer.meaning.headers)
            answer.octets += fmt::format("{}: {}\r\n", name, value);
        answer.octets += "\r\n" + framed;
        return answer;
    });
}

TEST(ResponseParser, AnySplitOfAnAnswerGivesTheSameResponse) {
    const bool held = rc::check("any split of an answer gives the same response", [] {
        const Answer answer = *any_answer();
        ResponseParser parser(kBounds);
        std::string_view left = answer.octets;
        while (!left.empty()) {
            RC_ASSERT(parser.state() == State::NeedMore);
            const auto size = *rc::gen::inRange<std::size_t>(1, left.size() + 1);
            parser.feed(left.substr(0, size));
            left.remove_prefix(size);
        }
        if (answer.until_close) parser.end();
        if (parser.state() != State::Done) RC_FAIL(parser.failure().message);
        RC_ASSERT(parser.keep_alive() == !answer.until_close);
        const HttpResponse response = parser.take();
        RC_ASSERT(response.status == answer.meaning.status);
        RC_ASSERT(response.headers == answer.meaning.headers);
        RC_ASSERT(response.body == answer.meaning.body);
    });
    EXPECT_TRUE(held);
}

TEST(ResponseParser, AnyPrefixOfAnAnswerIsNotAnAnswer) {
    const bool held = rc::check("a prefix of an answer is none", [] {
        const Answer answer = *any_answer();
        RC_PRE(!answer.until_close);
        const auto size = *rc::gen::inRange<std::size_t>(0, answer.octets.size());
        ResponseParser parser(kBounds);
        RC_ASSERT(parser.feed(answer.octets.substr(0, size)) == State::NeedMore);
        RC_ASSERT(parser.end() == State::Failed);
        RC_ASSERT(parser.failure().kind == FailureKind::Closed);
    });
    EXPECT_TRUE(held);
}

TEST(ResponseParser, AnyDamagedAnswerEndsWithinItsBounds) {
    const bool held = rc::check("a damaged answer ends within its bounds", [] {
        Answer answer = *any_answer();
        for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
            answer.octets[*rc::gen::inRange<std::size_t>(0, answer.octets.size())] =
                *rc::gen::arbitrary<char>();
        }
        ResponseParser parser({.header = 300, .body = 100});
        for (std::size_t at = 0; at < answer.octets.size(); at += 7)
            parser.feed(std::string_view(answer.octets).substr(at, 7));
        parser.end();
        RC_ASSERT(parser.state() != State::NeedMore);
        if (parser.state() == State::Done) RC_ASSERT(parser.take().body.size() <= 100);
    });
    EXPECT_TRUE(held);
}

TEST(ResponseParser, HeaderMeetsItsBoundExactlyWhereverItIsSplit) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: y\r\n\r\n";
    for (const std::size_t bound : {head.size() - 1, head.size()}) {
        for (std::size_t at = 1; at < head.size(); ++at) {
            ResponseParser parser({.header = bound, .body = 0});
            parser.feed(std::string_view(head).substr(0, at));
            parser.feed(std::string_view(head).substr(at));
            EXPECT_EQ(parser.state(), bound == head.size() ? State::Done : State::Failed) << at;
        }
        ResponseParser parser({.header = bound, .body = 0});
        for (const char c : head)
            parser.feed({&c, 1});
        EXPECT_EQ(parser.state(), bound == head.size() ? State::Done : State::Failed);
    }
}

TEST(ResponseParser, BodyMeetsItsBoundExactlyInEveryFraming) {
    const std::string head = "HTTP/1.1 200 OK\r\n";
    const std::vector<std::string> answers{
        head + "Content-Length: 10\r\n\r\n0123456789",
        head + "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
        head + "\r\n0123456789"};
    for (const std::string& answer : answers) {
        for (const std::size_t bound : {9U, 10U}) {
            ResponseParser parser({.header = 1000, .body = bound});
            parser.feed(answer);
            parser.end();
            EXPECT_EQ(parser.state(), bound == 10 ? State::Done : State::Failed) << answer;
            if (bound == 9) {
                EXPECT_EQ(parser.failure().kind, FailureKind::TooLarge);
            }
        }
    }
}

TEST(ResponseParser, ConnectionIsKeptOnlyWhereBothVersionsAllow) {
    const auto keeps = [](const std::string& answer) {
        ResponseParser parser(kBounds);
        EXPECT_EQ(parser.feed(answer), State::Done);
        return parser.keep_alive();
    };
    EXPECT_TRUE(keeps("HTTP/1.1 204 No Content\r\n\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0 204 No Content\r\n\r\n"));
    EXPECT_TRUE(keeps("HTTP/1.0 204 No Content\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1 204 No Content\r\n\r\nmore"));
}

TEST(ResponseParser, LastChunkMayComeOctetByOctet) {
    ResponseParser parser(kBounds);
    parser.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
    EXPECT_EQ(parser.feed("\r"), State::NeedMore);
    EXPECT_EQ(parser.feed("\n"), State::Done);
}

TEST(ResponseParser, WhatIsNoHttpIsRefusedAtItsFirstWrongOctet) {
    ResponseParser parser(kBounds);
    EXPECT_EQ(parser.feed("HT"), State::NeedMore);
    EXPECT_EQ(parser.feed("t"), State::Failed);
    EXPECT_EQ(parser.failure().kind, FailureKind::Malformed);
    ResponseParser second(kBounds);
    EXPECT_EQ(second.feed("HTTP/1.1 100 Continue\r\n\r\n"), State::NeedMore);
    EXPECT_EQ(second.feed("x"), State::Failed);
}

TEST(ResponseParser, OctetsAfterTheAnswerAreNoticedLaterToo) {
    ResponseParser parser(kBounds);
    parser.feed("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_TRUE(parser.keep_alive());
    parser.feed("x");
    EXPECT_EQ(parser.state(), State::Done);
    EXPECT_FALSE(parser.keep_alive());
}

}  // namespace
}  // namespace pushsim::transport
