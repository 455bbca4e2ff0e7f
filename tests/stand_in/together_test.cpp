// Two steps of one agent side by side: each pair is played to its end, or refused when the file is read.

#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "sim/scenario/language.hpp"
#include "sim/scenario/loader.hpp"
#include "tests/stand_in/staged.hpp"

namespace pushsim::stand_in {
namespace {

using testing::HasSubstr;

/// By the step's name, each way in which its agent takes part.
const std::multimap<std::string, std::string> kSteps{
    {"register", "register: a"},
    {"activate", "activate: a"},
    {"authenticate", "authenticate: a"},
    {"negotiate", "negotiate: a"},
    {"collect", "collect: a"},
    {"submit", "submit: a"},
    {"attest", "attest: a"},
    {"extend", "extend: { agents: a, 7: [ \"text:x\" ] }"},
    {"measure", "measure: { agents: a, path: /x, digest: \"text:x\" }"},
    {"reboot", "reboot: a"},
    {"suspend", "suspend: a"},
    {"clear_tpm", "clear_tpm: a"},
    {"restore_tpm", "restore_tpm: a"},
    {"restart_agent", "restart_agent: a"},
    {"stop_agent", "stop_agent: a"},
    {"enrol", "enrol: a"},
    {"enrol", "enrol: { agents: a, bare: true }"},
    {"delete", "delete: a"},
    {"reactivate", "reactivate: a"},
    {"read_status", "read_status: a"},
    {"wait", "wait: { agents: a, until: token_expires_at - 24h }"},
    {"request", "request: { by: a, path: /x }"},
};

/// What these need, an agent has only when it has attested, or its machine has slept.
bool needs_a_past(const std::string& name) {
    return name == "wait" || name == "request" || name == "restore_tpm";
}
/// After these it has no instant to wait for any more, which is said.
bool forgets_its_session(const std::string& name) {
    return name == "reboot" || name == "restore_tpm" || name == "restart_agent" || name == "stop_agent";
}

class SideBySide : public testing::Test {
  protected:
    /// True where it was played.
    bool try_pair(const std::string& before, const std::string& one, const std::string& other) {
        const std::string text = fmt::format(
            "scenario: pair\nagents: {{ a: {{ ak: primary, enrol: false, boot: {{ ima: {{ entries: 1 }} }} "
            "}} "
            "}}\nscript:\n{}  - together:\n      - {}\n      - {}\nexpect: [ accounted ]\n",
            before, one, other);
        SCOPED_TRACE(text);
        stack::test::write(folder_.path() / "pair.yaml", text);
        const auto loaded = scenario::load({folder_.path() / "pair.yaml"});
        if (!loaded.ok()) {
            EXPECT_THAT(loaded.text(), HasSubstr("an agent does one thing at a time"));
            return false;
        }
        const auto end = staged_.play(loaded.scenarios.front(), {});
        EXPECT_EQ(end.ending, history::ScenarioEnd::Ending::Ran) << end.reason;
        return true;
    }

    /// How many pairs were played.
    int try_all(const std::string& before) {
        int played = 0;
        for (const auto& [name, one] : kSteps) {
            for (const auto& [other_name, other] : kSteps) {
                if (before.empty() && (needs_a_past(name) || needs_a_past(other_name))) continue;
                if (forgets_its_session(name) && other_name == "wait") continue;
                played += try_pair(before, one, other) ? 1 : 0;
            }
        }
        return played;
    }

    const Process server_{Process::Options{}};
    const stack::test::TemporaryFolder folder_;
    const pool::Pool pool_ = pool_of_one(folder_.path(), 1);
    Staged staged_{server_, &pool_, folder_.path()};
};

TEST_F(SideBySide, EachStepOfAnAgentIsTried) {
    for (const scenario::StepName& step : scenario::steps()) {
        const bool of_agents =
            std::ranges::find(step.keys, "agents", &scenario::Key::name) != step.keys.end();
        EXPECT_TRUE(!of_agents || kSteps.contains(std::string(step.name))) << step.name;
    }
}

TEST_F(SideBySide, EachPairIsPlayedOrRefusedForAnAgentThatHasDoneNothing) {
    EXPECT_GT(try_all(""), 50);
}

TEST_F(SideBySide, EachPairIsPlayedOrRefusedForAnAgentThatHasAttested) {
    EXPECT_GT(try_all("  - suspend: a\n  - attest: a\n"), 80);
}

TEST_F(SideBySide, TenantsActsAreSideBySideWithAnAttestation) {
    for (const char* act : {"enrol: { agents: a, bare: true }", "delete: a", "reactivate: a"})
        EXPECT_TRUE(try_pair("", "attest: a", act));
}

}  // namespace
}  // namespace pushsim::stand_in
