// A fault of probability 0 is a no-op (DESIGN, decision 6): what is recorded is the same, but for what
// servers draw.
// One of 100 % is seen. Clocks go on where they are told to: ours, the stand-in's, and the one that libtpms
// reads, which this program has in its place.

#include <atomic>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/scenario/language.hpp"
#include "tests/sim/stack/support.hpp"
#include "tests/stand_in/staged.hpp"

namespace {
bool still = false;
}  // namespace

// As clock_gettime(2), but that time stands still where it is told to. The dynamic linker takes it before the
// C library's.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    if (!still) return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
    *time = {1000, 0};
    return 0;
}

namespace pushsim::stand_in {
namespace {

using scenario::FaultName;
using scenario::StepKind;

/// What differs by nature: what servers draw at random and what follows from it (any run of 16 letters or
/// more that could be digits of something), the plan as text, ports, the test's folder, the number of the
/// line, and how many jobs a TPM thread has not finished yet when one more comes.
std::vector<std::string> comparable(const std::string& history) {
    static const std::regex drawn("[A-Za-z0-9+/=_-]{16,}");
    static const std::regex port("127\\.0\\.0\\.1:[0-9]+");
    static const std::regex ahead(",\"ahead\":[0-9]+");
    static const std::regex folder("/tmp/pushsim-test-[A-Za-z0-9]{6}");
    static const std::regex plan(R"("plan":"(\\.|[^"\\])*",?)");
    static const std::regex number("\"n\":[0-9]+,");
    std::string text = history;
    for (const auto* what : {&folder, &drawn, &port, &ahead, &plan, &number})
        text = std::regex_replace(text, *what, "");
    std::vector<std::string> lines(1);
    for (const char c : text) {
        if (c == '\n') {
            lines.emplace_back();
        } else {
            lines.back() += c;
        }
    }
    return lines;
}

/// A step that has a phase which the fault is about.
const char* step_for(const FaultName& fault) {
    if (!fault.phases.empty() && fault.phases.front() == StepKind::Activate) return "activate";
    if (!fault.phases.empty() && fault.phases.size() == 1 && fault.phases.front() == StepKind::Authenticate)
        return "authenticate";
    // Once: a clock that began anew cannot go back much further.
    return fault.kind == scenario::FaultKind::ClockBack ? "submit" : "attest";
}

void expect_same(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    EXPECT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        ASSERT_EQ(a[i], b[i]) << "line " << i;
}

/// What one agent did, or (without a name) what was done by none.
std::string lines_of(const std::string& agent, const std::string& history) {
    static const std::regex any_agent(R"("agent":"[ac]\[0\]")");
    const std::string its = fmt::format("\"agent\":\"{}[0]\"", agent);
    std::string lines;
    std::istringstream in(history);
    for (std::string line; std::getline(in, line);) {
        if (agent.empty() ? !std::regex_search(line, any_agent) : line.find(its) != std::string::npos)
            lines += line + "\n";
    }
    return lines;
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t times = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
        ++times;
    return times;
}

/// As SimulatedClock, but read by other threads too.
class JumpingClock final : public Clock {
  public:
    Instant now() const override { return Instant{Duration{elapsed_.load()}}; }
    WallTime wall_now() const override {
        return WallTime{std::chrono::seconds{1'700'000'000}} +
               std::chrono::duration_cast<std::chrono::microseconds>(Duration{elapsed_.load()});
    }
    void advance(Duration duration) { elapsed_ += duration.count(); }

  private:
    std::atomic<Duration::rep> elapsed_{0};
};

constexpr std::int64_t idle_milliseconds = 400;

std::int64_t machine_milliseconds() {
    timespec time{};
    ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1'000'000;
}

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A fault with keys for these plays, and of that probability.
std::string with_probability(const FaultName& fault, int percent) {
    std::string keys = scenario::example(fault.keys);
    // Groups that examples name are not here.
    for (const char* group : {"late", "early"}) {
        if (const auto at = keys.find(group); at != std::string::npos)
            keys.replace(at, std::string(group).size(), "b");
    }
    // Of two agents one.
    if (fault.kind == scenario::FaultKind::Swizzle) keys = "{ share: 50%, every: 30s }";
    if (fault.kind == scenario::FaultKind::Early) keys = "{ by: 20s }";
    if (fault.kind == scenario::FaultKind::HoldEvidence) keys = "{ until: token_expires_at + 1s }";
    // Beside those that the stand-in asks for.
    if (fault.kind == scenario::FaultKind::ExtraPcr) keys = "{ pcr: 9 }";
    return fmt::format("{{ {}: {}, probability: {}% }}", fault.name, fault.keys.empty() ? "~" : keys,
                       percent);
}

/// Two agents side by side, in two cycles where the step can have more than one.
std::string script(const std::string& before, const std::string& step, const std::string& in_step,
                   const std::string& at_top) {
    return fmt::format(
        "scenario: played\nagents:\n  a: {{ ak: primary, enrol: false, "
        "boot: {{ ima: {{ entries: 2 }} }} }}\n  c: {{ like: a }}\n"
        "  b: {{ ak: primary, enrol: false }}\nscript:\n  - authenticate: b\n  - authenticate: a\n"
        "  - authenticate: c\n{}  - {}: {{ agents: [a, c]{}{} }}\nexpect: [ accounted ]\n{}",
        before, step, step == "attest" ? ", times: 2, every: 40s" : "",
        in_step.empty() ? "" : ", faults: [ " + in_step + " ]",
        at_top.empty() ? "" : "faults: [ " + at_top + " ]\n");
}

class Played {
  public:
    explicit Played(const pool::Pool& pool) : pool_(pool) {}

    /// By agent.
    std::map<std::string, std::vector<std::string>> history(const std::string& step,
                                                            const std::string& in_step,
                                                            const std::string& at_top = "") const {
        const Process server(Process::Options{.seed = 7});
        JumpingClock clock;
        // The second cycles are due at the second jump: what is early goes at the first.
        int rounds = 0;
        const auto go_on = [&](const std::string& so_far) {
            if (count(so_far, R"("kind":"verdict")") < 2 || ++rounds % 3 != 0 || rounds > 6) return;
            clock.advance(std::chrono::seconds{20});
        };
        const std::string text = play(server, clock, script("", step, in_step, at_top), go_on);
        std::map<std::string, std::vector<std::string>> lines;
        for (const char* agent : {"", "a", "c"})
            lines[agent] = comparable(lines_of(agent, text));
        return lines;
    }

    /// A fault that may want of its agents what they have when they attested and began anew.
    std::string seen(const std::string& step, const std::string& in_step) const {
        const Process server(Process::Options{
            .session_lifetime = std::chrono::seconds{60}, .asks_certificates = true, .seed = 7});
        JumpingClock clock;
        // Time jumps where all wait for it: where nothing has come for a while by the machine's own clock.
        std::size_t size = 0;
        std::int64_t since = machine_milliseconds();
        const auto go_on = [&](const std::string& so_far) {
            const std::int64_t now = machine_milliseconds();
            if (so_far.size() != std::exchange(size, so_far.size())) since = now;
            if (now - since < idle_milliseconds) return;
            clock.advance(std::chrono::seconds{20});
            since = now;
        };
        return play(server, clock,
                    script("  - attest: [a, c]\n  - restart_agent: [a, c]\n  - authenticate: [a, c]\n", step,
                           in_step, ""),
                    go_on);
    }

  private:
    std::string play(const Process& server, const Clock& clock, const std::string& scenario,
                     const std::function<void(const std::string&)>& go_on) const {
        const stack::test::TemporaryFolder place;
        {
            still = true;
            Staged staged(server, &pool_, place.path(), &clock);
            const auto end = staged.play(scenario, {.interrupted = [&] {
                                             go_on(text_of(staged.file()));
                                             return false;
                                         }});
            still = false;
            EXPECT_EQ(end.reason, "") << scenario;
        }
        return text_of(place.path() / "history.jsonl");
    }

    const pool::Pool& pool_;
};

std::vector<const FaultName*> faults_that_are_there() {
    std::vector<const FaultName*> found;
    for (const FaultName& fault : scenario::faults()) {
        if (fault.availability == scenario::Availability::Now) found.push_back(&fault);
    }
    EXPECT_EQ(found.size(), static_cast<std::size_t>(scenario::FaultKind::ReusePop) + 1);
    return found;
}

void expect_same(const std::map<std::string, std::vector<std::string>>& a,
                 const std::map<std::string, std::vector<std::string>>& b) {
    for (const auto& [agent, lines] : a) {
        SCOPED_TRACE(agent);
        expect_same(lines, b.at(agent));
    }
}

TEST(ProbabilityZero, IsANoOpForEachFault) {
    const stack::test::TemporaryFolder place;
    const pool::Pool pool = pool_of_one(place.path(), 3);
    const Played played(pool);
    std::map<std::string, std::map<std::string, std::vector<std::string>>> without;
    for (const FaultName* fault : faults_that_are_there()) {
        const std::string step = step_for(*fault);
        if (!without.contains(step)) {
            without[step] = played.history(step, "");
            ASSERT_GT(without[step]["a"].size(), 10U);
            SCOPED_TRACE("the same twice, or nothing can be compared");
            expect_same(played.history(step, ""), without[step]);
        }
        const std::string text = with_probability(*fault, 0);
        SCOPED_TRACE(text);
        expect_same(played.history(step, text), without[step]);
        if (!fault->of_one_step) expect_same(played.history(step, "", text), without[step]);
    }
}

TEST(ProbabilityZero, IsTheOnlyOneThatIsANoOp) {
    const stack::test::TemporaryFolder place;
    const pool::Pool pool = pool_of_one(place.path(), 3);
    const Played played(pool);
    for (const FaultName* fault : faults_that_are_there()) {
        const std::string text = with_probability(*fault, 100);
        const std::string history = played.seen(step_for(*fault), text);
        // These AKs sign by one scheme alone: the agent says so, and sends nothing.
        const std::string shown = fault->kind == scenario::FaultKind::OtherChoice
                                      ? "asks for signature scheme 'rsapss'"
                                      : fmt::format("\"fault\":\"{}", fault->name);
        EXPECT_GE(count(history, shown), 1U) << text << " does not stand in the history";
    }
}

}  // namespace
}  // namespace pushsim::stand_in
