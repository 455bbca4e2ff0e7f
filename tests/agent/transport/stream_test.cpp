// The socket itself: this process leaves SIGPIPE at its default, so a signal would end the test.

#include "agent/transport/stream.hpp"

#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.hpp"

namespace pushsim::transport::testing {
namespace {

class ForsakenStream : public ::testing::Test {
  public:
    /// A stream whose peer is gone already, so that the first write meets EPIPE.
    static std::unique_ptr<Stream> make() {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0) return nullptr;
        ::close(ends[1]);
        return std::make_unique<Stream>(ends[0]);
    }
};

TEST_F(ForsakenStream, WriteFailsWithoutSignal) {
    const auto stream = make();
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->write("x").status, Step::Status::Failed);
    EXPECT_EQ(stream->failure().kind, FailureKind::Closed);
    EXPECT_EQ(stream->failure().message, "connection lost while sending: Broken pipe");
}

TEST_F(ForsakenStream, TlsHandshakeFailsWithoutSignal) {
    const auto stream = make();
    ASSERT_TRUE(stream);
    const auto identity = trusting_identity();
    ASSERT_EQ(stream->start_tls(*identity, "127.0.0.1").status, Step::Status::Done);
    EXPECT_EQ(stream->handshake().status, Step::Status::Failed);
    EXPECT_EQ(stream->failure().kind, FailureKind::Closed);
    EXPECT_EQ(stream->failure().message, "connection lost while shaking hands (TLS): Broken pipe");
}

TEST_F(ForsakenStream, NameNoCertificateCanBearIsRefused) {
    const auto stream = make();
    ASSERT_TRUE(stream);
    const auto identity = trusting_identity();
    EXPECT_EQ(stream->start_tls(*identity, "").status, Step::Status::Failed);
    EXPECT_EQ(stream->failure().kind, FailureKind::Certificate);
}

class TlsStream : public ::testing::Test {
  public:
    /// Shakes hands with the server, which then plays its script.
    static std::unique_ptr<Stream> connect(const TestServer& server) {
        auto stream = Stream::connect("127.0.0.1", server.port(), "").value();
        wait(*stream, POLLOUT);
        stream->start_tls(*trusting_identity(), "127.0.0.1");
        for (Step step = stream->handshake(); step.status != Step::Status::Done; step = stream->handshake()) {
            if (step.status == Step::Status::Failed) throw std::runtime_error(stream->failure().message);
            wait(*stream, POLLIN);
        }
        return stream;
    }
    static void wait(const Stream& stream, short events) {
        pollfd ready{stream.fd(), events, 0};
        ::poll(&ready, 1, -1);
    }
    static int unread(const Stream& stream) {
        int octets = 0;
        ::ioctl(stream.fd(), FIONREAD, &octets);
        return octets;
    }
};

TEST_F(TlsStream, ReadTakesInOneRecordThatHoldsNoData) {
    TestServer server(server_tls(), [&](Peer& peer) {
        for (int i = 0; i < 100; ++i)
            peer.send_key_update();
        peer.read_request();
    });
    const auto stream = connect(server);
    constexpr int many_records = 1000;  // octets; what is sent is not there at once
    while (unread(*stream) < many_records)
        std::this_thread::yield();
    std::array<char, 100> buffer{};
    EXPECT_EQ(stream->read(buffer).status, Step::Status::WantRead);
    EXPECT_GT(unread(*stream), many_records / 2);
    while (unread(*stream) < many_records)
        std::this_thread::yield();
    EXPECT_FALSE(stream->quiet()) << "a hundred are more than an idle peer has to say";
}

TEST_F(TlsStream, IsQuietAfterTheServersTickets) {
    std::atomic<bool> sent{false};
    TestServer server(server_tls(), [&](Peer& peer) {
        for (int i = 0; i < 5; ++i)
            peer.send_ticket();
        sent = true;
        peer.read_request();
    });
    const auto stream = connect(server);
    while (!sent)
        std::this_thread::yield();
    EXPECT_TRUE(stream->quiet());
    while (unread(*stream) > 0)  // what arrives only now
        ASSERT_TRUE(stream->quiet());
}

}  // namespace
}  // namespace pushsim::transport::testing
