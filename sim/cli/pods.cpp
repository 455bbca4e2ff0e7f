#include "sim/cli/pods.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "agent/base/files.hpp"
#include "sim/cli/child_line.hpp"
#include "sim/history/merge.hpp"
#include "sim/stack/process.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;
using history::ScenarioEnd;
using nlohmann::json;

constexpr Duration kLook = std::chrono::milliseconds{100};
/// They tell how far they are each second.
constexpr Duration kSilence = std::chrono::seconds{30};
/// Between the word to begin and the instant.
constexpr Duration kHeadStart = std::chrono::milliseconds{500};
/// After a person asked to stop.
constexpr Duration kLastWords = std::chrono::seconds{15};
constexpr int kClockQuestions = 7;
constexpr Duration kCallLimit = std::chrono::seconds{30};

/// The last words of a process that went wrong.
std::string last_words(const fs::path& errors) {
    std::string text = read_file(errors);
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    constexpr std::size_t kMost = 400;
    if (text.size() > kMost) text = "…" + text.substr(text.size() - kMost);
    return text.empty() ? "" : "; it said: " + text;
}

/// One of the processes, on a thread of its own.
class Pod {
  public:
    Pod(const PodStage& stage, const PodLaunch& launch, scenario::Shard shard, std::mutex& ids)
        : stage_(stage), launch_(launch), shard_(shard), ids_mutex_(ids) {}

    const std::string& name() const { return launch_.name; }
    fs::path errors() const { return stage_.folder / (launch_.name + ".err"); }

    Result<void> start() {
        auto child = ChildLine::start(launch_.command, errors());
        if (!child) return fail(child.error());
        child_.emplace(std::move(*child));
        kept_.open(stage_.folder / (launch_.name + ".jsonl"), std::ios::binary | std::ios::trunc);
        ShardSetup setup = stage_.setup;
        setup.shard = shard_;
        if (launch_.here) {
            std::error_code error;
            fs::create_directories(work(), error);
            setup.folder = fs::absolute(work(), error).string();
        }
        send(to_line(setup));
        heard_ = stage_.clock.now();
        thread_ = std::thread([this] { serve(); });
        return {};
    }
    void join() {
        if (thread_.joinable()) thread_.join();
        child_.reset();
        // It does so itself, unless it was killed.
        std::error_code none;
        if (launch_.here) fs::remove_all(work(), none);
    }

    void begin(WallTime when) {
        const auto offset = std::chrono::round<WallTime::duration>(clock_.certain());
        send(json{{"begin", to_number(when + offset)}}.dump());
    }
    void ask_to_stop() { send(json{{"stop", true}}.dump()); }
    void give_up() { given_up_ = true; }

    bool ready() const { return ready_; }
    bool over() const { return over_; }
    // Of one that is over, or (clock, since it is ready).
    const std::optional<ScenarioEnd>& end() const { return end_; }
    const std::optional<Error>& failure() const { return failure_; }
    bool lost() const { return over_ && !end_; }
    const ClockOffset& clock() const { return clock_; }
    const std::vector<std::string>& ids() const { return ids_; }
    fleet::Standing standing() const {
        const std::lock_guard lock(mutex_);
        return standing_;
    }
    /// Its history, on the clock of the run that began at `zero`.
    history::Part part(WallTime zero) const {
        const WallTime begun =
            zero_.value_or(zero) - std::chrono::round<WallTime::duration>(clock_.certain());
        return {launch_.name, begun - zero, lines_};
    }

  private:
    fs::path work() const { return stage_.folder / (launch_.name + ".work"); }

    void send(const std::string& line) {
        const std::lock_guard lock(writing_);
        (void)child_->write(line);
    }

