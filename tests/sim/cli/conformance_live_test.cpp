#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::map<std::string, std::string> suite{{"PUSHSIM_SCENARIOS", PUSHSIM_SOURCE_DIR "/scenarios"}};

Ended conformance(const Place& place, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "conformance");
    return Program(place, arguments, suite).wait();
}

TEST(Conformance, TheQuickProfileIsDecidedAndItsReportsCanBeMadeAgain) {
    const Place place;
    const Ended run = conformance(place, {"--profile", "quick"});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    fmt::print("quick takes {:.1f} s, servers included; the goal is 60 s\n",
               std::chrono::duration<double>(run.took).count());
    EXPECT_THAT(place.servers(), IsEmpty());
    const auto report = nlohmann::json::parse(place.read("runs/latest/report.json"));
    EXPECT_EQ(report["totals"].value("fail", 0) + report["totals"].value("error", 0), 0);
    EXPECT_GT(report["totals"].value("pass", 0), 50);
    for (const auto& requirement : report["requirements"]) {
        EXPECT_NE(requirement["standing"], "undecided") << requirement["id"];
        EXPECT_NE(requirement["standing"], "skip") << requirement["id"];
    }
    std::map<std::string, std::string> first;
    for (const char* file : {"report.json", "report.html", "report.md", "junit.xml", "badge.json"}) {
        first[file] = place.read(fs::path("runs/latest") / file);
        EXPECT_GT(first[file].size(), 50U) << file;
        fs::remove(place.path() / "runs/latest" / file);
    }
    const Ended again = Program(place, {"report", "runs/latest", "--quiet"}).wait();
    EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
    for (const auto& [file, text] : first)
        EXPECT_TRUE(place.read(fs::path("runs/latest") / file) == text) << file;
}

TEST(Conformance, ADeviationIsKnownFixedOrNewAsItsFileSays) {
    const std::string id = "KPM-TOK-015";  // no token: 401 is due, 403 is seen
    const Place place;
    const Ended known = conformance(place, {id});
    EXPECT_EQ(known.exit_code, 0) << known.out << known.err;
    EXPECT_THAT(known.out, HasSubstr("1 deviation"));
    EXPECT_EQ(conformance(place, {id, "--strict"}).exit_code, 1);

    place.write("none.yaml", "deviations: []\n");
    const Ended unknown =
        conformance(place, {id, "--expected", "none.yaml", "--write-expected", "seen.yaml"});
    EXPECT_EQ(unknown.exit_code, 1) << unknown.out << unknown.err;
    EXPECT_THAT(unknown.out,
                AllOf(HasSubstr("FAIL  " + id),
                      HasSubstr("again  pushsim conformance tokens-refused/none --expected none.yaml\n")));
    const std::string mine = (place.path() / "mine").string();
    fs::copy(PUSHSIM_SOURCE_DIR "/scenarios", mine, fs::copy_options::recursive);
    const Ended of_mine =
        Program(place, {"conformance", id, "--expected", "none.yaml"}, {{"PUSHSIM_SCENARIOS", mine}}).wait();
    EXPECT_THAT(of_mine.out, HasSubstr("again  PUSHSIM_SCENARIOS=" + mine + " pushsim conformance"));
    const Ended over = conformance(place, {id, "--expected", "none.yaml", "--write-expected", "seen.yaml"});
    EXPECT_EQ(over.exit_code, 2) << over.out;
    EXPECT_THAT(over.err, HasSubstr("seen.yaml is there, and would be replaced"));
    const Ended for_programs = conformance(place, {id, "--expected", "none.yaml", "--format", "json"});
    EXPECT_EQ(for_programs.exit_code, 1);
    EXPECT_TRUE(nlohmann::json::accept(for_programs.out));
    EXPECT_THAT(for_programs.err, HasSubstr("FAIL  " + id)) << "a log has what a program reads";
    const Ended written = conformance(place, {id, "--expected", "seen.yaml"});
    EXPECT_EQ(written.exit_code, 0) << place.read("seen.yaml") << written.out << written.err;

    const Ended issue = Program(place, {"report", "runs/latest", "--issue", id}).wait();
    EXPECT_EQ(issue.exit_code, 0) << issue.err;
    EXPECT_THAT(issue.out, AllOf(HasSubstr(id), HasSubstr("Keylime 7.14")));

    place.write("other.yaml", "deviations: [ { requirement: " + id +
                                  ", observed: { response: { status: 500 } }, reference: x } ]\n");
    EXPECT_EQ(conformance(place, {id, "--expected", "other.yaml"}).exit_code, 1) << "another is a new one";

    place.write("fixed.yaml",
                "deviations: [ { requirement: KPM-TOK-001"
                ", observed: { response: { status: 500 } }, reference: x } ]\n");
    const Ended fixed = conformance(place, {"KPM-TOK-001", "--expected", "fixed.yaml"});
    EXPECT_EQ(fixed.exit_code, 1) << fixed.out << fixed.err;
    EXPECT_THAT(fixed.out, HasSubstr("fixed"));
}

