#include "agent/transport/connection.hpp"

#include <utility>

#include "agent/transport/exchanger.hpp"

namespace pushsim::transport {

Connection::Connection(EventLoop& loop, const Endpoint& endpoint, std::shared_ptr<const TlsIdentity> identity,
                       const ConnectionOptions& options)
    : exchanger_(std::make_shared<Exchanger>(loop, endpoint, std::move(identity), options)) {}

Connection::~Connection() {
    exchanger_->abandon();
}

void Connection::send(const HttpRequest& request, const ExchangeOptions& options, Done done) {
    exchanger_->send(request, options, std::move(done));
}

void Connection::cancel() {
    exchanger_->cancel();
}

std::optional<Outcome> Connection::give_up() {
    return exchanger_->give_up();
}

void Connection::close() {
    exchanger_->close();
}

bool Connection::busy() const {
    return exchanger_->busy();
}

bool Connection::connected() const {
    return exchanger_->connected();
}

std::uint64_t Connection::connections_made() const {
    return exchanger_->connections_made();
}

}  // namespace pushsim::transport
