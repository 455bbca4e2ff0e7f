// The socket itself: this process leaves SIGPIPE at its default, so a signal would end the test.

#include "agent/transport/stream.hpp"

#include <array>

#include <gtest/gtest.h>
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

}  // namespace
}  // namespace pushsim::transport::testing
