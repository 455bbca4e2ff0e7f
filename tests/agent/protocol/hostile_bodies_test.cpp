// Bodies as large as the transport lets through (1 MiB), made to cost memory, time or a reader's screen: what
// is allocated stays in proportion to the body, and the error is short, printable and names the member.

#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "tests/agent/protocol/allocated.hpp"
#include "tests/agent/protocol/parsers.hpp"
#include "tests/agent/protocol/recording.hpp"

namespace pushsim::protocol {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::json_answer;
using testing::recording;

constexpr std::size_t kMiB = 1 << 20;
/// What may be allocated for each octet of a body, freed or not. Short elements ("[],") take about 60 once
/// they are parsed, and what is read of them as much again.
constexpr std::size_t kMemoryPerOctet = 128;

/// `element`, again and again with commas, in about `size` octets.
std::string repeated(const std::string& element, std::size_t size) {
    std::string list = element;
    while (list.size() < size)
        list += "," + element;
    return list;
}

std::string array_of(const std::string& element, std::size_t size = kMiB) {
    return "[" + repeated(element, size) + "]";
}

/// The recorded answer of a parser with the member at `pointer` replaced by a JSON text.
HttpResponse with(const std::string& recorded, const std::string& pointer, const std::string& value) {
    HttpResponse answer = recording(recorded).response;
    auto body = json::parse(answer.body);
    body[json::json_pointer{pointer}] = "THE PLACE";
    answer.body = body.dump();
    const std::string place = "\"THE PLACE\"";
    answer.body.replace(answer.body.find(place), place.size(), value);
    return answer;
}

void expect_short_and_printable(const std::string& message, std::size_t longest) {
    EXPECT_LE(message.size(), longest);
    EXPECT_TRUE(std::ranges::all_of(message, [](char c) { return c >= ' ' && c <= '~'; }))
        << "not printable: " << message;
}

/// What the parser says, and that it took no more memory than the body allows.
Result<void> read_within_bounds(const testing::Parser& parser, const HttpResponse& answer,
                                std::size_t longest_error = 600) {
    const std::size_t before = testing::allocated();
    Result<void> result = parser.parse(answer);
    const std::size_t taken = testing::allocated() - before;
    EXPECT_LE(taken, kMemoryPerOctet * answer.body.size() + 64 * 1024);
    if (!result) expect_short_and_printable(result.error().message, longest_error);
    return result;
}

struct Hostile {
    const char* what;
    const char* parser;
    const char* recording;
    std::string pointer;
    std::string value;      ///< JSON text
    std::string complaint;  ///< how the error goes on behind "CALL: "
};

const std::string kAttributes = "/data/attributes";
const std::string kChosen = kAttributes + "/evidence_requested/0/chosen_parameters";

std::vector<Hostile> hostile_bodies() {
    const std::string x(kMiB, 'x');
    const std::string half(kMiB / 2, 'x');
    return {
        {"elements under a long key", "negotiation", "attestation-negotiate", kChosen + "/selected_subjects",
         "{\"" + half + "\":" + array_of("0", kMiB / 2) + "}", kChosen + "/selected_subjects/xxx"},
        {"more PCRs than a bank has", "negotiation", "attestation-negotiate",
         kChosen + "/selected_subjects/sha256", array_of("0"),
         kChosen + "/selected_subjects/sha256: 524289 elements, expected at most 24"},
        {"many banks", "negotiation", "attestation-negotiate", kChosen + "/selected_subjects",
         "{" + repeated("\"sha256\":[0]", kMiB / 2) + "," + repeated("\"\":0", kMiB / 2) + ",\"a\":1}",
         kChosen + "/selected_subjects/: the name of no hash algorithm"},
        {"much evidence", "negotiation", "attestation-negotiate", kAttributes + "/evidence_requested",
         array_of("{}"), kAttributes + "/evidence_requested: 349526 elements, expected at most 16"},
        {"many methods", "session", "session-create", kAttributes + "/authentication_requested",
         array_of("{}"), kAttributes + "/authentication_requested: 349526 elements, expected at most 16"},
        {"many ids that are none", "list", "verifier-list", "/results/uuids", array_of("[]"),
         "/results/uuids/0: no element, expected 1"},
        {"many versions that are none", "versions", "registrar-version", "/results/supported_versions",
         array_of("0"), "/results/supported_versions/0: a number, expected a string"},
        {"long text in place of a time", "session", "session-create", kAttributes + "/created_at",
         "\"" + x + "\"", kAttributes + "/created_at: not an RFC 3339 time"},
        {"long session id", "session", "session-create", "/data/id", "\"" + x + "\"",
         "/data/id: cannot be a segment of a path"},
        {"long token", "proof", "session-proof-pass", kAttributes + "/token", "\"" + x + "\"",
         kAttributes + "/token: not a bearer token"},
        {"control characters in place of a type", "session", "session-create", "/data/type",
         R"("\r\n\u001b[31m\r\n\u001b[31m\r\n")", "/data/type: '\\x0d\\x0a\\x1b[31m"},
    };
}

TEST(HostileBodies, OfAMebibyteAreRefusedByNameWithinMemory) {
    for (const Hostile& hostile : hostile_bodies()) {
        SCOPED_TRACE(hostile.what);
        const auto answer = with(hostile.recording, hostile.pointer, hostile.value);
        const auto result = read_within_bounds(testing::parser_named(hostile.parser), answer);
        ASSERT_FALSE(result);
        EXPECT_THAT(result.error().message, ::testing::StartsWith("CALL: " + hostile.complaint));
    }
}

TEST(HostileBodies, OfRefusalsAreShownInPartAndEscaped) {
    const std::string x(kMiB / 4, 'x'), lines = R"(\r\n\u001b[2J\u20ac)";
    const std::string error = R"({"code":")" + lines + x + R"(","title":")" + x + R"(","detail":")" + lines +
                              x + R"(","source":{"pointer":")" + lines + x + "\"}}";
    for (const std::string& body :
         {R"({"errors":[)" + error + "]}",
          R"({"errors":)" + array_of(R"({"detail":"no","code":"a\nb"})") + "}",
          R"({"errors":)" + array_of("{}") + "}", R"({"errors":)" + array_of("[]") + "}",
          R"({"code":400,"status":")" + lines + x + "\"}"}) {
        SCOPED_TRACE(body.substr(0, 60));
        const auto result = read_within_bounds(testing::parser_named("done"), json_answer(400, body), 1700);
        ASSERT_FALSE(result);
        EXPECT_THAT(result.error().message, ::testing::StartsWith("CALL: answered 400"));
        EXPECT_THAT(result.error().message, HasSubstr(", expected 200"));
        const auto refusal = parse_refusal(json_answer(400, body), WallTime{});
        EXPECT_LE(refusal.errors.size(), 16U);
        EXPECT_LE(refusal.code().value_or("").size(), 100U);
    }
}

/// Every member of the answer that each parser reads, made large in every way.
TEST(HostileBodies, OfEveryParserAreReadWithinMemory) {
    constexpr std::size_t kLarge = 8 * 1024;
    const std::vector<std::string> values = {
        array_of("0", kLarge),
        array_of("[]", kLarge),
        array_of("{}", kLarge),
        array_of("\"\"", kLarge),
        "\"" + std::string(kLarge, 'x') + "\"",
        "{\"" + std::string(kLarge / 2, '/') + "\":" + array_of("[0]", kLarge / 2) + "}"};
    const std::vector<std::pair<const char*, const char*>> answers = {
        {"versions", "registrar-version"},      {"registration", "registrar-register"},
        {"activation", "registrar-activate"},   {"session", "session-create"},
        {"proof", "session-proof-pass"},        {"negotiation", "attestation-negotiate-logs"},
        {"evidence", "attestation-evidence"},   {"done", "verifier-enrol"},
        {"status", "verifier-status-pass"},     {"list", "registrar-list"},
        {"registrar agent", "registrar-agent"},
    };
    ASSERT_EQ(answers.size(), testing::all_parsers().size());
    for (const auto& [parser, recorded] : answers) {
        std::set<std::string> pointers;
        const auto flat = json::parse(recording(recorded).response.body).flatten();
        for (const auto& [leaf, ignored] : flat.items()) {
            for (json::json_pointer pointer{leaf}; !pointer.empty(); pointer.pop_back())
                pointers.insert(pointer.to_string());
        }
        for (const std::string& pointer : pointers) {
            for (const std::string& value : values) {
                SCOPED_TRACE(parser + (" " + pointer) + " = " + value.substr(0, 5));
                read_within_bounds(testing::parser_named(parser), with(recorded, pointer, value));
            }
        }
    }
}

TEST(HostileBodies, NestingIsBounded) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    for (const testing::Parser& parser : testing::all_parsers()) {
        HttpResponse answer = json_answer(parser.status, nested(65));
        answer.headers.emplace_back("Location", "/a/1");
        EXPECT_EQ(parser.parse(answer).error().message, "CALL: the body is nested more than 64 levels deep");
        answer.body = nested(64);
        EXPECT_THAT(parser.parse(answer).error().message,
                    HasSubstr("the body: an array, expected an object"));
        answer.body = std::string(1'000'000, '{');
        EXPECT_FALSE(parser.parse(answer));
        answer.body = "\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"";
        EXPECT_THAT(parser.parse(answer).error().message,
                    HasSubstr("the body: a string, expected an object"));
    }
    EXPECT_THAT(parse_refusal({500, {}, std::string(1'000'000, '[')}, WallTime{}).errors, IsEmpty());
}

TEST(HostileBodies, NumbersAndTextThatJsonCannotHoldAreErrors) {
    for (const char* body :
         {R"({"code":1e999,"status":"","results":{}})", "{\"code\":200,\"status\":\"\xff\",\"results\":{}}",
          R"({"code":200,"status":"\ud800","results":{}})", "{\"code\":200} x", "\xEF\xBB\xBF"}) {
        const auto result = parse_done(json_answer(200, body));
        ASSERT_FALSE(result) << body;
        EXPECT_THAT(result.error().message, HasSubstr("the body is not JSON")) << body;
    }
}

TEST(HostileBodies, ErrorsDoNotRepeatWhatMayBeSecret) {
    auto answer = recording("session-proof-pass").response;
    auto body = nlohmann::json::parse(answer.body);
    const std::string token = body["data"]["attributes"]["token"];
    body["data"]["attributes"]["token"] = token + " ";
    answer.body = body.dump();
    const auto result = parse_proof(answer);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, ::testing::Not(HasSubstr(token)));
}

}  // namespace
}  // namespace pushsim::protocol
