#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/faults/support.hpp"

namespace pushsim::faults {
namespace {

using lifecycle::Phase;
using scenario::FaultKind;
using scenario::Make;
using scenario::RequestChange;
using test::Someone;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kHonest = R"({"z":1,"data":{"type":"session","list":["a","b"],"on":true,"none":{}}})";

Outgoing with_body(const std::string& body = kHonest, Phase phase = Phase::Negotiate,
                   const std::string& method = "POST") {
    return {.phase = phase,
            .request = {method, "/path", {{"Content-Type", "application/json"}, {"accept", "*/*"}}, body}};
}

/// What the body is then, or the error.
std::string changed(const RequestChange& change, const std::string& body = kHonest) {
    Outgoing outgoing = with_body(body);
    const auto effects = test::through(outgoing, {.kind = FaultKind::Body, .change = change});
    if (!effects) {
        EXPECT_EQ(effects.error().kind, ErrorKind::Usage);
        EXPECT_EQ(outgoing.request.body, body) << "the honest one is left alone";
        return effects.error().text();
    }
    EXPECT_THAT(*effects, SizeIs(1));
    return outgoing.request.body;
}

TEST(Body, KeepsTheOrderOfWhatItLeaves) {
    EXPECT_EQ(changed({.set = {{"/data/type", "\"other\""}}}),
              R"({"z":1,"data":{"type":"other","list":["a","b"],"on":true,"none":{}}})");
    EXPECT_EQ(changed({.remove = {"/z", "/data/list/0"}}),
              R"({"data":{"type":"session","list":["b"],"on":true,"none":{}}})");
}

TEST(Body, HasANewMemberOfWhatIsThere) {
    EXPECT_EQ(changed({.set = {{"/new", "[1,null]"}}}, R"({"a":1})"), R"({"a":1,"new":[1,null]})");
    EXPECT_EQ(changed({.set = {{"/l/-", "2"}}}, R"({"l":[1]})"), R"({"l":[1,2]})");
    EXPECT_THAT(changed({.set = {{"/data/no/deeper", "1"}}}),
                HasSubstr("the honest body has no /data/no/deeper"));
    EXPECT_THAT(changed({.set = {{"/data/list/7", "1"}}}), HasSubstr("the honest body has no /data/list/7"));
}

TEST(Body, MakesAMemberWhatIsSaid) {
    const auto made = [](const std::string& pointer, Make make) {
        return changed({.at = pointer, .make = make}, R"({"s":"x","n":2,"l":[1],"o":{"a":1},"b":true})");
    };
    EXPECT_EQ(made("/s", Make::Absent), R"({"n":2,"l":[1],"o":{"a":1},"b":true})");
    EXPECT_EQ(made("/n", Make::Null), R"({"s":"x","n":null,"l":[1],"o":{"a":1},"b":true})");
    EXPECT_EQ(made("/s", Make::WrongType), R"({"s":1,"n":2,"l":[1],"o":{"a":1},"b":true})");
    EXPECT_EQ(made("/n", Make::WrongType), R"({"s":"x","n":"text","l":[1],"o":{"a":1},"b":true})");
    EXPECT_EQ(made("/l", Make::WrongType), R"({"s":"x","n":2,"l":"text","o":{"a":1},"b":true})");
    EXPECT_EQ(made("/s", Make::Empty), R"({"s":"","n":2,"l":[1],"o":{"a":1},"b":true})");
    EXPECT_EQ(made("/l", Make::Empty), R"({"s":"x","n":2,"l":[],"o":{"a":1},"b":true})");
    EXPECT_EQ(made("/o", Make::Empty), R"({"s":"x","n":2,"l":[1],"o":{},"b":true})");
    EXPECT_THAT(made("/n", Make::Empty), HasSubstr("/n is 2 and has no empty value"));
    EXPECT_THAT(made("/b", Make::Empty), HasSubstr("/b is true and has no empty value"));
    EXPECT_EQ(made("", Make::WrongType), "\"text\"");
    EXPECT_EQ(made("", Make::Empty), "{}");
    EXPECT_EQ(made("", Make::Absent), "");
}

TEST(Body, IsAnErrorWhereWhatIsToChangeIsNotThere) {
    EXPECT_THAT(changed({.remove = {"/data/no"}}), HasSubstr("the honest body has no /data/no"));
    EXPECT_THAT(changed({.at = "/data/no", .make = Make::Null}),
                HasSubstr("the honest body has no /data/no"));
    EXPECT_THAT(changed({.raw = "x"}, ""), HasSubstr("POST /path has no body"));
    EXPECT_EQ(changed({.raw = "{"}), "{");
}

/// Bodies of the two requests of a phase, after one fault.
std::pair<std::string, std::string> of_two(const RequestChange& change, Phase phase, const char* first_body,
                                           const char* second_body) {
    Someone someone;
    const auto faults = make({{.kind = FaultKind::Body, .change = change}});
    const bool session = phase == Phase::Authenticate;
    Outgoing first = with_body(first_body, phase, session ? "POST" : "GET");
    Outgoing second = with_body(second_body, phase, session ? "PATCH" : "POST");
    std::pair<std::string, std::string> bodies;
    const auto one = send(first, faults, someone.sender());
    bodies.first = one ? first.request.body : one.error().text();
    const auto other = send(second, faults, someone.sender());
    bodies.second = other ? second.request.body : other.error().text();
    return bodies;
}

TEST(Body, OfAPhaseWithTwoRequestsIsThatOfTheFirstThatHasIt) {
    const auto two = [](const RequestChange& change, const char* first, const char* second) {
        return of_two(change, Phase::Authenticate, first, second);
    };
    EXPECT_EQ(two({.remove = {"/a"}}, R"({"a":1})", R"({"a":1})"),
              (std::pair<std::string, std::string>{"{}", R"({"a":1})"}));
    EXPECT_EQ(two({.remove = {"/b"}}, R"({"a":1})", R"({"b":1})"),
              (std::pair<std::string, std::string>{R"({"a":1})", "{}"}));
    EXPECT_THAT(two({.remove = {"/c"}}, "{}", "{}").second, HasSubstr("the honest body has no /c"));
    EXPECT_EQ(two({.remove = {"/a"}, .request = 2}, R"({"a":1})", R"({"a":1})"),
              (std::pair<std::string, std::string>{R"({"a":1})", "{}"}));
    EXPECT_THAT(two({.remove = {"/b"}, .request = 1}, "{}", R"({"b":1})").first, HasSubstr("no /b"));
    EXPECT_EQ(of_two({.raw = "x"}, Phase::Register, "", "{}"),
              (std::pair<std::string, std::string>{"", "x"}));
}

TEST(Header, IsSetInPlaceOrBesideTheOthersAndRemoved) {
    Outgoing outgoing = with_body();
    const auto effects = test::through(
        outgoing, {.kind = FaultKind::Header,
                   .change = {.remove = {"Accept"}, .set = {{"content-type", "x"}, {"X-New", "y"}}}});
    ASSERT_TRUE(effects.has_value()) << effects.error().text();
    EXPECT_EQ(outgoing.request.headers, (HttpHeaders{{"content-type", "x"}, {"X-New", "y"}}));
    Outgoing another = with_body();
    const auto none = test::through(another, {.kind = FaultKind::Header, .change = {.remove = {"cookie"}}});
    ASSERT_FALSE(none.has_value());
    EXPECT_THAT(none.error().text(), HasSubstr("POST /path has no header cookie"));
}

TEST(Header, IsInBothRequestsOfAPhaseOrInOne) {
    for (const int wanted : {0, 1, 2}) {
        Someone someone;
        const auto faults =
            make({{.kind = FaultKind::Header, .change = {.set = {{"X", "y"}}, .request = wanted}}});
        Outgoing first = with_body("{}", Phase::Authenticate, "POST");
        Outgoing second = with_body("{}", Phase::Authenticate, "PATCH");
        ASSERT_TRUE(send(first, faults, someone.sender()));
        ASSERT_TRUE(send(second, faults, someone.sender()));
        EXPECT_EQ(first.request.header("X").has_value(), wanted != 2);
        EXPECT_EQ(second.request.header("X").has_value(), wanted != 1);
    }
}

TEST(ContentType, IsAnotherInPlace) {
    Outgoing outgoing = with_body();
    const auto effects = test::through(outgoing, {.kind = FaultKind::ContentType, .text = "text/plain"});
    EXPECT_EQ(effects->at(0).text, "POST with content type 'text/plain'");
    EXPECT_EQ(outgoing.request.headers.at(0),
              (std::pair<std::string, std::string>{"Content-Type", "text/plain"}));
}

TEST(FaultsOfTheWire, OfAStepAreThoseOfItsPhases) {
    Someone someone;
    Faults faults{make({.kind = FaultKind::Header, .change = {.set = {{"X", "y"}}}},
                       {.phases = {Phase::Negotiate, Phase::Submit}})};
    Outgoing session = with_body("{}", Phase::Authenticate);
    EXPECT_THAT(*send(session, faults, someone.sender()), IsEmpty()) << "a session that came in between";
    Outgoing negotiation = with_body();
    EXPECT_THAT(*send(negotiation, faults, someone.sender()), SizeIs(1));
}

}  // namespace
}  // namespace pushsim::faults
