// `--stack kind` at a real cluster, which all tests here share: what a run does to its servers, and that they
// are afterwards as they were.

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<Place> place;

/// The cluster, brought up once, and taken down whatever comes.
class OneCluster : public ::testing::Environment {
  public:
    void SetUp() override {
        if (std::getenv("PUSHSIM_KIND_TESTS") == nullptr)
            GTEST_SKIP() << "kind tests are skipped: they make a cluster, scripts/test-kind runs them";
        place = std::make_unique<Place>();
        const Ended up = pushsim(*place, {"stack", "up", "--stack", "kind"});
        ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
        std::printf("the cluster was up after %.1f s\n", static_cast<double>(up.took.count()) / 1000);
    }
    void TearDown() override {
        if (!place) return;
        const Ended down = pushsim(*place, {"stack", "down", "--stack", "kind"});
        EXPECT_EQ(down.exit_code, 0) << down.out << down.err;
        place.reset();
    }
};
const auto* const one_cluster = ::testing::AddGlobalTestEnvironment(new OneCluster);

Ended run_kind(std::vector<std::string> words) {
    words.insert(words.end(), {"--stack", "kind"});
    const Ended ended = pushsim(*place, words);
    std::printf("%s: %.1f s\n", words[1].c_str(), static_cast<double>(ended.took.count()) / 1000);
    return ended;
}

Ended kubectl_ended(const std::string& words) {
    const fs::path folder = place->path() / "state" / "pushsim" / "kind";
    return shell(*place, "kubectl --kubeconfig='" + (folder / "keylime-infra.kubeconfig").string() +
                             "' --cache-dir='" + (folder / "test-cache").string() +
                             "' --request-timeout=30s -n keylime " + words + " 2>&1");
}

std::string kubectl(const std::string& words) {
    return kubectl_ended(words).out;
}

/// What a run must not have changed when it is over. Two failures are not alike.
std::string spec_of_servers() {
    std::string all;
    for (const char* words :
         {"get deployment verifier registrar -o jsonpath='{range .items[*]}{.spec.replicas}"
          "{.spec.template.spec.volumes[0]}{.spec.template.spec.containers[0].args}{end}'",
          "get configmap -l pushsim.run -o name",
          "exec deployment/verifier -c verifier -- ls /var/lib/keylime",
          "exec deployment/registrar -c registrar -- ls /var/lib/keylime"}) {
        const Ended said = kubectl_ended(words);
        EXPECT_EQ(said.exit_code, 0) << words << ": " << said.out;
        all += said.out;
    }
    EXPECT_THAT(all, AllOf(HasSubstr("configMap"), HasSubstr(".sqlite")));
    return all;
}

/// What the node does with packets before they come to a pod.
std::string rules_of_node() {
    return shell(*place,
                 "docker exec keylime-infra-control-plane iptables -t raw "
                 "-S PREROUTING")
        .out;
}

std::vector<json> history() {
    std::vector<json> lines;
    std::istringstream text(place->read("runs/latest/history.jsonl"));
    for (std::string line; std::getline(text, line);)
        lines.push_back(json::parse(line));
    return lines;
}

const char* const kOneAgent =
    "agents: { a: { enrol: { tpm_policy: { from_boot: [7] } } } }\n"
    "expect: [accounted, verdict_sources_agree]\n";

std::string play(const std::string& name, const std::string& stack, const std::string& script) {
    const std::string file = name + ".yaml";
    place->write(file, "scenario: " + name + "\ntitle: Test\nstack: { " + stack + " }\n" + kOneAgent +
                           "script:\n" + script);
    return file;
}

class KindStack : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(place);
        fs::remove_all(place->path() / "runs");  // of the test before
    }
};

/// What a container has that it does not need, or lacks.
std::string too_much_of(const json& container) {
    std::string wrong;
    const std::string name = container.at("name");
    const auto want = [&](bool holds, const std::string& what) {
        if (!holds) wrong += name + ": " + what + "; ";
    };
    const std::string image = container.at("image");
    const auto tag = image.rfind(':');
    want(tag != std::string::npos && image.substr(tag) != ":latest", "image " + image);
    const json security = container.value("securityContext", json::object());
    want(!security.value("privileged", false), "privileged");
    want(!security.value("allowPrivilegeEscalation", true), "allowPrivilegeEscalation");
    want(security.value("readOnlyRootFilesystem", false), "writes to its root file system");
    want(security.value("capabilities", json::object()) == json{{"drop", {"ALL"}}}, "capabilities");
    const json resources = container.value("resources", json::object());
    for (const char* bound : {"requests", "limits"})
        for (const char* of : {"cpu", "memory"})
            want(resources.contains(bound) && resources.at(bound).contains(of),
                 std::string("no ") + bound + " of " + of);
    return wrong;
}

