// What goes on beside us: the watch, the logs and the database's reader, with shell scripts in kubectl's
// place.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "agent/base/files.hpp"
#include "sim/core/clock.hpp"
#include "sim/kind/pod_database.hpp"
#include "sim/kind/pod_logs.hpp"
#include "sim/kind/pod_watch.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Beside : public ::testing::Test {
  protected:
    std::vector<std::string> script(const std::string& text) const { return {"/bin/sh", "-c", text}; }
    bool within(Duration limit, const std::function<bool()>& holds) const {
        for (const Instant end = clock.now() + limit; clock.now() < end; stack::wait_for(milliseconds{10}))
            if (holds()) return true;
        return false;
    }
    static std::string object(const std::string& uid, const std::string& container) {
        return R"({"metadata":{"name":"v-)" + uid + R"(","uid":")" + uid +
               R"(","labels":{"app.kubernetes.io/name":"verifier"}},)"
               R"("status":{"containerStatuses":[{"name":"verifier",)" +
               R"("containerID":")" + container + R"(","state":{"running":{}}}]}})";
    }
    static std::string pod(const std::string& type, const std::string& uid, const std::string& container) {
        return R"({"type":")" + type + R"(","object":)" + object(uid, container) + "}\n";
    }

    const stack::test::TemporaryFolder temporary;
    const fs::path errors = temporary.path() / "errors";
    const std::vector<std::pair<std::string, std::string>> environment{{"PATH", "/usr/bin:/bin"}};
    const core::SystemClock clock{};
};

TEST_F(Beside, WatchKnowsPodsAsTheyComeAndGoAndListsThemAnewWhenKubectlEnds) {
    const fs::path first = temporary.path() / "first", versions = temporary.path() / "versions",
                   go = temporary.path() / "go";
    std::atomic<int> seen = 0;
    // The second list takes until it is told to go on.
    const std::string one =
        "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" + object("a", "c1") + "]}";
    const std::string two =
        "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[" + object("d", "c3") + "]}";
    const PodWatch watch({.list = script("if [ ! -e '" + first.string() + "' ]; then touch '" +
                                         first.string() + "'; echo '" + one + "'; else until [ -e '" +
                                         go.string() + "' ]; do sleep 0.05; done; echo '" + two + "'; fi"),
                          .watch =
                              [&](const std::string& version) {
                                  return script("echo " + version + " >>'" + versions.string() + "'; if [ " +
                                                version + " = 7 ]; then printf '%s' '" +
                                                pod("ADDED", "b", "c2") + pod("DELETED", "a", "c1") +
                                                "'; sleep 1; else exec sleep 100; fi");
                              },
                          .environment = environment,
                          .errors = errors,
                          .seen = [&](const Pod&) { ++seen; }});
    const auto knows = [&](const std::string& uid) {
        const auto pods = watch.of("verifier");
        return pods.size() == 1 && pods[0].uid == uid;
    };
    EXPECT_TRUE(within(seconds{10}, [&] { return knows("b") && watch.settled(); }));
    EXPECT_TRUE(within(seconds{10}, [&] { return !watch.settled(); }));
    stack::wait_for(seconds{1});
    EXPECT_FALSE(watch.settled()) << "nothing has been listed since";
    EXPECT_TRUE(knows("b")) << "it may be there";
    std::ofstream(go) << "";
    EXPECT_TRUE(within(seconds{10}, [&] { return watch.settled(); }));
    EXPECT_TRUE(knows("d")) << "what the one before knew is not known any more";
    EXPECT_TRUE(within(seconds{10}, [&] { return read_file(versions) == "7\n9\n"; }));
    EXPECT_EQ(seen, 3);
    EXPECT_TRUE(watch.of("registrar").empty());
}

TEST_F(Beside, WatchIsNotSettledByAListThatIsNone) {
    const PodWatch watch({.list = script("echo '{\"items\":'"),
                          .watch = [&](const std::string&) { return script("exec sleep 100"); },
                          .environment = environment,
                          .errors = errors,
                          .seen = [](const Pod&) {}});
    EXPECT_FALSE(within(seconds{1}, [&] { return watch.settled(); }));
}

