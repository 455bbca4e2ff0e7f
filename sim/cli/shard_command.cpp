// pushsim shard: plays some of a scenario's agents, as a run at the other end of its standard input has it.

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include <unistd.h>

#include "agent/base/files.hpp"
#include "agent/tpm/accelerators.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/pod_messages.hpp"
#include "sim/cli/version.hpp"
#include "sim/core/clock.hpp"
#include "sim/fleet/runner.hpp"
#include "sim/fleet/skewed_clock.hpp"
#include "sim/history/writer.hpp"
#include "sim/scenario/draws.hpp"
#include "sim/stack/find_host.hpp"
#include "sim/stack/talker.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration kFlush = std::chrono::milliseconds{200};
/// Octets of a history in one message, about.
constexpr std::size_t kAtOnce = 1024 * 1024;

/// What the run says, line by line.
class Input {
  public:
    /// Nothing once it says no more that makes sense.
    std::optional<std::string> next() {
        while (lines_.empty()) {
            std::array<char, 65536> text{};
            const ssize_t got = ::read(STDIN_FILENO, text.data(), text.size());
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return std::nullopt;
            auto whole = pieces_.feed({text.data(), static_cast<std::size_t>(got)});
            if (!whole) return std::nullopt;
            std::ranges::move(*whole, std::back_inserter(lines_));
        }
        std::string line = std::move(lines_.front());
        lines_.pop_front();
        return line;
    }

  private:
    stack::Lines pieces_;
    std::deque<std::string> lines_;
};

/// The run at the other end. Thread-safe, but for come(). The loop outlives it.
class Line : public stack::AdminRelay {
  public:
    Line(const Clock& clock, transport::EventLoop& loop) : clock_(clock), loop_(loop) {}

    void say(const ShardMessage& message) {
        const std::string text = to_line(message) + "\n";
        const std::lock_guard lock(output_);
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
            stop();
    }

    /// Until the run says no more: then it has ended, or was killed.
    void listen(Input& input) {
        while (const auto text = input.next()) {
            auto message = parse_run_message(*text);
            if (!message) {
                say(message.error());
                break;
            }
            std::visit([this](auto& one) { take(one); }, *message);
        }
        stop();
    }

    bool stopped() const { return stopped_ || interrupted_; }

    using GoOn = std::function<void(Result<std::string> how)>;
    /// Of the loop's thread: calls `go_on` from the loop when the run lets its agents go on from there.
    void come(const Meeting& to, GoOn go_on) {
        waiting_[to] = std::move(go_on);
        say(Come{to});
    }

    stack::Call exchange(Server server, const HttpRequest& request) override {
        stack::Call call{request, {}};
        const Instant start = clock_.now();
        std::unique_lock lock(mutex_);
        const int number = ++asked_;
        const auto answer = answers_.emplace(number, std::nullopt).first;
        lock.unlock();
        say(TenantQuestion{number, server, request});
        lock.lock();
        answered_.wait(lock, [&] { return cut_ || stopped_ || answer->second; });
        if (answer->second) {
            call.outcome = std::move(*answer->second);
        } else {
            call.outcome.failure =
                transport::Failure{transport::FailureKind::Cancelled, "the run asks nothing any more"};
        }
        call.outcome.timings.start = start;
        answers_.erase(answer);
        return call;
    }
    void cut() override {
        const std::lock_guard lock(mutex_);
        cut_ = true;
        answered_.notify_all();
    }

  private:
    void stop() {
        stopped_ = true;
        const std::lock_guard lock(mutex_);
        answered_.notify_all();
    }
    void take(const ClockQuestion&) { say(ClockAnswer{clock_.wall_now()}); }
    void take(const Go& go) {
        loop_.post([this, go] {
            if (const auto waiting = waiting_.extract(go.from)) waiting.mapped()(go.how);
        });
    }
    void take(TenantAnswer& answer) {
        const std::lock_guard lock(mutex_);
        const auto asked = answers_.find(answer.number);
        if (asked == answers_.end()) return;
        asked->second = std::move(answer.outcome);
        answered_.notify_all();
    }
    void take(const Stop&) { interrupted_ = true; }

