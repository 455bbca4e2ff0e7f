#include "sim/cli/pod.hpp"

#include <utility>

#include <fmt/format.h>

#include "agent/base/files.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;
using history::ScenarioEnd;

/// It tells how far it is each second.
constexpr Duration kSilence = std::chrono::seconds{30};
/// It ends by itself when its standard input does.
constexpr Duration kPatience = std::chrono::seconds{3};
constexpr Duration kCallLimit = std::chrono::seconds{30};
constexpr std::size_t kClockQuestions = 7;
// More than these nobody says who plays agents: a pod's volume holds that much history (kind/agents/fleet).
constexpr std::size_t kMostHistory = std::size_t{1} << 30;
constexpr std::size_t kMostWaiting = 10'000;

/// The last words of a process that went wrong.
std::string last_words(const fs::path& errors) {
    std::string text = read_file(errors);
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    constexpr std::size_t kMost = 400;
    if (text.size() > kMost) text = "…" + text.substr(text.size() - kMost);
    return text.empty() ? "" : "; it said: " + text;
}

}  // namespace

Pod::Pod(const PodStage& stage, const PodLaunch& launch, scenario::Shard shard,
         std::optional<std::set<std::string>> may_have, std::function<void()> changed)
    : stage_(stage),
      launch_(launch),
      shard_(shard),
      may_have_(std::move(may_have)),
      changed_(std::move(changed)),
      tenant_(stage.address, stage.clock, kCallLimit) {}

fs::path Pod::errors() const {
    return stage_.folder / (launch_.name + ".err");
}
fs::path Pod::work() const {
    return stage_.folder / (launch_.name + ".work");
}

Result<void> Pod::start() {
    auto started = stack::Talker::start({.command = launch_.command,
                                         .environment = stack::own_environment(),
                                         .errors = errors(),
                                         .patience = kPatience});
    if (!started) return fail(started.error());
    talker_.emplace(std::move(*started));
    const auto to_loop = [this](fleet::Worker::Task task) { post(std::move(task)); };
    asks_.emplace(to_loop);
    writes_.emplace(to_loop);
    kept_.open(stage_.folder / (launch_.name + ".jsonl"), std::ios::binary | std::ios::trunc);
    ShardSetup setup = stage_.setup;
    setup.shard = shard_;
    if (launch_.here) {
        std::error_code error;
        fs::create_directories(work(), error);
        setup.folder = fs::absolute(work(), error).string();
    }
    write(to_line(setup));
    heard_ = stage_.clock.now();
    const stack::SignalsHeld for_other_threads;
    listens_ = std::thread([this] { listen(); });
    return {};
}

void Pod::write(const std::string& line) {
    // That nobody reads it shows in the end of what it says.
    writes_->submit([this, line] { return talker_->write(line + "\n"); }, [](bool) {});
}

void Pod::end() {
    tenant_.cut();
    if (talker_) talker_->hang_up();
    if (listens_.joinable()) listens_.join();
    asks_.reset();
    writes_.reset();
    alive_.reset();
    talker_.reset();
    // It does so itself, unless it was killed.
    std::error_code none;
    if (launch_.here) fs::remove_all(work(), none);
}

void Pod::post(std::function<void()> task) const {
    stage_.loop.post([task = std::move(task), alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) task();
    });
}

void Pod::listen() {
    stack::Lines lines;
    while (const auto text = talker_->read(std::chrono::seconds{1})) {
        const auto whole = lines.feed(*text);
        if (!whole) return post([this, error = whole.error()] { lose("it says " + error.message); });
        for (const std::string& line : *whole) {
            post([this, heard = Heard{parse_shard_message(line), stage_.clock.now()}]() mutable {
                take(heard);
            });
        }
    }
    post([this] { lose("its process has ended"); });
}

void Pod::lose(const std::string& why, const std::string& mend) {
    if (over_) return;
    failure_ =
        Error{ErrorKind::System, fmt::format("{} is lost: {}{}", name(), why, last_words(errors())), mend};
    finish();
}

void Pod::look() {
    if (stage_.clock.now() - heard_ > kSilence)
        lose(fmt::format("it has said nothing for {}", to_text(kSilence)));
}

void Pod::finish() {
    over_ = true;
    if (talker_) talker_->hang_up();
    changed_();
}

void Pod::let_go(const Meeting& from, const Result<std::string>& how) {
    waits_at_.erase(from);
    say(Go{from, how});
}

void Pod::take(Heard& heard) {
    if (over_) return;
    heard_ = heard.at;
    if (!heard.message) return lose(heard.message.error().message, kOfAnotherVersion);
    std::visit([this](auto& one) { take(one); }, *heard.message);
}

void Pod::take(HistoryLines& lines) {
    for (std::string& line : lines.lines) {
        octets_ += line.size() + 1;
        if (octets_ > kMostHistory)
            return lose(fmt::format("its history has more than {} octets", kMostHistory));
        kept_ << line << '\n';
        lines_.push_back(std::move(line));
    }
    kept_.flush();
}

void Pod::take(const IdTaken& taken) {
    if (may_have_ && !may_have_->contains(taken.id))
        return lose("none of its agents can have the id " + taken.id);
    ids_.push_back(taken.id);
    if (const auto noted = stage_.agent_id_taken(taken.id); !noted) lose(noted.error().message);
}

void Pod::take(const TenantQuestion& question) {
    if (++questions_ > kMostWaiting)
        return lose(fmt::format("it asks more than {} things at once", kMostWaiting));
    const auto answer = [this, number = question.number](transport::Outcome outcome) {
        --questions_;
        say(TenantAnswer{number, std::move(outcome)});
    };
    const HttpRequest& request = question.request;
    if (!may_ask(request, ids_)) {
        transport::Outcome refused;
        refused.failure = transport::Failure{
            transport::FailureKind::Cancelled,
            fmt::format("{} {} is about none of its agents", request.method, request.target)};
        return answer(std::move(refused));
    }
    const bool at_verifier = question.server == stack::AdminRelay::Server::Verifier;
    asks_->submit(
        [this, request, at_verifier] {
            return (at_verifier ? tenant_.at_verifier(request) : tenant_.at_registrar(request)).outcome;
        },
        answer);
}

void Pod::take(const Come& come) {
    waits_at_.insert(come.to);
    if (waits_at_.size() > kMostWaiting)
        return lose(fmt::format("it waits at more than {} places", kMostWaiting));
    if (asked_ == Instant{}) ask_clock();
    changed_();
}

void Pod::ask_clock() {
    asked_ = stage_.clock.now();
    asked_wall_ = stage_.clock.wall_now();
    say(ClockQuestion{});
}

void Pod::take(const ClockAnswer& answer) {
    if (ready()) return;
    const Duration took = heard_ - asked_;
    const auto half = std::chrono::round<WallTime::duration>(took / 2);
    measured_.push_back({answer.now - (asked_wall_ + half), took / 2});
    if (!ready()) return ask_clock();
    clock_ = offset_of(measured_);
}

bool Pod::ready() const {
    return measured_.size() == kClockQuestions;
}

void Pod::take(const Error& error) {
    failure_ = error.in(name());
    finish();
}

void Pod::take(const ScenarioEnd& end) {
    end_ = end;
    finish();
}

history::Part Pod::part(WallTime zero) const {
    const WallTime begun = zero_.value_or(zero) - std::chrono::round<WallTime::duration>(clock_.certain());
    return {launch_.name, begun - zero, lines_};
}

}  // namespace pushsim::cli
