// The tenant's part by hand, ours and Keylime's own, at a stack that is up.

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A stack that is up, and an agent, web-0, that has registered there and waits.
class AtAStack : public ::testing::Test {
  protected:
    void SetUp() override { bring_up({}); }
    void TearDown() override {
        if (waiting_) {
            waiting_->signal(SIGINT);
            waiting_->wait();
        }
        EXPECT_EQ(pushsim(place_, {"stack", "down"}).exit_code, 0);
    }

    void bring_up(const std::vector<std::string>& options) {
        std::vector<std::string> words{"stack", "up", "--verifier-option", "quote_interval=1"};
        words.insert(words.end(), options.begin(), options.end());
        const Ended up = pushsim(place_, words);
        ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
        up_ = up.out;
    }

    /// The run is long enough for its agent to be enrolled by hand meanwhile.
    void start_agent(const std::string& then = "  - wait: 120s\n    expect: {status: PASS}\n") {
        place_.write("waits.yaml",
                     "scenario: waits\ntitle: T\nstack: {verifier: {quote_interval: 1s}}\n"
                     "agents: {one: {id: \"web-{n}\", enrol: false}}\n"
                     "script:\n  - activate\n" +
                         then);
        waiting_ = std::make_unique<Program>(place_, std::vector<std::string>{"run", "waits.yaml"});
        ASSERT_TRUE(becomes([&] {
            return place_.read("runs/latest/history.jsonl").find("\"phase\":\"activate\"") !=
                   std::string::npos;
        }));
    }

    Ended tenant(std::vector<std::string> words) {
        words.insert(words.begin(), "tenant");
        return pushsim(place_, words);
    }
    /// Keylime's own, as `stack up` says how; its log is a part of its output.
    Ended keylime_tenant(const std::string& words) {
        Ended ended = shell(place_, value_of(up_, "keylime-tenant") + " " + words);
        ended.out += ended.err;
        return ended;
    }

    Place place_;
    std::string up_;
    std::unique_ptr<Program> waiting_;
    const std::string policy_ = "{\"7\": [\"" + std::string(64, '0') + "\"]}";
};

TEST_F(AtAStack, EnrolsReadsListsAndDeletes) {
    EXPECT_THAT(tenant({"list"}).out,
                HasSubstr("no agent is enrolled, and none is registered: pushsim agent"));
    const Ended unknown = tenant({"add", "web-0", "--tpm-policy", policy_});
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_THAT(unknown.err,
                HasSubstr("the registrar knows no agent 'web-0'\n"
                          "  mend: start the agent first, it registers: pushsim agent --id web-0"));
    const Ended nobody = tenant({"status", "web-0"});
    EXPECT_EQ(nobody.exit_code, 2);
    EXPECT_THAT(nobody.err, HasSubstr("neither the registrar nor the verifier knows an agent 'web-0'\n"
                                      "  mend: pushsim agent --id web-0 registers it"));

    start_agent();
    // Its TPM is not kept here: the line that enrols it can only be one with a policy.
    const std::string line = "pushsim tenant add web-0 --tpm-policy '{\"7\": [\"HEX\"]}'";
    const Ended waiting = tenant({"status", "web-0"});
    EXPECT_EQ(waiting.exit_code, 1);
    EXPECT_THAT(waiting.err,
                HasSubstr("web-0 is registered, not enrolled: the registrar knows it, the verifier "
                          "does not\n  mend: to enrol it: " +
                          line));
    EXPECT_EQ(tenant({"list"}).out, "web-0  registered, not enrolled; to enrol it: " + line + "\n");
    EXPECT_THAT(tenant({"list", "--format", "json"}).out, HasSubstr("\"enrolled\": false"));
    const Ended added = tenant({"add", "web-0", "--tpm-policy", policy_});
    EXPECT_EQ(added.exit_code, 0) << added.err;
    EXPECT_THAT(tenant({"status", "web-0"}).out, HasSubstr("web-0  PENDING, 0 passed; policy {"));
    EXPECT_THAT(tenant({"list", "--format", "json"}).out, HasSubstr("\"agent\": \"web-0\""));
    const Ended again = tenant({"add", "web-0", "--tpm-policy", policy_});
    EXPECT_EQ(again.exit_code, 1) << again.err;
    EXPECT_THAT(again.err, AllOf(HasSubstr("pushsim: web-0 is enrolled already\n"),
                                 HasSubstr("mend: pushsim tenant delete web-0 first, then add it again"),
                                 Not(HasSubstr("update"))));
    EXPECT_EQ(tenant({"delete", "web-0"}).exit_code, 0);
    EXPECT_THAT(tenant({"list"}).out, HasSubstr("web-0  registered, not enrolled"));
}

