#include "tests/sim/habits/wire_run.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "sim/core/clock.hpp"
#include "sim/fleet/virtual_agent.hpp"
#include "sim/history/reader.hpp"
#include "sim/history/writer.hpp"
#include "tests/sim/habits/real_tpm.hpp"
#include "tests/sim/habits/timed_run.hpp"
#include "tests/sim/habits/wire_servers.hpp"

namespace pushsim::habits {
namespace {

using lifecycle::Call;
using lifecycle::Finished;
using lifecycle::Phase;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Stands still until told; for any thread.
class StandingClock final : public Clock {
  public:
    Instant now() const override { return Instant{Duration{elapsed_}}; }
    WallTime wall_now() const override {
        return begin_ + std::chrono::duration_cast<WallTime::duration>(Duration{elapsed_});
    }
    void advance(Duration duration) { elapsed_ += duration.count(); }

  private:
    const WallTime begin_ = core::SystemClock().wall_now();
    std::atomic<Duration::rep> elapsed_{0};
};

fleet::Manner observed_manner() {
    return {.habits = observed_habits(), .session_connection = true};
}

fleet::Manner quick_manner() {
    fleet::Manner manner = observed_manner();
    manner.habits.interval = milliseconds{20};
    manner.habits.requests.initial = milliseconds{10};
    manner.habits.sessions = {.initial = milliseconds{10}, .longest = milliseconds{10}, .retries = 2};
    return manner;
}

class Folder {
  public:
    Folder() {
        if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::filesystem::path history() const { return std::filesystem::path(path_) / "history.jsonl"; }

  private:
    std::string path_ = (std::filesystem::temp_directory_path() / "pushsim-habits-XXXXXX").string();
};

class Life {
  public:
    Life(Servers& servers, const Clock& clock, const fleet::Manner& manner)
        : clock_(clock),
          writer_(must(
              history::HistoryWriter::open(folder_.history(), clock, {}, {.bodies = history::Bodies::All}))),
          loop_(clock),
          tpms_(
              clock, [this](fleet::Worker::Task task) { loop_.post(std::move(task)); }, 1),
          surroundings_{loop_,
                        clock,
                        *writer_,
                        servers.registrar(),
                        servers.verifier(),
                        must(transport::TlsIdentity::make({.ca_pem = servers.ca_pem()})),
                        4711,
                        "habits"} {
        auto device = std::make_unique<fleet::AgentTpm>(tpms_, fleet::TpmDevice::Options{});
        bool done = false;
        device->provision([&](const fleet::AgentTpm::Provisioned& provisioned) {
            must(provisioned.description);
            done = true;
        });
        must_come([&] { return done; });
        agent_ = std::make_unique<fleet::VirtualAgent>(
            surroundings_, fleet::VirtualAgent::Identity{"rust[0]", "rust", lifecycle::kAgent}, manner,
            boot::BootState(boot_time_), std::move(device));
    }

    void begin(Phase goal) {
        ending_.reset();
        agent_->pursue({.goal = goal, .record = true},
                       [this](const Finished& finished) { ending_ = finished.ending; });
    }
    Finished::Ending end() {
        must_come([this] { return ending_.has_value(); });
        return *ending_;
    }
    Finished::Ending pursue(Phase goal) {
        begin(goal);
        return end();
    }
    void reach(Phase goal) {
        if (pursue(goal) != Finished::Ending::Reached)
            throw std::runtime_error(fmt::format("{} not reached", lifecycle::to_string(goal)));
    }
    void restart() { agent_->restart(0); }

    /// Of what the servers' threads see, which wakes no loop. What does not come is for a fact to say.
    bool wait_for(const std::function<bool()>& condition, int looks = 500) {
        for (; looks > 0 && !condition(); --looks)
            loop_.run_once(milliseconds{10});
        return condition();
    }
    /// What the clock made due is done.
    void settle() {
        constexpr int kRounds = 10;
        for (int round = 0; round < kRounds; ++round)
            loop_.run_once(Duration::zero());
    }

    WallTime boot_time() const { return boot_time_; }
    std::string history() const {
        std::ostringstream text;
        text << std::ifstream(folder_.history()).rdbuf();
        return text.str();
    }
    std::vector<history::ExchangeSeen> exchanges() const {
        std::vector<history::ExchangeSeen> found;
        for (const auto& entry : must(history::read_history(folder_.history())).entries) {
            if (const auto* seen = entry.event.get<history::ExchangeSeen>()) found.push_back(*seen);
        }
        return found;
    }