TEST_F(Beside, LogOfEachContainerIsFollowedOnceAndGoesOnAfterAnEndOfKubectl) {
    const fs::path file = temporary.path() / "verifier.log", calls = temporary.path() / "calls";
    std::atomic<bool> runs = true;
    {
        PodLogs logs({.command =
                          [&](const Pod& pod, const std::string& how) {
                              return script("echo '" + pod.name + " " + how + "' >>'" + calls.string() +
                                            "'; echo '" + pod.name + "'");
                          },
                      .environment = environment,
                      .errors = errors,
                      .runs = [&](const Pod& pod) { return pod.container == "c1" && runs; },
                      .clock = clock});
        const Pod one{.name = "v-1", .uid = "1", .server = "verifier", .container = "c1"};
        logs.follow(one, file, true);
        logs.follow(one, file, true);
        EXPECT_TRUE(within(seconds{10}, [&] { return read_file(file) == "v-1\nv-1\n"; })) << read_file(file);
        runs = false;
        logs.follow({.name = "v-2", .uid = "2", .server = "verifier", .container = "c2"}, file, false);
        EXPECT_TRUE(within(seconds{10}, [&] { return read_file(file).ends_with("v-2\n"); }))
            << read_file(file);
    }
    EXPECT_THAT(read_file(calls), HasSubstr("v-1 --tail=0\nv-1 --since-time=2"));
    EXPECT_THAT(read_file(calls), HasSubstr("v-2 --tail=-1\n"));
}

TEST_F(Beside, LogOfAContainerThatWasNotSeenForAWhileGoesOnWhereItEnded) {
    const fs::path file = temporary.path() / "verifier.log", calls = temporary.path() / "calls";
    std::atomic<bool> runs = false;
    std::atomic<int> ends = 0;
    PodLogs logs({.command =
                      [&](const Pod&, const std::string& how) {
                          return script("echo '" + how + "' >>'" + calls.string() + "'; echo line");
                      },
                  .environment = environment,
                  .errors = errors,
                  .runs = [&](const Pod&) { return ++ends, runs.load(); },
                  .clock = clock});
    const Pod one{.name = "v-1", .uid = "1", .server = "verifier", .container = "c1"};
    logs.follow(one, file, false);
    ASSERT_TRUE(within(seconds{10}, [&] { return ends == 1; }));
    runs = true;
    logs.follow(one, file, false);
    EXPECT_TRUE(within(seconds{10}, [&] { return ends >= 2; }));
    EXPECT_THAT(read_file(calls), ::testing::StartsWith("--tail=-1\n--since-time=2"));
}

TEST_F(Beside, LogFromNowOnLosesNothingWhereTheFirstKubectlCannotBegin) {
    const fs::path calls = temporary.path() / "calls";
    PodLogs logs({.command =
                      [&](const Pod&, const std::string& how) {
                          return script("echo '" + how + "' >>'" + calls.string() + "'; exit 1");
                      },
                  .environment = environment,
                  .errors = errors,
                  .runs = [](const Pod&) { return true; },
                  .clock = clock});
    logs.follow({.name = "v-1", .uid = "1", .server = "verifier", .container = "c1"},
                temporary.path() / "verifier.log", true);
    EXPECT_TRUE(within(seconds{10}, [&] { return read_file(calls).find("since") != std::string::npos; }));
    EXPECT_THAT(read_file(calls), ::testing::StartsWith("--tail=0\n--since-time=2"));
}

