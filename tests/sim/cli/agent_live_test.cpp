// `pushsim agent`: one honest agent by hand, its tenant and what happens to its PCRs.

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/fleet/swtpm_process.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::chrono::seconds kLong{60};

/// A stack that is up, whose verifier takes an attestation a second.
class Agent : public ::testing::Test {
  protected:
    Agent() : up_(pushsim(place_, {"stack", "up", "--verifier-option", "quote_interval=1"})) {}
    ~Agent() override { pushsim(place_, {"stack", "down"}); }
    void SetUp() override { ASSERT_EQ(up_.exit_code, 0) << up_.out << up_.err; }

    static bool prints(const Program& agent, const std::string& text, std::size_t times = 1) {
        return becomes(
            [&] {
                const std::string out = agent.out();
                std::size_t found = 0;
                for (std::size_t at = 0; (at = out.find(text, at)) != std::string::npos; ++at)
                    ++found;
                return found >= times;
            },
            kLong);
    }
    std::string told(const std::string& name) const { return value_of(up_.out, name); }
    void tenant(std::vector<std::string> words) const {
        words.insert(words.begin(), "tenant");
        const Ended ended = pushsim(place_, words);
        EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    }

    const Place place_;
    const Ended up_;
};

TEST_F(Agent, IsEnrolledBrokenExplainedAndMended) {
    Program agent(place_, {"agent", "--id", "web-1"});
    ASSERT_TRUE(prints(agent, "waiting     not enrolled at the verifier")) << agent.out();
    EXPECT_THAT(pushsim(place_, {"tenant", "status", "web-1"}).err,
                HasSubstr("to enrol it: pushsim tenant add web-1 --from-boot 0,7"));
    tenant({"add", "web-1", "--from-boot", "7"});
    ASSERT_TRUE(prints(agent, ": PASS")) << agent.out();

    const Ended extended = pushsim(place_, {"agent", "extend", "--id", "web-1", "7", "text:changed"});
    EXPECT_EQ(extended.exit_code, 0) << extended.err;
    ASSERT_TRUE(prints(agent, ": FAIL policy_violation")) << agent.out();
    ASSERT_TRUE(prints(agent, "cause  PCR 7 (sha256) was extended once after enrolment: policy allows 0000"))
        << agent.out();
    ASSERT_TRUE(prints(agent, "pushsim tenant delete web-1 && pushsim tenant add web-1 --from-boot 7"));

    tenant({"delete", "web-1"});
    ASSERT_TRUE(prints(agent, "not enrolled at the verifier", 2)) << agent.out();
    tenant({"add", "web-1", "--from-boot", "7"});
    const std::size_t passes = 2;
    ASSERT_TRUE(prints(agent, "attestation 0: PASS", passes)) << agent.out();
    agent.signal(SIGINT);
    const Ended ended = agent.wait();
    EXPECT_EQ(ended.exit_code, 1) << "one attestation failed";

    // The history says the same, later.
    const Ended explained = pushsim(place_, {"explain", "runs/latest"});
    EXPECT_THAT(explained.out, HasSubstr("cause  PCR 7 (sha256) was extended once after enrolment"));

    // In the next process it is the same agent, and well; with the Rust agent's habits, this time.
    const Ended again = pushsim(
        place_, {"agent", "--id", "web-1", "--times", "1", "--format", "json", "--habits", "rust-agent"});
    EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
    std::map<std::string, json> events;
    std::istringstream lines(again.out);
    for (std::string line; std::getline(lines, line);) {
        const json event = json::parse(line);
        events[event.at("event")] = event;
    }
    EXPECT_EQ(events.at("verdict").at("evaluation"), "pass");
    EXPECT_EQ(events.at("attested").at("index"), events.at("verdict").at("index"));
    EXPECT_EQ(events.at("start").at("agent"), "web-1");
    EXPECT_TRUE(events.contains("registered"));
    EXPECT_THAT(place_.read("runs/latest/history.jsonl"), ContainsRegex("\"id\":\"[a-z0-9]{6}\""));
    EXPECT_TRUE(events.contains("end"));
}