    const Clock& clock_;
    transport::EventLoop& loop_;
    std::map<Meeting, GoOn> waiting_;
    std::mutex output_;
    std::mutex mutex_;
    std::condition_variable answered_;
    std::map<int, std::optional<transport::Outcome>> answers_;
    int asked_ = 0;
    bool cut_ = false;
    std::atomic<bool> stopped_{false};
    std::atomic<bool> interrupted_{false};
};

/// A folder that goes with it.
class Folder {
  public:
    static Result<Folder> make(const std::string& given) {
        if (!given.empty()) return Folder(given);
        std::error_code error;
        std::string name = (fs::temp_directory_path(error) / "pushsim-shard-XXXXXX").string();
        if (error || ::mkdtemp(name.data()) == nullptr)
            return fail(ErrorKind::System, "no folder for temporary files", "set TMPDIR");
        return Folder(name);
    }
    Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    Folder& operator=(Folder&&) = delete;
    ~Folder() {
        std::error_code none;
        if (!path_.empty()) fs::remove_all(path_, none);
    }
    const fs::path& path() const { return path_; }

  private:
    explicit Folder(fs::path path) : path_(std::move(path)) {}
    fs::path path_;
};

/// Says the whole lines that a history has got since.
class Teller {
  public:
    Teller(Line& line, fs::path file) : line_(line), file_(std::move(file)) {}
    void tell() {
        std::ifstream in(file_, std::ios::binary);
        in.seekg(static_cast<std::streamoff>(told_));
        HistoryLines some;
        std::size_t size = 0;
        for (std::string text; std::getline(in, text) && !in.eof();) {
            told_ += text.size() + 1;
            size += text.size();
            some.lines.push_back(std::move(text));
            if (size < kAtOnce) continue;
            line_.say(std::exchange(some, {}));
            size = 0;
        }
        if (!some.lines.empty()) line_.say(some);
    }

  private:
    Line& line_;
    fs::path file_;
    std::uint64_t told_ = 0;
};

history::Bodies bodies_of(const std::string& word) {
    if (word == "all") return history::Bodies::All;
    return word == "none" ? history::Bodies::None : history::Bodies::Failures;
}

Result<transport::Endpoint> reached(transport::Scheme scheme, const stack::HostPort& where,
                                    const std::string& host) {
    return transport::resolve(
        {.scheme = scheme, .host = host.empty() ? where.host : host, .port = where.port});
}

