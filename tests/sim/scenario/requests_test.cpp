// Raw requests, and what they can refer to.

#include <gmock/gmock.h>

#include "sim/scenario/references.hpp"
#include "tests/sim/scenario/plays.hpp"

namespace pushsim::scenario {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Request, SaysWhoAsksWhomForWhat) {
    const Step one = step(
        "  - request:\n"
        "      { to: registrar_http, by: nobody, method: POST, path: \"/v3/agents/${a[2].id}\",\n"
        "        headers: { X-Request-ID: one }, times: 3, connections: 2,\n"
        "        body: { data: { id: \"${a.id}\", n: 12345678901234567, f: 1.50, t: true, s: \"7\", z: null "
        "} } }\n"
        "    expect: { response: { status: 404 } }\n");
    EXPECT_EQ(one.request.to, "registrar_http");
    EXPECT_EQ(one.request.path, "/v3/agents/${a[2].id}");
    EXPECT_THAT(one.request.headers, ElementsAre(Pair("X-Request-ID", "one")));
    EXPECT_EQ(one.request.body,
              R"({"data":{"id":"${a.id}","n":12345678901234567,"f":1.5,"t":true,"s":"7","z":null}})");
    EXPECT_EQ(one.request.times, 3);
    EXPECT_EQ(one.request.connections, 2);
    EXPECT_THAT(one.expect[0].agents, ElementsAre("nobody"));
    EXPECT_EQ(step("  - request: { path: /version, by: a, raw: \"{\" }\n").request.body, "{");
}

TEST(Request, RefersToGroupsAndToStepsBeforeIt) {
    const Scenario scenario =
        read(Parts{.agents = "agents: { a: { count: 3 } }",
                   .script = "script:\n"
                             "  - authenticate:\n"
                             "    as: session\n"
                             "  - request: { path: \"/${session[2].session_id}/${a[1].index}\" }"}
                 .text());
    EXPECT_EQ(scenario.script.size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(
    Request, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"NamedThoughItChangesNothing",
         {.script = "script: [ { request: { path: /x }, as: mine } ]"},
         "3:36: `as` names what agents came to, and a raw request changes nothing of that; refer to the "
         "agents "
         "themselves"},
        {"RequestWithoutAPath",
         {.script = "script: [ request: { to: verifier } ]"},
         "3:20: step `request` needs `path:`, with references like ${late.id}, like `path: /v3.0/sessions`"},
        {"RequestToAnUnknownPeer",
         {.script = "script: [ request: { path: /, to: registrar_https } ]"},
         "3:35: `to`: unknown value 'registrar_https'; did you mean `registrar_http`?"},
        {"RequestByAnUnknownGroup",
         {.script = "script: [ request: { path: /, by: b } ]"},
         "3:35: no group is called `b`; groups: a"},
        {"PathWithoutASlash",
         {.script = "script: [ request: { path: version } ]"},
         "3:28: `path`: expected a path that begins with /, without spaces; found 'version'"},
        {"MethodInSmallLetters",
         {.script = "script: [ request: { path: /, method: post } ]"},
         "3:39: `method`: expected a method in capitals, like POST; found 'post'"},
        {"BodyTwice",
         {.script = "script: [ request: { path: /, body: {}, raw: x } ]"},
         "3:41: one of `body` and `raw`, not both"},
        {"HeaderOfTwoLines",
         {.script = R"(script: [ request: { path: /, headers: { X-A: "b\r\nX-C: d" } } ])"},
         "3:47: `X-A`: expected a text of one line; found 'b\r X-C: d'"},
        {"ConnectionsOfAnAgent",
         {.script = "script: [ request: { path: /, by: a, connections: 2 } ]"},
         "3:38: `connections` goes with `by: nobody` and `by: admin`: an agent has its own"},
        {"ReferenceToAnUnknownGroup",
         {.script = "script: [ request: { path: \"/${b.id}\" } ]"},
         "3:11: reference `${b.id}`: no group and no step before it is called `b`; known: a"},
        {"ReferenceToALaterStep",
         {.script = "script:\n"
                    "  - request: { path: \"/${later.id}\" }\n"
                    "  - attest: a\n"
                    "    as: later"},
         "4:5: reference `${later.id}`: no group and no step before it is called `later`; known: a"},
        {"ReferenceToAnAgentTooFar",
         {.script = "script: [ request: { path: \"/${a[1].id}\" } ]"},
         "3:11: reference `${a[1].id}`: `a` has 1 agent, counted from 0"},
        {"ReferenceToAnUnknownProperty",
         {.script = "script: [ request: { path: \"/${a.tokn}\" } ]"},
         "3:11: reference `${a.tokn}`: there is no `tokn`; did you mean `token`?"},
        {"ReferenceThatIsNone",
         {.script = "script: [ request: { path: \"/${a}\" } ]"},
         "3:11: reference `${a}`: expected a group or an earlier step, a point, and one of id, token, index, "
         "session_id, auth_tag"},
        {"AgentsOfARequestByNobody",
         {.script = "script:\n"
                    "  - request: { path: / }\n"
                    "    expect: { agents: a, response: { status: 200 } }"},
         "5:15: no agent sends this request, nobody does"},
        {"AgentsOfARequestByOthers",
         {.agents = "agents: { a: {}, b: {} }",
          .script = "script:\n"
                    "  - request: { path: /, by: a }\n"
                    "    expect: { agents: b, response: { status: 200 } }"},
         "5:23: group `b` does not take part in this step"},
        {"TwoOfARequestByNobody",
         {.script = "script:\n"
                    "  - request: { path: / }\n"
                    "    expect: { response: { status: 200 }, at_least: 2 }"},
         "5:52: `at_least`: expected at most 1, for it is about 1 agent; found '2'"},
    }),
    case_name);

TEST(References, HaveANameANumberAndAProperty) {
    EXPECT_EQ(parse_reference("late.id"), (Reference{"late", 0, "id", "late.id"}));
    EXPECT_EQ(parse_reference("late[3].token"), (Reference{"late", 3, "token", "late[3].token"}));
    for (const char* text :
         {"", "late", ".id", "late[].id", "late[-1].id", "late[x].id", "late[1]id", "late[1.id", "La.id"})
        EXPECT_EQ(parse_reference(text), std::nullopt) << text;
    EXPECT_EQ(replace_references("a${b.id}c${d",
                                 [](std::string_view inside) { return "<" + std::string(inside) + ">"; }),
              "a<b.id>c${d");
}

}  // namespace
}  // namespace pushsim::scenario
