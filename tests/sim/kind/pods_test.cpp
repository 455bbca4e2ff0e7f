#include "sim/kind/pods.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::kind {
namespace {

using ::testing::HasSubstr;

/// As kubectl writes one: what we look at, of what a real cluster said.
std::string event(const std::string& type, const std::string& metadata, const std::string& status) {
    return R"({"type":")" + type +
           R"(","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"verifier-5cb7-w59vw",)" +
           R"("uid":"beb2fece","labels":{"app.kubernetes.io/name":"verifier","pod-template-hash":"5cb7"})" +
           metadata + R"(},"status":{)" + status + "}}}";
}
const std::string kRunning = R"("phase":"Running","conditions":[{"type":"Ready","status":"True"}],)"
                             R"("containerStatuses":[{"name":"verifier",)"
                             R"("containerID":"containerd://0ba2","restartCount":0,"lastState":{},)"
                             R"("state":{"running":{"startedAt":"x"}}}])";

TEST(Pods, OneThatRunsAndIsReadyIsToldWithItsContainer) {
    const auto seen = parse_pod_event(event("ADDED", "", kRunning));
    ASSERT_TRUE(seen);
    EXPECT_FALSE(seen->gone);
    EXPECT_EQ(seen->pod, (Pod{.name = "verifier-5cb7-w59vw",
                              .uid = "beb2fece",
                              .server = "verifier",
                              .leaving = false,
                              .ready = true,
                              .container = "containerd://0ba2",
                              .trouble = "",
                              .last_end = "",
                              .restarts = 0}));
}

TEST(Pods, OneThatWasToldToEndIsLeavingAndADeletedOneIsGone) {
    const std::string told = R"(,"deletionTimestamp":"2026-11-28T14:16:56Z")";
    const auto leaving = parse_pod_event(event("MODIFIED", told, kRunning));
    ASSERT_TRUE(leaving);
    EXPECT_TRUE(leaving->pod.leaving);
    EXPECT_FALSE(leaving->gone);
    EXPECT_TRUE(parse_pod_event(event("DELETED", told, kRunning))->gone);
}

TEST(Pods, OneWhoseContainerHasEndedHasNoneAndSaysHow) {
    const auto seen = parse_pod_event(
        event("MODIFIED", "",
              R"("conditions":[{"type":"Ready","status":"False"}],"containerStatuses":[{"name":"verifier",)"
              R"("containerID":"containerd://0ba2","lastState":{},"state":{"terminated":{"exitCode":1,)"
              R"("reason":"Error"}}}])"));
    ASSERT_TRUE(seen);
    EXPECT_FALSE(seen->pod.ready);
    EXPECT_EQ(seen->pod.container, "");
    EXPECT_EQ(seen->pod.last_end, "exit code 1 (Error)");
}

TEST(Pods, WhyOneDoesNotRunIsToldInKubernetesWordsWithAWayOut) {
    const auto why = [](const std::string& status) {
        const auto seen = parse_pod_event(event("MODIFIED", "", status));
        return seen ? not_ready(seen->pod, "20.0 s", "", "").text() : "no event";
    };
    const std::string no_image =
        why(R"("containerStatuses":[{"name":"verifier","state":{"waiting":{"reason":"ErrImagePull",)"
            R"("message":"not found"}}}])");
    EXPECT_THAT(
        no_image,
        HasSubstr(
            "the verifier's pod verifier-5cb7-w59vw was not ready after 20.0 s: ErrImagePull: not found"));
    EXPECT_THAT(no_image, HasSubstr("mend: `pushsim stack up --stack kind` loads the images"));
    const std::string no_room =
        why(R"("conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable",)"
            R"("message":"0/1 nodes"}])");
    EXPECT_THAT(no_room, HasSubstr("Unschedulable: 0/1 nodes"));
    EXPECT_THAT(no_room, HasSubstr("the node has no room"));
    const std::string crashes =
        why(R"("containerStatuses":[{"name":"verifier","lastState":{"terminated":{"exitCode":137,)"
            R"("reason":"OOMKilled"}},)"
            R"("state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 10s"}}}])");
    EXPECT_THAT(
        crashes,
        HasSubstr("CrashLoopBackOff: back-off 10s; its container ended with exit code 137 (OOMKilled)"));
    EXPECT_THAT(crashes, HasSubstr("no more memory than its limit"));
    EXPECT_THAT(why(R"("containerStatuses":[{"name":"verifier",)"
                    R"("state":{"waiting":{"reason":"ContainerCreating"}}}])"),
                HasSubstr("its container has not been started"));
    EXPECT_THAT(
        why(R"("initContainerStatuses":[{"name":"wait-for-database","state":{"waiting":)"
            R"({"reason":"CreateContainerConfigError","message":"secret \"postgresql\" not found"}}}])"),
        HasSubstr("secret \"postgresql\" not found"));
}

TEST(Pods, WhatTheLogSaidLastIsThere) {
    Pod pod{.name = "registrar-1", .uid = "u", .server = "registrar", .container = "containerd://1"};
    EXPECT_THAT(
        not_ready(pod, "120.0 s", "Traceback\nOSError: [Errno 98] Address already in use\n", "runs/r.log")
            .text(),
        HasSubstr(
            "it runs, and does not answer; its log (runs/r.log) ends with: its port is taken: OSError"));
}

