// What goes right: framing of requests and answers, connections kept and opened, timings.

#include <algorithm>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client.hpp"

namespace pushsim::transport::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Both the plain and the TLS server with the same script.
class Exchange : public ::testing::TestWithParam<Scheme>, public Client {
  public:
    static std::optional<ServerTls> server_settings() {
        if (GetParam() == Scheme::Http) return std::nullopt;
        return server_tls();
    }
    static Endpoint to(const TestServer& server) {
        return GetParam() == Scheme::Http ? plain(server) : tls(server);
    }
};

INSTANTIATE_TEST_SUITE_P(OverBoth, Exchange, ::testing::Values(Scheme::Http, Scheme::Https),
                         [](const auto& scheme) { return scheme.param == Scheme::Http ? "Http" : "Https"; });

TEST_P(Exchange, RequestArrivesWithHeadersInOrderAndLetterCase) {
    std::string seen;
    TestServer server(server_settings(), [&](Peer& peer) {
        seen = peer.read_request().value_or("nothing");
        peer.write(ok("{}"));
    });
    HttpRequest request{"PATCH", "/v3.0/sessions/1", {}, "{\"a\":1}"};
    request.headers = {
        {"x-request-id", "abc123"}, {"Zulu", "1"}, {"alpha", "2"}, {"Authorization", "Bearer t"}};
    const Outcome outcome = once(to(server), request);
    ASSERT_EQ(word(outcome), "answer 200") << message(outcome);
    EXPECT_EQ(seen, fmt::format("PATCH /v3.0/sessions/1 HTTP/1.1\r\nx-request-id: abc123\r\nZulu: 1\r\n"
                                "alpha: 2\r\nAuthorization: Bearer t\r\nhost: 127.0.0.1:{}\r\n"
                                "content-length: 7\r\n\r\n{{\"a\":1}}",
                                server.port()));
}

TEST_P(Exchange, AnswerComesWithStatusHeadersAndBody) {
    TestServer server(server_settings(),
                      answer_once("HTTP/1.1 202 Accepted\r\nX-Request-Id: abc\r\nlocation:  /v3 \r\n"
                                  "Content-Length: 5\r\n\r\nhello"));
    const Outcome outcome = once(to(server));
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_FALSE(outcome.failure);
    EXPECT_EQ(outcome.response->status, 202);
    EXPECT_EQ(outcome.response->body, "hello");
    const HttpHeaders expected{{"X-Request-Id", "abc"}, {"location", "/v3"}, {"Content-Length", "5"}};
    EXPECT_EQ(outcome.response->headers, expected);
}

