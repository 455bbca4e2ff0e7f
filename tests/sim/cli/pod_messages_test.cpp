// What a run and its shards say to each other.

#include "sim/cli/pod_messages.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/history/serialise.hpp"

namespace pushsim::cli {
namespace {

using std::chrono::microseconds;
using Server = stack::AdminRelay::Server;

ShardSetup a_setup() {
    ShardSetup setup;
    setup.shard = {1, 3};
    setup.plan = "plan: 1\n";
    setup.id_seed = 0xFFFFFFFFFFFFFFFF;
    setup.attempt = history::Try{2, 5};
    setup.hosts = {"node", "gateway"};
    setup.verifier = {"127.0.0.1", 30881};
    setup.ca = "-----BEGIN CERTIFICATE-----\n";
    setup.api_version = "2.6";
    setup.limit = std::chrono::minutes{10};
    setup.max_in_flight = 7;
    return setup;
}

TEST(PodMessages, ASetupComesAsItWent) {
    const auto read = parse_setup(to_line(a_setup()));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(to_line(*read), to_line(a_setup()));
    EXPECT_EQ(read->id_seed, 0xFFFFFFFFFFFFFFFF);
    EXPECT_EQ(read->attempt, (history::Try{2, 5}));
}

TEST(PodMessages, WhatIsNoSetupIsRefused) {
    for (const char* text : {"", "{}", "[]", R"({"shard":3,"shards":3})"})
        EXPECT_FALSE(parse_setup(text)) << text;
}

TEST(PodMessages, WhatIsOutOfRangeOrOfNoFormIsRefused) {
    for (
        const char* text :
        {"",
         "7",
         "{}",
         R"({"no such":1})",
         R"({"clock":1,"taken":"x"})",
         R"({"clock":"now"})",
         R"({"clock":-1})",
         R"({"clock":9223372036854775807})",
         R"({"clock":18446744073709551615})",
         R"({"clock":1e18})",
         R"({"history":4200000000000000000})",
         R"({"lines":["{}"]})",
         R"({"lines":["{\"n\":1,\"t\":9223372036854775,\"kind\":\"note\",\"text\":\"\"}"]})",
         R"({"lines":["{\"n\":1, \"t\":2,\"kind\":\"note\",\"text\":\"\"}"]})",
         R"({"lines":["{\"n\":1,\"t\":2,\n\"kind\":\"note\",\"text\":\"\"}"]})",
         R"({"come":{"step":-1,"turn":0}})",
         R"({"come":{"step":1,"turn":2147483648}})",
         R"({"end":{"ending":4,"reason":"","mend":"","agents":""}})",
         R"({"end":{"ending":-1,"reason":"","mend":"","agents":""}})",
         R"({"failed":{"kind":10,"message":"","mend":""}})",
         R"({"failed":{"kind":0,"message":7,"mend":""}})",
         R"({"at":{"step":0,"act":"","agents":-1,"made":0,"registered":0,"enrolled":0,"acting":0,"done":0}})",
         R"({"ask":{"number":1,"server":2,"request":{"method":"GET","target":"/","headers":[],"body":""}}})",
         R"({"ask":{"number":1,"server":0,"request":{"method":"GET","target":"/ x","headers":[],"body":""}}})",
         R"({"ask":{"number":1,"server":0,"request":{"method":"G\r\n","target":"/","headers":[],"body":""}}})",
         R"({"ask":{"number":1,"server":0,"request":{"method":"GET","target":"/","headers":[["a","b\r\nc: d"]],"body":""}}})",
         R"({"ask":{"number":1,"server":0,"request":{"method":"GET","target":"/","headers":[],"body":"?"}}})"})
        EXPECT_FALSE(parse_shard_message(text)) << text;
    for (const char* text :
         {R"({"go":7})", R"({"go":{"from":{"step":1}}})", R"({"go":{"from":{"step":1,"turn":0}}})",
          R"({"go":{"from":{"act":6,"server":0,"turn":0},"how":""}})",
          R"({"go":{"from":{"act":0,"server":3,"turn":0},"how":""}})",
          R"({"answer":{"number":1,"outcome":{"total":1}}})",
          R"({"answer":{"number":1,"outcome":{"total":1,"failure":{"kind":10,"message":""}}}})",
          R"({"answer":{"number":1,"outcome":{"total":-1,"failure":{"kind":0,"message":""}}}})"})
        EXPECT_FALSE(parse_run_message(text)) << text;
}

