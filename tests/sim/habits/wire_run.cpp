#include "tests/sim/habits/wire_run.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/protocol/protocol.hpp"
#include "sim/core/clock.hpp"
#include "sim/history/writer.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/sim/habits/timed_run.hpp"

namespace pushsim::habits {
namespace {

namespace server = transport::testing;
using lifecycle::Call;
using lifecycle::Finished;
using lifecycle::Phase;
using std::chrono::milliseconds;
using std::chrono::seconds;

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    return std::move(*result);
}

HttpRequest taken_apart(const std::string& text) {
    HttpRequest request;
    const auto end = text.find("\r\n\r\n");
    std::istringstream head(text.substr(0, end + 2));
    std::string line;
    std::getline(head, line);
    request.method = line.substr(0, line.find(' '));
    request.target = line.substr(request.method.size() + 1);
    request.target.resize(request.target.find(' '));
    while (std::getline(head, line)) {
        const auto colon = line.find(": ");
        request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2, line.size() - colon - 3));
    }
    request.body = text.substr(end + 4);
    return request;
}

std::string written(const HttpResponse& answer) {
    std::string text = fmt::format("HTTP/1.1 {} x\r\n", answer.status);
    for (const auto& [name, value] : answer.headers)
        text += fmt::format("{}: {}\r\n", name, value);
    return text + fmt::format("Content-Length: {}\r\n\r\n{}", answer.body.size(), answer.body);
}

enum class Act { Answer401, Answer403, Answer500, Close, Silence };

/// Registrar and verifier: the peer behind sockets. Its threads and the test's take turns at the mutex.
class Servers {
  public:
    Servers()
        : pki_(clock_.wall_now()),
          registrar_([this](server::Peer& peer) { serve(peer, true); }),
          verifier_(
              server::ServerTls{.credentials = pki_.issue(pki::CertificateKind::Valid, pki::Role::Server,
                                                          {"verifier", {"localhost"}, {"127.0.0.1"}}),
                                .client_ca_pem = pki_.ca_certificate_pem()},
              [this](server::Peer& peer) { serve(peer, false); }) {}

    void next(Call call, Act act) {
        const std::lock_guard lock(mutex_);
        acts_[call].push_back(act);
    }
    void ask_for_pcrs(const std::string& pcrs) {
        const std::lock_guard lock(mutex_);
        peer_.pcrs = pcrs;
    }
    WireRecord record() {
        const std::lock_guard lock(mutex_);
        return record_;
    }

    transport::Endpoint registrar() const {
        return must(transport::resolve({transport::Scheme::Http, "127.0.0.1", registrar_.port()}));
    }
    transport::Endpoint verifier() const {
        return must(transport::resolve({transport::Scheme::Https, "127.0.0.1", verifier_.port()}));
    }
    bool registrar_was_closed(std::size_t times) {
        const std::lock_guard lock(mutex_);
        return record_.registrar_closed.size() >= times;
    }
    void stop() {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }

    core::SystemClock clock_;
    pki::TestPki pki_;

  private:
    void serve(server::Peer& peer, bool is_registrar) {
        if (!is_registrar) {
            const std::lock_guard lock(mutex_);
            record_.client_hellos.push_back(peer.client_hello());
            record_.client_subjects.push_back(peer.client_subject());
        }
        while (const auto text = peer.read_request()) {
            const auto act = note(*text, peer.number());
            if (act == Act::Close) {
                peer.close();
                return;
            }
            if (act == Act::Silence) {
                peer.read_request();  // until the agent gives up
                return;
            }
            if (!peer.write(written(answer(*text, act)))) return;
        }
        const std::lock_guard lock(mutex_);
        if (is_registrar && !stopping_)
            record_.registrar_closed.push_back({peer.number(), record_.requests.size()});
    }

    std::optional<Act> note(const std::string& text, int connection) {
        const std::lock_guard lock(mutex_);
        Arrived arrived{.call = {},
                        .connection = connection,
                        .text = text,
                        .request = taken_apart(text),
                        .at = clock_.now()};
        arrived.call = lifecycle::call_in(arrived.request);
        record_.requests.push_back(arrived);
        auto& acts = acts_[arrived.call];
        if (acts.empty()) return std::nullopt;
        const Act act = acts.front();
        acts.pop_front();
        return act;
    }

    HttpResponse answer(const std::string& text, std::optional<Act> act) {
        const std::lock_guard lock(mutex_);
        if (act == Act::Answer401)
            return lifecycle::refusal_without_code(401, "Invalid authentication token");
        if (act == Act::Answer403) return lifecycle::bare_status(403);
        if (act == Act::Answer500) return lifecycle::bare_status(500);
        const HttpRequest request = taken_apart(text);
        HttpResponse answer = peer_.answer(request);
        if (lifecycle::call_in(request) == Call::Register) answer = challenge_for(request);
        if (lifecycle::call_in(request) == Call::Prove) record_.tokens.push_back(peer_.token);
        return answer;
    }

    /// The peer's own is for no real TPM.
    static HttpResponse challenge_for(const HttpRequest& request) {
        const auto body = nlohmann::json::parse(request.body);
        const auto key = [&](const char* name) {
            return must(from_base64(body.at(name).get<std::string>()));
        };
        const auto made = tpm::check::make_credential(key("ek_tpm"), tpm::check::key_name(key("aik_tpm")),
                                                      as_bytes(lifecycle::kSecret));
        const Bytes blob = protocol::join_credential_blob({made.id_object, made.encrypted_secret});
        return lifecycle::json_answer(
            200,
            fmt::format(R"({{"code":200,"status":"Success","results":{{"blob":"{}"}}}})", to_base64(blob)));
    }

