#include "sim/stack/admin_client.hpp"

#include <atomic>
#include <csignal>
#include <cstring>
#include <ctime>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <httplib.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/transport/server_check.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::stack {
namespace {

using transport::Failure;
using transport::FailureKind;

constexpr std::size_t kMaximumBody = 64 * 1024 * 1024;

bool is_address(const std::string& host) {
    unsigned char parsed[sizeof(in6_addr)];
    return ::inet_pton(AF_INET, host.c_str(), parsed) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), parsed) == 1;
}

/// Verifies as OpenSSL would by itself, and keeps in words why not, which httplib drops.
int verify_and_say(X509_STORE_CTX* store, void* check_of_server) {
    auto* check = static_cast<transport::ServerCheck*>(check_of_server);
    const int verified = X509_verify_cert(store);
    try {
        check->refusal = verified == 1 ? "" : transport::why_refused(store, check->server_name);
    } catch (...) {  // no memory for the words: refused all the same
        return 0;
    }
    return verified;
}

/// cpp-httplib also accepts the subject's common name where no alternative name fits; OpenSSL's own check
/// does not when told so, and runs as part of the chain's verification, whose result httplib obeys.
void check_san_alone(SSL_CTX* context, transport::ServerCheck& check) {
    const std::string& host = check.server_name;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cert_verify_callback(context, &verify_and_say, &check);
    X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_hostflags(
        parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_address(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
    } else {
        X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size());
    }
}

/// A write to a closed connection must not end the process; httplib leaves that to its caller.
class PipeSignalBlocked {
  public:
    PipeSignalBlocked() {
        sigemptyset(&signal_);
        sigaddset(&signal_, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    }
    ~PipeSignalBlocked() {
        const timespec now{};
        if (!was_pending_) ::sigtimedwait(&signal_, nullptr, &now);
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    PipeSignalBlocked(const PipeSignalBlocked&) = delete;
    PipeSignalBlocked& operator=(const PipeSignalBlocked&) = delete;

  private:
    sigset_t signal_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

/// The client's connection, seen from beside it: httplib's time-outs are per read, so a deadline for the
/// whole exchange has to cut the connection from outside.
class Connection {
  public:
    ~Connection() { replace(-1); }
    /// Holds a descriptor of its own: httplib's may be closed, and its number used again, at any time.
    void opened(int socket) {
        const std::scoped_lock lock(mutex_);
        replace(::dup(socket));
        opened_ = true;
        if (cut_) ::shutdown(descriptor_, SHUT_RDWR);
    }
    void cut() {
        const std::scoped_lock lock(mutex_);
        cut_ = true;
        if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_RDWR);
    }
    void cut_for_good() {
        given_up_ = true;
        cut();
    }
    void start_exchange() {
        const std::scoped_lock lock(mutex_);
        cut_ = given_up_;
        opened_ = false;
    }
    bool given_up() const { return given_up_; }
    bool was_cut() {
        const std::scoped_lock lock(mutex_);
        return cut_;
    }
    bool was_opened() {
        const std::scoped_lock lock(mutex_);
        return opened_;
    }

  private:
    void replace(int descriptor) {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = descriptor;
    }
    std::mutex mutex_;
    int descriptor_ = -1;
    bool opened_ = false;
    bool cut_ = false;
    std::atomic<bool> given_up_ = false;
};

/// Cuts the connection when `limit` passes within the life of this object.
class Deadline {
  public:
    Deadline(Connection& connection, Duration limit)
        : done_(::eventfd(0, EFD_CLOEXEC)), thread_([this, &connection, limit] {
              wait_for(limit, done_);
              if (!finished()) connection.cut();
          }) {}
    ~Deadline() {
        const std::uint64_t one = 1;
        (void)!::write(done_, &one, sizeof one);
        thread_.join();
        ::close(done_);
    }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

  private:
    bool finished() const {
        pollfd watched{done_, POLLIN, 0};
        return ::poll(&watched, 1, 0) == 1;
    }
    int done_;
    std::thread thread_;
};

FailureKind kind_of(httplib::Error error) {
    switch (error) {
        case httplib::Error::Connection:
        case httplib::Error::BindIPAddress:
            return FailureKind::ConnectFailed;
        case httplib::Error::ConnectionTimeout:
            return FailureKind::Timeout;
        case httplib::Error::SSLConnection:
            return FailureKind::Tls;
        case httplib::Error::SSLLoadingCerts:
        case httplib::Error::SSLServerVerification:
            return FailureKind::Certificate;
        default:
            return FailureKind::Closed;
    }
}

}  // namespace

struct AdminClient::Inner {
    Inner(HostPort at, std::optional<TlsIdentity> identity, const Clock& of, Duration in_all)
        : server(std::move(at)), tls(std::move(identity)), clock(&of), limit(in_all) {}

    HostPort server;
    std::optional<TlsIdentity> tls;
    const Clock* clock;
    Duration limit;
    Connection connection;
    transport::ServerCheck check{.server_name = server.host};
    std::unique_ptr<httplib::ClientImpl> client;

    // Closing a TLS connection writes a farewell, which the other side may not be there to take.
    ~Inner() {
        const PipeSignalBlocked no_signal;
        client.reset();
    }