/// Plays it; what ended it is said.
Result<void> play(const ShardSetup& setup, const std::shared_ptr<Line>& line, transport::EventLoop& loop) {
    const Clock& clock = loop.clock();
    const auto plan = scenario::read_plan(setup.plan, "the run's plan");
    if (!plan) return fail(plan.error());
    const auto folder = Folder::make(setup.folder);
    if (!folder) return fail(folder.error());
    const fs::path ca = folder->path() / "ca.crt";
    if (auto written = write_file(ca, setup.ca, 0600); !written) return written;
    const auto accelerators = tpm::parse_accelerators(setup.accelerators);
    if (!accelerators) return fail(accelerators.error());
    if (auto on = tpm::switch_accelerators(*accelerators); !on) return fail(on.error());
    std::string host;
    if (!setup.hosts.empty()) {
        auto found = stack::find_host(setup.hosts, setup.verifier.port, ca, clock, std::chrono::seconds{20},
                                      [&] { return line->stopped(); });
        if (!found) return fail(found.error());
        host = std::move(*found);
    }
    auto tls = transport::TlsIdentity::make({.ca_files = {ca.string()}});
    if (!tls) return fail(tls.error());
    const auto verifier = reached(transport::Scheme::Https, setup.verifier, host);
    const auto registrar = reached(transport::Scheme::Http, setup.registrar, host);
    const auto registrar_tls = reached(transport::Scheme::Https, setup.registrar_tls, host);
    for (const auto* one : {&verifier, &registrar, &registrar_tls})
        if (!*one) return fail(one->error());

    history::Head head;
    head.pushsim_version = kVersion;
    head.seed = plan->seed;
    head.started = clock.wall_now();
    const fs::path file = folder->path() / "history.jsonl";
    const auto history = history::HistoryWriter::open(file, clock, head, {.bodies = bodies_of(setup.bodies)});
    if (!history) return fail(history.error());
    const auto zero = clock.wall_now() -
                      std::chrono::duration_cast<WallTime::duration>(clock.now() - (*history)->started());
    line->say(HistoryBegun{zero, kVersion});

    const auto post = [&loop](fleet::Worker::Task task) { loop.post(std::move(task)); };
    fleet::TpmThreads tpms(clock, post, setup.jobs);
    stack::StackAddress address;
    address.kind = "external";
    address.verifier = {verifier->host, verifier->port};
    address.registrar_http = {registrar->host, registrar->port};
    address.registrar_tls = {registrar_tls->host, registrar_tls->port};
    address.ca_file = ca;
    address.verify_server = setup.verify_server;
    address.api_version = setup.api_version;
    address.relay = line;
    fleet::TenantDesk tenant(address, clock, post);
    Teller teller(*line, file);
    std::function<void()> tell = [&] {
        teller.tell();
        loop.after(kFlush, tell);
    };
    tell();
    std::map<std::pair<stack::ServerAct, stack::ServerName>, int> acts;  ///< that were asked for
    const fleet::Stage stage{
        .loop = loop,
        .clock = clock,
        .history = **history,
        .tpms = tpms,
        .tenant = tenant,
        .registrar = *registrar,
        .registrar_tls = *registrar_tls,
        .verifier = *verifier,
        .tls = *tls,
        .admin_tls = *tls,
        .seed = plan->seed,
        .id_seed = setup.id_seed,
        .shard = setup.shard,
        .meet =
            [&](const fleet::StepBegin& begin, const std::function<void()>& then) {
                line->come(begin, [then](const Result<std::string>&) { then(); });
            },
        .attempt = setup.attempt,
        .scenario_limit = setup.limit,
        .max_in_flight = setup.max_in_flight,
        .act_on_server =
            [&](stack::ServerAct act, stack::ServerName server, Line::GoOn done) {
                line->come(ServerActDue{act, server, acts[{act, server}]++}, std::move(done));
            },
        .standing = [&](const fleet::Standing& standing) { line->say(standing); },
        .interrupted = [&] { return line->stopped() || Interrupt::asked(); },
        .stack_failure = [] { return std::optional<Error>{}; },
        .stack_failed = [](const Error&) {},
        .agent_id_taken = [&](const std::string& id) -> Result<void> {
            line->say(IdTaken{id});
            return {};
        }};
    const history::ScenarioEnd end = fleet::play(stage, plan->scenarios.front());
    teller.tell();
    line->say(end);
    return {};
}

}  // namespace

int shard_run(const ShardOptions& options) {
    const Interrupt interrupt;
    const core::SystemClock system;
    const fleet::SkewedClock clock(system, options.clock_offset);
    Input input;
    const auto setup = parse_setup(input.next().value_or(""));
    if (!setup)
        return report_error({ErrorKind::Usage, setup.error().message, "pushsim run --pods starts shards"});
    transport::EventLoop loop(clock);
    const auto line = std::make_shared<Line>(clock, loop);
    std::thread([line, &input] { line->listen(input); }).detach();
    const auto played = play(*setup, line, loop);
    if (!played) line->say(played.error());
    // The thread that listens may wait for a word that never comes.
    std::fflush(nullptr);
    std::_Exit(played ? kAsExpected : exit_code(played.error().kind));
}

}  // namespace pushsim::cli