// All that is said is read as it was said.

template <typename One>
One said_by_run(const One& one) {
    const auto read = parse_run_message(to_line(one));
    RC_ASSERT(read.has_value());
    RC_ASSERT(std::holds_alternative<One>(*read));
    return std::get<One>(*read);
}
template <typename One>
One said_by_shard(const One& one) {
    const auto read = parse_shard_message(to_line(one));
    RC_ASSERT(read.has_value());
    RC_ASSERT(std::holds_alternative<One>(*read));
    return std::get<One>(*read);
}

int any_number() {
    return *rc::gen::inRange(0, std::numeric_limits<int>::max());
}
std::size_t any_count() {
    return *rc::gen::inRange<std::size_t>(0, std::size_t{1} << 62);
}
WallTime any_time() {
    return WallTime{microseconds{*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000)}};
}
/// JSON has no other texts.
std::string any_text() {
    std::string text;
    for (const char* one : *rc::gen::container<std::vector<const char*>>(
             rc::gen::element("a", " ", "\"", "\\", "\n", "ä", "\u2026", "{", "\x7f")))
        text += one;
    return text;
}
std::string any_octets() {
    return *rc::gen::string<std::string>();
}
Error any_error() {
    return {static_cast<ErrorKind>(*rc::gen::inRange(0, 10)), any_text(), any_text()};
}
bool equal(const Error& one, const Error& other) {
    return std::tie(one.kind, one.message, one.mend) == std::tie(other.kind, other.message, other.mend);
}
Meeting any_meeting() {
    const int turn = any_number();
    if (*rc::gen::arbitrary<bool>()) return fleet::StepBegin{any_number(), turn};
    return ServerActDue{static_cast<stack::ServerAct>(*rc::gen::inRange(0, 6)),
                        static_cast<stack::ServerName>(*rc::gen::inRange(0, 3)), turn};
}
HttpHeaders any_headers() {
    return *rc::gen::container<HttpHeaders>(
        rc::gen::pair(rc::gen::element<std::string>("A", "a", "X-Y"),
                      rc::gen::element<std::string>("", "1", "b; c=\"d\"")));
}
transport::Outcome any_outcome() {
    transport::Outcome outcome;
    outcome.timings.total = microseconds{*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000)};
    if (*rc::gen::arbitrary<bool>()) {
        outcome.response = HttpResponse{*rc::gen::inRange(100, 1000), any_headers(), any_octets()};
    } else {
        outcome.failure =
            transport::Failure{static_cast<transport::FailureKind>(*rc::gen::inRange(0, 10)), any_text()};
    }
    return outcome;
}

RC_GTEST_PROP(PodMessages, WhatARunSaysIsRead, ()) {
    said_by_run(ClockQuestion{});
    said_by_run(Stop{});
    Go go{any_meeting()};
    go.how = any_text();
    RC_ASSERT(said_by_run(go).from == go.from);
    RC_ASSERT(said_by_run(go).how.value() == go.how.value());
    const Error error = any_error();
    go.how = fail(error);
    RC_ASSERT(equal(said_by_run(go).how.error(), error));
    const TenantAnswer answer{any_number(), any_outcome()};
    const TenantAnswer read = said_by_run(answer);
    RC_ASSERT(read.number == answer.number);
    const auto &was = answer.outcome, &is = read.outcome;
    RC_ASSERT(is.timings.total == was.timings.total);
    RC_ASSERT(is.response.has_value() == was.response.has_value());
    RC_ASSERT(is.failure.has_value() == was.failure.has_value());
    if (was.response) {
        RC_ASSERT(is.response->status == was.response->status);
        RC_ASSERT(is.response->headers == was.response->headers);
        RC_ASSERT(is.response->body == was.response->body);
    } else {
        RC_ASSERT(is.failure->kind == was.failure->kind);
        RC_ASSERT(is.failure->message == was.failure->message);
    }
}

