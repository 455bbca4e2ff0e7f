#pragma once
// A raw request of a scenario, sent over a connection of its own.

#include <functional>
#include <memory>
#include <string>

#include "agent/transport/connection.hpp"
#include "sim/history/writer.hpp"

namespace pushsim::fleet {

/// For the loop's thread alone.
class RawSender {
  public:
    struct Wiring {
        transport::EventLoop& loop;
        history::HistoryWriter& history;
        transport::Endpoint server;
        std::shared_ptr<const transport::TlsIdentity> tls;  ///< null without TLS
        std::string peer;                                   ///< "verifier", "registrar"
        history::Where where;                               ///< whose request it is
        bool keep = false;                                  ///< its messages are kept, to be judged
        Duration deadline = std::chrono::seconds{30};
    };
    explicit RawSender(Wiring wiring);

    /// Sends it so often, one after the other; `done` is called when all were answered or failed, with
    /// whether the last one got an answer.
    void send(HttpRequest request, int times, std::function<void(bool answered)> done);
    /// What is under way is put down as given up; `done` is never called.
    void stop();

  private:
    void send_next();
    void put_down(transport::Outcome outcome);

    Wiring wiring_;
    transport::Connection connection_;
    HttpRequest request_;
    int left_ = 0;
    std::function<void(bool)> done_;
};

}  // namespace pushsim::fleet