    void serve() {
        stack::Tenant tenant(stage_.address, stage_.clock, kCallLimit);
        while (!over_) {
            if (const auto text = child_->read(kLook)) {
                heard_ = stage_.clock.now();
                try {
                    take(json::parse(*text), tenant);
                } catch (const json::exception& error) {
                    lose(fmt::format("{} says what nobody understands: {}", name(), error.what()));
                }
            } else if (child_->ended() || given_up_) {
                lose(given_up_ ? "it was not waited for any longer" : "its process has ended");
            } else if (stage_.clock.now() - heard_ > kSilence) {
                lose(fmt::format("it has said nothing for {}", to_text(kSilence)));
            }
        }
    }

    void lose(const std::string& why) {
        if (!failure_)
            failure_ =
                Error{ErrorKind::System, fmt::format("{} is lost: {}{}", name(), why, last_words(errors()))};
        child_->kill();
        over_ = true;
    }

    void take(const json& message, stack::Tenant& tenant) {
        if (message.contains("lines")) {
            for (const json& one : message["lines"]) {
                lines_.push_back(one.get<std::string>());
                kept_ << lines_.back() << '\n';
            }
            kept_.flush();
        } else if (message.contains("ask")) {
            answer(message, tenant);
        } else if (message.contains("at")) {
            const std::lock_guard lock(mutex_);
            standing_ = standing_from(message["at"]);
        } else if (message.contains("taken")) {
            ids_.push_back(message["taken"].get<std::string>());
            const std::lock_guard lock(ids_mutex_);
            (void)stage_.agent_id_taken(ids_.back());
        } else if (message.contains("history")) {
            zero_ = wall_time(message["history"].get<std::int64_t>());
        } else if (message.contains("clock")) {
            measured(message);
        } else if (message.contains("ready")) {
            ask_clock();
        } else if (message.contains("failed")) {
            failure_ = error_from(message["failed"]);
            failure_->message = name() + ": " + failure_->message;
            over_ = true;
        } else if (message.contains("end")) {
            end_ = end_from(message["end"]);
            over_ = true;
        }
    }

    void answer(const json& message, stack::Tenant& tenant) {
        const HttpRequest request = request_from(message.at("request"));
        transport::Outcome outcome;
        if (!may_ask(request, ids_)) {
            outcome.failure = transport::Failure{
                transport::FailureKind::Cancelled,
                fmt::format("{} {} is about none of its agents", request.method, request.target)};
        } else {
            const bool at_verifier = message.at("server") == "verifier";
            outcome = (at_verifier ? tenant.at_verifier(request) : tenant.at_registrar(request)).outcome;
        }
        json said = to_json(outcome);
        said["answer"] = message.at("ask");
        send(said.dump(-1, ' ', false, json::error_handler_t::replace));
    }

    void ask_clock() {
        asked_ = stage_.clock.now();
        asked_wall_ = stage_.clock.wall_now();
        send(json{{"clock", measured_.size()}}.dump());
    }
    void measured(const json& message) {
        const Duration took = stage_.clock.now() - asked_;
        const auto half = std::chrono::round<WallTime::duration>(took / 2);
        measured_.push_back(
            {wall_time(message["wall"].get<std::int64_t>()) - (asked_wall_ + half), took / 2});
        if (measured_.size() < kClockQuestions) return ask_clock();
        clock_ = offset_of(measured_);
        ready_ = true;
    }

    const PodStage& stage_;
    const PodLaunch& launch_;
    const scenario::Shard shard_;
    std::mutex& ids_mutex_;
    std::optional<ChildLine> child_;
    std::mutex writing_;
    std::ofstream kept_;
    std::thread thread_;
    std::atomic<bool> ready_{false}, over_{false}, given_up_{false};
    mutable std::mutex mutex_;  ///< guards the next
    fleet::Standing standing_;
    // Of its thread, until it is over.
    Instant heard_{};
    std::vector<std::string> lines_;
    std::vector<std::string> ids_;
    std::optional<ScenarioEnd> end_;
    std::optional<Error> failure_;
    std::optional<WallTime> zero_;
    Instant asked_{};
    WallTime asked_wall_{};
    std::vector<ClockOffset> measured_;
    ClockOffset clock_;
};