RC_GTEST_PROP(PodMessages, WhatAShardSaysOfItsAgentsIsRead, ()) {
    const TenantQuestion question{any_number(), *rc::gen::element(Server::Verifier, Server::Registrar),
                                  HttpRequest{*rc::gen::element<std::string>("GET", "POST"),
                                              *rc::gen::element<std::string>("/", "/v2.6/agents/x?y=%20"),
                                              any_headers(), any_octets()}};
    const TenantQuestion asked = said_by_shard(question);
    RC_ASSERT(asked.number == question.number);
    RC_ASSERT(asked.server == question.server);
    RC_ASSERT(asked.request.method == question.request.method);
    RC_ASSERT(asked.request.target == question.request.target);
    RC_ASSERT(asked.request.headers == question.request.headers);
    RC_ASSERT(asked.request.body == question.request.body);
    const IdTaken taken{any_text()};
    RC_ASSERT(said_by_shard(taken).id == taken.id);
    const Come come{any_meeting()};
    RC_ASSERT(said_by_shard(come).to == come.to);
    const fleet::Standing at{any_number(), any_text(),  any_count(), any_count(),
                             any_count(),  any_count(), any_count(), any_count()};
    const fleet::Standing stands = said_by_shard(at);
    RC_ASSERT(std::tie(stands.step, stands.act, stands.agents, stands.made, stands.registered,
                       stands.enrolled, stands.acting, stands.done) ==
              std::tie(at.step, at.act, at.agents, at.made, at.registered, at.enrolled, at.acting, at.done));
}

RC_GTEST_PROP(PodMessages, WhatAShardSaysOfItsHistoryAndEndIsRead, ()) {
    const HistoryBegun begun{any_time(), "0.1.0"};
    RC_ASSERT(said_by_shard(begun).zero == begun.zero);
    RC_ASSERT(said_by_shard(begun).version == begun.version);
    const ClockAnswer now{any_time()};
    RC_ASSERT(said_by_shard(now).now == now.now);
    HistoryLines lines;
    for (const int t : *rc::gen::container<std::vector<int>>(rc::gen::arbitrary<int>()))
        lines.lines.push_back("{\"n\":1,\"t\":" + std::to_string(t) + "," +
                              history::line_tail({}, history::Note{any_text()}));
    RC_ASSERT(said_by_shard(lines).lines == lines.lines);
    const Error error = any_error();
    RC_ASSERT(equal(said_by_shard(error), error));
    const history::ScenarioEnd end{static_cast<history::ScenarioEnd::Ending>(*rc::gen::inRange(0, 4)),
                                   any_text(), any_text(), any_text()};
    const history::ScenarioEnd ended = said_by_shard(end);
    RC_ASSERT(std::tie(ended.ending, ended.reason, ended.mend, ended.agents) ==
              std::tie(end.ending, end.reason, end.mend, end.agents));
}

TEST(PodMessages, AShardAsksTheTenantForItsOwnAgentsAlone) {
    const std::vector<std::string> ids{"mine"};
    EXPECT_TRUE(may_ask({"POST", "/v2.6/agents/mine", {}, ""}, ids));
    EXPECT_TRUE(may_ask({"DELETE", "/v2.6/agents/mine", {}, ""}, ids));
    EXPECT_TRUE(may_ask({"GET", "/v3.0/agents/mine/attestations/1", {}, ""}, ids));
    EXPECT_TRUE(may_ask({"GET", "/version", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"DELETE", "/v2.6/agents/yours", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"GET", "/v2.6/agents/yours", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"POST", "/v2.6/agents/mine2", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"DELETE", "/v2.6/agents/", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"DELETE", "/v2.6/allowlists/agents/mine", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"DELETE", "/agents/mine", {}, ""}, ids));
    EXPECT_FALSE(may_ask({"PUT", "/v2.6/allowlists/web", {}, ""}, ids));
}

}  // namespace
}  // namespace pushsim::cli
