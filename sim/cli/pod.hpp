#pragma once
// One of the processes that play a scenario together, as the run sees it.

#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sim/cli/clock_offset.hpp"
#include "sim/cli/pod_messages.hpp"
#include "sim/cli/pods.hpp"
#include "sim/fleet/worker.hpp"
#include "sim/history/merge.hpp"
#include "sim/stack/talker.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::cli {

/// How pods get the pushsim that the run is.
inline constexpr const char* kOfAnotherVersion =
    "is its image of another pushsim? scripts/kind-images pushsim, then pushsim stack up --stack kind "
    "--agents";

/// Of the thread of the stage's loop, from which it calls back.
class Pod {
  public:
    /// `changed` is called when it comes to a meeting, and when it is over.
    /// `may_have`: the ids that its agents can have; nothing where only it can tell.
    Pod(const PodStage& stage, const PodLaunch& launch, scenario::Shard shard,
        std::optional<std::set<std::string>> may_have, std::function<void()> changed);
    ~Pod() { end(); }
    Pod(const Pod&) = delete;
    Pod& operator=(const Pod&) = delete;

    Result<void> start();
    void say(const RunMessage& message) { write(to_line(message)); }
    /// Where it has come, it goes on.
    void let_go(const Meeting& from, const Result<std::string>& how);
    /// Unless it is over: it is not waited for any longer.
    void lose(const std::string& why, const std::string& mend = "");
    /// Loses it if it has said nothing for long.
    void look();
    /// Ends what is left of it. What it has said stays.
    void end();

    const std::string& name() const { return launch_.name; }
    /// Its agents are made, its clock is measured.
    bool ready() const;
    /// It ended, failed or was lost.
    bool over() const { return over_; }
    bool lost() const { return over_ && !end_; }
    const std::optional<history::ScenarioEnd>& ended() const { return end_; }
    const std::optional<Error>& failure() const { return failure_; }
    const ClockOffset& clock() const { return clock_; }
    const std::string& version() const { return version_; }
    const std::vector<std::string>& ids() const { return ids_; }
    const fleet::Standing& standing() const { return standing_; }
    /// Where its agents wait for others.
    const std::set<Meeting>& waits_at() const { return waits_at_; }
    /// Its history, on the clock of the run that began at `zero`.
    history::Part part(WallTime zero) const;

  private:
    struct Heard {
        Result<ShardMessage> message;
        Instant at;
    };

    std::filesystem::path errors() const;
    std::filesystem::path work() const;
    /// From any thread: calls it from the loop, unless end() comes first.
    void post(std::function<void()> task) const;
    void write(const std::string& line);
    void listen();
    void finish();
    void ask_clock();

    void take(Heard& heard);
    void take(const HistoryBegun& begun) {
        zero_ = begun.zero;
        version_ = begun.version;
    }
    void take(HistoryLines& lines);
    void take(const IdTaken& taken);
    void take(const ClockAnswer& answer);
    void take(const TenantQuestion& question);
    void take(const Come& come);
    void take(const fleet::Standing& standing) { standing_ = standing; }
    void take(const Error& error);
    void take(const history::ScenarioEnd& end);

    const PodStage& stage_;
    const PodLaunch& launch_;
    const scenario::Shard shard_;
    const std::optional<std::set<std::string>> may_have_;
    const std::function<void()> changed_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
    std::optional<stack::Talker> talker_;
    stack::Tenant tenant_;
    // Its requests may take long, and it may be slow to read.
    std::optional<fleet::Worker> asks_, writes_;
    std::thread listens_;

    std::ofstream kept_;
    std::vector<std::string> lines_;
    std::size_t octets_ = 0;     ///< of them
    std::size_t questions_ = 0;  ///< that have no answer yet
    std::string version_;
    std::vector<std::string> ids_;
    std::set<Meeting> waits_at_;
    fleet::Standing standing_;
    std::optional<WallTime> zero_;
    Instant heard_{};
    Instant asked_{};  ///< for its clock
    WallTime asked_wall_{};
    std::vector<ClockOffset> measured_;
    ClockOffset clock_;
    bool over_ = false;
    std::optional<history::ScenarioEnd> end_;
    std::optional<Error> failure_;
};

}  // namespace pushsim::cli
