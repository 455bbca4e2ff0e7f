// Secrets of the real servers: in nothing that is printed or left. Logs that the servers write are theirs;
// what `stack logs` shows of them is looked at.

#include <regex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sqlite3.h>

#include "tests/sim/cli/program.hpp"
#include "tests/stand_in/marker.hpp"

namespace pushsim::stand_in {
namespace {

using pushsim::testing::becomes;
using pushsim::testing::Ended;
using pushsim::testing::Place;
using pushsim::testing::Program;
using pushsim::testing::value_of;
namespace fs = std::filesystem;

/// A session's id, a point, and 32 octets in base64url: crypto.py:245 (7.14.3). The servers keep no token, so
/// no marker tells which it is.
bool has_token(const std::string& text) {
    static const std::regex token("[0-9a-f]{8}-[0-9a-f-]{27}(\\.|%2[eE])[A-Za-z0-9_-]{43}");
    return std::regex_search(text, token);
}

/// The files below a folder that are called so.
std::vector<fs::path> files_called(const fs::path& folder, const std::string& name) {
    std::vector<fs::path> found;
    for (const auto& file : fs::recursive_directory_iterator(folder)) {
        const bool is_called = file.path().filename() == name || file.path().parent_path().filename() == name;
        if (is_called && file.is_regular_file() && !file.is_symlink()) found.push_back(file.path());
    }
    return found;
}

/// In runs, the folders of servers that were started for them: their databases, keys and logs.
std::vector<fs::path> folders_of_servers(const fs::path& runs) {
    std::vector<fs::path> found;
    for (const auto& file : fs::recursive_directory_iterator(runs)) {
        if (file.is_directory() && !file.is_symlink() && fs::exists(file.path() / "registrar.log"))
            found.push_back(file.path());
    }
    return found;
}

/// What the registrar's challenges held, which activation proves.
std::vector<Marker> challenges_in(const fs::path& database) {
    std::vector<Marker> markers;
    sqlite3* opened = nullptr;
    EXPECT_EQ(sqlite3_open_v2(database.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    sqlite3_exec(
        opened, "SELECT key FROM registrarmain WHERE key IS NOT NULL",
        [](void* into, int /*columns*/, char** values, char** /*names*/) {
            static_cast<std::vector<Marker>*>(into)->push_back({"what a challenge held", values[0]});
            return 0;
        },
        &markers, nullptr);
    sqlite3_close(opened);
    return markers;
}

class LiveSecrets : public ::testing::Test {
  protected:
    LiveSecrets()
        : up_(pushsim::testing::pushsim(place_, {"stack", "up", "--verifier-option", "quote_interval=1"})) {}
    ~LiveSecrets() override { pushsim::testing::pushsim(place_, {"stack", "down"}); }
    void SetUp() override {
        ASSERT_EQ(up_.exit_code, 0) << up_.out << up_.err;
        said_.emplace_back("stack up", up_.out + up_.err);
    }

    Ended say(const std::vector<std::string>& words) {
        const Ended ended = pushsim::testing::pushsim(place_, words);
        EXPECT_NE(ended.exit_code, 2) << ended.err;  // nothing was done
        take(words, ended);
        return ended;
    }
    void take(const std::vector<std::string>& words, const Ended& ended) {
        said_.emplace_back(fmt::format("`pushsim {} {}`", words[0], words[1]), ended.out + ended.err);
    }

    /// Of the servers' challenges, the tenant's key and the TPM that `pushsim agent` keeps.
    std::vector<Marker> markers() const {
        std::vector<Marker> all =
            markers_of_pem("the tenant's key", place_.read(fs::path(value_of(up_.out, "admin-key"))));
        EXPECT_GT(all.size(), 2U);
        const auto add = [&](std::vector<Marker> more, std::size_t least) {
            EXPECT_GE(more.size(), least);
            all.insert(all.end(), more.begin(), more.end());
        };
        for (const fs::path& file : files_called(place_.path(), "reg_data.sqlite"))
            add(challenges_in(file), 1);
        for (const fs::path& file : files_called(place_.path(), "tpms"))
            add(markers_of_file("the state of its TPM", place_.read(fs::relative(file, place_.path()))), 0);
        return all;
    }

    std::string found() const {
        const std::vector<Marker> all = markers();
        EXPECT_GT(all.size(), 10U);
        // What servers that a run started keep is theirs.
        for (const fs::path& folder : folders_of_servers(place_.path() / "runs"))
            fs::remove_all(folder);
        std::string found = found_in(said_, all) + found_below(place_.path() / "runs", all);
        for (const auto& [what, text] : said_) {
            if (has_token(text)) found += "a token in " + what + '\n';
        }
        for (const auto& file : fs::recursive_directory_iterator(place_.path() / "runs")) {
            if (file.is_regular_file() && !file.is_symlink() &&
                has_token(place_.read(fs::relative(file.path(), place_.path()))))
                found += "a token in " + file.path().filename().string() + '\n';
        }
        return found;
    }

    const Place place_;
    const Ended up_;
    Said said_;
};

TEST(TokenShape, IsSeen) {
    const std::string secret(43, 'x');
    EXPECT_TRUE(has_token("of 02c369d2-0c2b-4b52-8c6c-1d1f4e2b5a60." + secret));
    EXPECT_TRUE(has_token("02c369d2-0c2b-4b52-8c6c-1d1f4e2b5a60%2E" + secret));
    EXPECT_FALSE(has_token("02c369d2-0c2b-4b52-8c6c-1d1f4e2b5a60.json"));
}

TEST_F(LiveSecrets, OfServersAgentAndTenantComeOutNowhere) {
    const std::vector<std::string> by_hand{"agent", "--id", "web-1", "--times", "2"};
    {
        Program agent(place_, by_hand);
        EXPECT_TRUE(becomes([&] { return agent.out().find("not enrolled") != std::string::npos; }));
        say({"tenant", "status", "web-1"});
        say({"tenant", "add", "web-1", "--from-boot", "7"});
        const Ended ended = agent.wait(std::chrono::seconds{60});
        EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
        take(by_hand, ended);
    }
    say({"agent", "--id", "web-1", "--times", "1", "--format", "json"});
    for (const char* command : {"status", "list"})
        command == std::string("list") ? say({"tenant", "list", "--format", "json"})
                                       : say({"tenant", command, "web-1"});
    for (const char* command : {"report", "explain", "check"})
        say({command, "runs/latest"});
    place_.write("own.yaml", R"(scenario: own
title: Requests with credentials
agents:
  one: { enrol: { tpm_policy: { from_boot: [7] } } }
  two: { enrol: { tpm_policy: { from_boot: [7] } } }
script:
  - attest: [one, two]
  - request: { by: one, path: "/v2.6/agents/${one.id}" }
  - request: { by: nobody, path: "/v3.0/x?token=${one.token}", headers: { Authorization: "Bearer ${two.token}" } }
  - request: { by: nobody, path: "/v2.6/agents/${one.token}" }
  - request:
      by: nobody
      method: POST
      path: /v3.0/sessions
      headers: { X-Note: "of ${one.token}" }
      body: { data: { type: session, attributes: { agent_id: "${one.token}" } } }
expect:
  - accounted
)");
    say({"run", "own.yaml", "--bodies", "all", "--verbose"});
    for (const char* command : {"report", "explain", "check"})
        say({command, "runs/latest"});
    say({"conformance", "tokens-refused/none", "session-proofs", "--bodies", "all", "--verbose"});
    for (const char* command : {"report", "explain", "check"})
        say({command, "runs/latest"});
    say({"replay", "runs/latest", "session-proofs", "--verbose"});
    for (const std::vector<std::string>& words : {std::vector<std::string>{"stack", "status"},
                                                  {"stack", "logs", "--lines", "100000"},
                                                  {"stack", "logs", "verifier", "--lines", "100000"},
                                                  {"tenant", "delete", "web-1"}})
        say(words);
    EXPECT_EQ(found(), "");
}

}  // namespace
}  // namespace pushsim::stand_in