class InThePod : public Beside {
  protected:
    InThePod() {
        sqlite3* base = nullptr;
        sqlite3_open(file.c_str(), &base);
        const char* const text =
            "CREATE TABLE attestations (agent_id TEXT, \"index\" INTEGER, stage TEXT, evaluation TEXT, "
            "failure_reason TEXT, capabilities_received_at TEXT, challenges_expire_at TEXT, "
            "evidence_received_at TEXT);"
            "CREATE TABLE verifiermain (agent_id TEXT, ak_tpm TEXT);"
            "INSERT INTO attestations VALUES ('one', 3, 'verification_complete', 'fail', 'policy_violation', "
            "'2026-11-23T21:19:17.899755+00:00', NULL, NULL);"
            "INSERT INTO verifiermain VALUES ('one', 'AQI=');";
        EXPECT_EQ(sqlite3_exec(base, text, nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(base);
    }
    PodDatabasePlace place(const std::string& pod) const {
        return {pod,
                {"/usr/bin/env", "python3", "-u", "-c", pod_database_script("sqlite:///" + file.string())}};
    }

    const fs::path file = temporary.path() / "verifier.sqlite";
};

TEST_F(InThePod, DatabaseIsReadByWhatKeylimesPythonAnswers) {
    const auto base = pod_database({.place = [&]() -> Result<PodDatabasePlace> { return place("a"); },
                                    .environment = environment,
                                    .errors = errors,
                                    .clock = clock});
    const auto found = base->attestation("one", 3);
    ASSERT_TRUE(found) << found.error().text() << read_file(errors);
    ASSERT_TRUE(*found);
    EXPECT_EQ((*found)->evaluation, "fail");
    EXPECT_EQ((*found)->failure_reason, "policy_violation");
    EXPECT_EQ(to_rfc3339(*(*found)->capabilities_received_at), "2026-11-23T21:19:17.899755Z");
    EXPECT_EQ((*found)->evidence_received_at, std::nullopt);
    EXPECT_EQ(*base->attestation("one", 4), std::nullopt);
    EXPECT_EQ(*base->attestation("one' OR '1'='1", 3), std::nullopt);
    EXPECT_EQ(*base->enrolled_ak("one"), "AQI=");
    EXPECT_EQ(*base->enrolled_ak("two"), std::nullopt);
}

TEST_F(InThePod, WhatCannotBeReadIsSaidAndAskedAnewOfAnotherPod) {
    std::string pod = "gone";
    const auto base = pod_database({.place = [&]() -> Result<PodDatabasePlace> {
                                        if (pod == "none") return fail(ErrorKind::Stack, "it has no pod now");
                                        if (pod == "gone")
                                            return PodDatabasePlace{pod, script("echo 'no such pod' >&2")};
                                        return place(pod);
                                    },
                                    .environment = environment,
                                    .errors = errors,
                                    .clock = clock});
    const auto why = [&] {
        const auto found = base->attestation("one", 3);
        return found ? "" : found.error().message;
    };
    EXPECT_THAT(why(), HasSubstr("cannot be read by kubectl exec: " + errors.string()));
    EXPECT_EQ(read_file(errors), "no such pod\n");
    pod = "none";
    EXPECT_EQ(why(), "it has no pod now");
    pod = "new";
    EXPECT_EQ(why(), "");
    fs::remove(file);
    EXPECT_THAT(why(), HasSubstr("the verifier's database: unable to open database file"));
}

TEST_F(InThePod, OneThatSaysNothingIsNotWaitedForForLong) {
    const auto base = pod_database({.place = [&]() -> Result<PodDatabasePlace> {
                                        return PodDatabasePlace{"a", script("exec sleep 100")};
                                    },
                                    .environment = environment,
                                    .errors = errors,
                                    .limit = milliseconds{300},
                                    .clock = clock});
    const auto found = base->enrolled_ak("one");
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, HasSubstr("not read within"));
}

TEST(PodAnswers, HaveTheirForm) {
    EXPECT_EQ(*parse_pod_answer("[null]"), std::nullopt);
    EXPECT_THAT(**parse_pod_answer(R"([["a", ""]])"), ElementsAre("a", ""));
    EXPECT_THAT(parse_pod_answer(R"("no such table")").error().message, HasSubstr("no such table"));
    EXPECT_FALSE(parse_pod_answer("Traceback"));
    EXPECT_FALSE(parse_pod_answer("{}"));
}

}  // namespace
}  // namespace pushsim::kind