    void connect() {
        if (tls) {
            auto secure = std::make_unique<httplib::SSLClient>(server.host, server.port,
                                                               tls->certificate.string(), tls->key.string());
            if (SSL_CTX* context = secure->ssl_context()) {
                if (tls->verify_server) check_san_alone(context, check);
            }
            secure->set_ca_cert_path(tls->ca_file.string());
            secure->enable_server_certificate_verification(tls->verify_server);
            client = std::move(secure);
        } else {
            client = std::make_unique<httplib::ClientImpl>(server.host, server.port);
        }
        // Later than the deadline of the whole, which is to be the one that decides.
        const Duration later = limit + std::chrono::seconds{1};
        client->set_connection_timeout(later);
        client->set_read_timeout(later);
        client->set_write_timeout(later);
        client->set_keep_alive(true);
        client->set_follow_location(false);
        client->set_url_encode(false);
        client->set_decompress(false);
        client->set_tcp_nodelay(true);
        client->set_socket_options([this](int socket) { connection.opened(socket); });
    }

    std::string explain(httplib::Error error) const {
        if (error == httplib::Error::SSLServerVerification) {
            return fmt::format("its certificate does not verify: {}", check.refusal);
        }
        if (error == httplib::Error::SSLLoadingCerts) {
            return fmt::format("cannot use the CA certificate {}", tls->ca_file.string());
        }
        switch (error) {
            case httplib::Error::Connection:
                return "cannot connect";
            case httplib::Error::SSLConnection:
                return "no TLS connection can be made";
            case httplib::Error::Read:
            case httplib::Error::Write:
                return "closed without a complete answer";
            default:
                return httplib::to_string(error);
        }
    }
};

Result<HttpResponse> response_of(const Call& call, const HostPort& server) {
    if (call.outcome.response) return *call.outcome.response;
    return fail(ErrorKind::Transport,
                fmt::format("{} {} at {}: {}", call.request.method, call.request.target, server.text(),
                            call.outcome.failure ? call.outcome.failure->message : "no answer"));
}

Error no_answer(const std::string& server, const HostPort& where, const Failure& failure) {
    return {ErrorKind::Stack,
            fmt::format("the {} at {} does not answer: {}", server, where.text(), failure.message),
            "is it running? its log says why it ended"};
}

AdminClient::AdminClient(HostPort server, std::optional<TlsIdentity> tls, const Clock& clock, Duration limit)
    : inner_(new Inner(std::move(server), std::move(tls), clock, limit)) {
    inner_->connect();
}
AdminClient::~AdminClient() = default;
AdminClient::AdminClient(AdminClient&&) noexcept = default;
AdminClient& AdminClient::operator=(AdminClient&&) noexcept = default;

void AdminClient::cut() {
    inner_->connection.cut_for_good();
}

const HostPort& AdminClient::server() const {
    return inner_->server;
}

Call AdminClient::exchange(const HttpRequest& request) {
    Call call{request, {}};
    call.outcome.timings.start = inner_->clock->now();
    const auto failed = [&](FailureKind kind, const std::string& why) {
        call.outcome.failure = Failure{kind, fmt::format("{}: {}", inner_->server.text(), why)};
    };
    if (!inner_->client->is_valid()) {
        failed(FailureKind::Certificate,
               fmt::format("cannot use our certificate {} with key {}", inner_->tls->certificate.string(),
                           inner_->tls->key.string()));
        return call;
    }

    httplib::Request out;
    out.method = request.method;
    out.path = request.target;
    for (const auto& [name, value] : request.headers)
        out.headers.emplace(name, value);
    out.body = request.body;
    HttpResponse answer;
    bool too_large = false;
    out.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
        too_large = answer.body.size() + size > kMaximumBody;
        if (!too_large) answer.body.append(data, size);
        return !too_large;
    };

    inner_->connection.start_exchange();
    if (inner_->connection.given_up()) {
        failed(FailureKind::Cancelled, "given up");
        return call;
    }
    const PipeSignalBlocked no_signal;
    const httplib::Result got = [&] {
        const Deadline deadline(inner_->connection, inner_->limit);
        return inner_->client->send(out);
    }();
    call.outcome.timings.total = inner_->clock->now() - call.outcome.timings.start;
    call.outcome.reused_connection = !inner_->connection.was_opened();
    // First of all: an answer whose end is the end of the connection looks complete when it was cut.
    if (inner_->connection.given_up()) {
        failed(FailureKind::Cancelled, "given up");
    } else if (inner_->connection.was_cut()) {
        failed(FailureKind::Timeout, fmt::format("no complete answer within {}", to_text(inner_->limit)));
    } else if (got) {
        answer.status = got->status;
        for (const auto& [name, value] : got->headers)
            answer.headers.emplace_back(name, value);
        call.outcome.response = std::move(answer);
    } else if (too_large) {
        failed(FailureKind::TooLarge, fmt::format("the answer is larger than {} octets", kMaximumBody));
    } else {
        failed(kind_of(got.error()), inner_->explain(got.error()));
    }
    return call;
}

}  // namespace pushsim::stack