std::string too_much_in(const json& pod) {
    std::string wrong;
    for (const char* shared : {"hostNetwork", "hostPID", "hostIPC"})
        if (pod.value(shared, false)) wrong += std::string(shared) + "; ";
    if (pod.value("automountServiceAccountToken", true)) wrong += "a service account's token; ";
    if (!pod.value("securityContext", json::object()).value("runAsNonRoot", false)) wrong += "may be root; ";
    for (const char* list : {"initContainers", "containers"})
        for (const json& container : pod.value(list, json::array()))
            wrong += too_much_of(container);
    return wrong;
}

TEST_F(KindStack, EachManifestIsTakenByKubernetesAndAsksForNoMoreRightsThanItNeeds) {
    const std::string folder = std::string(PUSHSIM_SOURCE_DIR) + "/kind/";
    for (const auto& [words, pods] : {std::pair{"apply -k " + folder + "infra/sqlite", 3},
                                      {"apply -k " + folder + "infra/postgresql", 4},
                                      {"apply -k " + folder + "infra/two-verifiers", 4},
                                      {"apply -k " + folder + "agents/base", 1},
                                      {"apply -k " + folder + "agents/swtpm", 1},
                                      {"apply -k " + folder + "agents/fleet", 1},
                                      {"create -f " + folder + "infra/tenant-job.yaml", 1}}) {
        const std::string said = kubectl(words + " --dry-run=server -o json");
        const std::size_t begin = said.starts_with('{') ? 0 : said.find("\n{") + 1;
        const json taken = json::parse(said.substr(begin), nullptr, false);
        ASSERT_TRUE(taken.is_object()) << words << ": " << said;
        int found = 0;
        for (const json& one : taken.contains("items") ? taken.at("items") : json::array({taken})) {
            const json::json_pointer pod("/spec/template/spec");
            if (!one.contains(pod)) continue;
            ++found;
            EXPECT_EQ(too_much_in(one.at(pod)), "") << words << ": " << one.at("metadata").value("name", "");
        }
        EXPECT_EQ(found, pods) << words;
    }
}

TEST_F(KindStack, ServersThatFitAreUsedAsTheyAreAndReasonsAreJudgedByLogAndDatabase) {
    const std::string pods = kubectl("get pods -o name");
    const Ended run = run_kind({"run", scenario_file("reproduce/pcr-mismatch")});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("FAIL policy_violation, as expected"));
    EXPECT_EQ(kubectl("get pods -o name"), pods);
    int all_three = 0;
    for (const json& line : history()) {
        if (line.at("kind") != "verdict" || !line.contains("log")) continue;
        if (line.at("log").dump().find("policy_violation") != std::string::npos &&
            line.at("database").dump().find("policy_violation") != std::string::npos &&
            line.at("record").dump().find("fail") != std::string::npos)
            ++all_three;
    }
    EXPECT_GT(all_three, 0);
    EXPECT_THAT(place->read("runs/latest/stack/verifier.log"), HasSubstr("failed verification"));
}

