#pragma once
// Registrar and verifier on 127.0.0.1, with the scripted peer's answers.

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/transport/endpoint.hpp"
#include "sim/pki/pki.hpp"
#include "tests/agent/lifecycle/peer.hpp"
#include "tests/agent/transport/test_server.hpp"
#include "tests/sim/habits/wire_run.hpp"

namespace pushsim::habits {

/// In place of the peer's answer.
enum class Act { Answer401, Answer403, Answer500, Close, Silence };

/// Its threads and the test's take turns at the mutex.
class Servers {
  public:
    /// The clock is read by threads and outlives this; certificates are made by the system's clock.
    explicit Servers(const Clock& clock, transport::Scheme registrar_scheme = transport::Scheme::Http);

    void next(lifecycle::Call call, Act act);
    void ask_for_pcrs(const std::string& pcrs);
    WireRecord record();
    bool registrar_was_closed(std::size_t times);
    /// So many requests were left without an answer by now.
    bool were_silent(int times);
    void stop();  ///< closed connections are not told any more

    transport::Endpoint registrar() const;
    transport::Endpoint verifier() const;
    std::string ca_pem() const { return pki_.ca_certificate_pem(); }

  private:
    void serve(transport::testing::Peer& peer, bool is_registrar);
    std::optional<Act> note(const std::string& text, int connection);
    HttpResponse answer(const std::string& text, std::optional<Act> act);
    transport::testing::ServerTls tls() const;

    const Clock& clock_;
    transport::Scheme registrar_scheme_;
    pki::TestPki pki_;
    std::mutex mutex_;
    lifecycle::StandIn peer_{clock_};
    std::map<lifecycle::Call, std::deque<Act>> acts_;
    WireRecord record_;
    int silences_ = 0;
    bool stopping_ = false;
    // The last members: their threads use the others.
    transport::testing::TestServer registrar_;
    transport::testing::TestServer verifier_;
};

}  // namespace pushsim::habits
