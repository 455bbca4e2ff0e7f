#include "sim/history/redaction.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/history/seen.hpp"
#include "tests/sim/history/support.hpp"

namespace pushsim::history {
namespace {

using test::an_exchange;
using test::written;
using testing::HasSubstr;
using testing::Not;

const std::string token = "18fb02d3-8ed1-44ca-a511-cd783bf43b9c.Hg3efmXk0zRJcz3s604IrW-yq5_N7pEcHVlwPXDu5ZI";
const std::string session_answer =
    R"({"data":{"type":"session","attributes":{"evaluation":"pass","token":")" + token +
    R"(","token_expires_at":"2026-11-23T15:03:34.710833+00:00",)" +
    R"("authentication":[{"chosen_parameters":{"challenge":"giTpfchig7UCU1kM/26tyw=="}}]}}})";

Redactor redactor() {
    return Redactor{Bytes(32, 0x42)};
}

TEST(Redaction, EqualSecretsHaveEqualFingerprintsUnderOneKeyOnly) {
    const Redactor one = redactor();
    EXPECT_EQ(one.fingerprint("secret"), one.fingerprint("secret"));
    EXPECT_NE(one.fingerprint("secret"), one.fingerprint("secreT"));
    EXPECT_NE(one.fingerprint("secret"), Redactor{}.fingerprint("secret"));
    EXPECT_THAT(one.fingerprint("secret"), testing::MatchesRegex("fp:[0-9a-f]{16}"));
}

TEST(Redaction, ATokenIsTheSameFingerprintInAnswerAndHeader) {
    Redactor r = redactor();
    const auto answer = nlohmann::json::parse(r.body(session_answer));
    const auto headers = r.headers({{"authorization", "Bearer " + token}});
    EXPECT_EQ(answer["data"]["attributes"]["token"], r.fingerprint(token));
    EXPECT_EQ(headers[0].second, "Bearer " + r.fingerprint(token));
}

TEST(Redaction, NoncesAndTimesOfTokensAreKept) {
    const std::string body = redactor().body(session_answer);
    EXPECT_THAT(body, HasSubstr("giTpfchig7UCU1kM/26tyw=="));
    EXPECT_THAT(body, HasSubstr("2026-11-23T15:03:34.710833+00:00"));
}

TEST(Redaction, EveryNamedMemberIsFoundAtAnyDepth) {
    for (const char* name : {"token", "auth_tag", "password", "Private-Key", "revocation_key",
                             "client_secret", "api_key", "access_token"}) {
        const std::string body = fmt::format(
            R"({{"a":[{{"b":{{"{}":"canary-value-0123"}}}},"{{\"{}\":\"canary-value-0123\"}}"]}})", name,
            name);
        EXPECT_THAT(redactor().body(body), Not(HasSubstr("canary"))) << name;
    }
}

TEST(Redaction, ValuesThatAreNoTextAreFoundToo) {
    EXPECT_THAT(redactor().body(R"({"password":123456789,"secret":["canary-1"],"token":null})"),
                testing::AllOf(Not(HasSubstr("123456789")), Not(HasSubstr("canary")), HasSubstr("null")));
}

TEST(Redaction, EscapedAndRepeatedMembersHideNothing) {
    EXPECT_THAT(redactor().body(R"({"tok\u0065n":"canary-value-0123"})"), Not(HasSubstr("canary")));
    EXPECT_THAT(redactor().body(R"({"a":{"token":"canary-value-0123"},"a":1})"), Not(HasSubstr("canary")));
}

TEST(Redaction, HalfAnAnswerIsSearchedAsText) {
    const std::string whole = session_answer;
    const std::size_t begin = whole.find(token);
    for (std::size_t size = begin; size <= whole.size(); ++size) {
        const std::string redacted = redactor().body(whole.substr(0, size));
        EXPECT_EQ(redacted.find(token.substr(0, std::min<std::size_t>(size - begin, 12)), begin),
                  size - begin == 0 ? begin : std::string::npos)
            << redacted;
    }
}