TEST_F(KindStack, ServersAreStoppedKilledPausedAndStartedAndWhatThatTookIsMeasured) {
    const std::string before = spec_of_servers();
    const std::string file = play("acts", "verifier: { quote_interval: 3s }",
                                  "  - attest: a\n    expect: { verdict: pass }\n"
                                  "  - restart: verifier\n"
                                  "  - attest: a\n    expect: { verdict: pass }\n"
                                  "  - kill: verifier\n"
                                  "  - request: { by: nobody, path: /version }\n"
                                  "    expect: { response: { status: \"100-599\" }, exactly: 0 }\n"
                                  "  - start: verifier\n"
                                  "  - stop: registrar\n  - start: registrar\n"
                                  "  - pause: { servers: verifier, for: 1s }\n"
                                  "  - attest: a\n    expect: { verdict: pass }\n");
    const Ended run = run_kind({"run", file});
    std::string acts;
    for (const json& line : history()) {
        if (line.at("kind") == "stack")
            acts += line.value("what", "") + " | " + line.value("text", "") + "\n";
    }
    std::printf("%s", acts.c_str());
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(acts, ::testing::ContainsRegex(
                          "started \\| registrar: pod [^ ]* ready after [0-9.]+ s, answers after"));
    EXPECT_THAT(acts, ::testing::ContainsRegex(
                          "the verifier was restarted: pod [^ ]* ended after [0-9.]+ s, pod [^ ]* "
                          "ready after [0-9.]+ s, answers after [0-9.]+ s"));
    EXPECT_THAT(acts, ::testing::ContainsRegex(
                          "the verifier was killed: pod [^ ]* killed after [0-9.]+ s, gone after"));
    EXPECT_THAT(acts, ::testing::ContainsRegex("the registrar was stopped: pod [^ ]* ended after [0-9.]+ s"));
    EXPECT_THAT(acts, HasSubstr("resume | the verifier was resumed"));
    EXPECT_EQ(spec_of_servers(), before);
}

TEST_F(KindStack, ServerIsCutOffForAWhileAndStartedWithANewCertificate) {
    const auto serial = [] {
        return shell(*place,
                     "openssl s_client -connect 127.0.0.1:30881 </dev/null 2>/dev/null | openssl x509 -noout "
                     "-serial")
            .out;
    };
    const std::string before = serial();
    const std::string file = play("cut", "verifier: { quote_interval: 1s }",
                                  "  - attest: a\n    expect: { verdict: pass }\n"
                                  "  - together:\n"
                                  "      - cut_off: { servers: verifier, for: 8s }\n"
                                  "      - request: { by: nobody, path: /version }\n"
                                  "        after: 2s\n"
                                  "  - request: { by: nobody, path: /version }\n"
                                  "    expect: { response: { status: 410 } }\n"
                                  "  - renew_certificate: verifier\n"
                                  "  - attest: a\n    expect: { verdict: pass }\n");
    const Ended run = run_kind({"run", file});
    std::string acts;
    std::int64_t cut = 0, again = 0;
    std::vector<std::int64_t> answered;
    for (const json& line : history()) {
        const auto at = line.at("t").get<std::int64_t>();
        if (line.at("kind") == "stack")
            acts += line.value("what", "") + " | " + line.value("text", "") + "\n";
        if (line.value("what", "") == "cut_off") cut = at;
        if (line.value("what", "") == "reconnect") again = at;
        if (line.at("kind") == "exchange") answered.push_back(at);
    }
    std::printf("%s", acts.c_str());
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(acts, HasSubstr("the verifier was cut off: its node drops what comes for port 30881"));
    EXPECT_THAT(acts, HasSubstr("the verifier was reconnected"));
    EXPECT_GE(again - cut, 7'000'000);
    EXPECT_TRUE(std::ranges::none_of(answered, [&](std::int64_t at) { return at > cut && at < again; }))
        << "what was asked after 2 s had no answer before";
    EXPECT_THAT(serial(), Not(::testing::AnyOf(before, "")));
    EXPECT_THAT(
        acts,
        HasSubstr("the verifier was started again with a new certificate: its certificate has the serial"));
}

