// Markers stand wherever a secret can be; everything is played and printed; no marker may come out.

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "agent/protocol/protocol.hpp"
#include "tests/agent/lifecycle/peer.hpp"
#include "tests/sim/cli/program.hpp"
#include "tests/stand_in/marker.hpp"
#include "tests/stand_in/staged.hpp"
#include "tests/stand_in/suite.hpp"

namespace pushsim::stand_in {
namespace {

using pushsim::testing::Ended;
using pushsim::testing::Place;
namespace fs = std::filesystem;

std::string text_of(const Bytes& octets) {
    return {octets.begin(), octets.end()};
}

class Secrets : public ::testing::Test {
  protected:
    Secrets() {
        mark(pool_);
        mark(server_);
    }

    void mark(const pool::Pool& pool) {
        for (std::size_t i = 0; i < pool.size(); ++i) {
            const auto entry = pool.read(i).value();
            markers_.push_back({"a prime of the EK", text_of(entry.ek_factor)});
            if (!entry.ak_factor.empty()) markers_.push_back({"a prime of the AK", text_of(entry.ak_factor)});
            markers_.push_back({"the state of a TPM", text_of(entry.permanent_state).substr(0, 200)});
        }
    }
    void mark(const Process& server) {
        for (Marker& marker : markers_of_pem("the tenant's key", place_.read(server.admin_key())))
            markers_.push_back(std::move(marker));
    }

    static std::vector<std::string> at_stack(const Process& server, std::vector<std::string> words) {
        const auto at = [](std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); };
        for (const std::string& word : std::vector<std::string>{
                 "--stack", "external", "--verifier", at(server.verifier().port), "--registrar",
                 at(server.registrar().port), "--registrar-tls", at(server.registrar_tls_port()), "--ca",
                 server.ca_file().string(), "--admin-cert", server.admin_certificate().string(),
                 "--admin-key", server.admin_key().string()})
            words.push_back(word);
        return words;
    }
    std::vector<std::string> with_stack(std::vector<std::string> words) const {
        words = at_stack(server_, std::move(words));
        words.insert(words.end(), {"--bodies", "all", "--timeout", "8s"});
        return words;
    }

    Ended say(const std::vector<std::string>& words) {
        const Ended ended =
            pushsim::testing::pushsim(place_, words, {{"PUSHSIM_SCENARIOS", suite_.string()}});
        EXPECT_NE(ended.exit_code, 2) << ended.err;  // nothing was played or printed
        said_.emplace_back(fmt::format("`pushsim {} {}`", words[0], words[1]), ended.out + ended.err);
        return ended;
    }
    /// What is printed of the last run.
    void say_all_of_it() {
        for (const char* command : {"report", "explain", "check"})
            say({command, "runs/latest"});
        say({"check", "runs/latest", "--format", "json"});
    }

    /// Which marker stands where.
    std::string found() const {
        return found_in(said_, markers_) + found_below(place_.path() / "runs", markers_);
    }