class Playing {
  public:
    Playing(const PodStage& stage, const scenario::Scenario& scenario) : stage_(stage), scenario_(scenario) {
        const auto& launches = stage.pods.launches;
        for (std::size_t i = 0; i < launches.size(); ++i)
            pods_.push_back(
                std::make_unique<Pod>(stage, launches[i], scenario::Shard{i, launches.size()}, ids_));
    }

    ScenarioEnd run() {
        stage_.history.append({.scenario = scenario_.name},
                              fleet::start_record(scenario_, stage_.setup.attempt));
        std::error_code error;
        fs::create_directories(stage_.folder, error);
        for (const auto& pod : pods_) {
            if (const auto started = pod->start(); !started) {
                failure_ = started.error();
                break;
            }
        }
        if (!failure_ && wait_until(&Pod::ready)) {
            say_clocks();
            const WallTime when =
                stage_.clock.wall_now() + std::chrono::round<WallTime::duration>(kHeadStart);
            for (const auto& pod : pods_)
                pod->begin(when);
            wait_until(&Pod::over);
        }
        if (std::ranges::any_of(pods_, [](const auto& pod) { return !pod->over(); })) stop_all();
        for (const auto& pod : pods_)
            pod->join();
        ScenarioEnd end = ended();
        if (const auto written = bring_back(); !written && end.ending != ScenarioEnd::Ending::Interrupted)
            end = {ScenarioEnd::Ending::Failed, written.error().message, written.error().mend, ""};
        if (stage_.remove_agents) remove_agents();
        stage_.history.append({.scenario = scenario_.name}, end);
        return end;
    }

  private:
    /// Until it is so of all; false where it will not be, or a person asks to stop. One that is lost before
    /// they begin ends it for all.
    bool wait_until(bool (Pod::*is_so)() const) {
        const bool to_begin = is_so == &Pod::ready;
        Instant told = stage_.clock.now();
        while (std::ranges::any_of(pods_, [&](const auto& pod) { return !(*pod.*is_so)(); })) {
            if (stage_.interrupted()) {
                interrupted_ = true;
                return false;
            }
            if (auto dead = stage_.stack_failure()) {
                failure_ = std::move(*dead);
                return false;
            }
            if (to_begin && std::ranges::any_of(pods_, [](const auto& pod) { return pod->over(); }))
                return false;
            if (stage_.clock.now() - told >= std::chrono::seconds{1}) {
                told = stage_.clock.now();
                tell();
            }
            stack::wait_for(kLook);
        }
        return true;
    }

    void tell() {
        fleet::Standing sum;
        for (const auto& pod : pods_) {
            const fleet::Standing one = pod->standing();
            if (one.step >= sum.step) {
                sum.step = one.step;
                sum.act = one.act;
            }
            sum.agents += one.agents;
            sum.made += one.made;
            sum.registered += one.registered;
            sum.enrolled += one.enrolled;
            sum.acting += one.acting;
            sum.done += one.done;
        }
        stage_.standing(sum);
    }