    std::mutex mutex_;
    lifecycle::StandIn peer_{clock_};
    std::map<Call, std::deque<Act>> acts_;
    WireRecord record_;
    bool stopping_ = false;
    // The last members: their threads use the others.
    server::TestServer registrar_;
    server::TestServer verifier_;
};

fleet::Manner quick_manner() {
    fleet::Manner manner{.habits = observed_habits(), .session_connection = true};
    manner.habits.interval = milliseconds{20};
    manner.habits.requests.initial = milliseconds{10};
    manner.habits.sessions = {.initial = milliseconds{10}, .longest = milliseconds{10}, .retries = 2};
    manner.habits.request_timeout = seconds{2};
    return manner;
}

class Life {
  public:
    Life(Servers& servers, const std::filesystem::path& history)
        : servers_(servers),
          writer_(must(
              history::HistoryWriter::open(history, servers.clock_, {}, {.bodies = history::Bodies::All}))),
          tpms_(servers.clock_, [this](fleet::Worker::Task task) { loop_.post(std::move(task)); }),
          surroundings_{loop_,
                        servers.clock_,
                        *writer_,
                        servers.registrar(),
                        servers.verifier(),
                        must(transport::TlsIdentity::make({.ca_pem = servers.pki_.ca_certificate_pem()})),
                        4711,
                        "habits"} {
        auto device = std::make_unique<fleet::AgentTpm>(tpms_, fleet::TpmDevice::Options{});
        bool done = false;
        device->provision([&](const fleet::AgentTpm::Provisioned& provisioned) {
            must(provisioned.description);
            done = true;
        });
        wait(done);
        agent_ = std::make_unique<fleet::VirtualAgent>(
            surroundings_, fleet::VirtualAgent::Identity{"rust[0]", "rust", lifecycle::kAgent},
            quick_manner(), boot::BootState(servers.clock_.wall_now()), std::move(device));
    }

    Finished::Ending pursue(Phase goal) {
        bool done = false;
        Finished::Ending ending{};
        agent_->pursue({.goal = goal, .record = true}, [&](const Finished& finished) {
            ending = finished.ending;
            done = true;
        });
        wait(done);
        return ending;
    }
    void reach(Phase goal) {
        if (pursue(goal) != Finished::Ending::Reached)
            throw std::runtime_error(fmt::format("{} not reached", lifecycle::to_string(goal)));
    }
    void restart() { agent_->restart(0); }
    void wait(const bool& done) {
        if (!loop_.run_until([&] { return done; }, seconds{60})) throw std::runtime_error("no end in 60 s");
    }
    /// Of what the servers' threads see, which wakes no loop. What does not come is for a fact to say.
    void wait_for(const std::function<bool()>& condition) {
        constexpr int kLooks = 500;
        for (int look = 0; look < kLooks && !condition(); ++look)
            loop_.run_once(milliseconds{10});
    }

  private:
    Servers& servers_;
    std::unique_ptr<history::HistoryWriter> writer_;
    transport::EventLoop loop_{servers_.clock_};
    fleet::TpmThread tpms_;
    fleet::Surroundings surroundings_;
    std::unique_ptr<fleet::VirtualAgent> agent_;
};

void play(Servers& servers, const std::filesystem::path& history) {
    Life life(servers, history);
    servers.next(Call::Register, Act::Answer403);  // a round of registration that fails
    life.pursue(Phase::Activate);
    servers.next(Call::Register, Act::Answer500);
    life.reach(Phase::Activate);
    life.wait_for([&] { return servers.registrar_was_closed(2); });

    servers.ask_for_pcrs("0,1,2,3,4,5,6,7");
    life.reach(Phase::Submit);
    servers.ask_for_pcrs("7");
    life.reach(Phase::Submit);
    servers.next(Call::Negotiate, Act::Answer401);  // authenticates again
    life.reach(Phase::Submit);

    life.restart();
    life.reach(Phase::Activate);
    life.reach(Phase::Submit);

    for (const Act act : {Act::Close, Act::Silence}) {
        servers.next(Call::Negotiate, act);
        life.reach(Phase::Submit);
        servers.next(Call::Submit, act);
        life.reach(Phase::Submit);
        servers.next(Call::Negotiate, Act::Answer401);
        servers.next(Call::OpenSession, act);
        life.reach(Phase::Submit);
    }
    servers.stop();
}

}  // namespace

std::vector<const Arrived*> WireRecord::of(Call call) const {
    std::vector<const Arrived*> found;
    for (const Arrived& arrived : requests) {
        if (arrived.call == call) found.push_back(&arrived);
    }
    return found;
}

WireRecord play_on_the_wire() {
    std::string folder = (std::filesystem::temp_directory_path() / "pushsim-habits-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    const std::filesystem::path history = std::filesystem::path(folder) / "history.jsonl";
    Servers servers;
    play(servers, history);
    WireRecord record = servers.record();
    record.timeout = quick_manner().habits.request_timeout;
    std::ostringstream text;
    text << std::ifstream(history).rdbuf();
    record.history = text.str();
    std::filesystem::remove_all(folder);
    return record;
}

}  // namespace pushsim::habits