    /// Its tokens and challenges hold the peers' markers; what a request bears comes back in its answer.
    const Process server_{Process::Options{.asks_certificates = true, .lie = "tell"}};
    const Place place_;
    const fs::path suite_ = suite_without_options(place_);
    const pool::Pool pool_ = pool_of_one(place_.path(), 8);
    std::vector<Marker> markers_{{"a session's token", lifecycle::kTokenSecret},
                                 {"what the registrar's challenge holds", lifecycle::kSecret}};
    Said said_;
};

TEST_F(Secrets, OfServersAgentsAndTheTenantComeOutNowhere) {
    place_.write("own.yaml", R"(scenario: own
title: Requests with credentials
agents:
  one: { ak: primary }
  two: { ak: primary }
script:
  - attest: [one, two]
  - request: { by: one, path: "/v3.0/agents/${one.id}/attestations/0" }
  - request: { by: nobody, path: "/v3.0/x?token=${one.token}", headers: { Authorization: "Bearer ${two.token}" } }
  - request:
      by: nobody
      method: POST
      path: /v3.0/y
      headers: { X-Note: "of ${one.token}" }
      body: { note: "it said ${one.token}", token: "${two.token}" }
  - attest: { agents: one, faults: [foreign_token: { of: two }] }
expect:
  - accounted
)");
    say(with_stack({"run", "own.yaml", "--pool", pool_.file().string()}));
    // What was to come back did, and is hidden.
    EXPECT_THAT(place_.read("runs/latest/history.jsonl"), ::testing::HasSubstr(R"("X-Seen-Percent","fp:)"));
    say_all_of_it();
    say(with_stack({"run", "own.yaml", "--format", "json"}));
    // Without the case whose request is larger than the stand-in takes: it hangs up on it, again and again,
    // until
    // --timeout ends the scenario, and the run with 3. It lies, so requirements fail.
    const Ended judged = say(with_stack({"conformance", "tokens-refused", "session-requests",
                                         "evidence-order", "--exclude", "evidence-order/large-item"}));
    EXPECT_EQ(judged.exit_code, 1) << judged.out << judged.err;
    EXPECT_TRUE(place_.has("runs/latest/badge.json"));
    say_all_of_it();
    say({"report", "runs/latest", "--issue", "tokens-refused/none"});
    EXPECT_EQ(found(), "");
}

/// Names of cases that fail, every so many-th of them.
std::vector<std::string> failing_in(const std::string& report, std::size_t every) {
    std::vector<std::string> all, some;
    const auto parsed = nlohmann::json::parse(report);
    for (const auto& one : parsed.at("cases")) {
        const auto& standings = one.at("standings");
        const bool fails = std::ranges::any_of(standings, [](const auto& each) { return each == "fail"; });
        if (fails) all.push_back(one.at("id"));
    }
    for (std::size_t i = 0; i < all.size(); i += every)
        some.push_back(all[i]);
    return some;
}

/// All that a conformance run and what is made of it afterwards print and leave, and an agent by hand.
TEST_F(Secrets, ComeOutInNoReportOfAConformanceRun) {
    const std::vector<std::string> names = playable_in(suite_);
    const fs::path children = place_.path() / "children.pool";
    say({"pool", "make", children.string(), "--ak", "child", "--count", "30"});
    mark(pool::Pool::open(children).value());
    const fs::path nothing = place_.write("expected.yaml", "deviations: []\n");
    std::vector<std::string> words{"conformance",     "--verbose",  "--pool",
                                   children.string(), "--expected", nothing.string()};
    words.insert(words.begin() + 1, names.begin(), names.end());
    // 3: some take longer than --timeout says; what they had sent by then is in the history, too.
    const Ended judged = say(with_stack(words));
    EXPECT_THAT(judged.exit_code, ::testing::AnyOf(1, 3)) << judged.out << judged.err;
    for (const char* file :
         {"history.jsonl", "plan.yaml", "report.html", "report.json", "report.md", "junit.xml", "badge.json"})
        EXPECT_TRUE(place_.has(fs::path("runs/latest") / file)) << file;
    // A secret was there to come out: what an answer told of it is hidden.
    EXPECT_THAT(place_.read("runs/latest/history.jsonl"), ::testing::HasSubstr(R"("X-Seen","fp:)"));
    say_all_of_it();
    const auto failing = failing_in(place_.read("runs/latest/report.json"), 25);
    EXPECT_GT(failing.size(), 3U);
    for (const std::string& name : failing)
        say({"report", "runs/latest", "--issue", name});
    for (const char* format : {"html", "markdown", "junit", "json", "badge", "verdicts"})
        say({"report", "runs/latest", std::string("--") + format, std::string("runs/again.") + format});
    say({"explain", "KPM-SESS-007"});
    say(with_stack({"replay", "runs/latest", "tokens-refused", "--verbose"}));
    say_all_of_it();
    say(with_stack({"conformance", "session-requests", "--format", "json"}));
    say(with_stack({"conformance", "session-requests", "--quiet", "--write-expected", "runs/expected.yaml"}));
    EXPECT_EQ(found(), "");
}

/// The tenant's acts by hand are in secrets_live_test.cpp: of a verifier that lies, `pushsim tenant` takes
/// none.
TEST_F(Secrets, ComeOutOfNoAgentByHand) {
    for (const char* format : {"text", "json"}) {
        const Process server{Process::Options{.asks_certificates = true, .lie = "tell"}};
        mark(server);
        const Ended ended =
            say(at_stack(server, {"agent", "--id", "web-1", "--times", "2", "--format", format}));
        EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
        say_all_of_it();
    }
    const std::size_t before = markers_.size();
    for (const auto& file : fs::recursive_directory_iterator(place_.path())) {
        if (!file.is_regular_file() || file.path().parent_path().filename() != "tpms") continue;
        const fs::path name = fs::relative(file.path(), place_.path());
        for (Marker& marker : markers_of_file("the state of its TPM", place_.read(name)))
            markers_.push_back(std::move(marker));
    }
    EXPECT_GT(markers_.size(), before + 10);
    EXPECT_EQ(found(), "");
}

// plan.yaml is the scenario, and has what its author wrote there.
TEST_F(Secrets, WrittenInAScenarioComeOutInItsPlanAlone) {
    const std::string header = "AuthMarker7d1f/Kq+93", body = "BodyMarker51c0de77aa";
    markers_.insert(markers_.end(), {{"a header", header}, {"a body", body}});
    place_.write("own.yaml", fmt::format(R"(scenario: own
title: Requests with credentials
agents: {{ one: {{ ak: primary }} }}
script:
  - attest: one
  - request: {{ by: nobody, path: "/v3.0/x?of=AuthMarker7d1f%2FKq%2B93", headers: {{ Authorization: "Bearer {0}" }} }}
  - request: {{ by: nobody, path: "/v3.0/x?of={0}" }}
  - request: {{ by: nobody, method: POST, path: /v3.0/y, body: {{ note: "{1}", password: "{1}" }} }}
expect: [accounted]
)",
                                         header, body));
    say(with_stack({"run", "own.yaml"}));
    say_all_of_it();
    EXPECT_EQ(found(), "a header in plan.yaml\na body in plan.yaml\n");
}

}  // namespace
}  // namespace pushsim::stand_in