TEST(Redaction, AnswersNestedWithoutEndAreSearchedAsText) {
    const std::string deep = std::string(100'000, '[') + R"({"token":"canary-value-0123"})";
    EXPECT_THAT(redactor().body(deep), Not(HasSubstr("canary")));
}

TEST(Redaction, ALogLineWithPythonsQuotesIsSearched) {
    EXPECT_EQ(redactor().text("got {'password': 'canary-value', 'x': 1}"),
              "got {'password': '" + redactor().fingerprint("canary-value") + "', 'x': 1}");
}

TEST(Redaction, PrivateKeysInPemAreReplacedWhereverTheyStand) {
    const std::string key = "-----BEGIN RSA PRIVATE KEY-----\nY2FuYXJ5\n-----END RSA PRIVATE KEY-----";
    EXPECT_THAT(redactor().text("key: " + key + " end"), testing::MatchesRegex("key: fp:[0-9a-f]{16} end"));
    EXPECT_THAT(redactor().text("-----BEGIN PRIVATE KEY-----\nY2FuYXJ5"), Not(HasSubstr("Y2FuYXJ5")));
    const std::string certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
    EXPECT_EQ(redactor().text(certificate), certificate);
}

TEST(Redaction, CommonWordsStayReadable) {
    const std::string text = "403: Bearer authentication required; the token of agent 7 is not known";
    EXPECT_EQ(redactor().text(text), text);
}

TEST(Redaction, BodiesWithoutSecretsKeepEveryOctet) {
    const std::string body = "{ \"b\" : 1.0,\n\"a\":[1e3 ] }";
    EXPECT_EQ(redactor().body(body), body);
}

/// Writes a run that meets canaries in every place a secret can come through, with all bodies kept.
TEST(Redaction, NoCanaryReachesTheFile) {
    const std::string tag(96, 'c');
    const std::string password = "canary-password-1";
    const std::string recovered = "canary-\x01\x02\xFF-recovered";
    const std::string key = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5LWtleQ==\n-----END PRIVATE KEY-----";

    Exchange session = an_exchange(200, session_answer);
    session.request.body = R"({"data":{"auth_tag":")" + tag + R"("}})";
    Exchange echo = an_exchange(500, "Traceback: token=" + token + " " + to_base64(as_bytes(token)));
    echo.request.headers.emplace_back("Authorization", "Bearer " + token);
    echo.request.target = "/v3.0/echo?" + token;
    Exchange lost = an_exchange(0);
    lost.outcome.response.reset();
    lost.outcome.failure = transport::Failure{transport::FailureKind::Closed, "closed after " + token};
    TenantAct enrol;
    enrol.act = "enrol";
    enrol.request = HttpRequest{
        "POST", "/", {}, R"({"metadata":"{\"password\":\")" + password + R"(\"}","pem":")" + key + R"("})"};
    enrol.error = Error{ErrorKind::Transport, "refused " + password};
    TpmOperation operation{.operation = "activate", .error = "got " + to_hex(as_bytes(recovered))};
    MachineAct act{.act = "extend", .text = token};
    Cycle cycle{.phase = "submit", .ending = "failed", .code = token, .reason = token};
    Verdict verdict{.log = {.value = LogVerdict{"fail", "", {"token " + token, recovered}}}};
    ScenarioStart start;
    start.title = token;
    start.plan = R"({"habits":{"token":")" + token + R"("}})";

    const std::string file =
        written({session, echo, lost, enrol, operation, act, cycle, verdict, start, Note{token},
                 FaultEffect{token, token, token}, StackEvent{"failed", key}, StepEnd{"attest", token},
                 ScenarioEnd{.reason = token, .mend = token}, End{true, token}},
                {.bodies = Bodies::All}, {recovered});

    for (const std::string& canary : {token, token.substr(token.find('.') + 1), tag, password, recovered, key,
                                      std::string{"Y2FuYXJ5LWtleQ"}, std::string{"canary"}}) {
        EXPECT_THAT(file, Not(HasSubstr(canary)));
        EXPECT_THAT(file, Not(HasSubstr(to_base64(as_bytes(canary)))));
        EXPECT_THAT(file, Not(HasSubstr(to_hex(as_bytes(canary)))));
    }
    // It is not that nothing was written.
    EXPECT_THAT(file, HasSubstr("Traceback: token=fp:"));
    EXPECT_THAT(file, HasSubstr("closed after fp:"));
}

TEST(Redaction, TheTokensOfALargeFleetStayKnown) {
    constexpr int kAgents = 10'000;
    Redactor redactor;
    BodyKeeper keeper{WriterOptions{}};
    ScenarioStart start;
    start.groups = {{"many", kAgents}};
    (void)to_event(start, redactor, keeper, Instant{});
    const auto token_of = [](int n) { return std::to_string(10'000'000 + n) + "-living"; };
    for (int n = 0; n < 7 * kAgents; ++n)
        redactor.learn(token_of(n));
    EXPECT_THAT(redactor.text("echoed: " + token_of(0)), Not(HasSubstr(token_of(0))));
}

TEST(Redaction, ASecretInABodyOfBinaryOctetsIsNotWritten) {
    const std::string secret = "canary-\x01\x02\xFF-octets";
    const std::string file =
        written({an_exchange(500, "\xFE\xFF" + secret)}, {.bodies = Bodies::All}, {secret});
    const auto seen = test::last_event<ExchangeSeen>(file);
    EXPECT_THAT(seen.response.body, testing::MatchesRegex("\xFE\xFF"
                                                          "fp:[0-9a-f]{16}"));
}

}  // namespace
}  // namespace pushsim::history