TEST_F(Agent, OnASwtpmLetsOthersUseItBetweenAttestations) {
    const auto swtpm = fleet::SwtpmProcess::make();
    ASSERT_TRUE(swtpm.has_value()) << swtpm.error().text();
    const std::string tcti = (*swtpm)->tcti();
    Program agent(place_, {"agent", "--id", "web-2", "--tcti", tcti});
    ASSERT_TRUE(prints(agent, "waiting")) << agent.out();
    tenant({"add", "web-2", "--from-boot", "0,7", "--tcti", tcti});
    ASSERT_TRUE(prints(agent, ": PASS")) << agent.out();
    const Ended extended = pushsim(place_, {"agent", "extend", "--tcti", tcti, "7", "text:changed"});
    EXPECT_EQ(extended.exit_code, 0) << extended.err;
    ASSERT_TRUE(prints(agent, ": FAIL policy_violation")) << agent.out();
    ASSERT_TRUE(prints(agent, "cause  PCR 7 (sha256): policy allows 0000")) << agent.out();

    // A TPM that goes and comes back is trouble only while it is away.
    (*swtpm)->kill();
    ASSERT_TRUE(prints(agent, "failed      ")) << agent.out();
    ASSERT_TRUE(prints(agent, "no swtpm listens at")) << agent.out();
    ASSERT_TRUE((*swtpm)->start(fleet::SwtpmProcess::Startup::Clear).has_value());
    ASSERT_TRUE(prints(agent, ": PASS", 2)) << "its PCR 7 is as it was enrolled: " << agent.out();
    agent.signal(SIGTERM);
    EXPECT_EQ(agent.wait().exit_code, 1);
}

TEST_F(Agent, WithoutAnIdIsANewOneEachTimeAndLeavesNoTpm) {
    Program agent(place_, {"agent", "--times", "1", "--format", "json"});
    ASSERT_TRUE(prints(agent, "\"waiting\"")) << agent.out();
    const std::string id = json::parse(agent.out().substr(0, agent.out().find('\n'))).at("agent");
    EXPECT_THAT(id, ContainsRegex("^[0-9a-f]{8}-[0-9a-f]{4}-4"));
    EXPECT_TRUE(place_.has("state/pushsim/tpms/" + id + ".json"));
    tenant({"add", id, "--from-boot", "0,1,2,3,4,5,6,7"});
    const Ended ended = agent.wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    EXPECT_FALSE(place_.has("state/pushsim/tpms/" + id + ".json"));
    EXPECT_FALSE(place_.has("state/pushsim/tpms/" + id + ".json.lock"));
}

TEST_F(Agent, SeesAnExternalStackAsAgentsDo) {
    Program agent(place_, {"agent", "--id", "web-3", "--times", "2", "--stack", "external", "--verifier",
                           told("verifier"), "--registrar-tls", told("registrar-tls"), "--ca", told("ca")});
    ASSERT_TRUE(prints(agent, "waiting")) << agent.out();
    tenant({"add", "web-3", "--from-boot", "7"});
    const Ended ended = agent.wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("the verifier does not tell agents their verdict"));
    EXPECT_THAT(ended.out, Not(HasSubstr("verdict     ")));

    // With a client certificate, and the tenant's eyes: neither log nor database can be seen.
    const Ended seen = pushsim(place_, {"agent",
                                        "--id",
                                        "web-3",
                                        "--times",
                                        "1",
                                        "--stack",
                                        "external",
                                        "--verifier",
                                        told("verifier"),
                                        "--registrar",
                                        told("registrar"),
                                        "--registrar-tls",
                                        told("registrar-tls"),
                                        "--ca",
                                        told("ca"),
                                        "--admin-cert",
                                        told("admin-cert"),
                                        "--admin-key",
                                        told("admin-key"),
                                        "--cert",
                                        told("admin-cert"),
                                        "--key",
                                        told("admin-key")});
    EXPECT_EQ(seen.exit_code, 0) << seen.out << seen.err;
    EXPECT_THAT(seen.out, HasSubstr(": PASS"));

    const Ended refused =
        pushsim(place_, {"agent", "--id", "web-4", "--stack", "external", "--verifier", told("verifier"),
                         "--registrar", "127.0.0.1:9", "--ca", told("ca"), "--times", "1"});
    EXPECT_EQ(refused.exit_code, 3) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr("registration: GET /version: connection refused"));

    const Ended without =
        pushsim(place_, {"agent", "--id", "web-11", "--tcti", "swtpm:host=127.0.0.1,port=9", "--times", "1"});
    EXPECT_EQ(without.exit_code, 3) << without.out;
    EXPECT_THAT(without.err, HasSubstr("port=9"));
    EXPECT_FALSE(place_.has("state/pushsim/tpms/web-11.json.lock"));
    EXPECT_THAT(pushsim(place_, {"explain", "runs/latest"}).out, ContainsRegex("err +web-11 +no TPM at"));
    const Ended nowhere = pushsim(place_, {"agent", "--id", "web-11", "--out", "/proc/nowhere"});
    EXPECT_NE(nowhere.exit_code, 0);
    EXPECT_THAT(shell(place_, "ls state/pushsim/tpms").out, Not(HasSubstr("web-11")));
}