TEST(Conformance, AReplayDecidesTheSameAgain) {
    const Place place;
    ASSERT_EQ(conformance(place, {"session-requests/methods-wrong_type", "ops-mode/routes"}).exit_code, 0);
    const Ended again =
        Program(place, {"replay", "runs/latest", "session-requests", "--out", "again"}, suite).wait();
    EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
    EXPECT_THAT(again.out, AllOf(HasSubstr("known  KPM-SESS-007"),
                                 HasSubstr("reproduced      session-requests"), Not(HasSubstr("OPS "))));
    const auto report = nlohmann::json::parse(place.read("again/latest/report.json"));
    EXPECT_EQ(report["totals"].value("deviation", 0), 1);
}

/// Standing -> how many requirements of the last run have it.
std::map<std::string, int> totals(const Place& place) {
    const auto report = nlohmann::json::parse(place.read("runs/latest/report.json"));
    return report["totals"].get<std::map<std::string, int>>();
}

TEST(Conformance, ServersElsewhereDecideWhatTheirConfigurationIsFor) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up", "--verifier-option", "quote_interval=0",
                                     "--verifier-option", "session_create_rate_limit_per_ip=10000"});
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    const std::string conf = (fs::path(value_of(up.out, "ca")).parent_path().parent_path() / "etc").string();
    const auto play = [&](std::vector<std::string> words) {
        for (const std::string& word : external_options(up.out))
            words.push_back(word);
        return conformance(place, words);
    };
    const std::vector<std::string> played{"evidence-answer", "clock"};
    const Ended blind = play(played);
    EXPECT_EQ(blind.exit_code, 4) << blind.out << blind.err;
    EXPECT_THAT(blind.out,
                HasSubstr("skipped clock: it wants options of the verifier, and an external stack is taken "
                          "as it is; --verifier-conf says how that one is configured"));

    std::vector<std::string> words = played;
    words.insert(words.end(),
                 {"token-lifetime", "adm-lifecycle", "token-after-restart", "ops-quote-interval-left-out",
                  "--verifier-conf", conf + "/verifier.conf", "--write-expected", "seen.yaml"});
    const Ended seen = play(words);
    EXPECT_EQ(seen.exit_code, 0) << seen.out << seen.err;
    EXPECT_THAT(seen.out, AllOf(HasSubstr("played  evidence-answer: "), HasSubstr("played  clock: ")));
    for (const std::string& why :
         {"skipped token-lifetime: it wants nonce_lifetime = 4, and " + conf + "/verifier.conf leaves it out",
          "skipped ops-quote-interval-left-out: it wants quote_interval left out, and " + conf +
              "/verifier.conf says 0",
          std::string("skipped token-after-restart: its script acts on servers"),
          std::string("skipped adm-lifecycle: it wants servers of its own (`fresh: true`)")})
        EXPECT_THAT(seen.out, HasSubstr(why));

    // Of which version cannot be seen.
    EXPECT_THAT(place.read("seen.yaml"), ::testing::StartsWith("# What Keylime was seen to do"));

    // The same, and nothing of what was skipped, as on servers that were started for it.
    const auto there = totals(place);
    const Ended here = conformance(place, played);
    EXPECT_EQ(here.exit_code, 0) << here.out << here.err;
    EXPECT_GT(there.at("pass"), 3);
    for (const char* standing : {"pass", "deviation", "fail", "error"})
        EXPECT_EQ(there.at(standing), totals(place).at(standing)) << standing;
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

TEST(Conformance, WhatAnEarlyEndDidNotComeToIsUndecided) {
    const Place place;
    // Each has servers of its own.
    Program run(place, {"conformance", "ops-shutdown", "ops-restart", "--jobs", "1"}, suite);
    ASSERT_TRUE(becomes([&] { return place.has("runs/latest/history.jsonl") && !place.servers().empty(); }));
    run.signal(SIGINT);
    const Ended ended = run.wait();
    EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
    auto counts = totals(place);
    EXPECT_EQ(counts["skip"], 0) << ended.out;
    EXPECT_GT(counts["undecided"], 5);
}

TEST(Conformance, WhatIsExcludedDoesNotRunAndIsShown) {
    const Place place;
    const Ended run =
        conformance(place, {"KPM-TOK-001", "KPM-TOK-015", "--exclude", "KPM-TOK-001", "--verbose"});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    const auto report = nlohmann::json::parse(place.read("runs/latest/report.json"));
    EXPECT_EQ(report["totals"].value("excluded", 0), 1);
    const Ended all = conformance(place, {"KPM-TOK-001", "--exclude", "KPM-TOK-001"});
    EXPECT_EQ(all.exit_code, 4) << all.out << all.err;
}

}  // namespace
}  // namespace pushsim::testing