  private:
    void must_come(const std::function<bool()>& condition) {
        if (!wait_for(condition, 6000)) throw std::runtime_error("no end in a minute");
    }

    Folder folder_;
    const Clock& clock_;
    const WallTime boot_time_ = clock_.wall_now();
    std::unique_ptr<history::HistoryWriter> writer_;
    transport::EventLoop loop_;
    fleet::TpmThreads tpms_;
    fleet::Surroundings surroundings_;
    std::unique_ptr<fleet::VirtualAgent> agent_;
    std::optional<Finished::Ending> ending_;
};

WireRecord one_life() {
    const core::SystemClock clock;
    Servers servers(clock);
    Life life(servers, clock, quick_manner());
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

    for (int start = 2; start <= 3; ++start) {
        life.restart();
        life.reach(Phase::Submit);  // registers by itself
    }

    servers.next(Call::Negotiate, Act::Close);
    life.reach(Phase::Submit);
    servers.next(Call::Submit, Act::Close);
    life.reach(Phase::Submit);
    servers.next(Call::Negotiate, Act::Answer401);
    servers.next(Call::OpenSession, Act::Close);
    life.reach(Phase::Submit);
    servers.stop();
    WireRecord record = servers.record();
    record.history = life.history();
    record.boot_time = life.boot_time();
    return record;
}

/// The last two exchanges of that call, the first of which failed.
Unanswered told_by(const Life& life, const WireRecord& record, Call call) {
    const auto arrived = record.of(call);
    Unanswered told{*arrived.at(arrived.size() - 2), *arrived.back(), "", {}, {}};
    const history::ExchangeSeen* failed = nullptr;
    const auto exchanges = life.exchanges();
    for (const auto& seen : exchanges) {
        if (seen.method != told.first.request.method || seen.target != told.first.request.target) continue;
        if (failed != nullptr) told.pause = seen.start - failed->start - failed->total;
        failed = seen.failure.empty() ? nullptr : &seen;
        if (failed == nullptr) continue;
        told.failure = seen.failure;
        told.patience = seen.total;
    }
    return told;
}

std::vector<Unanswered> life_without_answers() {
    StandingClock clock;
    Servers servers(clock);
    Life life(servers, clock, observed_manner());
    life.reach(Phase::Submit);
    std::vector<Unanswered> told;
    for (const Call call : {Call::OpenSession, Call::Negotiate, Call::Submit}) {
        if (call == Call::OpenSession) servers.next(Call::Negotiate, Act::Answer401);
        servers.next(call, Act::Silence);
        life.begin(Phase::Submit);
        const int silences = static_cast<int>(told.size()) + 1;
        if (!life.wait_for([&] { return servers.were_silent(silences); }))
            throw std::runtime_error("no request to be silent to");
        // Were it less patient, it would give up at the first of these.
        for (const Duration step :
             {milliseconds{4999}, milliseconds{1}, milliseconds{999}, milliseconds{1}}) {
            clock.advance(step);
            life.settle();
        }
        life.end();
        told.push_back(told_by(life, servers.record(), call));
    }
    servers.stop();
    return told;
}

std::vector<Arrived> registration_over_tls() {
    const core::SystemClock clock;
    Servers servers(clock, transport::Scheme::Https);
    Life(servers, clock, quick_manner()).reach(Phase::Activate);
    servers.stop();
    return servers.record().requests;
}

}  // namespace

std::vector<const Arrived*> WireRecord::of(Call call) const {
    std::vector<const Arrived*> found;
    for (const Arrived& arrived : requests) {
        if (arrived.call == call) found.push_back(&arrived);
    }
    return found;
}

std::string WireRecord::without_answer(Call call) const {
    for (const auto& [first, again, failure, patience, pause] : unanswered) {
        if (first.call != call) continue;
        const bool is_same = first.request.header("x-request-id") == again.request.header("x-request-id") &&
                             first.request.target == again.request.target &&
                             first.request.body == again.request.body;
        return fmt::format("{} after {}, after {} {} on {} connection", failure, to_text(patience),
                           to_text(pause), is_same ? "again" : "another",
                           first.connection == again.connection ? "the same" : "another");
    }
    throw std::out_of_range("that call was answered");
}

WireRecord play_on_the_wire() {
    WireRecord record = one_life();
    record.unanswered = life_without_answers();
    record.registered_over_tls = registration_over_tls();
    return record;
}

}  // namespace pushsim::habits
