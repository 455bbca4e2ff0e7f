// Many agents against the real servers, their TPMs out of a pool.

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<json> history_of(const Place& place) {
    std::vector<json> lines;
    std::istringstream text(place.read("runs/latest/history.jsonl"));
    for (std::string line; std::getline(text, line);)
        lines.push_back(json::parse(line));
    return lines;
}

TEST(Fleet, TwoHundredAgentsOfAPoolAllPassAndAreAccountedFor) {
    const Place place;
    Program fleet(place, {"run", scenario_file("fleet"), "--pool", "fleet", "--accelerators", "all"});
    const Ended run = fleet.wait();  // alone about 50 s
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("TPMs with rsa-factors, named-p256"));
    const json report = json::parse(place.read("runs/latest/report.json"));
    EXPECT_EQ(report.at("facts").at("pool_count"), "200");
    EXPECT_EQ(report.at("facts").at("accelerators"), "rsa-factors, named-p256");
    const json& account = report.at("scenarios").at(0).at("account");
    EXPECT_EQ(account.at("sent"), 200);
    EXPECT_EQ(account.at("accepted"), 200);
    EXPECT_EQ(account.at("passed"), 200);
    std::set<std::string> judged, addresses, aks;
    for (const json& line : history_of(place)) {
        if (line.at("kind") == "verdict") judged.insert(line.at("agent"));
        if (line.at("kind") == "exchange") addresses.insert(line.at("source"));
        if (line.at("kind") == "tpm" && line.contains("ak_name")) aks.insert(line.at("ak_name"));
    }
    EXPECT_EQ(judged.size(), 200U);
    EXPECT_EQ(addresses.size(), 200U);
    EXPECT_EQ(aks.size(), 200U);
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(Fleet, TheSamePoolGivesTheSameTpmsToAgentsOfOtherIds) {
    const Place place;
    place.write("two.yaml",
                "scenario: two\ntitle: Two\nagents: { a: { count: 2, ak: primary, enrol: { tpm_policy: { "
                "from_boot: [7] } } } }\n"
                "script:\n  - attest: a\nexpect: [accounted]\n");
    std::vector<std::string> aks[2];
    std::set<std::string> targets[2];
    for (const int turn : {0, 1}) {
        const Ended run = pushsim(place, {"run", "two.yaml", "--pool", "two", "--seed", "1"});
        EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
        for (const json& line : history_of(place)) {
            if (line.at("kind") == "tpm" && line.contains("ak_name")) aks[turn].push_back(line.at("ak_name"));
            if (line.at("kind") == "exchange" && line.at("phase") == "negotiate")
                targets[turn].insert(line.at("target"));
        }
    }
    EXPECT_EQ(aks[0].size(), 2U);
    std::ranges::sort(aks[0]);
    std::ranges::sort(aks[1]);
    EXPECT_EQ(aks[0], aks[1]);
    EXPECT_EQ(targets[0].size(), 2U);
    for (const std::string& target : targets[0])
        EXPECT_FALSE(targets[1].contains(target)) << target;
}

TEST(Fleet, OverTwoProcessesMeetsAVerifierThatIsRestartedOnce) {
    const Place place;
    place.write("restarted.yaml",
                "scenario: restarted\nstack: { verifier: { quote_interval: 2s } }\n"
                "agents: { a: { count: 8, ak: primary, enrol: { tpm_policy: { from_boot: [7] } } } }\n"
                "script:\n  - attest: { agents: a, spread: 4s }\n    expect: { verdict: pass }\n"
                "  - together:\n      - attest: { agents: a, times: 4, every: 2s }\n"
                "      - restart: verifier\n        after: 2s\n"
                "  - attest: a\n    expect: { verdict: pass }\n"
                "expect: [ { status: PASS, within: 10s }, accounted ]\n");
    const Ended run = pushsim(place, {"run", "restarted.yaml", "--pods", "2"});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    std::vector<std::string> servers;
    for (const json& line : history_of(place))
        if (line.at("kind") == "stack") servers.push_back(line.at("what"));
    EXPECT_THAT(servers, ::testing::ElementsAre("started", "restart", "stopped"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

}  // namespace
}  // namespace pushsim::testing
