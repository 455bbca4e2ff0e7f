#include "sim/cli/session.hpp"

#include <atomic>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/clock.hpp"
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
    StackSession session{options, place.path() / "run", registry, clock, stacks};
};

TEST_F(Session, ServersThatAreNotOfThisRunAreNotActedOnAndTheReasonIsGiven) {
    options.stack.stack = "external";
    EXPECT_EQ(session.why_not_acted_on(), "an external stack is not ours to stop and start");
    const auto done = session.act(stack::ServerAct::Pause, stack::ServerName::Verifier);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::Usage);
    EXPECT_THAT(done.error().message, HasSubstr("cannot pause the verifier: an external stack"));
    EXPECT_THAT(done.error().mend, HasSubstr("fresh: true"));
    options.stack.stack = "local";
    EXPECT_EQ(session.why_not_acted_on(), "no stack runs") << "nothing was prepared";
}

TEST_F(Session, DatabaseThatCannotBeGivenIsAReasonNotToPlay) {
    options.stack.stack = "external";
    scenario::Scenario scenario;
    scenario::StackOptions& wanted = scenario.stack;
    EXPECT_EQ(session.cannot_play(scenario), std::nullopt);
    wanted.database = "postgresql";
    EXPECT_THAT(session.cannot_play(scenario).value_or("nothing"), HasSubstr("external stack"));

    // A Keylime whose Python has nothing.
    const auto bin = place.path() / "keylime" / "bin";
    fs::create_directories(bin);
    for (const char* server : {"keylime/bin/keylime_verifier", "keylime/bin/keylime_registrar"})
        fs::permissions(place.write(server, "#!" + (bin / "python").string() + "\n"), fs::perms::owner_all);
    fs::permissions(place.write("keylime/bin/python", "#!/bin/sh\necho \"No module named 'psycopg2'\"\n"),
                    fs::perms::owner_all);
    options.stack.stack = "local";
    options.stack.keylime = (place.path() / "keylime").string();
    EXPECT_THAT(session.cannot_play(scenario).value_or("nothing"), HasSubstr("psycopg2"));
    wanted.database = "sqlite";
    EXPECT_EQ(session.cannot_play(scenario), std::nullopt);
}

TEST_F(Session, WhyAnExternalStackWillNotDoIsSaidAndTriesAreMadeThere) {
    options.stack.stack = "external";
    const auto why_not = [&](const scenario::Scenario& scenario) {
        return session.cannot_play(scenario).value_or("played");
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
    EXPECT_EQ(session.cannot_play(scenario), std::nullopt);
    ::setenv("PATH", (place.path() / "nothing").c_str(), 1);
    EXPECT_THAT(session.cannot_play(scenario).value_or("nothing"),
                HasSubstr("it needs measured_boot, and there is no tpm2_eventlog"));
    ::setenv("PATH", path.c_str(), 1);
    scenario.stack.needs = {"database"};
    scenario.stack.database = "postgresql";
    EXPECT_THAT(session.cannot_play(scenario).value_or("nothing"), HasSubstr("none but SQLite"));
}

}  // namespace
}  // namespace pushsim::testing
