// The whole suite of conformance/ against verifiers that lie. What such a verifier passes, the suite does not
// notice: its case is to be mended.

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "sim/conformance/registry.hpp"
#include "tests/sim/cli/program.hpp"
#include "tests/stand_in/process.hpp"
#include "tests/stand_in/suite.hpp"

namespace pushsim::stand_in {
namespace {

using Json = nlohmann::json;
using pushsim::testing::Ended;
using pushsim::testing::Place;
namespace fs = std::filesystem;

struct Standings {
    std::map<std::string, std::string> decided;  ///< requirement -> "fail", or what else it stands at
    std::map<std::string, std::string> reasons;  ///< of those that do not fail
};

/// Of the requirements that bind the verifier and are a MUST.
Standings standings_of(const std::string& report) {
    Standings standings;
    const Json parsed = Json::parse(report);
    for (const Json& one : parsed.at("requirements")) {
        if (one.at("binds") != "verifier" || one.at("level") != "MUST") continue;
        const std::string standing = one.at("standing");
        // Planned, of another part, or not to be seen of this stack.
        if (standing == "undecided" || standing == "skip" || standing == "excluded") continue;
        standings.decided[one.at("id")] = standing;
        if (standing != "fail") standings.reasons[one.at("id")] = one.value("reason", "");
    }
    return standings;
}

/// Every n-th scenario of the suite, played against a liar of its own.
class Part {
  public:
    Part(const std::string& lie, std::size_t number, std::size_t parts)
        : server_(Process::Options{
              .session_lifetime = std::chrono::seconds{5}, .asks_certificates = true, .lie = lie}) {
        const auto at = [](std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); };
        const fs::path suite = suite_without_options(place_);
        // Whatever Keylime is known to do, this is none.
        const fs::path nothing = place_.write("expected.yaml", "deviations: []\n");
        std::vector<std::string> words{"conformance"};
        auto names = playable_in(suite);
        std::erase_if(names, [](const std::string& name) { return name.starts_with("reg-"); });
        for (std::size_t i = number; i < names.size(); i += parts)
            words.push_back(names[i]);
        for (const std::string& word : std::vector<std::string>{"--stack",
                                                                "external",
                                                                "--verifier",
                                                                at(server_.verifier().port),
                                                                "--registrar",
                                                                at(server_.registrar().port),
                                                                "--registrar-tls",
                                                                at(server_.registrar_tls_port()),
                                                                "--ca",
                                                                server_.ca_file(),
                                                                "--admin-cert",
                                                                server_.admin_certificate(),
                                                                "--admin-key",
                                                                server_.admin_key(),
                                                                "--expected",
                                                                nothing,
                                                                "--bodies",
                                                                "none",
                                                                "--quiet",
                                                                "--timeout",
                                                                "60s"})
            words.push_back(word);
        program_.emplace(place_, words, std::map<std::string, std::string>{{"PUSHSIM_SCENARIOS", suite}});
    }

    Standings standings() {
        const Ended ended = program_->wait(std::chrono::seconds{400});
        if (!place_.has("runs/latest/report.json")) throw std::runtime_error(ended.err);
        return standings_of(place_.read("runs/latest/report.json"));
    }

  private:
    const Process server_;
    const Place place_;
    std::optional<pushsim::testing::Program> program_;
};

/// What several runs say of a requirement: one failure is a failure.
void take(Standings& all, const Standings& more) {
    constexpr std::array order{"fail", "error", "fixed", "deviation", "pass"};
    const auto rank = [&order](const std::string& standing) { return std::ranges::find(order, standing); };
    for (const auto& [id, standing] : more.decided) {
        const auto at = all.decided.find(id);
        if (at != all.decided.end() && rank(at->second) <= rank(standing)) continue;
        all.decided[id] = standing;
        all.reasons[id] = more.reasons.contains(id) ? more.reasons.at(id) : "";
    }
}

/// The suite against that liar: agents wait more than they work, so parts of it are played side by side.
Standings judged(const std::string& lie) {
    constexpr std::size_t kParts = 4;
    std::vector<std::unique_ptr<Part>> parts;
    for (std::size_t part = 0; part < kParts; ++part)
        parts.push_back(std::make_unique<Part>(lie, part, kParts));
    Standings standings;
    for (const auto& part : parts)
        take(standings, part->standings());
    return standings;
}

constexpr const char* kActs = "it is decided by what servers do that are ended, started or restarted";
constexpr const char* kMode = "it compares both modes of a verifier, and a liar has one";
constexpr const char* kOptions = "it compares a verifier with an option and without, and a liar has none";
constexpr const char* kDatabase = "it is about another database";
/// Requirements that are a MUST of the verifier, that a case decides and no liar is asked for, and why.
const std::map<std::string, std::string> kNotPlayed{
    {"KPM-ADM-041", kActs},     {"KPM-OPS-001", kActs},    {"KPM-OPS-003", kActs}, {"KPM-OPS-004", kActs},
    {"KPM-OPS-006", kActs},     {"KPM-OPS-007", kActs},    {"KPM-OPS-008", kActs}, {"KPM-OPS-013", kActs},
    {"KPM-OPS-014", kActs},     {"KPM-OPS-017", kActs},    {"KPM-OPS-021", kMode}, {"KPM-OPS-030", kDatabase},
    {"KPM-OPS-031", kDatabase}, {"KPM-OPS-034", kOptions}, {"KPM-OPS-042", kActs}, {"KPM-TOK-021", kActs},
};

/// Of all that a case decides, those that the run did not come to.
std::set<std::string> not_played(const Standings& standings) {
    const auto registry = conformance::load_requirements(PUSHSIM_SOURCE_DIR "/scenarios/requirements.yaml");
    EXPECT_TRUE(registry.ok()) << conformance::text(registry.problems);
    std::set<std::string> ids;
    for (const auto& one : registry.value) {
        const bool binds = one.binds == "verifier" && one.level == "MUST" && !one.decided_by.empty();
        if (binds && !standings.decided.contains(one.id)) ids.insert(one.id);
    }
    return ids;
}

class LyingVerifier : public ::testing::TestWithParam<std::string> {};

TEST_P(LyingVerifier, FailsAllThatBindsIt) {
    const Standings standings = judged(GetParam());
    std::map<std::string, int> counts;
    std::string unnoticed;
    for (const auto& [id, standing] : standings.decided) {
        ++counts[standing];
        if (standing != "fail")
            unnoticed += fmt::format("{}: {} {}\n", id, standing, standings.reasons.at(id));
    }
    const std::size_t decided = standings.decided.size();
    const std::set<std::string> left_out = not_played(standings);
    const double noticed =
        static_cast<double>(counts["fail"]) / static_cast<double>(decided + left_out.size());
    fmt::print("{}: {} decided, {} fail, {} error, {} pass; of all that a case decides {:.1f} % notice\n",
               GetParam(), decided, counts["fail"], counts["error"], counts["pass"], 100 * noticed);
    EXPECT_GE(noticed, 0.95);
    EXPECT_EQ(unnoticed, "") << "a case of each lacks a control: what must be refused beside what must be "
                                "taken, or the other way round";
    std::set<std::string> known;
    for (const auto& [id, why] : kNotPlayed)
        known.insert(id);
    EXPECT_EQ(left_out, known)
        << "what is not played is not seen to notice a liar: mend that, or say here why not";
}

INSTANTIATE_TEST_SUITE_P(Each, LyingVerifier, ::testing::Values("yes", "no", "echo"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace pushsim::stand_in
