// Which address a connection is made to, and from which.

#include <array>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.hpp"

namespace pushsim::transport::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class Addresses : public ::testing::Test, public Client {};

TEST_F(Addresses, NobodyListeningIsConnectRefused) {
    Endpoint endpoint;
    {
        const TestServer server(answer_always(""));
        endpoint = plain(server);
    }
    const Outcome outcome = once(endpoint);
    EXPECT_EQ(word(outcome), "connect_refused");
    EXPECT_EQ(message(outcome),
              fmt::format("127.0.0.1:{}: connection refused: nobody listens there", endpoint.port));
    EXPECT_FALSE(outcome.timings.connect);
}

TEST_F(Addresses, SourceAddressThatIsNotOursIsConnectFailed) {
    const TestServer server(answer_always(ok("{}")));
    Endpoint endpoint = plain(server);
    endpoint.source_address = "192.0.2.7";
    const Outcome outcome = once(endpoint);
    EXPECT_EQ(word(outcome), "connect_failed");
    EXPECT_THAT(message(outcome), HasSubstr("source address 192.0.2.7: Cannot assign requested address"));
}

TEST_F(Addresses, NameThatDoesNotResolveIsConnectFailed) {
    const Outcome outcome = once({.scheme = Scheme::Http, .host = "no-such-host.invalid", .port = 80});
    EXPECT_EQ(word(outcome), "connect_failed");
    EXPECT_THAT(message(outcome), HasSubstr("no-such-host.invalid:80: host name does not resolve"));
}

TEST_F(Addresses, AddressesAreTriedInOrder) {
    TestServer server(answer_always(ok("{}")));
    Endpoint endpoint = plain(server);
    endpoint.host = "verifier.example";
    endpoint.addresses = {"127.0.0.77", "127.0.0.1"};  // the server listens on the second alone
    const Outcome outcome = once(endpoint);
    EXPECT_EQ(word(outcome), "answer 200") << message(outcome);
}

TEST_F(Addresses, NamesResolveWhenTheConnectionIsMade) {
    TestServer server(answer_always(ok("{}")));
    Endpoint endpoint = plain(server);
    endpoint.host = "localhost";
    const Outcome outcome = once(endpoint);
    EXPECT_EQ(word(outcome), "answer 200") << message(outcome);
}

/// 127.0.0.2 at a port where nobody answers: a listener whose queue is full drops what asks to connect.
class SilentAddress {
  public:
    explicit SilentAddress(std::uint16_t port) {
        address_.sin_family = AF_INET;
        address_.sin_port = htons(port);
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
        const int listener = open();
        if (::bind(listener, generic(), sizeof address_) != 0 || ::listen(listener, 0) != 0)
            throw std::runtime_error("cannot listen at 127.0.0.2");
        for (int i = 0; i < 3; ++i)
            ::connect(open(), generic(), sizeof address_);
    }
    ~SilentAddress() {
        for (const int fd : fds_)
            ::close(fd);
    }
    SilentAddress(const SilentAddress&) = delete;
    SilentAddress& operator=(const SilentAddress&) = delete;

  private:
    int open() { return fds_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }
    const sockaddr* generic() const { return reinterpret_cast<const sockaddr*>(&address_); }

    sockaddr_in address_{};
    std::vector<int> fds_;
};

/// With time that stands still until the test moves it.
class AddressesInSimulatedTime : public ::testing::Test {
  public:
    core::SimulatedClock clock;
    EventLoop loop{clock};
    std::unique_ptr<TestServer> server = std::make_unique<TestServer>(answer_always(ok("{}")));
    const std::uint16_t port = server->port();
    SilentAddress silent{port};
    std::optional<Outcome> outcome;

    Endpoint endpoint(std::vector<std::string> addresses) const {
        return {.scheme = Scheme::Http,
                .host = "verifier.example",
                .port = port,
                .addresses = std::move(addresses)};
    }
    void send(Connection& connection) {
        outcome.reset();
        connection.send(get(), {.deadline = seconds{30}}, [&](Outcome came) { outcome = std::move(came); });
    }
    void rounds(int count) {
        for (int i = 0; i < count && !outcome; ++i)
            loop.run_once(milliseconds{1});
    }
    void until_the_outcome() {
        while (!outcome)
            loop.run_once(milliseconds{10});
    }
};

TEST_F(AddressesInSimulatedTime, OneThatSwallowsPacketsLeavesTheNextItsShare) {
    Connection connection(loop, endpoint({"127.0.0.2", "127.0.0.1"}), nullptr);
    send(connection);
    clock.advance(seconds{14});
    rounds(20);
    ASSERT_FALSE(outcome) << word(*outcome) << message(*outcome);
    clock.advance(seconds{1});
    until_the_outcome();
    EXPECT_EQ(word(*outcome), "answer 200") << message(*outcome);
    EXPECT_EQ(outcome->timings.connect, seconds{15});
}

TEST_F(AddressesInSimulatedTime, TheOneThatWorkedComesFirstTheNextTime) {
    Connection connection(loop, endpoint({"127.0.0.2", "127.0.0.1"}), nullptr);
    send(connection);
    clock.advance(seconds{15});
    until_the_outcome();
    connection.close();
    send(connection);
    until_the_outcome();  // without any time passing
    EXPECT_EQ(word(*outcome), "answer 200") << message(*outcome);
    EXPECT_EQ(connection.connections_made(), 2);
}

TEST_F(AddressesInSimulatedTime, OneThatWorkedOnceIsLeftForTheOthers) {
    Connection connection(loop, endpoint({"127.0.0.2", "127.0.0.1"}), nullptr);
    send(connection);
    clock.advance(seconds{15});
    until_the_outcome();
    connection.close();
    server.reset();
    send(connection);
    rounds(20);
    ASSERT_FALSE(outcome) << "it is refused, the silent one is not: " << message(*outcome);
    clock.advance(seconds{30});
    until_the_outcome();
    EXPECT_EQ(word(*outcome), "timeout");
}

TEST_F(AddressesInSimulatedTime, WhereAllSwallowPacketsTheDeadlineHolds) {
    Connection connection(loop, endpoint({"127.0.0.2", "127.0.0.2", "127.0.0.2"}), nullptr);
    send(connection);
    for (int i = 0; i < 3; ++i) {
        rounds(20);
        ASSERT_FALSE(outcome) << word(*outcome) << message(*outcome);
        clock.advance(seconds{10});
    }
    until_the_outcome();
    EXPECT_EQ(word(*outcome), "timeout");
    EXPECT_THAT(message(*outcome), HasSubstr("no complete answer within 30s: while connecting"));
}

}  // namespace
}  // namespace pushsim::transport::testing
