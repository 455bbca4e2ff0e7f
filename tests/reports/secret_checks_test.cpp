#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/checks.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Two agents in two scenarios, each with a session, a token and two attestations.
std::string two_scenarios() {
    Script script;
    script.stack();
    for (const std::string name : {"first", "second"}) {
        script.begin(name).step(1, "attest").enrol().session().proof(std::chrono::minutes{3});
        script.attest(0).verdict(0, "pass").attest(1).verdict(1, "pass").status("PASS", 2).end_scenario();
    }
    return script.end().text();
}

std::vector<std::string> found(const std::string& text, const std::string& check, std::size_t scenario) {
    const RunReport report = judged(text);
    std::vector<std::string> texts;
    for (const Finding& finding : report.scenarios.at(scenario).findings) {
        if (finding.check == check) texts.push_back(finding.text);
    }
    return texts;
}

TEST(Nonces, OfAnHonestRunAreDistinct) {
    for (const std::size_t scenario : {0U, 1U})
        EXPECT_THAT(found(two_scenarios(), "nonces_distinct", scenario), IsEmpty());
    EXPECT_THAT(not_checked(judged(two_scenarios()), "nonces_distinct"), IsEmpty());
}

TEST(Nonces, AreComparedOverTheWholeRunAndBetweenSessionsAndNegotiations) {
    // challenge-0: the first session's; -1 and -2: of negotiations; -3: the second session's, …
    const std::string across =
        with_line(two_scenarios(), "challenge-4==", 0, replacing("challenge-4", "challenge-0"));
    EXPECT_THAT(found(across, "nonces_distinct", 0), IsEmpty());
    EXPECT_THAT(
        found(across, "nonces_distinct", 1),
        ElementsAre("honest[0]: the challenge challenge-0== was issued before, in line 6 to honest[0]"));
    EXPECT_EQ(judged(across).exit_code, 1);
    const std::string within =
        with_line(two_scenarios(), "challenge-2==", 0, replacing("challenge-2", "challenge-1"));
    EXPECT_THAT(found(within, "nonces_distinct", 0), testing::SizeIs(1));
}

TEST(Nonces, ThatTheHistoryDoesNotTellAreNotChecked) {
    std::string text = two_scenarios();
    for (std::size_t at = 0; (at = text.find(R"("challenge":)", at)) != std::string::npos;)
        text.replace(at, 11, R"("chaffenge")");
    EXPECT_THAT(not_checked(judged(text), "nonces_distinct"),
                ElementsAre("the history does not tell challenges"));
}

TEST(Tokens, OfAnHonestRunAreSecret) {
    EXPECT_THAT(found(two_scenarios(), "tokens_secret", 0), IsEmpty());
    EXPECT_THAT(not_checked(judged(two_scenarios()), "tokens_secret"), IsEmpty());
}

TEST(Tokens, ThatStandForThemselvesAreFoundWhereverTheyAre) {
    const auto noted = [](const std::string& text) {
        Script script;
        script.begin("noted").step(1, "attest").add(script.where(), h::Note{"ABC"});
        return findings(
            judged(with_line(script.end_scenario().end().text(), "ABC", 0, replacing("ABC", text))),
            "tokens_secret");
    };
    const std::string jwt = "0123456789abcdef.fedcba";
    EXPECT_THAT(noted("Authorization: Bearer " + jwt),
                ElementsAre("honest[0]: the line shows a bearer token: note (honest[0])"));
    EXPECT_THAT(noted("authorization: bearer " + jwt), testing::SizeIs(1));
    EXPECT_THAT(noted("-----BEGIN EC PRIVATE KEY-----"), ElementsAre(HasSubstr("a private key")));
    EXPECT_THAT(noted(R"({\"token\": \"x.y\"})"), ElementsAre(HasSubstr("a secret by its name")));
    EXPECT_THAT(noted(R"({\\\"auth_tag\\\":\\\"00ff\\\"})"), ElementsAre(HasSubstr("a secret by its name")));
    EXPECT_THAT(noted("Bearer fp:0123456789abcdef"), IsEmpty());
    EXPECT_THAT(noted("a bearer token that is no longer valid"), IsEmpty());
    EXPECT_THAT(noted("-----BEGIN PUBLIC KEY-----"), IsEmpty());
    EXPECT_THAT(
        noted(R"({\"token\": \"fp:0123456789abcdef\", \"token_expires_at\": \"now\", \"token\":\"\"})"),
        IsEmpty());
}

TEST(Tokens, InHeadersBodiesAndPlansAreLookedFor) {
    Script script;
    script.begin("kept").step(1, "attest");
    h::Exchange exchange = h::test::an_exchange(403);
    exchange.request.headers.emplace_back("Authorization", "Bearer " + token(7));
    exchange.request.body = R"({"data":{"password":"hunter2"}})";
    script.add(script.where(), exchange);
    const std::string text = script.end_scenario().end().text();
    EXPECT_THAT(findings(judged(text), "tokens_secret"), IsEmpty());
    const auto fingerprint = [&](const std::string& before) {
        const std::size_t at = text.find(before);
        return text.substr(at, before.size() + 19);
    };
    const auto shown = [&](const std::string& before, const std::string& secret) {
        return findings(judged(with_line(text, R"("kind":"exchange")", 0,
                                         replacing(fingerprint(before), before + secret))),
                        "tokens_secret");
    };
    EXPECT_THAT(shown("Bearer ", token(7)), ElementsAre(HasSubstr("a bearer token")));
    EXPECT_THAT(shown(R"(["Authorization","Bearer )", "short"), ElementsAre(HasSubstr("a Authorization")));
    EXPECT_THAT(shown(R"(\"password\":\")", "hunter2"), ElementsAre(HasSubstr("a secret by its name")));
}

TEST(Tokens, ThatComeBackInAnotherAnswerAreFoundByTheirFingerprintThoughNoBodyIsKept) {
    const auto echoed = [](const std::string& body) {
        Script script;
        script.begin("echo").step(1, "attest").enrol().session().proof(std::chrono::minutes{3});
        script.attest(0).verdict(0, "pass");
        h::Exchange again = h::test::an_exchange(202, body);
        again.request.target = "/v3.0/agents/id/attestations/1";
        script.add(script.where(), again);
        const std::string text = script.end_scenario().end().text();
        EXPECT_EQ(text.find(token(0)), std::string::npos);
        EXPECT_EQ(
            h::test::last_event<h::ExchangeSeen>(without(without(text, "scenario_end"), R"("kind":"end")"))
                .response.kept,
            false);
        return findings(judged(text), "tokens_secret");
    };
    EXPECT_THAT(echoed("{}"), IsEmpty());
    EXPECT_THAT(
        echoed(R"({"meta":{"you":"a-session.)" + token(0) + R"("}})"),
        ElementsAre(testing::MatchesRegex(
            R"(honest\[0\]: the token fp:[0-9a-f]* of honest\[0\] stands in another answer: PATCH .*)")));
    EXPECT_THAT(echoed(R"({"meta":{"you":"another-session.)" + token(1) + R"("}})"), IsEmpty());
}

}  // namespace
}  // namespace pushsim::reports
