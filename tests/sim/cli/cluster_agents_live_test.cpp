// Who is enrolled after `stack up --agents` that fails: at a local stack in the place of the servers'
// cluster, with shell scripts in the place of kind, docker and kubectl.

#include <csignal>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "agent/base/files.hpp"
#include "tests/sim/cli/program.hpp"
#include "tests/sim/kind/stand_in_tools.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AgentsOfACluster : public ::testing::Test {
  protected:
    void SetUp() override {
        kind::write_tools(tools);
        const Ended up = pushsim(place, {"stack", "up"});
        ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
        const auto where = [&](const char* name) {
            std::string text = value_of(up.out, name);
            text.erase(0, text.find("://") + 3);
            const auto colon = text.rfind(':');
            return fmt::format(R"({{"host": "{}", "port": {}}})", text.substr(0, colon),
                               text.substr(colon + 1));
        };
        const auto ended = shell(place, "'" + (tools / "make").string() + "' keylime-infra");
        ASSERT_EQ(ended.exit_code, 0) << ended.err;
        stack::test::write(kind / "keylime-infra.kubeconfig", "");
        keep_node("keylime-infra", kind);
        stack::test::write(kind / "certs" / "agents-secret.yaml", "");
        stack::test::write(
            kind / "infra.json",
            fmt::format(R"({{"kind": "kind", "verifier": {}, "registrar_http": {}, "registrar_tls": {},
                "ca_file": "{}", "admin_certificate": "{}", "admin_key": "{}", "verify_server": true,
                "api_version": "", "keylime_version": null, "keylime_origin": "a test",
                "verifier_database": null, "verifier_log": null,
                "registrar_log": null}})",
                        where("verifier"), where("registrar"), where("registrar-tls"), value_of(up.out, "ca"),
                        value_of(up.out, "admin-cert"), value_of(up.out, "admin-key")));
        stack::test::write(
            tools / "servers.json",
            R"({"items": [{"kind": "Deployment", "metadata": {"name": "verifier"}, "spec": {}}]})");
        stack::test::write(
            tools / "pods.json",
            R"({"items": [{"metadata": {"name": "agent-a"}, "status": {"phase": "Running"}}]})");
        place.write("two.yaml",
                    "scenario: two\ntitle: T\nagents: {one: {count: 2, id: \"web-{n}\", enrol: false}}\n"
                    "script:\n  - activate\n  - wait: 300s\nexpect: [accounted]\n");
        waiting = std::make_unique<Program>(place, std::vector<std::string>{"run", "two.yaml"});
        ASSERT_TRUE(becomes([&] {
            const Ended list = pushsim(place, {"tenant", "list"});
            return list.out.find("web-0  registered") != std::string::npos &&
                   list.out.find("web-1  registered") != std::string::npos;
        }));
    }
    void TearDown() override {
        if (waiting) {
            waiting->signal(SIGINT);
            waiting->wait();
        }
        EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
    }

    void keep_node(const std::string& cluster, const fs::path& folder) const {
        std::string id = read_file(tools / "clusters" / cluster / "id");
        id.pop_back();
        stack::test::write(folder / (cluster + ".node"), id);
    }
    void has_pod_of(const std::string& id) const {
        const std::string zeros(64, '0');
        stack::test::write(tools / "show.json", R"({"agent": ")" + id + R"(", "pcrs": {"0": ")" + zeros +
                                                    R"(", "7": ")" + zeros + "\"}}");
    }
    std::map<std::string, std::string> environment() const {
        return {{"PATH", tools.string() + ":" + std::getenv("PATH")},
                {"PUSHSIM_KIND", std::string(PUSHSIM_SOURCE_DIR) + "/kind"}};
    }
    std::string enrolled() { return pushsim(place, {"tenant", "list"}).out; }

    const Place place;
    const fs::path tools = place.path() / "tools";
    const fs::path kind = place.path() / "state" / "pushsim" / "kind";
    std::unique_ptr<Program> waiting;
};

TEST_F(AgentsOfACluster, ThatWereEnrolledByAnUpThatFailedAreTakenOffAndNoOthers) {
    const std::vector<std::string> up_words{"stack", "up", "--stack", "kind", "--agents"};
    // A new cluster, Ctrl-C while its agent is to attest: it goes, and its agent with it.
    has_pod_of("web-0");
    Program up(place, up_words, environment());
    ASSERT_TRUE(becomes([&] { return up.said("web-0 is enrolled"); })) << up.wait().err;
    up.signal(SIGINT);
    const Ended stopped = up.wait();
    EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
    EXPECT_THAT(stopped.err, HasSubstr("no cluster keylime-agents is left"));
    EXPECT_FALSE(fs::exists(tools / "clusters" / "keylime-agents"));
    EXPECT_TRUE(fs::exists(tools / "clusters" / "keylime-infra"));
    EXPECT_THAT(enrolled(), Not(HasSubstr("web-0")));

    // One that is there, with an agent that is enrolled: what fails early leaves it as it is.
    ASSERT_EQ(shell(place, "'" + (tools / "make").string() + "' keylime-agents").exit_code, 0);
    stack::test::write(kind / "agents" / "keylime-agents.kubeconfig", "");
    keep_node("keylime-agents", kind / "agents");
    stack::test::write(kind / "agents" / "agents.json", R"({"enrolled": ["web-1"]})");
    const std::string policy = "{\"7\": [\"" + std::string(64, '0') + "\"]}";
    ASSERT_EQ(pushsim(place, {"tenant", "add", "web-1", "--tpm-policy", policy}).exit_code, 0);
    has_pod_of("web-1");
    stack::test::write(tools / "load-fails", "");
    const Ended failed = pushsim(place, up_words, environment());
    EXPECT_EQ(failed.exit_code, 3) << failed.err;
    EXPECT_THAT(failed.err, HasSubstr("kind load"));
    EXPECT_TRUE(fs::exists(tools / "clusters" / "keylime-agents"));
    EXPECT_THAT(enrolled(), Not(HasSubstr("web-1  registered, not enrolled")));
    EXPECT_THAT(enrolled(), HasSubstr("web-1  "));
}

}  // namespace
}  // namespace pushsim::testing