TEST(Pods, WhatIsNoEventIsLeftOut) {
    EXPECT_FALSE(parse_pod_event(""));
    EXPECT_FALSE(parse_pod_event("Unable to connect to the server: EOF"));
    EXPECT_FALSE(parse_pod_event(R"({"type":"ERROR","object":{"kind":"Status","code":410}})"));
    EXPECT_FALSE(
        parse_pod_event(R"({"type":"ADDED","object":{"metadata":{"name":"x","uid":"y"},"status":7}})"));
    EXPECT_FALSE(parse_pod_event(R"([1, "x"])"));
    EXPECT_FALSE(parse_pod_event(event("ADDED", "", kRunning).substr(0, 200)));
}

/// A Deployment as kubectl lists one, with so many pods wanted.
std::string deployment(const std::string& name, int wanted) {
    return R"({"kind":"Deployment","metadata":{"name":")" + name +
           R"(","uid":"d","labels":{"app.kubernetes.io/name":")" + name + R"("}},"spec":{"replicas":)" +
           std::to_string(wanted) + "}}";
}
/// A pod in such a list.
std::string pod_item(const std::string& server, const std::string& status, const std::string& metadata = "") {
    return R"({"kind":"Pod","metadata":{"name":")" + server + R"(-1","uid":"u-)" + server +
           R"(","labels":{"app.kubernetes.io/name":")" + server + R"("})" + metadata + R"(},"status":{)" +
           status + "}}";
}
std::string list_of(const std::vector<std::string>& items) {
    std::string text = R"({"apiVersion":"v1","kind":"List","items":[)";
    for (std::size_t i = 0; i < items.size(); ++i)
        text += (i == 0 ? "" : ",") + items[i];
    return text + "]}";
}
std::string running(const std::string& server, bool ready, int restarts) {
    return R"("conditions":[{"type":"Ready","status":")" + std::string(ready ? "True" : "False") +
           R"("}],"containerStatuses":[{"name":")" + server +
           R"(","containerID":"containerd://1","restartCount":)" + std::to_string(restarts) +
           R"(,"state":{"running":{}}}])";
}

TEST(ServersSeen, EachHasItsPodsAndIsReadyWhereAsManyAreAsAreWanted) {
    const auto seen = parse_servers(list_of({deployment("verifier", 1), deployment("registrar", 2),
                                             pod_item("registrar", running("registrar", true, 0)),
                                             pod_item("verifier", running("verifier", true, 3))}));
    ASSERT_TRUE(seen) << seen.error().text();
    ASSERT_EQ(seen->size(), 2U);
    const ServerSeen& registrar = seen->front();
    EXPECT_EQ(registrar.server, "registrar");
    EXPECT_FALSE(registrar.is_ready());
    EXPECT_EQ(registrar.state(), "it has fewer pods than it is to have");
    const ServerSeen& verifier = seen->back();
    EXPECT_TRUE(verifier.is_ready());
    EXPECT_EQ(verifier.state(), "ready");
    EXPECT_EQ(verifier.mend(), "");
    ASSERT_EQ(verifier.pods.size(), 1U);
    EXPECT_EQ(verifier.pods.front().restarts, 3);
}

TEST(ServersSeen, OneThatIsNotReadySaysWhyAndTheWayOut) {
    const auto one = [](const std::vector<std::string>& items) {
        const auto seen = parse_servers(list_of(items));
        return seen && seen->size() == 1 ? seen->front() : ServerSeen{.server = "none"};
    };
    const auto stopped = one({deployment("verifier", 0)});
    EXPECT_EQ(stopped.state(), "stopped: it is scaled to 0");
    EXPECT_THAT(stopped.mend(), HasSubstr("pushsim stack up --stack kind"));
    const std::string told = R"(,"deletionTimestamp":"2026-11-28T14:16:56Z")";
    const auto without =
        one({deployment("verifier", 1), pod_item("verifier", running("verifier", true, 0), told)});
    EXPECT_EQ(without.state(), "it has no pod");
    EXPECT_THAT(without.mend(), HasSubstr("describe deployment/verifier"));
    const auto crashes =
        one({deployment("verifier", 1),
             pod_item(
                 "verifier",
                 R"("containerStatuses":[{"name":"verifier","restartCount":5,"lastState":{"terminated":)"
                 R"({"exitCode":1,"reason":"Error"}},"state":{"waiting":{"reason":"CrashLoopBackOff"}}}])")});
    EXPECT_EQ(crashes.state(), "CrashLoopBackOff; its container ended with exit code 1 (Error)");
    EXPECT_EQ(
        crashes.mend(),
        "it ends each time it is started: its log says why, mostly an option of its own; pushsim stack logs "
        "verifier --stack kind");
    const auto begins = one({deployment("verifier", 1), pod_item("verifier", running("verifier", false, 0))});
    EXPECT_EQ(begins.state(), "it runs, and does not answer yet");
}

TEST(ServersSeen, WarningsBeforeTheListAreLeftOutAndWhatIsNoneIsAnError) {
    EXPECT_TRUE(parse_servers("Warning: v1 is old\n" + list_of({deployment("verifier", 1)})));
    EXPECT_TRUE(parse_servers(list_of({}))->empty());
    for (const char* text : {"", "Unable to connect to the server: EOF", "[]", R"({"items":7})"})
        EXPECT_FALSE(parse_servers(text)) << text;
    EXPECT_TRUE(parse_servers(R"({"items":[7,{"kind":"Pod"},null]})")->empty());
}

}  // namespace
}  // namespace pushsim::kind
