// Servers that misbehave: every exchange ends in bounded time and memory, with the failure that it is.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client.hpp"

namespace pushsim::transport::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

struct Misdeed {
    std::string name;
    TestServer::Script script;
    std::string failure;
    std::string message;
};

void PrintTo(const Misdeed& misdeed, std::ostream* out) {
    *out << misdeed.name;
}

const std::string kHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/// Writes `head`, then `more` until the client has had enough.
TestServer::Script endless(std::string head, std::string more) {
    return [=](Peer& peer) {
        peer.read_request();
        peer.write(head);
        while (peer.write(more)) {
        }
    };
}

TestServer::Script then_close(std::string octets) {
    return [=](Peer& peer) {
        peer.read_request();
        peer.write(octets);
        peer.close();
    };
}

/// Whether over TCP or TLS, the same becomes of them.
std::vector<Misdeed> misdeeds() {
    return {
        {"Garbage", answer_once("\x01\x02 SSH-2.0-OpenSSH_9.2p1\r\n\r\n"), "malformed",
         "the answer is not HTTP/1.1: bad version; it begins '\\x01\\x02 SSH-2.0-OpenSSH_9.2p1"},
        {"AnotherVersion", answer_once("HTTP/2.0 200 OK\r\n\r\n"), "malformed", "bad version"},
        {"NoStatus", answer_once("HTTP/1.1 abc OK\r\n\r\n"), "malformed", "bad status"},
        {"StatusBelow100", answer_once("HTTP/1.1 099 OK\r\n\r\n"), "malformed", "status 099"},
        {"SwitchingProtocols", answer_once("HTTP/1.1 101 Switching\r\n\r\n"), "malformed", "status 101"},
        {"HeaderWithoutColon", answer_once("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"), "malformed", "bad field"},
        {"HalfAHeader", then_close("HTTP/1.1 200 OK\r\nContent-Le"), "closed",
         "closed within the answer's header, after 27 octets"},
        {"HalfABody", then_close(kHead + "Content-Length: 100\r\n\r\nhalf"), "closed",
         "closed within the answer's body, after 4 of 100 octets"},
        {"HalfAChunk", then_close(kHead + "Transfer-Encoding: chunked\r\n\r\n64\r\nhalf"), "closed",
         "closed within the answer's chunked body, after 4 octets"},
        {"NoLastChunk", then_close(kHead + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"), "closed",
         "closed within the answer's chunked body, after 4 octets"},
        {"EndlessHeaders", endless(kHead, "X-More: and more\r\n"), "too_large",
         "header is over its bound of 65536 octets"},
        {"EndlessHeaderLine", endless(kHead + "X-Long: ", "aaaaaaaaaaaaaaaa"), "too_large",
         "header is over its bound"},
        {"EndlessStatusLine", endless("HTTP/1.1 200 ", "aaaaaaaaaaaaaaaa"), "too_large",
         "header is over its bound"},
        {"EndlessInterimAnswers", endless("", "HTTP/1.1 100 Continue\r\n\r\n"), "too_large",
         "header is over its bound"},
        {"EndlessChunkExtension",
         endless(kHead + "Transfer-Encoding: chunked\r\n\r\n1", ";aaaaaaaaaaaaaaaa=1"), "too_large",
         "a chunk's line or the trailers are over"},
        {"EndlessTrailers",
         endless(kHead + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X-More: and more\r\n"), "too_large",
         "a chunk's line or the trailers are over"},
        {"AnnouncedBodyOverTheBound", answer_once(kHead + "Content-Length: 1048577\r\n\r\n"), "too_large",
         "body is over its bound of 1048576 octets (Content-Length: 1048577)"},
        {"EndlessBody", endless(kHead + "\r\n", std::string(1000, 'x')), "too_large",
         "body is over its bound"},
        {"EndlessChunks",
         endless(kHead + "Transfer-Encoding: chunked\r\n\r\n", "3e8\r\n" + std::string(1000, 'x') + "\r\n"),
         "too_large", "body is over its bound of 1048576 octets"},
        {"ChunkOverTheBound", answer_once(kHead + "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n"),
         "too_large", "body is over its bound"},
        {"ChunkSizeBeyond64Bits",
         answer_once(kHead + "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\nx\r\n0\r\n\r\n"),
         "malformed", "bad chunk"},
        {"ChunkSizeNotHexadecimal", answer_once(kHead + "Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n"),
         "malformed", "bad chunk"},
        {"ChunkLongerThanItSays",
         answer_once(kHead + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n"), "malformed",
         "bad chunk"},
        {"TwoContentLengths", answer_once(kHead + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
         "malformed", "Content-Length"},
        {"TheSameContentLengthTwice", answer_once(kHead + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
         "malformed", "more than one Content-Length"},
        {"ListOfContentLengths", answer_once(kHead + "Content-Length: 2, 2\r\n\r\n{}"), "malformed",
         "more than one Content-Length"},
        {"NegativeContentLength", answer_once(kHead + "Content-Length: -1\r\n\r\n"), "malformed",
         "Content-Length"},
        {"ContentLengthBeyond64Bits", answer_once(kHead + "Content-Length: 99999999999999999999\r\n\r\n"),
         "malformed", "Content-Length"},
        {"LengthAndChunks",
         answer_once(kHead + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
         "malformed", "Transfer-Encoding"},
        {"UnknownTransferCoding", answer_once(kHead + "Transfer-Encoding: gzip, chunked\r\n\r\n"),
         "malformed", "transfer coding 'gzip, chunked'"},
        {"NothingAtAll", answer_once(""), "timeout", "after the whole request was sent"},
        {"SilenceBehindTheHeader", answer_once(kHead + "Content-Length: 100\r\n\r\n"), "timeout",
         "octets of an answer"},
        {"ClosedWithoutAnswer",
         [](Peer& peer) {
             peer.read_request();
             peer.close();
         },
         "closed", "closed without an answer"},
        {"ResetInMidBody",
         [](Peer& peer) {
             peer.read_request();
             peer.write(kHead + "Content-Length: 100\r\n\r\nhalf");
             peer.pause(milliseconds{20});
             peer.reset();
         },
         "reset", "connection reset while reading, after"},
        {"AnOctetAtATime",
         [](Peer& peer) {
             peer.read_request();
             while (peer.write("H") && peer.pause(milliseconds{20})) {
             }
         },
         "malformed", "bad version"},
        {"AValidAnswerAnOctetAtATime",
         [](Peer& peer) {
             peer.read_request();
             for (const char c : kHead + std::string(1000, 'x')) {
                 if (!peer.write(std::string(1, c)) || !peer.pause(milliseconds{10})) return;
             }
         },
         "timeout", "octets of an answer"},
    };
}

class Hostile : public ::testing::TestWithParam<Misdeed>, public Client {
  public:
    void check(const Endpoint& endpoint) {
        const Misdeed& misdeed = GetParam();
        const bool runs_out = misdeed.failure == "timeout";
        const Outcome outcome =
            once(endpoint, get(), {.deadline = runs_out ? Duration(milliseconds{300}) : seconds{15}});
        EXPECT_EQ(word(outcome), misdeed.failure) << message(outcome);
        EXPECT_THAT(message(outcome), HasSubstr(misdeed.message));
        EXPECT_THAT(message(outcome), ::testing::StartsWith(fmt::format("127.0.0.1:{}: ", endpoint.port)));
        if (runs_out) {
            EXPECT_GE(outcome.timings.total, milliseconds{300});
        }
    }
};

TEST_P(Hostile, OverTcpEndsAsNamed) {
    TestServer server(GetParam().script);
    check(plain(server));
}

TEST_P(Hostile, OverTlsEndsAsNamed) {
    TestServer server(server_tls(), GetParam().script);
    check(tls(server));
}

INSTANTIATE_TEST_SUITE_P(Each, Hostile, ::testing::ValuesIn(misdeeds()),
                         [](const auto& misdeed) { return misdeed.param.name; });

class WrongDoor : public ::testing::Test, public Client {};

TEST_F(WrongDoor, PlainHttpOnTheTlsPortIsNamed) {
    TestServer server(server_tls(), answer_always(ok("{}")));
    const Outcome outcome = once(plain(server));
    // OpenSSL's server closes without an alert, the rest of the request unread.
    EXPECT_EQ(word(outcome), "reset");
    EXPECT_THAT(message(outcome),
                HasSubstr("connection reset while reading, after the whole request was sent"));
}

TEST_F(WrongDoor, TlsAlertInPlaceOfHttpIsRecognised) {
    TestServer server(answer_once(std::string("\x15\x03\x01\x00\x02\x02\x46", 7)));
    const Outcome outcome = once(plain(server));
    EXPECT_EQ(word(outcome), "malformed");
    EXPECT_THAT(message(outcome), HasSubstr("that is TLS"));
}

TEST_F(WrongDoor, TlsOnThePlainPortIsNamed) {
    TestServer server([](Peer& peer) {
        peer.read_octets(20);
        peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        peer.read_request();
    });
    const Outcome outcome = once(tls(server));
    EXPECT_EQ(word(outcome), "tls");
    EXPECT_THAT(message(outcome), HasSubstr("does the port speak plain HTTP?"));
}

TEST_F(WrongDoor, CloseInTheHandshakeIsNamed) {
    TestServer server([](Peer& peer) {
        // The whole ClientHello: a close with octets unread is a reset.
        const std::string head = peer.read_octets(5);
        if (head.size() < 5) return;
        peer.read_octets(static_cast<unsigned char>(head[3]) * 256U + static_cast<unsigned char>(head[4]));
        peer.close();
    });
    const Outcome outcome = once(tls(server));
    EXPECT_EQ(word(outcome), "closed");
    EXPECT_THAT(message(outcome), HasSubstr("closed in the TLS handshake"));
}

TEST_F(WrongDoor, ResetInTheHandshakeIsNamed) {
    TestServer server([](Peer& peer) {
        peer.read_octets(5);
        peer.reset();
    });
    const Outcome outcome = once(tls(server));
    EXPECT_EQ(word(outcome), "reset");
    EXPECT_THAT(message(outcome), HasSubstr("connection reset while shaking hands (TLS)"));
}

TEST_F(WrongDoor, ImmediateCloseIsNamed) {
    TestServer server([](Peer& peer) { peer.close(); });
    const Outcome over_tcp = once(plain(server));
    EXPECT_EQ(word(over_tcp), "closed");
    EXPECT_THAT(message(over_tcp), HasSubstr("closed without an answer, after the whole request was sent"));
    const Outcome over_tls = once(tls(server));
    EXPECT_EQ(word(over_tls), "closed");
    EXPECT_THAT(message(over_tls), HasSubstr("closed in the TLS handshake"));
}

TEST_F(WrongDoor, SilenceInTheHandshakeMeetsTheDeadline) {
    TestServer server([](Peer& peer) { peer.pause(seconds{20}); });
    const Outcome outcome = once(tls(server), get(), {.deadline = milliseconds{200}});
    EXPECT_EQ(word(outcome), "timeout");
    EXPECT_THAT(message(outcome), HasSubstr("while shaking hands (TLS)"));
}

TEST_F(WrongDoor, EndlessTlsRecordsWithoutDataMeetTheDeadline) {
    TestServer key_updates(server_tls(), [](Peer& peer) {
        while (peer.send_key_update()) {
        }
    });
    TestServer tickets(server_tls(), [](Peer& peer) {
        // OpenSSL does not mind that nobody takes its tickets any more.
        while (peer.send_ticket() && peer.pause(milliseconds{0})) {
        }
    });
    for (const TestServer* server : {&key_updates, &tickets}) {
        const Outcome outcome = once(tls(*server), get(), {.deadline = milliseconds{300}});
        EXPECT_EQ(word(outcome), "timeout") << message(outcome);
        EXPECT_THAT(message(outcome), HasSubstr("after the whole request was sent"));
    }
}

TEST_F(WrongDoor, ServerThatDoesNotReadMeetsTheDeadline) {
    TestServer server([](Peer& peer) { peer.pause(seconds{20}); });
    const Outcome outcome =
        once(plain(server), post(std::string(50 << 20, 'x')), {.deadline = milliseconds{300}});
    EXPECT_EQ(word(outcome), "timeout");
    EXPECT_THAT(message(outcome), HasSubstr("octets of the request sent"));
}

TEST_F(WrongDoor, ResetUnderALargeRequestRaisesNoSignal) {
    TestServer reset_plain([](Peer& peer) {
        peer.read_octets(1000);
        peer.reset();
    });
    TestServer reset_tls(server_tls(), [](Peer& peer) {
        peer.read_octets(1000);
        peer.reset();
    });
    for (const Endpoint& endpoint : {plain(reset_plain), tls(reset_tls)}) {
        const Outcome outcome = once(endpoint, post(std::string(20 << 20, 'x')));
        EXPECT_THAT(word(outcome), ::testing::AnyOf("reset", "closed")) << message(outcome);
        EXPECT_THAT(message(outcome), HasSubstr("octets of the request sent"));
    }
}

TEST_F(WrongDoor, TruncationOfAnUnboundedBodyUnderTlsIsNoticed) {
    // Without close_notify anybody on the way can have cut it (RFC 8446, 6.1).
    TestServer server(server_tls(), [](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\n\r\nuntil the");
        peer.close_without_notify();
    });
    const Outcome outcome = once(tls(server));
    EXPECT_EQ(word(outcome), "closed");
    EXPECT_THAT(message(outcome), HasSubstr("without TLS close_notify"));
}

TEST_F(WrongDoor, BodyBoundGrowsWithTheRequest) {
    const std::string body(100'000, 'x');
    const std::size_t bound = (std::size_t{1} << 20) + 3 * body.size();
    for (const std::size_t size : {bound, bound + 1}) {
        TestServer server(answer_always(ok(std::string(size, 'y'))));
        const Outcome outcome = once(plain(server), post(body));
        EXPECT_EQ(word(outcome), size > bound ? "too_large" : "answer 200") << message(outcome);
    }
}

TEST_F(WrongDoor, BoundsCanBeGiven) {
    TestServer server(answer_always(ok("0123456789")));
    const Outcome body = once(plain(server), get(), {.max_body_bytes = 9});
    EXPECT_EQ(word(body), "too_large");
    const Outcome header = once(plain(server), get(), {.max_header_bytes = 20});
    EXPECT_EQ(word(header), "too_large");
}

TEST_F(WrongDoor, WrongContentTypePassesThrough) {
    TestServer server(
        answer_once("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>"));
    const Outcome outcome = once(plain(server));
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_EQ(outcome.response->header("content-type"), "text/html");
}

}  // namespace
}  // namespace pushsim::transport::testing
