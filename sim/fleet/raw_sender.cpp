#include "sim/fleet/raw_sender.hpp"

#include <utility>

namespace pushsim::fleet {

RawSender::RawSender(Wiring wiring)
    : wiring_(std::move(wiring)), connection_(wiring_.loop, wiring_.server, wiring_.tls) {}

void RawSender::send(HttpRequest request, int times, std::function<void(bool)> done) {
    request_ = std::move(request);
    left_ = times;
    done_ = std::move(done);
    send_next();
}

void RawSender::send_next() {
    connection_.send(request_, {.deadline = wiring_.deadline}, [this](transport::Outcome outcome) {
        const bool answered = outcome.response.has_value();
        put_down(std::move(outcome));
        if (--left_ > 0) return send_next();
        std::exchange(done_, nullptr)(answered);
    });
}

void RawSender::stop() {
    if (!done_) return;
    done_ = nullptr;
    if (auto outcome = connection_.give_up()) put_down(std::move(*outcome));
}

void RawSender::put_down(transport::Outcome outcome) {
    history::Exchange exchange;
    exchange.phase = "request";
    exchange.peer = wiring_.peer;
    exchange.request = request_;
    exchange.outcome = std::move(outcome);
    exchange.keep = wiring_.keep;
    exchange.request_id = request_.header("x-request-id").value_or("");
    wiring_.history.append(wiring_.where, std::move(exchange));
}

}  // namespace pushsim::fleet
