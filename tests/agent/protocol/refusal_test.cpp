// Answers that say no, as recorded and as nobody should send them.

#include <gmock/gmock.h>

#include "tests/agent/protocol/parsers.hpp"
#include "tests/agent/protocol/recording.hpp"

namespace pushsim::protocol {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;
using testing::recording;

const WallTime kNow = from_rfc3339("2026-11-24T00:00:00Z").value();

RefusedAnswer refusal(const std::string& name) {
    return parse_refusal(recording(name).response, kNow);
}

TEST(Refusals, EveryRecordedOneIsReadCompletely) {
    int refusals = 0, empty = 0;
    for (const auto& recorded : testing::all_recordings()) {
        if (recorded.response.status < 400 || recorded.name == "session-proof-fail-401") continue;
        SCOPED_TRACE(recorded.name);
        ++refusals;
        const RefusedAnswer read = parse_refusal(recorded.response, kNow);
        EXPECT_EQ(read.status, recorded.response.status);
        EXPECT_EQ(read.errors.empty(), recorded.response.body.empty());
        empty += recorded.response.body.empty() ? 1 : 0;
        for (const ServerError& error : read.errors) {
            EXPECT_EQ(error.status, read.status);
            EXPECT_TRUE(error.detail || error.title);
        }
        EXPECT_THAT(read.text(), ::testing::StartsWith(std::to_string(read.status)));
    }
    EXPECT_GE(refusals, 35);
    EXPECT_GE(empty, 7);
}

TEST(Refusals, CodesOfTheAttestationProtocolAreRead) {
    const std::vector<std::pair<const char*, const char*>> codes = {
        {"attestation-negotiate-premature-429", "premature_attestation"},
        {"attestation-negotiate-conflict-409", "conflict"},
        {"attestation-negotiate-404", "not_found"},
        {"attestation-negotiate-422", "invalid_resource_data"},
        {"attestation-evidence-expired-403", "challenges_expired"},
        {"attestation-evidence-nothing-403", "challenges_expired"},
        {"attestation-evidence-immutable-403", "evidence_immutable"},
        {"attestation-evidence-old-403", "old_attestation"},
        {"attestation-evidence-error-400", "invalid_request"},
    };
    for (const auto& [name, code] : codes) {
        EXPECT_EQ(refusal(name).code(), code) << name;
        EXPECT_THAT(refusal(name).text(), HasSubstr(code)) << name;
    }
}

TEST(Refusals, SessionAndAuthorizationErrorsHaveTitlesAndNoCode) {
    const auto expired = refusal("attestation-negotiate-token-expired-401");
    ASSERT_THAT(expired.errors, SizeIs(1));
    EXPECT_EQ(expired.errors[0].title, "Unauthorized");
    EXPECT_EQ(expired.errors[0].detail, "Authentication token expired");
    EXPECT_EQ(expired.code(), std::nullopt);
    EXPECT_EQ(expired.text(), "401 Authentication token expired");
    EXPECT_EQ(refusal("session-proof-404").errors[0].detail, "Session not found");
}

TEST(Refusals, EnvelopesOfV2AreRead) {
    const auto gone = refusal("verifier-version-410");
    ASSERT_THAT(gone.errors, SizeIs(1));
    EXPECT_EQ(gone.errors[0].status, 410);
    EXPECT_EQ(gone.text(), "410 Gone");
    EXPECT_THAT(refusal("verifier-enrol-409").text(), HasSubstr("already exists"));
}

TEST(Refusals, FaultsOfEvidenceArePointedAt) {
    const auto invalid = refusal("attestation-negotiate-422");
    ASSERT_FALSE(invalid.errors.empty());
    for (const ServerError& error : invalid.errors)
        EXPECT_THAT(error.pointer.value_or("none"), ::testing::StartsWith("/data/attributes/evidence"));
    EXPECT_THAT(invalid.text(), HasSubstr("(/data/attributes/evidence"));
}

TEST(Refusals, RetryAfterOfTheRecordedOnesIsRead) {
    EXPECT_EQ(refusal("attestation-negotiate-premature-429").retry_after, 2s);
    EXPECT_THAT(refusal("attestation-negotiate-premature-429").text(), HasSubstr(", retry after 2s"));
    for (const char* name : {"session-create-agent-limit-429", "session-create-ip-limit-429"}) {
        ASSERT_TRUE(refusal(name).retry_after) << name;
        EXPECT_GT(*refusal(name).retry_after, 50s) << name;
        EXPECT_LE(*refusal(name).retry_after, 60s) << name;
    }
    EXPECT_EQ(refusal("attestation-negotiate-500").retry_after, std::nullopt);
}

std::optional<Duration> wait(const std::string& value) {
    return retry_after({503, {{"retry-after", value}}, ""}, kNow);
}

TEST(Refusals, RetryAfterTakesSecondsAndDates) {
    EXPECT_EQ(wait("0"), Duration::zero());
    EXPECT_EQ(wait(" 120\t"), 120s);
    EXPECT_EQ(wait("Tue, 24 Nov 2026 00:01:30 GMT"), 90s);
    EXPECT_EQ(wait("Mon, 23 Nov 2026 23:59:59 GMT"), Duration::zero());
    EXPECT_EQ(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Duration::zero());
}

TEST(Refusals, RetryAfterIsAYearAtMost) {
    EXPECT_EQ(wait("99999999999999999999999999"), 366 * 24h);
    EXPECT_EQ(wait("9223372036854775807"), 366 * 24h);
    EXPECT_EQ(wait("Fri, 31 Dec 9999 23:59:59 GMT"), 366 * 24h);
}

TEST(Refusals, RetryAfterThatIsNeitherIsNothing) {
    for (const char* value : {"", " ", "-1", "+1", "1.5", "2s", "soon", "Tue, 24 Nov 2026 00:01:30",
                              "Tue, 31 Feb 2026 00:01:30 GMT", "Tue, 24 Nov 2026 24:01:30 GMT",
                              "Tue, 24 nov 2026 00:01:30 GMT", "Tue, 24 Nov 2026 00-01-30 GMT",
                              "Tue, +4 Nov 2026 00:01:30 GMT", "Tuesday, 24-Nov-26 00:01:30 GMT"}) {
        EXPECT_EQ(wait(value), std::nullopt) << "'" << value << "'";
    }
    EXPECT_EQ(retry_after({503, {}, ""}, kNow), std::nullopt);
}

TEST(Refusals, WhatHasNoneOfTheShapesIsLeftOut) {
    for (const char* body : {"", "<html>", "[]", "7", "{}", R"({"errors":{}})", R"({"errors":[]})",
                             R"({"code":500})", R"({"code":[],"status":{}})"}) {
        EXPECT_THAT(parse_refusal({500, {}, body}, kNow).errors, IsEmpty()) << body;
    }
    const auto odd =
        parse_refusal({400, {}, R"({"errors":[7,{"status":400,"code":1,"source":[],"detail":null}]})"}, kNow);
    ASSERT_THAT(odd.errors, SizeIs(2));
    EXPECT_EQ(odd.errors[1].status, 400);
    EXPECT_EQ(odd.code(), std::nullopt);
}

TEST(Refusals, ParsersNameTheCodeOfARefusal) {
    const auto result = parse_negotiation(recording("attestation-negotiate-conflict-409").response,
                                          "POST /v3.0/agents/a/attestations");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::Protocol);
    EXPECT_THAT(result.error().message,
                ::testing::StartsWith("POST /v3.0/agents/a/attestations: answered 409 conflict: "));
    EXPECT_THAT(result.error().message, HasSubstr(", expected 201"));
}

}  // namespace
}  // namespace pushsim::protocol
