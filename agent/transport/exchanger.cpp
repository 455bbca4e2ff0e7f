#include "agent/transport/exchanger.hpp"

#include <array>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/epoll.h>

#include "agent/transport/request_writer.hpp"

namespace pushsim::transport {
namespace {

// As large as a TLS record, so that a record is never left half read inside OpenSSL, where epoll cannot see
// it.
constexpr std::size_t kReadSize = std::size_t{16} * 1024;
/// Reads per turn; others on the loop get theirs.
constexpr int kReadsPerTurn = 16;

}  // namespace

Exchanger::Exchanger(EventLoop& loop, const Endpoint& endpoint, std::shared_ptr<const TlsIdentity> identity,
                     const ConnectionOptions& options)
    : loop_(loop),
      endpoint_(endpoint),
      identity_(std::move(identity)),
      peer_(authority_of(endpoint)),
      keep_alive_(options.keep_alive),
      resumption_(options.resume_sessions ? std::make_unique<Resumption>() : nullptr) {
    if (endpoint_.scheme == Scheme::Https && identity_ == nullptr) {
        throw std::invalid_argument(peer_ + ": https without a TLS identity");
    }
    if (auto resolved = resolve(endpoint_)) {
        endpoint_ = *std::move(resolved);
    } else {
        resolve_error_ = resolved.error().message;
    }
}

void Exchanger::send(const HttpRequest& request, const ExchangeOptions& options, Connection::Done done) {
    if (busy()) throw std::logic_error(peer_ + ": a second request while one is under way");
    const AnswerBounds bounds{
        options.max_header_bytes,
        options.max_body_bytes.value_or((std::size_t{1} << 20) + 3 * request.body.size())};
    exchange_ =
        std::make_unique<Exchange>(Exchange{.done = std::move(done),
                                            .parser = ResponseParser(bounds, request.method == "HEAD"),
                                            .request = transport::write_request(request, endpoint_)});
    const Instant start = now();
    exchange_->phase_start = start;
    exchange_->outcome.timings.start = start;
    exchange_->deadline = loop_.at(start + options.deadline, [this] { on_deadline(); });

    in_call_ = true;
    if (phase_ == Phase::Ready && !stream_->quiet()) drop_socket();
    if (phase_ == Phase::Ready) {
        exchange_->outcome.reused_connection = true;
        write_request();
    } else {
        addresses_tried_ = 0;
        connect();
    }
    in_call_ = false;
}

void Exchanger::cancel() {
    if (!exchange_ || exchange_->finished) return;
    in_call_ = true;
    fail(FailureKind::Cancelled, "cancelled " + progress());
    in_call_ = false;
}

std::optional<Outcome> Exchanger::give_up() {
    if (!exchange_) return std::nullopt;
    cancel();
    const auto exchange = std::exchange(exchange_, nullptr);
    return std::move(exchange->outcome);
}

void Exchanger::close() {
    cancel();
    if (stream_ && phase_ == Phase::Ready) stream_->say_goodbye();
    drop_socket();
}

void Exchanger::abandon() {
    if (exchange_) loop_.cancel(exchange_->deadline);
    exchange_.reset();
    close();
}

void Exchanger::connect() {
    if (endpoint_.addresses.empty()) return fail(FailureKind::ConnectFailed, resolve_error_);
    std::optional<Failure> last;
    const std::size_t addresses = endpoint_.addresses.size();
    while (addresses_tried_ < addresses) {
        const std::string& address = endpoint_.addresses[(first_address_ + addresses_tried_) % addresses];
        const auto shares = static_cast<Duration::rep>(addresses - addresses_tried_++);
        auto stream = Stream::connect(address, endpoint_.port, endpoint_.source_address.value_or(""));
        if (!stream) {
            last = stream.error();
            continue;
        }
        stream_ = *std::move(stream);
        phase_ = Phase::Connecting;
        try {
            events_ = EPOLLOUT;
            watch_ = loop_.watch(stream_->fd(), events_, [this](std::uint32_t events) { on_ready(events); });
        } catch (const std::system_error& error) {
            return fail(FailureKind::ConnectFailed, error.what());
        }
        if (shares > 1) {
            const Instant start = now();
            patience_ =
                loop_.at(start + (exchange_->deadline.due - start) / shares, [this] { try_next_address(); });
        }
        return;
    }
    fail(last->kind, last->message);
}

void Exchanger::try_next_address() {
    const auto keep = shared_from_this();
    drop_socket();
    connect();
}

void Exchanger::on_ready(std::uint32_t /*events*/) {
    const auto keep = shared_from_this();  // a callback may destroy the Connection
    if (exchange_ && exchange_->finished) return;
    switch (phase_) {
        case Phase::None:
            return;
        case Phase::Connecting:
            return on_connected();
        case Phase::Handshaking:
            return shake_hands();
        case Phase::Ready:
            if (exchange_) return exchange_octets();
            if (!stream_->quiet()) return drop_socket();  // closed while idle, or spoke out of turn
            return stream_->rest();
    }
}

void Exchanger::on_connected() {
    if (stream_->finish_connect().status == Step::Status::Failed) {
        const Failure failure = stream_->failure();
        drop_socket();
        if (addresses_tried_ < endpoint_.addresses.size()) return connect();
        return fail(failure.kind, failure.message);
    }
    loop_.cancel(patience_);
    first_address_ = (first_address_ + addresses_tried_ - 1) % endpoint_.addresses.size();
    const Instant connected = now();
    exchange_->outcome.timings.connect = connected - exchange_->phase_start;
    exchange_->phase_start = connected;
    if (endpoint_.scheme == Scheme::Http) return on_established();
    phase_ = Phase::Handshaking;
    const Step started =
        stream_->start_tls(*identity_, endpoint_.server_name.value_or(endpoint_.host), resumption_.get());
    if (started.status == Step::Status::Failed) {
        return fail(stream_->failure().kind, stream_->failure().message);
    }
    shake_hands();
}

void Exchanger::shake_hands() {
    switch (stream_->handshake().status) {
        case Step::Status::Done:
            exchange_->outcome.timings.tls = now() - exchange_->phase_start;
            exchange_->outcome.resumed_session = stream_->resumed();
            return on_established();
        case Step::Status::WantRead:
            return want(EPOLLIN);
        case Step::Status::WantWrite:
            return want(EPOLLOUT);
        case Step::Status::Closed:
        case Step::Status::Failed:
            return fail(stream_->failure().kind, stream_->failure().message);
    }
}

void Exchanger::on_established() {
    phase_ = Phase::Ready;
    ++connections_made_;
    write_request();
}

void Exchanger::exchange_octets() {
    if (!exchange_->all_sent && !exchange_->send_failure) write_request();
    read_answer();
}

void Exchanger::write_request() {
    Exchange& exchange = *exchange_;
    if (!exchange.first_sent) exchange.first_sent = now();
    while (exchange.sent < exchange.request.size()) {
        const Step step = stream_->write(std::string_view(exchange.request).substr(exchange.sent));
        if (step.status == Step::Status::Done) {
            exchange.sent += step.octets;
        } else if (step.status == Step::Status::WantWrite) {
            return want(EPOLLIN | EPOLLOUT);
        } else if (step.status == Step::Status::WantRead) {
            return want(EPOLLIN);
        } else {
            // A server that refuses a request early has perhaps said why before it closed.
            exchange.send_failure = stream_->failure();
            return want(EPOLLIN);
        }
    }
    exchange.all_sent = now();
    exchange.request = {};
    want(EPOLLIN);
}

void Exchanger::read_answer() {
    std::array<char, kReadSize> buffer;  // NOLINT(*-member-init): filled by the read
    for (int turn = 0; turn < kReadsPerTurn; ++turn) {
        const Step step = stream_->read(buffer);
        switch (step.status) {
            case Step::Status::Done:
                if (!on_octets({buffer.data(), step.octets})) return;
                break;
            case Step::Status::WantRead:
                if (exchange_->all_sent || exchange_->send_failure) want(EPOLLIN);
                return;
            case Step::Status::WantWrite:
                return want(EPOLLIN | EPOLLOUT);
            case Step::Status::Closed:
                return on_peer_closed();
            case Step::Status::Failed: {
                // An alert says more than that the peer was gone when we wrote.
                const bool alert = stream_->failure().kind == FailureKind::Tls;
                const Failure failure =
                    alert ? stream_->failure() : exchange_->send_failure.value_or(stream_->failure());
                return fail(failure.kind, fmt::format("{}, {}", failure.message, progress()));
            }
        }
    }
}

bool Exchanger::on_octets(std::string_view octets) {
    Exchange& exchange = *exchange_;
    const Instant read_at = now();
    if (!exchange.first_received) exchange.first_received = read_at;
    exchange.outcome.timings.receive = read_at - *exchange.first_received;
    switch (exchange.parser.feed(octets)) {
        case ResponseParser::State::NeedMore:
            return true;
        case ResponseParser::State::Done:
            answered();
            return false;
        case ResponseParser::State::Failed:
            fail(exchange.parser.failure().kind, exchange.parser.failure().message);
            return false;
    }
    return false;
}

void Exchanger::on_peer_closed() {
    Exchange& exchange = *exchange_;
    if (exchange.parser.end() == ResponseParser::State::Done) return answered();
    if (exchange.send_failure) {
        return fail(exchange.send_failure->kind,
                    fmt::format("{}, {}", exchange.send_failure->message, progress()));
    }
    fail(exchange.parser.failure().kind,
         fmt::format("{}, {}", exchange.parser.failure().message, progress()));
}

void Exchanger::on_deadline() {
    const auto keep = shared_from_this();
    const Duration waited = now() - exchange_->outcome.timings.start;
    fail(FailureKind::Timeout, fmt::format("no complete answer within {}: {}", to_text(waited), progress()));
}

void Exchanger::answered() {
    Exchange& exchange = *exchange_;
    exchange.outcome.response = exchange.parser.take();
    if (!keep_alive_ || !exchange.parser.keep_alive() || !exchange.all_sent) {
        stream_->say_goodbye();
        drop_socket();
    } else {
        stream_->rest();
    }
    finish();
}

void Exchanger::fail(FailureKind kind, const std::string& what) {
    exchange_->outcome.failure = Failure{kind, fmt::format("{}: {}", peer_, what)};
    drop_socket();
    finish();
}

void Exchanger::finish() {
    Exchange& exchange = *exchange_;
    Timings& timings = exchange.outcome.timings;
    timings.total = now() - timings.start;
    if (exchange.all_sent) {
        timings.send = *exchange.all_sent - *exchange.first_sent;
        if (exchange.first_received) {
            timings.wait = std::max(*exchange.first_received - *exchange.all_sent, Duration::zero());
        }
    }
    loop_.cancel(exchange.deadline);
    exchange.finished = true;
    if (!in_call_) return deliver();
    loop_.post([weak = weak_from_this()] {
        if (const auto keep = weak.lock()) keep->deliver();
    });
}

void Exchanger::deliver() {
    if (!exchange_ || !exchange_->finished) return;  // it was given up meanwhile
    const auto exchange = std::exchange(exchange_, nullptr);
    exchange->done(std::move(exchange->outcome));
}

void Exchanger::want(std::uint32_t events) {
    if (events == events_) return;
    events_ = events;
    loop_.change(watch_, events);
}

void Exchanger::drop_socket() {
    loop_.cancel(patience_);
    loop_.unwatch(watch_);
    watch_ = 0;
    stream_.reset();
    phase_ = Phase::None;
}

std::string Exchanger::progress() const {
    const Exchange& exchange = *exchange_;
    const std::size_t received = exchange.parser.received();
    if (received > 0) return fmt::format("after {} octets of an answer", received);
    if (exchange.all_sent) return "after the whole request was sent";
    if (exchange.first_sent) {
        return fmt::format("with {} of {} octets of the request sent", exchange.sent,
                           exchange.request.size());
    }
    return exchange.outcome.timings.connect ? "while shaking hands (TLS)" : "while connecting";
}

}  // namespace pushsim::transport