TEST_F(KindStack, OptionsAreWhatAScenarioWantsAndItsDatabasesNewAndAllIsPutBackAfterwards) {
    const std::string before = spec_of_servers();
    // An agent of somebody else's, whom a run in databases of its own does not touch.
    Program agent(*place, {"agent", "--id", "stays", "--stack", "kind"});
    ASSERT_TRUE(becomes([] {
        return pushsim(*place, {"tenant", "list", "--stack", "kind"}).out.find("stays") != std::string::npos;
    }));
    agent.signal(SIGINT);
    agent.wait();
    const std::string file =
        play("options", "fresh: true, needs: [log, database], verifier: { quote_interval: 60s }",
             "  - attest: a\n    expect: { verdict: pass }\n");
    const std::string other =
        play("other", "workers: 4, verifier: { quote_interval: 2s, session_lifetime: null }",
             "  - attest: a\n    expect: { verdict: pass }\n");
    const Ended run = run_kind({"run", file, other});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("2 scenarios: 2 as expected"));
    EXPECT_THAT(run.err, HasSubstr("putting the cluster keylime-infra back"));
    EXPECT_THAT(run.err, HasSubstr("3 roll-outs"));
    EXPECT_THAT(place->read("runs/latest/stack/etc/verifier.conf"), HasSubstr("quote_interval = 60\n"));
    EXPECT_THAT(place->read("runs/latest/stack-2/etc/verifier.conf"),
                AllOf(HasSubstr("max_workers = 4\n"), Not(HasSubstr("session_lifetime"))));
    EXPECT_EQ(spec_of_servers(), before);
    const Ended list = pushsim(*place, {"tenant", "list", "--stack", "kind"});
    EXPECT_THAT(list.out, HasSubstr("stays"));
    EXPECT_THAT(list.out, HasSubstr("pushsim tenant add stays --from-boot 0,7 --stack kind"));
    pushsim(*place, {"tenant", "delete", "stays", "--registration", "--stack", "kind"});
    EXPECT_THAT(pushsim(*place, {"tenant", "list", "--stack", "kind"}).out,
                HasSubstr("pushsim agent --id ID --stack kind starts one"));
}

TEST_F(KindStack, InterruptedWhileTheServersAreMadeAnewTheyArePutBack) {
    const std::string before = spec_of_servers();
    const std::string file =
        play("interrupted", "fresh: true, verifier: { quote_interval: 1s }", "  - attest: a\n");
    Program run(*place, {"run", file, "--stack", "kind"});
    EXPECT_TRUE(becomes([] { return kubectl("get configmap -l pushsim.run -o name").find("run-") == 10; }));
    run.signal(SIGINT);
    const Ended ended = run.wait();
    std::printf("Ctrl-C: put back %.1f s after the start\n", static_cast<double>(ended.took.count()) / 1000);
    EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
    EXPECT_EQ(spec_of_servers(), before);
}

TEST_F(KindStack, WhatAKilledRunLeftIsPutBackByTheNextOrByStackClean) {
    const std::string before = spec_of_servers();
    const std::string file =
        play("killed", "fresh: true, verifier: { quote_interval: 1s }", "  - wait: 60s\n");
    const auto kill_one = [&] {
        fs::remove_all(place->path() / "runs");
        Program run(*place, {"run", file, "--stack", "kind"});
        EXPECT_TRUE(becomes([] {
            return fs::exists(place->path() / "runs" / "latest" / "stack" / "verifier.log") &&
                   place->read("runs/latest/history.jsonl").find("\"started\"") != std::string::npos;
        }));
        // Another that would change the servers is told.
        const Ended second = pushsim(*place, {"run", file, "--stack", "kind"});
        EXPECT_EQ(second.exit_code, 2) << second.err;
        EXPECT_THAT(second.err, HasSubstr("the cluster keylime-infra is in use by process"));
        run.signal(SIGKILL);
        run.wait();
    };
    kill_one();
    EXPECT_NE(spec_of_servers(), before);
    const Ended next = run_kind({"run", scenario_file("honest-agent")});
    EXPECT_EQ(next.exit_code, 0) << next.out << next.err;
    EXPECT_THAT(next.err, HasSubstr("a run that was killed has left the cluster changed"));
    EXPECT_EQ(spec_of_servers(), before);
    kill_one();
    const Ended clean = pushsim(*place, {"stack", "clean"});
    EXPECT_THAT(clean.out, HasSubstr("put the cluster keylime-infra back as it was"));
    EXPECT_EQ(spec_of_servers(), before);
}

TEST_F(KindStack, WhatARunLeftThatWasKilledWhileAServerWasCutOffIsMendedByStackUp) {
    const std::string before = spec_of_servers();
    const std::string file = play("cut-and-killed", "verifier: { quote_interval: 1s }",
                                  "  - cut_off: { servers: verifier, for: 60s }\n");
    Program run(*place, {"run", file, "--stack", "kind"});
    EXPECT_TRUE(becomes([] { return rules_of_node().find("30881") != std::string::npos; }));
    run.signal(SIGKILL);
    run.wait();
    EXPECT_NE(spec_of_servers(), before);
    const Ended up = run_kind({"stack", "up"});
    EXPECT_EQ(up.exit_code, 0) << up.out << up.err;
    EXPECT_THAT(rules_of_node(), AllOf(HasSubstr("PREROUTING"), Not(HasSubstr("pushsim"))));
    EXPECT_EQ(spec_of_servers(), before);
    EXPECT_THAT(pushsim(*place, {"stack", "status", "--stack", "kind"}).out,
                Not(HasSubstr("a run has made the servers anew")));
}