TEST_F(Agent, WithoutATpmPolicyLearnsWhyItsEvidenceIsRefused) {
    Program agent(place_, {"agent", "--id", "web-5", "--times", "1"});
    ASSERT_TRUE(prints(agent, "waiting")) << agent.out();
    // Ours would refuse such a policy.
    const Ended added = shell(place_, told("keylime-tenant") + " -c add -u web-5 --push-model");
    EXPECT_EQ(added.exit_code, 0) << added.out << added.err;
    const Ended ended = agent.wait();
    EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
    EXPECT_THAT(ended.out, ContainsRegex("refused +PATCH .*: no policy names a PCR"));
    EXPECT_THAT(ended.out, HasSubstr("1 attestation: 1 refused"));
    EXPECT_THAT(ended.out, HasSubstr("mend   Enrol with a policy that names at least one PCR"));
}

TEST_F(Agent, ThatIsKilledGoesOnAsItWas) {
    Program killed(place_, {"agent", "--id", "web-6"});
    ASSERT_TRUE(prints(killed, "waiting")) << killed.out();
    tenant({"add", "web-6", "--from-boot", "7"});
    ASSERT_TRUE(prints(killed, ": PASS", 2)) << killed.out();
    killed.signal(SIGKILL);
    killed.wait();
    const Ended again = pushsim(place_, {"agent", "--id", "web-6", "--times", "1"});
    EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
    EXPECT_THAT(again.out, HasSubstr("1 attestation: 1 passed"));
}

TEST_F(Agent, OfAnIdThatRunsAlreadyDoesNotStart) {
    Program first(place_, {"agent", "--id", "web-7"});
    ASSERT_TRUE(prints(first, "waiting")) << first.out();
    const Ended second = pushsim(place_, {"agent", "--id", "web-7"});
    EXPECT_EQ(second.exit_code, 2);
    EXPECT_THAT(second.err, HasSubstr("an agent 'web-7' is running already"));
    first.signal(SIGINT);
    first.wait();
    Program third(place_, {"agent", "--id", "web-7"});
    ASSERT_TRUE(prints(third, "waiting")) << third.out();
}

TEST_F(Agent, WithAnotherTpmIsRefusedAtRegistrationThenAtTheProof) {
    Program first(place_, {"agent", "--id", "web-9"});
    ASSERT_TRUE(prints(first, "waiting")) << first.out();
    tenant({"add", "web-9", "--from-boot", "7"});
    first.signal(SIGINT);
    first.wait();
    ASSERT_EQ(shell(place_, "rm state/pushsim/tpms/web-9.json").exit_code, 0);

    const Ended taken = pushsim(place_, {"agent", "--id", "web-9"});
    EXPECT_EQ(taken.exit_code, 1) << taken.out << taken.err;
    EXPECT_THAT(taken.err, HasSubstr("the agent's id is taken"));
    EXPECT_THAT(taken.err, HasSubstr("pushsim tenant delete web-9 --registration"));

    // Its registration alone, so that it stays enrolled with the AK that it had.
    const Ended mended = shell(place_, told("keylime-tenant") + " -c regdelete -u web-9");
    ASSERT_EQ(mended.exit_code, 0) << mended.out << mended.err;
    const Ended other = pushsim(place_, {"agent", "--id", "web-9", "--times", "1"});
    EXPECT_EQ(other.exit_code, 1) << other.out << other.err;
    EXPECT_THAT(other.out, ContainsRegex("the agent's AK has the name 000b[0-9a-f]+, and it is enrolled with "
                                         "that of the name 000b"));
    EXPECT_THAT(other.out,
                HasSubstr("pushsim tenant delete web-9 && pushsim tenant add web-9 --from-boot 7"));
    EXPECT_THAT(pushsim(place_, {"explain", "runs/latest"}).out, HasSubstr("1 not as expected"));
    tenant({"delete", "web-9"});
    tenant({"add", "web-9", "--from-boot", "7"});
    EXPECT_EQ(pushsim(place_, {"agent", "--id", "web-9", "--times", "1"}).exit_code, 0);
}

