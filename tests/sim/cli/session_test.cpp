#include "sim/cli/session.hpp"

#include <atomic>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/cli/stack_choice.hpp"
#include "sim/core/clock.hpp"
#include "sim/stack/record_json.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using cli::StackSession;
using ::testing::HasSubstr;

class Session : public ::testing::Test {
  protected:
    const Place place;
    const stack::Registry registry = *stack::Registry::open(place.path() / "registry");
    const core::SystemClock clock{};
    std::atomic<int> stacks{0};
    cli::RunOptions options;
    /// By the options of now.
    StackSession session() { return {options, place.path() / "run", registry, clock, stacks}; }
};

TEST_F(Session, ServersThatAreNotOfThisRunAreNotActedOnAndTheReasonIsGiven) {
    options.stack.stack = "external";
    EXPECT_EQ(session().why_not_acted_on(), "an external stack is not ours to stop and start");
    const auto done = session().act(stack::ServerAct::Pause, stack::ServerName::Verifier);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::Usage);
    EXPECT_THAT(done.error().message, HasSubstr("cannot pause the verifier: an external stack"));
    EXPECT_THAT(done.error().mend, HasSubstr("fresh: true"));
    options.stack.stack = "local";
    EXPECT_EQ(session().why_not_acted_on(), "no stack runs") << "nothing was prepared";
}

TEST_F(Session, DatabaseThatCannotBeGivenIsAReasonNotToPlay) {
    options.stack.stack = "external";
    scenario::Scenario scenario;
    scenario::StackOptions& wanted = scenario.stack;
    EXPECT_EQ(session().cannot_play(scenario), std::nullopt);
    wanted.database = "postgresql";
    EXPECT_THAT(session().cannot_play(scenario).value_or("nothing"), HasSubstr("external stack"));

    // A Keylime whose Python has nothing.
    const auto bin = place.path() / "keylime" / "bin";
    fs::create_directories(bin);
    for (const char* server : {"keylime/bin/keylime_verifier", "keylime/bin/keylime_registrar"})
        fs::permissions(place.write(server, "#!" + (bin / "python").string() + "\n"), fs::perms::owner_all);
    fs::permissions(place.write("keylime/bin/python", "#!/bin/sh\necho \"No module named 'psycopg2'\"\n"),
                    fs::perms::owner_all);
    options.stack.stack = "local";
    options.stack.keylime = (place.path() / "keylime").string();
    EXPECT_THAT(session().cannot_play(scenario).value_or("nothing"), HasSubstr("psycopg2"));
    wanted.database = "sqlite";
    EXPECT_EQ(session().cannot_play(scenario), std::nullopt);
}

TEST_F(Session, WhyAnExternalStackWillNotDoIsSaidAndTriesAreMadeThere) {
    options.stack.stack = "external";
    const auto why_not = [&](const scenario::Scenario& scenario) {
        return session().cannot_play(scenario).value_or("played");
    };
    scenario::Scenario scenario;
    scenario.tries = 3;
    EXPECT_EQ(why_not(scenario), "played");
    scenario.script = {{.kind = scenario::StepKind::Kill, .servers = {"verifier"}}};
    EXPECT_THAT(why_not(scenario), HasSubstr("its script acts on servers"));
    scenario.script.clear();
    scenario.stack.verifier["quote_interval"] = "1";
    EXPECT_THAT(why_not(scenario), HasSubstr("options of the verifier"));
    EXPECT_THAT(why_not(scenario), HasSubstr("--verifier-conf"));
    place.write("verifier.conf", "[verifier]\nquote_interval = 1\n");
    options.stack.verifier_conf = {place.path() / "verifier.conf"};
    EXPECT_EQ(why_not(scenario), "played");
    scenario.stack.verifier["quote_interval"] = "0";
    EXPECT_EQ(why_not(scenario),
              "it wants quote_interval = 0, and " + options.stack.verifier_conf[0] + " says 1");
    // What no configuration changes comes first.
    scenario.stack.fresh = true;
    EXPECT_THAT(why_not(scenario), HasSubstr("`fresh: true`"));
}

TEST_F(Session, WhatALocalStackLacksIsAReasonNotToPlay) {
    const auto bin = place.path() / "keylime" / "bin";
    fs::create_directories(bin);
    for (const char* server : {"keylime_verifier", "keylime_registrar"})
        fs::permissions(place.write("keylime/bin/" + std::string(server), "#!/bin/sh\n"),
                        fs::perms::owner_all);
    options.stack.keylime = (place.path() / "keylime").string();
    scenario::Scenario scenario;
    scenario.stack.needs = {"log", "database", "measured_boot"};
    const std::string path = std::getenv("PATH");
    ::setenv("PATH", (path + ":" + bin.string()).c_str(), 1);
    place.write("keylime/bin/tpm2_eventlog", "#!/bin/sh\n");
    fs::permissions(bin / "tpm2_eventlog", fs::perms::owner_all);
    EXPECT_EQ(session().cannot_play(scenario), std::nullopt);
    ::setenv("PATH", (place.path() / "nothing").c_str(), 1);
    EXPECT_THAT(session().cannot_play(scenario).value_or("nothing"),
                HasSubstr("it needs measured_boot, and there is no tpm2_eventlog"));
    ::setenv("PATH", path.c_str(), 1);
    scenario.stack.needs.clear();
    scenario.script = {{.kind = scenario::StepKind::CutOff, .servers = {"verifier"}}};
    EXPECT_THAT(session().cannot_play(scenario).value_or("nothing"),
                HasSubstr("the node of a cluster can do (--stack kind)"));
    scenario.stack.needs = {"database"};
    scenario.stack.database = "postgresql";
    EXPECT_THAT(session().cannot_play(scenario).value_or("nothing"), HasSubstr("none but SQLite"));
}