    void say_clocks() {
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < pods_.size(); ++i) {
            const auto agents = scenario::agents_of(scenario_, {i, pods_.size()}).size();
            parts.push_back(
                fmt::format("{} with {} agents, {}", pods_[i]->name(), agents, text_of(pods_[i]->clock())));
        }
        note_ = fmt::format("pods: {}", fmt::join(parts, "; "));
        stage_.say("pushsim: " + note_);
    }

    void stop_all() {
        for (const auto& pod : pods_)
            if (!pod->over()) pod->ask_to_stop();
        const Instant until = stage_.clock.now() + kLastWords;
        while (stage_.clock.now() < until &&
               std::ranges::any_of(pods_, [](const auto& pod) { return !pod->over(); }))
            stack::wait_for(kLook);
        for (const auto& pod : pods_)
            pod->give_up();
    }

    std::vector<std::string> agents_of(const Pod& pod) const {
        const auto at = std::ranges::find_if(pods_, [&](const auto& one) { return one.get() == &pod; });
        return scenario::agents_of(scenario_, {static_cast<std::size_t>(at - pods_.begin()), pods_.size()});
    }

    /// The worst of their ends.
    ScenarioEnd ended() {
        using Ending = ScenarioEnd::Ending;
        if (failure_) return {Ending::Failed, failure_->message, failure_->mend, ""};
        if (interrupted_) return {Ending::Interrupted, "interrupted", "", ""};
        ScenarioEnd worst;
        std::vector<std::string> lost;
        std::size_t agents = 0;
        for (const auto& pod : pods_) {
            if (pod->lost()) {
                const auto theirs = agents_of(*pod);
                agents += theirs.size();
                lost.push_back(pod->failure()->message);
                lost_ += fmt::format("{}lost with {}: {}", lost_.empty() ? "" : "; ", pod->name(),
                                     fmt::join(theirs, ", "));
                if (worst.mend.empty()) worst.mend = pod->failure()->mend;
            } else if (pod->end() && pod->end()->ending != Ending::Ran && worst.ending == Ending::Ran) {
                worst = *pod->end();
                worst.reason = pod->name() + ": " + worst.reason;
            }
        }
        if (lost.empty()) return worst;
        return {Ending::Failed,
                fmt::format("{}; {} agents are lost with {}", fmt::join(lost, "; "), agents,
                            lost.size() == 1 ? "it" : "them"),
                worst.mend, lost_};
    }

    /// Their histories, into that of the run.
    Result<void> bring_back() {
        const auto since =
            std::chrono::round<WallTime::duration>(stage_.clock.now() - stage_.history.started());
        const WallTime zero = stage_.clock.wall_now() - since;
        std::vector<history::Part> parts;
        for (const auto& pod : pods_)
            parts.push_back(pod->part(zero));
        const auto merged = history::merge(parts);
        if (!merged) return fail(merged.error());
        for (const auto& line : merged->lines) {
            if (const auto written = stage_.history.append_line(line.t, line.tail); !written)
                return fail(written.error());
        }
        if (!note_.empty()) stage_.history.append({.scenario = scenario_.name}, history::Note{note_});
        if (!lost_.empty()) stage_.history.append({.scenario = scenario_.name}, history::Note{lost_});
        return {};
    }

    void remove_agents() {
        stack::Tenant tenant(stage_.address, stage_.clock, kCallLimit);
        bool all = true;
        const auto note = [&](const char* what, auto answer) {
            const auto& response = answer.call.outcome.response;
            all = all && (answer.result || (response && response->status == 404));
            history::TenantAct act;
            act.act = what;
            act.request = std::move(answer.call.request);
            act.duration = answer.call.outcome.timings.total;
            act.response = answer.call.outcome.response;
            if (!answer.result) act.error = answer.result.error();
            stage_.history.append({.scenario = scenario_.name}, act);
            return response.has_value();
        };
        for (const auto& pod : pods_) {
            for (const std::string& id : pod->ids()) {
                // A server that is away would be waited for again and again.
                if (!note("delete", tenant.remove(id))) return;
                if (!note("delete_registration", tenant.remove_registered(id))) return;
            }
        }
        if (all) stage_.agents_removed();
    }

    const PodStage& stage_;
    const scenario::Scenario& scenario_;
    std::mutex ids_;
    std::vector<std::unique_ptr<Pod>> pods_;
    std::optional<Error> failure_;
    bool interrupted_ = false;
    std::string note_;
    std::string lost_;  ///< agents, by their pods
};

}  // namespace

ScenarioEnd play_over_pods(const PodStage& stage, const scenario::Scenario& scenario) {
    return Playing(stage, scenario).run();
}

}  // namespace pushsim::cli