TEST_F(KindStack, PodThatIsDeletedInMidRunIsNamed) {
    const std::string file = play("deleted", "verifier: { quote_interval: 1s }",
                                  "  - attest: a\n    expect: { verdict: pass }\n  - wait: 60s\n");
    Program run(*place, {"run", file, "--stack", "kind"});
    EXPECT_TRUE(becomes(
        [] { return place->read("runs/latest/history.jsonl").find("\"verdict\"") != std::string::npos; }));
    for (int i = 0; i < 150; ++i)
        short_pause();
    kubectl("delete pod -l app.kubernetes.io/name=verifier --grace-period=0 --force");
    const Ended ended = run.wait();
    EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
    EXPECT_THAT(ended.err, ::testing::ContainsRegex(
                               "the verifier's pod verifier-[a-z0-9-]* ended in mid-run: it was deleted"));
    EXPECT_LT(ended.took.count(), 30000);
    kubectl("rollout status deployment/verifier --timeout=60s");
}

TEST_F(KindStack, PodThatNeverGetsReadyIsNamedWithItsReasonAndAWayOut) {
    kubectl("set image deployment/verifier verifier=pushsim-nothing:1");
    const Ended run = run_kind({"run", scenario_file("reproduce/pcr-mismatch")});
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err,
                ::testing::ContainsRegex("the verifier's pod verifier-[a-z0-9-]* was not ready after"));
    EXPECT_THAT(run.err, ::testing::ContainsRegex("(ErrImage|ImagePull)"));
    EXPECT_THAT(run.err, HasSubstr("mend: `pushsim stack up --stack kind` loads the images"));
    kubectl("rollout undo deployment/verifier");
    kubectl("delete pod -l app.kubernetes.io/name=verifier --grace-period=0 --force");
    EXPECT_THAT(kubectl("rollout status deployment/verifier --timeout=120s"), HasSubstr("successfully"));
}

TEST_F(KindStack, OptionThatTheServerDoesNotTakeIsTheReasonWhyItsPodIsNotReady) {
    const std::string before = spec_of_servers();
    const std::string file = play(
        "bad-option", "verifier: { raw: true, quote_interval: 1s, max_workers: seven }", "  - attest: a\n");
    const Ended run = run_kind({"run", file});
    EXPECT_EQ(run.exit_code, 3) << run.out;
    EXPECT_THAT(run.err,
                ::testing::ContainsRegex("the verifier's pod verifier-[a-z0-9-]* was not ready after"));
    EXPECT_THAT(run.err, AllOf(HasSubstr("invalid literal for int() with base 10: 'seven'"),
                               HasSubstr("(with max_workers = seven, quote_interval = 1)")));
    EXPECT_EQ(spec_of_servers(), before);
}

/// A finding of `verify` or `doctor` at the verifier's pod.
std::string pod_finding(const Ended& looked) {
    const json findings = json::parse(looked.out, nullptr, false);
    if (!findings.is_object()) return looked.out + looked.err;
    for (const json& one : findings.at("findings"))
        if (one.at("thing") == "verifier in its pod")
            return one.value("level", "") + ": " + one.value("found", "") + " | " + one.value("mend", "");
    return "none";
}