/// What `stack up --stack kind` keeps, without a cluster.
class SessionInACluster : public Session {
  protected:
    SessionInACluster() {
        ::setenv("XDG_STATE_HOME", (place.path() / "state").c_str(), 1);
        options.stack.stack = "kind";
        keep("conf/verifier/1-base.conf",
             "[verifier]\nmode = push\nquote_interval = 1\ndatabase_url = sqlite\n");
        keep("conf/registrar/1-base.conf", "[registrar]\nip = 0.0.0.0\n");
        for (const char* file : {"ca.pem", "tenant.pem", "tenant.key"})
            keep(file, "PEM");
        stack::StackAddress address;
        address.kind = "kind";
        address.verifier.port = 9;  // discard: nobody has it here
        address.registrar_http.port = address.registrar_tls.port = 9;
        address.ca_file = kind / "ca.pem";
        address.admin_certificate = kind / "tenant.pem";
        address.admin_key = kind / "tenant.key";
        address.keylime_version = "7.14.3";
        keep("infra.json", stack::to_json(address).dump());
    }
    ~SessionInACluster() override { ::unsetenv("XDG_STATE_HOME"); }
    void keep(const std::string& name, const std::string& text) {
        fs::create_directories((kind / name).parent_path());
        place.write("state/pushsim/kind/" + name, text);
    }
    std::string why_not(const scenario::Scenario& one) {
        return session().cannot_play(one).value_or("played");
    }

    const fs::path kind = place.path() / "state" / "pushsim" / "kind";
    scenario::Scenario scenario;
};

TEST_F(SessionInACluster, WhatAClusterCannotBeMadeToIsTheReasonNotToPlay) {
    scenario.stack = {
        .verifier = {{"quote_interval", "60"}}, .workers = 4, .needs = {"log", "database"}, .fresh = true};
    scenario.script = {{.kind = scenario::StepKind::Kill, .servers = {"verifier"}}};
    EXPECT_EQ(why_not(scenario), "played");
    scenario.stack.keylime = ">=7.15";
    EXPECT_EQ(why_not(scenario), "it is for Keylime >=7.15, and this is 7.14.3");
    scenario.stack.keylime.clear();
    scenario.stack.database = "postgresql";
    EXPECT_THAT(why_not(scenario), HasSubstr("brought up with SQLite (`stack up --database postgresql`"));
    keep("conf/verifier/2-database.conf", "[verifier]\ndatabase_url = postgresql://x\n");
    EXPECT_EQ(why_not(scenario), "played");
    scenario.script = {{.kind = scenario::StepKind::CutOff, .servers = {"verifier"}}};
    EXPECT_EQ(why_not(scenario), "played");
    scenario.script = {{.kind = scenario::StepKind::Pause, .servers = {"database"}}};
    EXPECT_THAT(why_not(scenario), HasSubstr("it pauses the database"));
    scenario.script.clear();
    scenario.stack.registrar["tls_port"] = "8891";
    EXPECT_EQ(why_not(scenario), "it wants tls_port for the registrar, which is the cluster's to choose");
    scenario.stack.registrar.clear();
    scenario.groups.push_back({.name = "a", .source = scenario::Source::Own});
    EXPECT_THAT(why_not(scenario), HasSubstr("`source: own`"));
}

TEST_F(SessionInACluster, ServersFitAsTheyAreWhereNothingStaysAndNothingIsWantedOtherwise) {
    scenario.stack.verifier["quote_interval"] = "1";
    EXPECT_TRUE(cli::fits_as_found(options, scenario));
    options.fresh = true;
    EXPECT_FALSE(cli::fits_as_found(options, scenario)) << "--fresh";
    options.fresh = false;
    scenario.stack.verifier["quote_interval"] = "2";
    EXPECT_FALSE(cli::fits_as_found(options, scenario));
    scenario.stack.verifier["quote_interval"] = "1";
    scenario.groups.push_back(
        {.name = "a", .id = {.scheme = scenario::AgentId::Scheme::Literal, .text = "a"}});
    EXPECT_TRUE(cli::fits_as_found(options, scenario)) << "it is taken off again";
    scenario.script = {{.kind = scenario::StepKind::Restart, .servers = {"verifier"}}};
    EXPECT_FALSE(cli::fits_as_found(options, scenario));
    scenario.script = {
        {.kind = scenario::StepKind::Request,
         .request = {.to = "verifier", .by = "admin", .method = "POST", .path = "/v2.6/agents/x"}}};
    EXPECT_FALSE(cli::fits_as_found(options, scenario)) << "nobody takes that off";
}

TEST_F(SessionInACluster, ThatIsNoMoreIsToldByItsPortAndOneThatNeverWasByItsRecord) {
    keep("keylime-infra.kubeconfig", "");
    const auto gone = cli::external_address(options.stack);
    ASSERT_FALSE(gone);
    EXPECT_THAT(gone.error().text(),
                HasSubstr("the cluster keylime-infra is no more, or its node is stopped: nothing "
                          "listens at 127.0.0.1:9"));
    EXPECT_THAT(gone.error().text(), HasSubstr("pushsim stack up --stack kind"));
    fs::remove(kind / "infra.json");
    const auto never = cli::external_address(options.stack);
    ASSERT_FALSE(never);
    EXPECT_EQ(never.error().message, "no cluster is up");
}

}  // namespace
}  // namespace pushsim::testing
