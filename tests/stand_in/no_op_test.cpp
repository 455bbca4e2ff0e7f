// A fault of probability 0 is a no-op (DESIGN, decision 6): what is recorded is the same, octet for octet.
// Clocks stand still: ours, the stand-in's, and the one that libtpms reads, which this program has in its
// place.

#include <ctime>
#include <fstream>
#include <regex>
#include <set>

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

/// Fingerprints are keyed anew for each history: the first that appears is the first, and so on.
std::string without_keys(const std::string& text) {
    static const std::regex fingerprint("fp:[0-9a-f]{16}");
    std::map<std::string, std::string> names;
    std::string plain;
    auto rest = text.cbegin();
    for (std::sregex_iterator at(text.begin(), text.end(), fingerprint), end; at != end; ++at) {
        const auto known = names.emplace(at->str(), fmt::format("fp:{}", names.size())).first;
        plain.append(rest, (*at)[0].first).append(known->second);
        rest = (*at)[0].second;
    }
    return plain.append(rest, text.cend());
}

/// What differs by nature: digests of bodies that hold fingerprints, the registrar's challenge (made at
/// random for the TPM), the plan as text, ports, the test's
/// folder, and how many jobs a TPM thread has not finished yet when one more comes.
std::vector<std::string> comparable(const std::string& history) {
    static const std::regex digest("\"sha256\":\"[0-9a-f]{64}\"");
    static const std::regex challenge(R"(\\"blob\\":\\"[^"]*\\")");
    static const std::regex port("127\\.0\\.0\\.1:[0-9]+");
    static const std::regex ahead(",\"ahead\":[0-9]+");
    static const std::regex folder("/tmp/pushsim-test-[A-Za-z0-9]{6}");
    static const std::regex plan(R"("plan":"(\\.|[^"\\])*",?)");
    std::string text = without_keys(history);
    for (const auto* what : {&digest, &challenge, &port, &ahead, &folder, &plan})
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
    return "attest";
}

void expect_same(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    EXPECT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        ASSERT_EQ(a[i], b[i]) << "line " << i;
}

class Played {
  public:
    explicit Played(const pool::Pool& pool) : pool_(pool) {}

    std::vector<std::string> history(const std::string& step, const std::string& faults) const {
        const stack::test::TemporaryFolder place;
        const Process server(Process::Options{.seed = 7});
        const core::SimulatedClock clock;
        {
            still = true;
            Staged staged(server, &pool_, place.path(), &clock);
            const auto end = staged.play(
                fmt::format("scenario: played\nagents:\n  a: {{ ak: primary, enrol: false }}\n"
                            "  b: {{ ak: primary, enrol: false }}\nscript:\n"
                            "  - authenticate: b\n  - {}: {{ agents: a{} }}\nexpect: [ accounted ]\n",
                            step, faults),
                {});
            still = false;
            EXPECT_EQ(end.reason, "");
        }
        std::ifstream in(place.path() / "history.jsonl");
        return comparable({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
    }

  private:
    const pool::Pool& pool_;
};

TEST(ProbabilityZero, IsANoOpForEachFault) {
    const stack::test::TemporaryFolder place;
    const pool::Pool pool = pool_of_one(place.path(), 2);
    const Played played(pool);
    std::map<std::string, std::vector<std::string>> without;
    std::size_t tried = 0;
    for (const FaultName& fault : scenario::faults()) {
        if (fault.availability != scenario::Availability::Now) continue;
        const std::string step = step_for(fault);
        if (!without.contains(step)) {
            without[step] = played.history(step, "");
            ASSERT_GT(without[step].size(), 10U);
            SCOPED_TRACE("the same twice, or nothing can be compared");
            expect_same(played.history(step, ""), without[step]);
        }
        std::string keys = scenario::example(fault.keys);
        // Groups that examples name are not here.
        for (const char* group : {"late", "early"}) {
            if (const auto at = keys.find(group); at != std::string::npos)
                keys.replace(at, std::string(group).size(), "b");
        }
        const std::string faults = fmt::format(", faults: [ {{ {}: {}, probability: 0% }} ]", fault.name,
                                               fault.keys.empty() ? "~" : keys);
        const auto with = played.history(step, faults);
        ++tried;
        SCOPED_TRACE(faults);
        expect_same(with, without[step]);
    }
    EXPECT_EQ(tried, static_cast<std::size_t>(scenario::FaultKind::ReusePop) + 1);
}

TEST(ProbabilityZero, IsTheOnlyOneThatIsANoOp) {
    const stack::test::TemporaryFolder place;
    const pool::Pool pool = pool_of_one(place.path(), 2);
    const Played played(pool);
    const auto without = played.history("attest", "");
    const auto with = played.history("attest", ", faults: [ { duplicate_submit: ~, probability: 100% } ]");
    EXPECT_NE(with.size(), without.size()) << "the comparison would see nothing";
}

}  // namespace
}  // namespace pushsim::stand_in
