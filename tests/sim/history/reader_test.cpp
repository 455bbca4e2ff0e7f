#include "sim/history/reader.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/sim/history/support.hpp"

namespace pushsim::history {
namespace {

using test::a_head;
using test::content;
using test::last_event;
using test::lines_of;
using test::overwrite;
using test::TemporaryFolder;
using test::written;
using testing::HasSubstr;

const std::string head_line =
    R"({"n":0,"t":0,"kind":"head","format":1,"pushsim":"0.1.0","command":"","seed":1,"started":"2026-11-23T15:00:34Z"})"
    "\n";

TEST(HistoryReader, EveryKindOfRecordComesBackAsItWent) {
    ScenarioStart start;
    start.title = "Title";
    start.file = "a.yaml";
    start.plan = R"({"steps":[1,2]})";
    start.groups = {{"honest", 3}};
    start.attempt = Try{2, 5};
    start.expectations = {
        {.response = ResponseClause{{{202, 202}, {400, 499}}, {"challenges_expired"}, "/data"},
         .step = 2,
         .source = "a.yaml:1:2"},
        {.verdict = VerdictClause{"fail", "policy_violation"},
         .agents = {"honest"},
         .quantity = {Quantity::Kind::AtLeast, 2}},
        {.status = StatusClause{"PASS", StatusClause::When::Never}, .last_cycle_only = true},
        {.response = ResponseClause{.header = {{"Location", header_present}, {"Retry-After", header_absent}},
                                    .retry_after = {{1, 60}},
                                    .body = {{"/data/type", R"("attestation")"}}}},
        {.requests = {{"sessions", 1}, {"submissions", 0, /*since_start=*/true}}},
        {.metric =
             MetricClause{"submit.p99", MetricClause::Comparison::Less, std::chrono::milliseconds{250}}},
        {.metric =
             MetricClause{
                 .metric = "error.share", .comparison = MetricClause::Comparison::AtMost, .number = 0.015}},
        {.check = CheckClause{"accounted"}}};
    const auto start_read = last_event<ScenarioStart>(written({start}));
    EXPECT_EQ(start_read.title, start.title);
    EXPECT_EQ(start_read.plan, start.plan);
    EXPECT_EQ(start_read.groups, start.groups);
    EXPECT_EQ(start_read.attempt, start.attempt);
    EXPECT_EQ(start_read.expectations, start.expectations);

    const auto end =
        last_event<ScenarioEnd>(written({ScenarioEnd{ScenarioEnd::Ending::Failed, "why", "how"}}));
    EXPECT_EQ(end.ending, ScenarioEnd::Ending::Failed);
    EXPECT_EQ(end.mend, "how");

    EXPECT_EQ(last_event<StepStart>(written({StepStart{"attest", {"honest"}, "first"}})).agents.at(0),
              "honest");
    EXPECT_EQ(last_event<StepEnd>(written({StepEnd{"attest", "why"}})).error, "why");

    const TpmOperation quote{"quote", std::chrono::microseconds{7}, "",
                             QuoteValues{"sha256", {{0, "00"}, {7, "ff"}}}, QuoteClock{4711, 5, 2, true}};
    EXPECT_EQ(last_event<TpmOperation>(written({quote})).quote, quote.quote);
    EXPECT_EQ(last_event<TpmOperation>(written({quote})).clock, quote.clock);

    const TpmOperation made{
        .operation = "provision", .ak_name = "000b00ff", .waited = std::chrono::milliseconds{3}, .ahead = 12};
    EXPECT_EQ(last_event<TpmOperation>(written({made})).ak_name, "000b00ff");
    EXPECT_EQ(last_event<TpmOperation>(written({made})).waited, made.waited);
    EXPECT_EQ(last_event<TpmOperation>(written({made})).ahead, 12);

    const MachineAct act{"extend", 7, {{"sha256", "ab"}}, "text:x"};
    EXPECT_EQ(last_event<MachineAct>(written({act})).digests, act.digests);
    EXPECT_EQ(last_event<MachineAct>(written({act})).pcr, 7);

    const auto fault = last_event<FaultEffect>(
        written({FaultEffect{"delay before submit for 2s", "waits 2s", "a of [a, b]"}}));
    EXPECT_EQ(fault.fault, "delay before submit for 2s");
    EXPECT_EQ(fault.effect, "waits 2s");
    EXPECT_EQ(fault.draw, "a of [a, b]");

    TenantAct tenant;
    tenant.act = "enrol";
    tenant.request = HttpRequest{"POST", "/v2.6/agents/x", {}, "{}"};
    tenant.response = HttpResponse{409, {}, R"({"code":409})"};
    tenant.tpm_policy = R"({"7":["00"],"mask":"0x80"})";
    tenant.ak_name = "000b00ff";
    const auto tenant_read = last_event<TenantActSeen>(written({tenant}));
    EXPECT_EQ(tenant_read.status, 409);
    EXPECT_EQ(tenant_read.tpm_policy, tenant.tpm_policy);
    EXPECT_EQ(tenant_read.ak_name, tenant.ak_name);
    EXPECT_EQ(tenant_read.response.body, R"({"code":409})");

    Exchange negotiation = test::an_exchange(
        201,
        R"({"data":{"attributes":{"evidence_requested":[{"evidence_type":"tpm_quote"}],"capabilities_received_at":)"
        R"("2026-11-23T15:00:34.944070+00:00","challenges_expire_at":"2026-11-23T15:30:34.944070+00:00"}}})");
    negotiation.phase = "negotiate";
    const auto negotiated = last_event<ExchangeSeen>(written({negotiation})).negotiated;
    ASSERT_TRUE(negotiated);
    EXPECT_EQ(negotiated->requested, List<Text>{"tpm_quote"});
    EXPECT_EQ(negotiated->received_at, "2026-11-23T15:00:34.944070+00:00");
    EXPECT_EQ(negotiated->expire_at, "2026-11-23T15:30:34.944070+00:00");
    negotiation.outcome.response->body = R"({"data":{"attributes":{"evidence_requested":[]}}})";
    const auto nothing = last_event<ExchangeSeen>(written({negotiation})).negotiated;
    EXPECT_TRUE(nothing && nothing->requested.empty());
    negotiation.outcome.response->body = R"({"data":[]})";
    EXPECT_FALSE(last_event<ExchangeSeen>(written({negotiation})).negotiated);
    EXPECT_EQ(last_event<ExchangeSeen>(
                  written({test::an_exchange(202, R"({"meta":{"seconds_to_next_attestation":2}})")}))
                  .seconds_to_next,
              2);

    Exchange proof = test::an_exchange(
        200, R"({"data":{"attributes":{"response_received_at":"2026-11-23T15:00:34.5+00:00",)"
             R"("token":"a-token-of-a-session","token_expires_at":"2026-11-23T15:03:34.5+00:00"}}})");
    proof.phase = "authenticate";
    proof.request.method = "PATCH";
    EXPECT_EQ(last_event<ExchangeSeen>(written({proof})).token_lifetime, std::chrono::minutes{3});
    proof.outcome.response->body = R"({"data":{"attributes":{"token":"a-token-of-a-session"}}})";
    EXPECT_FALSE(last_event<ExchangeSeen>(written({proof})).token_lifetime);

    const auto cycle =
        last_event<Cycle>(written({Cycle{"submit", "refused", 403, "challenges_expired", 4, "late"}}));
    EXPECT_EQ(cycle.code, "challenges_expired");
    EXPECT_EQ(cycle.index, 4);

    Verdict verdict{.index = 3};
    verdict.record.value = RecordVerdict{"verification_complete", "fail"};
    verdict.database.unavailable = "no database here";
    verdict.log.value = LogVerdict{"fail", "policy_violation", {"PCR #7: …"}};
    const auto verdict_read = last_event<Verdict>(written({verdict}));
    EXPECT_EQ(verdict_read.record.value->evaluation, "fail");
    EXPECT_EQ(verdict_read.database.unavailable, "no database here");
    EXPECT_FALSE(verdict_read.database.value);
    EXPECT_EQ(verdict_read.log.value->details.front(), "PCR #7: …");

    EXPECT_EQ(last_event<StatusRead>(written({StatusRead{"PASS", 3, 5, 6}})).last_successful_attestation, 6);
    const StackFacts facts{"local",
                           "7.14.3",
                           "on loopback",
                           "127.0.0.1:1",
                           "127.0.0.1:2",
                           "push",
                           "/src/keylime at v7.14.3",
                           "verifier started with 4 workers"};
    EXPECT_EQ(last_event<StackEvent>(written({StackEvent{"started", "", facts}})).facts, facts);
    EXPECT_EQ(last_event<End>(written({End{true, "interrupted", 130}})).exit_code, 130);
    const Conformance scope{
        .profile = "quick",
        .selection = "area EVID",
        .requirements = {{"KPM-EVID-007",
                          "one sentence",
                          "SHOULD",
                          "registrar",
                          "7.14.1",
                          {"here"},
                          {"quick"},
                          {"late/held"},
                          "slow_read",
                          true}},
        .deviations = {{"KPM-EVID-007", "late/held", "answered 500", "F10", "7.14.0", "7.14.3", true, true}},
        .deviations_file = "deviations/x.yaml",
        .excluded = {{"KPM-EVID-008", "by --exclude"}},
        .strict = true};
    EXPECT_EQ(last_event<Conformance>(written({scope})), scope);
    EXPECT_EQ(last_event<StepStart>(written({StepStart{"attest", {}, "", "held"}})).case_name, "held");
}

TEST(HistoryReader, AQuoteThatRepeatsIsWrittenOnceAndReadTwice) {
    const TemporaryFolder folder;
    const TpmOperation quote{"quote", {}, "", QuoteValues{"sha256", {{7, std::string(64, 'f')}}}};
    const std::string text = written({quote, quote});
    EXPECT_EQ(text.find(std::string(64, 'f')), text.rfind(std::string(64, 'f')));
    overwrite(folder.file(), text);
    const auto history = read_history(folder.file());
    ASSERT_TRUE(history);
    EXPECT_EQ(history->entries.at(1).event.get<TpmOperation>()->quote, quote.quote);
}

TEST(HistoryReader, AFileCutAnywhereIsReadUpToItsLastWholeLine) {
    const TemporaryFolder folder;
    const std::string whole = written({Note{"one"}, test::an_exchange(403), End{}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        overwrite(folder.file(), whole.substr(0, size));
        const auto history = read_history(folder.file());
        ASSERT_TRUE(history) << "cut at " << size << ": " << history.error().text();
        EXPECT_EQ(history->cut, size > 0 && whole[size - 1] != '\n') << "cut at " << size;
        EXPECT_FALSE(history->ended());
        EXPECT_EQ(history->head.has_value(), size > whole.find('\n'));
    }
    overwrite(folder.file(), whole);
    EXPECT_TRUE(read_history(folder.file())->ended());
}

TEST(HistoryReader, AFileThatGrowsIsReadOnFromItsOffset) {
    const TemporaryFolder folder;
    overwrite(folder.file(), head_line + R"({"n":1,"t":1,"kind":"note",)");
    auto reader = HistoryReader::open(folder.file());
    ASSERT_TRUE(reader);
    ASSERT_TRUE(reader->next()->has_value());
    ASSERT_FALSE(reader->next()->has_value());
    EXPECT_TRUE(reader->cut());
    EXPECT_EQ(reader->offset(), head_line.size());
    std::ofstream(folder.file(), std::ios::app) << "\"text\":\"x\"}\n";
    const auto grown = reader->next();
    ASSERT_TRUE(grown && *grown);
    EXPECT_EQ((*grown)->event.get<Note>()->text, "x");
    EXPECT_FALSE(reader->next()->has_value());
    EXPECT_FALSE(reader->cut());

    auto later = HistoryReader::open(folder.file(), head_line.size());
    const auto from_offset = later->next();
    ASSERT_TRUE(from_offset && *from_offset);
    EXPECT_EQ((*from_offset)->n, 1U);
    EXPECT_EQ(parse_line(later->line())->at("text"), "x");
}

TEST(HistoryReader, ANewerFormatIsRefusedWithTheWayOut) {
    const TemporaryFolder folder;
    std::string newer = head_line;
    newer.replace(newer.find("\"format\":1"), 10, "\"format\":2");
    overwrite(folder.file(), newer);
    const auto history = read_history(folder.file());
    ASSERT_FALSE(history);
    EXPECT_EQ(history.error().kind, ErrorKind::Config);
    EXPECT_THAT(history.error().text(), testing::AllOf(HasSubstr("history.jsonl:1"), HasSubstr("format 2"),
                                                       HasSubstr("up to 1"), HasSubstr("newer")));
}

TEST(HistoryReader, KindsAndMembersItDoesNotKnowAreNoError) {
    const TemporaryFolder folder;
    overwrite(folder.file(), head_line + R"({"n":1,"t":5,"kind":"weather","x":1})" + "\n" +
                                 R"({"n":2,"t":6,"kind":"note","text":"a","colour":"blue"})" + "\n");
    const auto history = read_history(folder.file());
    ASSERT_TRUE(history) << history.error().text();
    EXPECT_EQ(history->entries.at(0).kind(), "weather");
    EXPECT_EQ(history->entries.at(1).event.get<Note>()->text, "a");
}

TEST(HistoryReader, ErrorsNameFileLineAndMember) {
    const TemporaryFolder folder;
    const auto error = [&](const std::string& line) {
        overwrite(folder.file(), head_line + line + "\n");
        const auto history = read_history(folder.file());
        return history ? "" : history.error().message;
    };
    EXPECT_THAT(error("garbage"), HasSubstr("history.jsonl:2: the line is not a JSON object"));
    EXPECT_THAT(error(R"({"n":1,"t":1})"), HasSubstr(":2: /kind: is not there"));
    EXPECT_THAT(error(R"({"n":1,"t":"x","kind":"note","text":""})"), HasSubstr("/t: is not an integer"));
    EXPECT_THAT(error(R"({"n":1,"t":1,"kind":"note","text":7})"), HasSubstr("/text: is not a text"));
    EXPECT_THAT(error(R"({"n":-1,"t":1,"kind":"note","text":""})"), HasSubstr("/n: is not a whole number"));
    EXPECT_THAT(error(R"({"n":1,"t":9223372036854775807,"kind":"note","text":""})"),
                HasSubstr("/t: is not a duration"));
    EXPECT_THAT(error(R"({"n":1,"t":1,"kind":"scenario_end","ending":"happily"})"), HasSubstr("happily"));
    EXPECT_THAT(error(R"({"n":1,"t":1,"kind":"verdict","index":0,"record":{"says":{"stage":"x"}}})"),
                HasSubstr("/record/says/evaluation: is not there"));
    EXPECT_THAT(error(R"({"n":0,"t":1,"kind":"note","text":""})"), HasSubstr("/n: 0 behind 0"));
    EXPECT_THAT(error(std::string(100'000, '[')), HasSubstr("not a JSON object"));
    EXPECT_THAT(error(R"({"n":1,"t":1,"kind":"scenario_start","expectations":[{"source":"x"}]})"),
                HasSubstr("/expectations/0/response: is not there"));
}

TEST(HistoryReader, AFileOfOthersIsNoHistory) {
    const TemporaryFolder folder;
    overwrite(folder.file(), R"({"n":0,"t":0,"kind":"note","text":""})"
                             "\n");
    EXPECT_THAT(read_history(folder.file()).error().message, HasSubstr("no head"));
    EXPECT_EQ(read_history(folder.file("absent")).error().kind, ErrorKind::System);
    EXPECT_THAT(read_history(folder.file().parent_path()).error().message, HasSubstr("folder"));
}

TEST(HistoryReader, MissingLinesAreTold) {
    const TemporaryFolder folder;
    auto lines = lines_of(written({Note{"a"}, Note{"b"}, Note{"c"}}));
    overwrite(folder.file(), lines[0] + "\n" + lines[3] + "\n");
    EXPECT_THAT(read_history(folder.file())->missing, testing::ElementsAre(1U, 2U));
}

}  // namespace
}  // namespace pushsim::history