TEST_F(AtAStack, KeylimesOwnTenantAndOursSeeWhatTheOtherDid) {
    start_agent();
    const Ended theirs = keylime_tenant("-c add -u web-0 --push-model --tpm_policy '" + policy_ + "'");
    ASSERT_EQ(theirs.exit_code, 0) << theirs.out;
    EXPECT_THAT(tenant({"status", "web-0"}).out,
                AllOf(HasSubstr("web-0  PENDING"), HasSubstr(std::string(64, '0'))));
    EXPECT_THAT(tenant({"list"}).out, HasSubstr("web-0  PENDING"));
    EXPECT_EQ(tenant({"delete", "web-0"}).exit_code, 0);
    EXPECT_NE(keylime_tenant("-c cvstatus -u web-0").exit_code, 0);

    ASSERT_EQ(tenant({"add", "web-0", "--tpm-policy", policy_}).exit_code, 0);
    const Ended status = keylime_tenant("-c cvstatus -u web-0");
    EXPECT_EQ(status.exit_code, 0) << status.out;
    EXPECT_THAT(status.out,
                AllOf(HasSubstr("\"attestation_status\": \"PENDING\""), HasSubstr(std::string(64, '0'))));
    EXPECT_THAT(keylime_tenant("-c reglist").out, HasSubstr("{\"uuids\": [\"web-0\"]}"));
    const Ended deleted = keylime_tenant("-c delete -u web-0");
    EXPECT_EQ(deleted.exit_code, 0) << deleted.out;
    EXPECT_THAT(tenant({"list"}).out, HasSubstr("web-0  registered, not enrolled"));
}

/// Keylime's runtime policy of one file.
std::string runtime_policy(const std::string& more = "") {
    return R"({"meta": {"version": 1, "generator": 3}, "release": 0, "digests": {"/usr/bin/true": [")" +
           std::string(64, '7') +
           R"("]}, "excludes": [], "keyrings": {}, "ima": {"ignored_keyrings": [], "log_hash_alg": "sha1",)"
           R"( "dm_policy": null}, "ima-buf": {}, "verification-keys": "")" +
           more + "}";
}

TEST_F(AtAStack, StoresPoliciesForTheLogsAndThenAsksForTheLogs) {
    place_.write("runtime.json", runtime_policy());
    place_.write("mb.json", R"({"has_secureboot": true, "s_crtm_and_firmware": "as it was"})");
    // An agent that has no logs to offer, once somebody has enrolled it.
    start_agent(
        "  - wait: 1ms\n    expect: {status: PENDING, within: 100s}\n"
        "  - negotiate:\n    expect: {response: {status: 422, code: invalid_resource_data}}\n"
        "  - wait: 1ms\n    expect: {status: PASS, within: 100s}\n");
    const Ended added =
        tenant({"add", "web-0", "--runtime-policy", "runtime.json", "--mb-policy", "mb.json"});
    ASSERT_EQ(added.exit_code, 0) << added.err;
    EXPECT_THAT(tenant({"status", "web-0"}).out,
                HasSubstr(", and a runtime policy, and a measured boot policy"));
    EXPECT_THAT(tenant({"status", "web-0", "--format", "json"}).out,
                AllOf(HasSubstr("\"has_mb_policy\": true"), HasSubstr("\"has_runtime_policy\": true")));
    EXPECT_THAT(keylime_tenant("-c showruntimepolicy --runtime-policy-name web-0").out,
                AllOf(HasSubstr("/usr/bin/true"), HasSubstr(std::string(64, '7'))));
    EXPECT_THAT(keylime_tenant("-c showmbpolicy --mb-policy-name web-0").out, HasSubstr("as it was"));
    EXPECT_TRUE(becomes([&] {
        return place_.read("runs/latest/history.jsonl").find("\"status\":422") != std::string::npos;
    }));
}

TEST_F(AtAStack, APolicyThatTheVerifierRefusesIsTheInputsFault) {
    start_agent();
    place_.write("wrong.json", runtime_policy(R"(, "release": "first")"));
    const Ended refused = tenant({"add", "web-0", "--runtime-policy", "wrong.json"});
    EXPECT_EQ(refused.exit_code, 2) << refused.err;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("answered 400 Runtime policy is malformatted"),
                                   HasSubstr("mend: the verifier's words say what it does not take")));
    EXPECT_THAT(tenant({"list"}).out, HasSubstr("web-0  registered, not enrolled"));
}

/// With the certificates that Keylime makes by itself.
class AtKeylimesOwn : public AtAStack {
  protected:
    void SetUp() override { bring_up({"--certificates", "keylime"}); }
};

TEST_F(AtKeylimesOwn, TheLineThatStackUpPrintsWorksToo) {
    const Ended list = keylime_tenant("-c cvlist");
    EXPECT_EQ(list.exit_code, 0) << list.out;
    EXPECT_THAT(list.out, HasSubstr("{\"uuids\": []}"));
}

}  // namespace
}  // namespace pushsim::testing
