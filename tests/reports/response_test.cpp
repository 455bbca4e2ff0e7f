// What a clause can ask of an answer: headers, Retry-After and the body, judged on what the history kept.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/response_match.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::HasSubstr;

constexpr const char* body = R"({"data":{"type":"attestation","n":2,"list":[1,2],"a/b":{"x":1,"y":null}}})";

/// The clause about one answer, the second of its kind.
ExpectationResult of_answer(const h::ResponseClause& clause, const HttpHeaders& headers = {},
                            bool keep = true, const std::string& text = body, int status = 202) {
    Script script;
    script.begin("answer", {{.response = clause, .step = 2}}).step(1, "attest").attest(0);
    script.step(2, "attest");
    h::Exchange exchange = h::test::an_exchange(status, text);
    exchange.keep = keep;
    for (const auto& header : headers)
        exchange.outcome.response->headers.push_back(header);
    script.add(script.where(), exchange);
    return judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0);
}

h::ResponseClause with_header(const std::string& value) {
    return {.header = {{"location", value}}};
}

TEST(ResponseHeader, IsThereOrAbsentOrExactlySo) {
    const HttpHeaders there{{"Location", "/v3.0/x"}};
    EXPECT_EQ(of_answer(with_header("/v3.0/x"), there).judgement, Judgement::Holds);
    EXPECT_EQ(of_answer(with_header(h::header_present), there).judgement, Judgement::Holds);
    EXPECT_EQ(of_answer(with_header(h::header_absent)).judgement, Judgement::Holds);
    const auto other = of_answer(with_header("/3/x"), there);
    EXPECT_EQ(other.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(other.expected, "location: /3/x");
    EXPECT_EQ(other.actual, "honest[0]: 202, location: /v3.0/x");
    EXPECT_EQ(of_answer(with_header(h::header_absent), there).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(of_answer(with_header(h::header_present)).actual, "honest[0]: 202, no location");
}

TEST(ResponseRetryAfter, IsANumberOfSecondsInTheRanges) {
    const auto with = [](const std::string& value) {
        return of_answer({.retry_after = {{7, 7}, {30, 60}}}, {{"Retry-After", value}}, /*keep=*/false);
    };
    for (const char* right : {"7", "30", "60"})
        EXPECT_EQ(with(right).judgement, Judgement::Holds) << right;
    for (const char* wrong : {"6", "29", "61", "-7", "7.5", "7 s", "Fri, 27 Nov 2026 16:00:43 GMT"})
        EXPECT_EQ(with(wrong).judgement, Judgement::DoesNotHold) << wrong;
    EXPECT_EQ(with("61").expected, "Retry-After 7 or 30-60");
    EXPECT_EQ(with("61").actual, "honest[0]: 202, Retry-After 61");
    const auto without = of_answer({.retry_after = {{0, 3600}}});
    EXPECT_EQ(without.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(without.actual, "honest[0]: 202, no Retry-After");
}

TEST(ResponseBody, IsComparedAsJsonWhereThePointerLeads) {
    const auto with = [](const std::string& pointer, const std::string& value) {
        return of_answer({.body = {{pointer, value}}});
    };
    EXPECT_EQ(with("/data/type", R"("attestation")").judgement, Judgement::Holds);
    EXPECT_EQ(with("/data/n", "2.0").judgement, Judgement::Holds);
    EXPECT_EQ(with("/data/list/1", "2").judgement, Judgement::Holds);
    EXPECT_EQ(with("/data/a~1b", R"({"y":null,"x":1})").judgement, Judgement::Holds);
    EXPECT_EQ(with("/data/a~1b/y", "null").judgement, Judgement::Holds);
    const auto other = with("/data/n", "3");
    EXPECT_EQ(other.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(other.expected, "/data/n 3");
    EXPECT_EQ(other.actual, "honest[0]: 202, /data/n 2");
    for (const char* nowhere :
         {"/data/none", "/data/list/2", "/data/list/x", "data", "/data/~", "/data/list/01"})
        EXPECT_EQ(with(nowhere, "1").judgement, Judgement::DoesNotHold) << nowhere;
    EXPECT_EQ(with("/data/n", "no JSON").judgement, Judgement::DoesNotHold);
    EXPECT_EQ(with("/data/none", h::body_absent).judgement, Judgement::Holds);
    EXPECT_EQ(with("/data/none", R"("absent")").judgement, Judgement::DoesNotHold);
    const auto there = with("/data/n", h::body_absent);
    EXPECT_EQ(there.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(there.expected, "without /data/n");
    EXPECT_EQ(there.actual, "honest[0]: 202, /data/n 2");
    EXPECT_EQ(of_answer({.body = {{"/data/n", h::body_absent}}}, {}, true, "<html>").judgement,
              Judgement::DoesNotHold);
    EXPECT_EQ(of_answer({.body = {{"", "1"}}}, {}, true, "<html>").actual,
              "honest[0]: 202, a body that is no JSON");
    EXPECT_EQ(of_answer({.body = {{"", "1"}}}, {}, true, std::string(5000, '[')).judgement,
              Judgement::DoesNotHold);
}

TEST(ResponseWords, OfWhatNoAnswerMayBeSayWhatMustBe) {
    const std::string member = "/data/attributes/verification_completed_at";
    EXPECT_EQ(words_of_none({.body = {{member, h::body_absent}}}), "with " + member);
    EXPECT_EQ(words_of_none({.body = {{member, "null"}}}), "not " + member + " null");
    EXPECT_EQ(words_of_none({.header = {{"allow", h::header_absent}}}), "with allow");
    EXPECT_EQ(words_of_none({.header = {{"allow", h::header_present}}}), "without allow");
    EXPECT_EQ(words_of_none({.status = {{400, 599}}}), "not 400-599");
    EXPECT_EQ(words_of_none({.status = {{100, 599}}}), "no answer");
    EXPECT_EQ(words({.status = {{100, 599}}}), "an answer");
    EXPECT_EQ(words({.pointer = "/data/type"}), "an error at /data/type");
    EXPECT_EQ(words({.status = {{422, 422}}, .pointer = "/data/type"}), "422 at /data/type");
}

TEST(ResponseWords, OfAnAnswerThatNoneMayBeSayWhatWasAskedOfIt) {
    Script script;
    h::Expectation clause{.response = h::ResponseClause{.body = {{"/data/none", h::body_absent}}},
                          .step = 1,
                          .quantity = {h::Quantity::Kind::Exactly, 0}};
    script.begin("answer", {clause}).step(1, "attest");
    h::Exchange exchange = h::test::an_exchange(202, body);
    exchange.keep = true;
    script.add(script.where(), exchange);
    const auto result = judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0);
    EXPECT_EQ(result.expected, "with /data/none");
    EXPECT_EQ(result.actual, "honest[0]: 202, no /data/none");
}

TEST(ResponseBody, ThatWasNotKeptOrWasCutIsNotJudgedUnlessAllElseIsWrongAnyway) {
    for (const h::ResponseClause& clause :
         {h::ResponseClause{.body = {{"/data/n", "2"}}}, with_header(h::header_absent)}) {
        const auto unknown = of_answer(clause, {}, /*keep=*/false);
        EXPECT_EQ(unknown.judgement, Judgement::Skipped);
        EXPECT_THAT(unknown.reason, HasSubstr("not in the history"));
        h::ResponseClause wrong = clause;
        wrong.status = {{403, 403}};
        EXPECT_EQ(of_answer(wrong, {}, /*keep=*/false).judgement, Judgement::DoesNotHold);
    }
    const std::string longer = R"({"n":2,"x":")" + std::string(70'000, 'x') + "\"}";
    EXPECT_EQ(of_answer({.body = {{"/n", "2"}}}, {}, true, longer).reason,
              "of the answer's body the history has the beginning alone");
    EXPECT_EQ(of_answer(with_header(h::header_absent), {}, true, longer).judgement, Judgement::Holds);
}

TEST(ResponseBody, OfOneCycleThatIsUnknownLeavesTheClauseOpen) {
    Script script;
    script.begin(
        "cycles",
        {{.response = h::ResponseClause{.body = {{"/meta/seconds_to_next_attestation", "1"}}}, .step = 1}});
    // Of answers that went well the first is kept, and what is to be judged.
    script.step(1, "attest").attest(0).attest(1);
    h::Exchange kept = h::test::an_exchange(202, R"({"meta":{"seconds_to_next_attestation":1}})");
    kept.keep = true;
    script.add(script.where(), kept)
        .cycle({.phase = "submit", .ending = "reached", .status = 202, .index = 3});
    EXPECT_EQ(judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0).judgement,
              Judgement::Skipped);
}

TEST(ResponseSeen, IsSaidInTheWordsOfTheLanguageAsNarrowAsTheClauseAsks) {
    using testing::ElementsAre;
    const auto seen = [](const h::ResponseClause& clause, const std::string& text = body, int status = 202) {
        return of_answer(clause, {{"X-A", "b \"c\""}}, true, text, status).seen;
    };
    EXPECT_THAT(seen({.status = {{200, 200}}}), ElementsAre("{ status: 202 }"));
    EXPECT_THAT(seen({.status = {{200, 200}}}, "", 500), ElementsAre("{ status: 500, code: none }"));
    const std::string error =
        R"({"errors":[{"status":"422","code":"invalid_resource_data","source":{"pointer":"/data/x"}}]})";
    EXPECT_THAT(seen({.status = {{400, 400}}}, error, 422),
                ElementsAre("{ status: 422, code: invalid_resource_data, pointer: \"/data/x\" }"));
    EXPECT_THAT(
        seen({.header = {{"X-A", "d"}, {"X-B", "e"}}, .retry_after = {{1, 2}}}),
        ElementsAre(R"({ status: 202, header: { Retry-After: absent, X-A: "b \"c\"", X-B: absent } })"));
    EXPECT_THAT(seen({.body = {{"/data/n", "3"}, {"/data/no", "3"}, {"/data/type", "3"}}}),
                ElementsAre(R"({ status: 202, body: { "/data/n": 2, "/data/no": absent, )"
                            R"("/data/type": "attestation" } })"));
    EXPECT_THAT(seen({.body = {{"/n", "3"}}}, R"({"n":")" + std::string(300, 'x') + "\"}"),
                ElementsAre("{ status: 202 }"))
        << "too long to be written";
    EXPECT_THAT(seen({.body = {{"/n", "3"}}}, "<html>"), ElementsAre("{ status: 202 }"));
    EXPECT_THAT(of_answer({.body = {{"/data/n", "3"}}}, {}, /*keep=*/false).seen, testing::IsEmpty());
}

TEST(ResponseClause, ReadsAsItWasAskedFor) {
    EXPECT_EQ(
        words(h::ResponseClause{.status = {{403, 403}, {500, 599}},
                                .code = {"a", "b"},
                                .pointer = "/data",
                                .header = {{"Location", "*"}, {"X", "absent"}, {"Y", "z"}},
                                .retry_after = {{1, 60}},
                                .body = {{"/data/type", R"("x")"}}}),
        "403 or 500-599 a or b at /data, Retry-After 1-60, with Location, without X, Y: z, /data/type \"x\"");
}

TEST(ResponseHeader, OfTheTenantsAnswerIsLookedAtToo) {
    Script script;
    script.begin("enrol",
                 {{.response = h::ResponseClause{.header = {{"Location", "absent"}}, .retry_after = {{1, 2}}},
                   .step = 1}});
    script.step(1, "enrol").enrol();
    const auto result = judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0);
    EXPECT_EQ(result.actual, "honest[0]: 200, no Retry-After");
}

}  // namespace
}  // namespace pushsim::reports
