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
                              .last_end = ""}));
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

}  // namespace
}  // namespace pushsim::kind