TEST_F(KindStack, AServerThatIsScaledToNothingIsNamedByAllWhoLookAndARunDoesNotWaitForIt) {
    EXPECT_THAT(pod_finding(pushsim(*place, {"verify", "--stack", "kind", "--format", "json"})),
                ::testing::StartsWith("ok: ready: verifier-"));
    kubectl("scale deployment/verifier --replicas=0");
    kubectl("wait --for=delete pod -l app.kubernetes.io/name=verifier --timeout=60s");
    const char* const named = "fail: stopped: it is scaled to 0 | `pushsim stack up --stack kind` starts it";
    EXPECT_EQ(pod_finding(pushsim(*place, {"verify", "--stack", "kind", "--format", "json"})), named);
    EXPECT_EQ(pod_finding(pushsim(*place, {"doctor", "--stack", "kind", "--format", "json"})), named);
    const Ended status = pushsim(*place, {"stack", "status", "--stack", "kind"});
    EXPECT_THAT(status.out, ::testing::ContainsRegex("verifier +stopped: it is scaled to 0\n"));
    EXPECT_THAT(status.out, ::testing::ContainsRegex("registrar +registrar-[^ ]*, 0 restarts: ready\n"));
    const Ended run = run_kind({"run", scenario_file("honest-agent")});
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.out + run.err, HasSubstr("the verifier is stopped: it is scaled to 0"));
    EXPECT_LT(run.took, std::chrono::seconds{60}) << "it waited for it";
    kubectl("scale deployment/verifier --replicas=1");
    kubectl("rollout status deployment/verifier --timeout=120s");
    EXPECT_THAT(pod_finding(pushsim(*place, {"verify", "--stack", "kind", "--format", "json"})),
                ::testing::StartsWith("ok: ready: verifier-"));
}

/// `act` on the node, with the API server's process in $p.
std::string at_api_server(const std::string& act) {
    return shell(*place,
                 "docker exec keylime-infra-control-plane sh -c 'for p in "
                 "/proc/[0-9]*; do case $(tr \"\\0\" \" \" <$p/cmdline 2>/dev/null) in *kube-apiserver\\ -*) "
                 "p=${p#/proc/}; " +
                     act + ";; esac; done'")
        .out;
}

TEST_F(KindStack, ApiServerThatIsStartedAgainInMidRunEndsNoRunAndLogsGoOn) {
    const std::string file = play("api-server-again", "needs: [log], verifier: { quote_interval: 1s }",
                                  "  - attest: a\n    expect: { verdict: pass }\n  - wait: 30s\n"
                                  "  - attest: a\n    expect: { verdict: pass }\n");
    Program run(*place, {"run", file, "--stack", "kind"});
    EXPECT_TRUE(becomes(
        [] { return place->read("runs/latest/history.jsonl").find("\"verdict\"") != std::string::npos; }));
    const auto begin = place->read("runs/latest/stack/verifier.log").size();
    const std::string before = at_api_server("echo $p; kill -KILL $p");
    EXPECT_NE(before, "");
    EXPECT_TRUE(becomes([&] {
        const std::string now = at_api_server("echo $p");
        return !now.empty() && now != before;
    })) << "it was not started again";
    const Ended ended = run.wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    const std::string log = place->read("runs/latest/stack/verifier.log");
    ASSERT_GT(log.size(), begin);
    EXPECT_THAT(log.substr(begin), HasSubstr("/attestations"));
    EXPECT_TRUE(becomes([] { return kubectl_ended("get pods").exit_code == 0; }));
}

TEST_F(KindStack, ApiServerThatDoesNotAnswerIsSaid) {
    at_api_server("kill -STOP $p");
    const Ended run = run_kind({"run", scenario_file("reproduce/pcr-mismatch")});
    at_api_server("kill -CONT $p");
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("API server does not answer"));
    EXPECT_LT(run.took.count(), 60000);
    EXPECT_THAT(kubectl("get pods"), HasSubstr("Running"));
}

TEST_F(KindStack, ZClusterThatOthersDeletedIsToldAtOnce) {
    shell(*place, "kind delete cluster --name keylime-infra");
    const Ended run = run_kind({"run", scenario_file("reproduce/pcr-mismatch")});
    EXPECT_EQ(run.exit_code, 2) << run.out;
    EXPECT_THAT(run.err,
                AllOf(HasSubstr("the cluster keylime-infra is no more"), HasSubstr("stack up --stack kind")));
    EXPECT_LT(run.took.count(), 5000);
    const Ended list = pushsim(*place, {"tenant", "list", "--stack", "kind"});
    EXPECT_THAT(list.err, HasSubstr("the cluster keylime-infra is no more"));
    EXPECT_LT(list.took.count(), 5000);
}

}  // namespace
}  // namespace pushsim::testing