TEST_P(Exchange, ChunkedAnswerIsPutTogether) {
    TestServer server(
        server_settings(),
        answer_once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5;name=value\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: dropped\r\n\r\n"));
    const Outcome outcome = once(to(server));
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_EQ(outcome.response->body, "hello world");
    EXPECT_EQ(outcome.response->headers.size(), 1);
}

TEST_P(Exchange, AnswerWithoutLengthEndsWhereThePeerCloses) {
    TestServer server(server_settings(), [](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\n\r\nuntil the end");
        peer.close();
    });
    Connection connection(loop, to(server), trusting_identity());
    const Outcome outcome = exchange(connection, get());
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_EQ(outcome.response->body, "until the end");
    EXPECT_FALSE(connection.connected());
}

TEST_P(Exchange, InterimAnswersAreSkipped) {
    TestServer server(server_settings(),
                      answer_once("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                                  ok("proper")));
    const Outcome outcome = once(to(server), post("{}"));
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_EQ(outcome.response->body, "proper");
    EXPECT_FALSE(outcome.response->header("Link"));
}

TEST_P(Exchange, AnswersWithoutBodyEndWithTheirHeader) {
    TestServer server(server_settings(), [](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 204 No Content\r\n\r\n");
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");  // to a HEAD
        peer.read_request();
        peer.write("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
    });
    Connection connection(loop, to(server), trusting_identity());
    EXPECT_EQ(word(exchange(connection, get())), "answer 204");
    HttpRequest head = get();
    head.method = "HEAD";
    EXPECT_EQ(word(exchange(connection, head)), "answer 200");
    EXPECT_EQ(word(exchange(connection, get())), "answer 304");
    EXPECT_EQ(connection.connections_made(), 1);
}

TEST_P(Exchange, ConnectionIsKeptForFurtherExchanges) {
    TestServer server(server_settings(), answer_always(ok("{}")));
    Connection connection(loop, to(server), trusting_identity());
    EXPECT_FALSE(connection.connected());
    for (int i = 0; i < 5; ++i) {
        const Outcome outcome = exchange(connection, post("{}"));
        ASSERT_EQ(word(outcome), "answer 200") << message(outcome);
        EXPECT_EQ(outcome.reused_connection, i > 0);
        EXPECT_EQ(outcome.timings.connect.has_value(), i == 0);
    }
    EXPECT_TRUE(connection.connected());
    EXPECT_EQ(connection.connections_made(), 1);
    EXPECT_EQ(server.connections(), 1);
}

TEST_P(Exchange, ConnectionCloseIsHonoured) {
    TestServer server(server_settings(),
                      answer_always("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    Connection connection(loop, to(server), trusting_identity());
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(word(exchange(connection, get())), "answer 200");
    EXPECT_EQ(server.connections(), 3);
}

TEST_P(Exchange, ConnectionThatIsNotToBeKeptIsClosedInOrderAfterEachAnswer) {
    std::atomic<int> in_order{0}, ended{0};
    TestServer server(server_settings(), [&](Peer& peer) {
        peer.read_request();
        peer.write(ok("{}"));
        if (peer.closed_in_order()) ++in_order;
        ++ended;
    });
    Connection connection(loop, to(server), trusting_identity(), {.keep_alive = false});
    for (int i = 1; i <= 3; ++i) {
        const Outcome outcome = exchange(connection, get());
        EXPECT_EQ(word(outcome), "answer 200") << message(outcome);
        EXPECT_FALSE(outcome.reused_connection);
        EXPECT_FALSE(connection.connected());
        while (ended < i)
            std::this_thread::yield();
    }
    EXPECT_EQ(in_order, 3);
    EXPECT_EQ(server.connections(), 3);
}

TEST_P(Exchange, OctetsBehindTheAnswerEndTheConnectionButNotTheAnswer) {
    TestServer server(server_settings(), answer_once(ok("mine") + "HTTP/1.1 200 OK\r\n"));
    Connection connection(loop, to(server), trusting_identity());
    const Outcome outcome = exchange(connection, get());
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_EQ(outcome.response->body, "mine");
    loop.run_until([&] { return !connection.connected(); }, std::chrono::seconds{10});
    EXPECT_FALSE(connection.connected());
}

TEST_P(Exchange, ConnectionClosedWhileIdleIsReplacedBeforeTheNextRequest) {
    TestServer server(server_settings(), [](Peer& peer) {
        peer.read_request();
        peer.write(ok("{}"));
        peer.close();
    });
    Connection connection(loop, to(server), trusting_identity());
    ASSERT_EQ(word(exchange(connection, get())), "answer 200");
    ASSERT_TRUE(loop.run_until([&] { return !connection.connected(); }, std::chrono::seconds{10}));
    const Outcome second = exchange(connection, get());
    EXPECT_EQ(word(second), "answer 200") << message(second);
    EXPECT_FALSE(second.reused_connection);
}

TEST_P(Exchange, CloseSeenOnlyAtTheNextSendIsNotAFailureEither) {
    // The loop does not run between the exchanges, so that only send() itself can notice.
    std::atomic<bool> closed{false};
    TestServer server(server_settings(), [&](Peer& peer) {
        peer.read_request();
        peer.write(ok("{}"));
        if (peer.number() > 0) return;
        peer.close();
        closed = true;
    });
    Connection connection(loop, to(server), trusting_identity());
    ASSERT_EQ(word(exchange(connection, get())), "answer 200");
    while (!closed)
        std::this_thread::yield();
    const Outcome second = exchange(connection, get());
    EXPECT_EQ(word(second), "answer 200") << message(second);
    EXPECT_EQ(server.connections(), 2);
}

TEST_P(Exchange, RequestOnAReusedConnectionIsNotSentTwice) {
    std::atomic<int> requests{0};
    TestServer server(server_settings(), [&](Peer& peer) {
        while (peer.read_request()) {
            if (++requests == 2) return peer.close();  // swallows the second one
            peer.write(ok("{}"));
        }
    });
    Connection connection(loop, to(server), trusting_identity());
    ASSERT_EQ(word(exchange(connection, get())), "answer 200");
    const Outcome second = exchange(connection, post("{}"));
    EXPECT_EQ(word(second), "closed");
    EXPECT_TRUE(second.reused_connection);
    EXPECT_THAT(message(second), HasSubstr("without an answer, after the whole request was sent"));
    EXPECT_EQ(requests, 2);
    EXPECT_EQ(server.connections(), 1);
}

TEST_P(Exchange, LargeRequestAndAnswerPassWhole) {
    TestServer server(server_settings(), [](Peer& peer) {
        const auto request = peer.read_request();
        const std::string body = request ? request->substr(request->find("\r\n\r\n") + 4) : "";
        peer.write(ok(body));
    });
    std::string body(3 << 20, 'x');
    for (std::size_t i = 0; i < body.size(); ++i)
        body[i] = static_cast<char>('a' + i * i % 23);
    const Outcome outcome = once(to(server), post(body));
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_TRUE(outcome.response->body == body);
}

TEST_P(Exchange, EarlyAnswerIsDeliveredAlthoughTheRequestWasCutShort) {
    TestServer server(server_settings(), [](Peer& peer) {
        peer.read_octets(1000);
        peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
        peer.pause(milliseconds{200});
        peer.reset();
    });
    Connection connection(loop, to(server), trusting_identity());
    const Outcome outcome = exchange(connection, post(std::string(20 << 20, 'x')));
    EXPECT_EQ(word(outcome), "answer 413") << message(outcome);
    EXPECT_FALSE(connection.connected());
}

TEST_P(Exchange, TimingsAreThoseOfThePhases) {
    // More than sockets hold, so that the client has read some of it when it is written.
    const std::string first_part(32 << 20, 'x');
    std::atomic<int> server_at{0}, server_may{0};
    const auto rest_at = [&](Peer& peer, int place) {
        server_at = place;
        while (server_may < place && peer.pause(milliseconds{1})) {
        }
    };
    TestServer server(server_settings(), [&](Peer& peer) {
        peer.read_request();
        rest_at(peer, 1);
        peer.write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", first_part.size() + 1));
        peer.write(first_part);
        rest_at(peer, 2);
        peer.write("x");
    });
    core::SimulatedClock simulated;
    EventLoop simulated_loop(simulated);
    Connection connection(simulated_loop, to(server), trusting_identity());
    std::optional<Outcome> outcome;
    const Instant start = simulated.now();
    connection.send(get(), {.deadline = std::chrono::minutes{5}, .max_body_bytes = first_part.size() + 1},
                    [&](Outcome came) { outcome = std::move(came); });
    for (const auto& [place, time] : {std::pair{1, seconds{60}}, std::pair{2, seconds{40}}}) {
        while (server_at < place)
            simulated_loop.run_once(milliseconds{1});
        simulated.advance(time);
        server_may = place;
    }
    while (!outcome)
        simulated_loop.run_once(milliseconds{1});

    ASSERT_TRUE(outcome->response) << message(*outcome);
    const Timings& timings = outcome->timings;
    EXPECT_EQ(timings.start, start);
    EXPECT_EQ(timings.connect, Duration::zero());
    EXPECT_EQ(timings.tls.has_value(), GetParam() == Scheme::Https);
    EXPECT_EQ(timings.send, Duration::zero());
    EXPECT_EQ(timings.wait, seconds{60});
    EXPECT_EQ(timings.receive, seconds{40});
    EXPECT_EQ(timings.total, seconds{100});
}

TEST_P(Exchange, SourceAddressIsSeenByTheServer) {
    TestServer server(server_settings(), [](Peer& peer) {
        peer.read_request();
        peer.write(ok(peer.client_address()));
    });
    Endpoint endpoint = to(server);
    endpoint.source_address = "127.0.0.9";
    const Outcome outcome = once(endpoint);
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_EQ(outcome.response->body, "127.0.0.9");
}

TEST_P(Exchange, TwoHundredConnectionsShareALoop) {
    TestServer server(server_settings(), [](Peer& peer) {
        while (const auto request = peer.read_request()) {
            peer.write(ok(request->substr(0, request->find(" HTTP"))));
        }
    });
    std::vector<std::unique_ptr<Connection>> connections;
    int right = 0, done = 0, reused = 0;
    std::vector<std::function<void(int)>> again(200);
    for (int i = 0; i < 200; ++i) {
        connections.push_back(std::make_unique<Connection>(loop, to(server), trusting_identity()));
        Connection& connection = *connections.back();
        again[static_cast<std::size_t>(i)] = [&, i](int round) {
            const std::string target = fmt::format("/{}/{}", i, round);
            connection.send(get(target), {}, [&, i, round, target](const Outcome& outcome) {
                if (outcome.response && outcome.response->body == "GET " + target) ++right;
                if (outcome.reused_connection) ++reused;
                ++done;
                if (round < 3) again[static_cast<std::size_t>(i)](round + 1);
            });
        };
        again[static_cast<std::size_t>(i)](1);
    }
    loop.run_until([&] { return done == 600; }, std::chrono::seconds{50});
    EXPECT_EQ(right, 600);
    EXPECT_EQ(reused, 400);
    EXPECT_EQ(server.connections(), 200);
}

TEST_P(Exchange, CallbackMayDestroyTheConnection) {
    TestServer server(server_settings(), answer_always(ok("{}")));
    auto connection = std::make_unique<Connection>(loop, to(server), trusting_identity());
    connection->send(get(), {}, [&](const Outcome&) { connection.reset(); });
    EXPECT_TRUE(loop.run_until([&] { return connection == nullptr; }, std::chrono::seconds{10}));
}

TEST_P(Exchange, CallbackMaySendAgainOnANewConnection) {
    TestServer server(server_settings(),
                      answer_always("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    Connection connection(loop, to(server), trusting_identity());
    int done = 0;
    std::function<void(const Outcome&)> next = [&](const Outcome& outcome) {
        EXPECT_EQ(word(outcome), "answer 200") << message(outcome);
        if (++done < 5) connection.send(get(), {}, next);
    };
    connection.send(get(), {}, next);
    EXPECT_TRUE(loop.run_until([&] { return done == 5; }, std::chrono::seconds{10}));
}

TEST_P(Exchange, DestroyedConnectionCallsNobody) {
    TestServer server(server_settings(), [](Peer& peer) {
        peer.read_request();
        peer.pause(std::chrono::seconds{10});
    });
    bool called = false;
    {
        Connection connection(loop, to(server), trusting_identity());
        connection.send(get(), {.deadline = milliseconds{50}}, [&](const Outcome&) { called = true; });
        loop.run_until([&] { return connection.connections_made() == 1; }, std::chrono::seconds{10});
    }
    loop.run_until([] { return false; }, milliseconds{100});
    EXPECT_FALSE(called);
}

TEST_P(Exchange, CancelEndsTheExchangeFromTheLoop) {
    TestServer server(server_settings(), answer_always(""));
    Connection connection(loop, to(server), trusting_identity());
    std::optional<Outcome> outcome;
    connection.send(get(), {}, [&](Outcome came) { outcome = std::move(came); });
    loop.run_until([&] { return connection.connections_made() == 1; }, std::chrono::seconds{10});
    connection.cancel();
    connection.cancel();
    EXPECT_FALSE(outcome) << "called from within cancel()";
    EXPECT_TRUE(connection.busy());
    ASSERT_TRUE(loop.run_until([&] { return outcome.has_value(); }, std::chrono::seconds{10}));
    EXPECT_EQ(word(*outcome), "cancelled");
    EXPECT_FALSE(connection.busy());
    EXPECT_FALSE(connection.connected());
}

TEST_P(Exchange, GivenUpIsWhatCameOfItAndCallsNobody) {
    TestServer server(server_settings(), answer_always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    Connection connection(loop, to(server), trusting_identity());
    EXPECT_FALSE(connection.give_up());
    bool called = false;
    for (const bool reached : {false, true}) {
        connection.send(get(), {}, [&](const Outcome&) { called = true; });
        if (reached)
            loop.run_until([&] { return connection.connections_made() == 1; }, std::chrono::seconds{10});
        const auto outcome = connection.give_up();
        ASSERT_TRUE(outcome);
        EXPECT_EQ(word(*outcome), "cancelled");
        EXPECT_THAT(message(*outcome),
                    HasSubstr(reached ? "the whole request was sent" : "while connecting"));
        EXPECT_FALSE(connection.busy());
        EXPECT_FALSE(connection.connected());
    }
    EXPECT_FALSE(called);
    // What was posted for the one that was given up does not end the next.
    EXPECT_EQ(word(exchange(connection, get())), "answer 200");
    EXPECT_FALSE(called);
}

TEST_P(Exchange, GivenUpAfterItsEndStoodIsThatEnd) {
    TestServer server(server_settings(), answer_always(""));
    Endpoint endpoint = to(server);
    endpoint.source_address = "192.0.2.7";  // not ours: it fails within send()
    Connection connection(loop, endpoint, trusting_identity());
    bool called = false;
    connection.send(get(), {}, [&](const Outcome&) { called = true; });
    const auto outcome = connection.give_up();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(word(*outcome), "connect_failed");
    loop.run_once(Duration::zero());
    EXPECT_FALSE(called);
}

TEST_P(Exchange, ClosedConnectionOpensAnewWithTheNextRequest) {
    std::atomic<int> ends{0};
    TestServer server(server_settings(), [&](Peer& peer) {
        while (peer.read_request())
            peer.write(ok("{}"));
        ++ends;
    });
    Connection connection(loop, to(server), trusting_identity());
    EXPECT_EQ(word(exchange(connection, get())), "answer 200");
    connection.close();
    EXPECT_FALSE(connection.connected());
    EXPECT_EQ(word(exchange(connection, get())), "answer 200");
    EXPECT_EQ(connection.connections_made(), 2);
}

TEST(Connection_, SecondRequestWhileOneIsUnderWayIsABug) {
    Client client;
    TestServer server(answer_always(""));
    Connection connection(client.loop, Client::plain(server), nullptr);
    connection.send(get(), {}, [](const Outcome&) {});
    EXPECT_THROW(connection.send(get(), {}, [](const Outcome&) {}), std::logic_error);
}

TEST(Connection_, HttpsWithoutIdentityIsABug) {
    Client client;
    EXPECT_THROW(Connection(client.loop, {.host = "127.0.0.1", .port = 1}, nullptr), std::invalid_argument);
}

}  // namespace
}  // namespace pushsim::transport::testing