TEST_F(Agent, WhoseIdIsFreedAtTheRegistrarMayHaveAnotherTpm) {
    const auto runs_until = [this](const std::string& line) {
        Program agent(place_, {"agent", "--id", "web-12"});
        EXPECT_TRUE(prints(agent, line)) << agent.out();
        agent.signal(SIGINT);
        return agent.wait().exit_code;
    };
    EXPECT_EQ(runs_until("waiting"), 4) << "it attested nothing";
    tenant({"add", "web-12", "--from-boot", "7"});
    EXPECT_EQ(runs_until(": PASS"), 0);
    for (const std::string said :
         {"web-12 is no longer enrolled nor registered", "web-12 is no longer registered"}) {
        const Ended freed = pushsim(place_, {"tenant", "delete", "web-12", "--registration"});
        EXPECT_EQ(freed.exit_code, 0) << freed.err;
        EXPECT_THAT(freed.out, HasSubstr(said + "\n"));
        ASSERT_EQ(shell(place_, "rm state/pushsim/tpms/web-12.json").exit_code, 0);
        EXPECT_EQ(runs_until("waiting"), 4) << "with a new TPM";
    }
    EXPECT_EQ(pushsim(place_, {"tenant", "delete", "web-12"}).exit_code, 2) << "it is not enrolled";
}

TEST_F(Agent, SeesThatItIsEnrolledAgainAndThatTheStackIsAnother) {
    Program agent(place_, {"agent", "--id", "web-10", "--every", "1s"});
    ASSERT_TRUE(prints(agent, "waiting")) << agent.out();
    tenant({"add", "web-10", "--from-boot", "7"});
    ASSERT_TRUE(prints(agent, ": PASS", 2)) << agent.out();
    tenant({"delete", "web-10"});
    tenant({"add", "web-10", "--from-boot", "7"});
    ASSERT_TRUE(prints(agent, "enrolled    policy", 2)) << agent.out();

    const auto port = [this](const char* server) {
        const std::string address = told(server);
        return address.substr(address.rfind(':') + 1);
    };
    EXPECT_THAT(pushsim(place_, {"stack", "down"}).out, HasSubstr("its agents, logs and databases stay"));
    const Ended anew =
        pushsim(place_, {"stack", "up", "--verifier-port", port("verifier"), "--registrar-port",
                         port("registrar"), "--registrar-tls-port", port("registrar-tls")});
    ASSERT_EQ(anew.exit_code, 0) << anew.err;
    EXPECT_THAT(pushsim(place_, {"tenant", "list"}).out, HasSubstr("web-10"));
    ASSERT_TRUE(prints(agent, "started anew with another CA: stop this agent")) << agent.out();
}

TEST_F(Agent, WhoseReaderHasGoneEnds) {
    const Ended ended = shell(place_, "timeout 60 " PUSHSIM_BINARY " agent --id web-8 | head -1");
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("start "));
    EXPECT_LT(ended.took, kLong) << "it would wait for its enrolment for ever";
}

TEST_F(Agent, WithACertificateThatIsNoAdministratorsIsToldSo) {
    // Its own key and certificate, of nobody's CA.
    const Ended made = shell(place_,
                             "openssl req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.crt "
                             "-days 2 -subj /CN=nobody");
    ASSERT_EQ(made.exit_code, 0) << made.err;
    std::vector<std::string> words{"agent", "--times", "1"};
    for (const auto& word : external_options(up_.out, {{"admin-cert", "own.crt"}, {"admin-key", "own.key"}}))
        words.push_back(word);
    const Ended agent = pushsim(place_, words);
    EXPECT_EQ(agent.exit_code, 2) << agent.out;
    EXPECT_THAT(agent.err, HasSubstr("does not take own.crt for an administrator's certificate"));
}

TEST(AgentAtAVerifierInPullMode, IsToldSoWithTheMend) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up", "--verifier-option", "mode=pull"});
    ASSERT_EQ(up.exit_code, 0) << up.err;
    const Ended agent = pushsim(place, {"agent", "--times", "1"});
    const Ended seen = pushsim(
        place, {"agent", "--times", "1", "--stack", "external", "--verifier", value_of(up.out, "verifier"),
                "--registrar", value_of(up.out, "registrar"), "--ca", value_of(up.out, "ca")});
    const Ended swapped = pushsim(place, {"agent", "--times", "1", "--stack", "external", "--verifier",
                                          value_of(up.out, "registrar-tls"), "--registrar",
                                          value_of(up.out, "registrar"), "--ca", value_of(up.out, "ca")});
    pushsim(place, {"stack", "down"});
    EXPECT_EQ(agent.exit_code, 2);
    EXPECT_THAT(agent.err, HasSubstr("is in pull mode"));
    EXPECT_THAT(agent.err, HasSubstr("set mode = push in its verifier.conf"));
    EXPECT_EQ(seen.exit_code, 2);
    EXPECT_THAT(seen.err, HasSubstr("is in pull mode"));
    EXPECT_EQ(swapped.exit_code, 3);
    EXPECT_THAT(swapped.err, HasSubstr("as no verifier of Keylime does"));
}

}  // namespace
}  // namespace pushsim::testing
