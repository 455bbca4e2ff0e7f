// What each parser needs, said once per parser, and held to every member of the recorded answer: a required
// one that is missing, null or of another type is named by its pointer, and everything not listed can go.

#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "tests/agent/protocol/parsers.hpp"
#include "tests/agent/protocol/recording.hpp"

namespace pushsim::protocol {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

struct Needs {
    const char* recording;
    const char* parser;
    std::set<std::string> required;  ///< and so are their ancestors
    std::set<std::string> optional;  ///< may be missing or null, but not of another type
    std::set<std::string> elements;  ///< of arrays and maps that may be empty: may be missing only
};

[[maybe_unused]] void PrintTo(const Needs& needs, std::ostream* out) {
    *out << needs.recording;
}

const std::string kQuote = "/data/attributes/evidence_requested/0";
const std::string kUefi = "/data/attributes/evidence_requested/1";
const std::string kIma = "/data/attributes/evidence_requested/2";
const std::string kChosen = kQuote + "/chosen_parameters";

const std::vector<Needs>& all_needs() {
    static const std::vector<Needs> needs = {
        {"registrar-version",
         "versions",
         {"/code", "/status", "/results/current_version", "/results/supported_versions"},
         {},
         {"/results/supported_versions/0", "/results/supported_versions/8"}},
        {"registrar-register", "registration", {"/code", "/status", "/results/blob"}, {}, {}},
        {"registrar-activate", "activation", {"/code", "/status", "/results"}, {}, {}},
        {"verifier-enrol", "done", {"/code", "/status", "/results"}, {}, {}},
        {"session-create",
         "session",
         {"/data/type", "/data/id", "/data/attributes/agent_id", "/data/attributes/created_at",
          "/data/attributes/challenges_expire_at",
          "/data/attributes/authentication_requested/0/authentication_type",
          "/data/attributes/authentication_requested/0/chosen_parameters/challenge"},
         {},
         {}},
        {"session-proof-pass",
         "proof",
         {"/data/type", "/data/id", "/data/attributes/agent_id", "/data/attributes/evaluation",
          "/data/attributes/token", "/data/attributes/created_at", "/data/attributes/challenges_expire_at"},
         {"/data/attributes/response_received_at", "/data/attributes/token_expires_at"},
         {}},
        {"attestation-negotiate",
         "negotiation",
         {"/data/type", "/data/attributes/stage", "/data/attributes/challenges_expire_at",
          kQuote + "/evidence_class", kQuote + "/evidence_type", kChosen + "/challenge",
          kChosen + "/signature_scheme", kChosen + "/hash_algorithm", kChosen + "/selected_subjects"},
         {"/data/attributes/capabilities_received_at", kChosen + "/certification_key",
          kChosen + "/certification_key/server_identifier", kChosen + "/certification_key/local_identifier"},
         {kChosen + "/selected_subjects/sha256/0"}},
        {"attestation-negotiate-logs",
         "negotiation",
         {"/data/type", "/data/attributes/stage", "/data/attributes/challenges_expire_at",
          kQuote + "/evidence_class", kQuote + "/evidence_type", kChosen + "/challenge",
          kChosen + "/signature_scheme", kChosen + "/hash_algorithm", kChosen + "/selected_subjects",
          kUefi + "/evidence_class", kUefi + "/evidence_type", kUefi + "/chosen_parameters",
          kIma + "/evidence_class", kIma + "/evidence_type", kIma + "/chosen_parameters"},
         {kUefi + "/chosen_parameters/format", kIma + "/chosen_parameters/format",
          kIma + "/chosen_parameters/starting_offset"},
         {}},
        {"attestation-negotiate-nothing",
         "negotiation",
         {"/data/type", "/data/attributes/stage", "/data/attributes/evidence_requested"},
         {"/data/attributes/capabilities_received_at"},
         {}},
        {"attestation-evidence",
         "evidence",
         {"/data/type", "/data/attributes/stage"},
         {"/data/attributes/capabilities_received_at", "/data/attributes/challenges_expire_at",
          "/data/attributes/evidence_received_at"},
         {}},
        {"verifier-status-pass",
         "status",
         {"/code", "/status", "/results/attestation_status", "/results/attestation_count",
          "/results/last_received_quote", "/results/last_successful_attestation",
          "/results/attestation_period", "/results/maximum_attestation_interval", "/results/tpm_policy",
          "/results/has_runtime_policy", "/results/has_mb_refstate", "/results/accept_tpm_hash_algs",
          "/results/accept_tpm_encryption_algs", "/results/accept_tpm_signing_algs"},
         {"/results/operational_state"},
         {"/results/accept_tpm_hash_algs/0", "/results/accept_tpm_signing_algs/1"}},
        {"verifier-list", "list", {"/code", "/status", "/results/uuids"}, {}, {"/results/uuids/0"}},
        {"registrar-list", "list", {"/code", "/status", "/results/uuids"}, {}, {"/results/uuids/0"}},
        {"registrar-agent",
         "registrar agent",
         {"/code", "/status", "/results/aik_tpm", "/results/ek_tpm", "/results/regcount"},
         {"/results/ekcert", "/results/mtls_cert", "/results/ip", "/results/port"},
         {}},
    };
    return needs;
}

/// The pointers of all members and elements below `value`.
void collect(const json& value, const json::json_pointer& at, std::vector<json::json_pointer>& all) {
    if (value.is_object()) {
        for (const auto& [name, member] : value.items()) {
            all.push_back(at / name);
            collect(member, at / name, all);
        }
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            all.push_back(at / i);
            collect(value[i], at / i, all);
        }
    }
}

json without(json body, const json::json_pointer& pointer) {
    json& parent = body.at(pointer.parent_pointer());
    if (parent.is_array()) {
        parent.erase(std::stoul(pointer.back()));
    } else {
        parent.erase(pointer.back());
    }
    return body;
}

json with(json body, const json::json_pointer& pointer, json value) {
    body.at(pointer) = std::move(value);
    return body;
}

/// Values of other types than the one that is there.
std::vector<json> wrong_for(const json& value) {
    std::vector<json> wrong;
    if (!value.is_string()) wrong.emplace_back("7");
    if (!value.is_array()) wrong.push_back(json::array({json::array()}));
    if (!value.is_object()) wrong.push_back({{"a", 1}});
    if (!value.is_number()) wrong.emplace_back(7.5);
    if (value.is_number()) wrong.emplace_back(-1);
    return wrong;
}

class Doctored : public ::testing::TestWithParam<Needs> {
  protected:
    const Needs& needs = GetParam();
    const testing::Parser& parser = testing::parser_named(needs.parser);
    HttpResponse answer = testing::recording(needs.recording).response;
    json body = json::parse(answer.body);

    Result<void> parse(const json& changed) {
        HttpResponse doctored = answer;
        doctored.body = changed.dump();
        return parser.parse(doctored);
    }

    void expect_named(const json& changed, const std::string& pointer, const std::string& what) {
        const auto result = parse(changed);
        ASSERT_FALSE(result) << pointer << " " << what << " was accepted";
        EXPECT_EQ(result.error().kind, ErrorKind::Parse);
        EXPECT_THAT(result.error().message, HasSubstr("CALL: " + pointer + ": ")) << what;
    }

    void expect_accepted(const json& changed, const std::string& what) {
        const auto result = parse(changed);
        EXPECT_TRUE(result) << what << ": " << result.error().message;
    }

    /// Itself or an ancestor of one of them.
    static bool above(const std::set<std::string>& some, const std::string& pointer) {
        return std::ranges::any_of(
            some, [&](const std::string& one) { return one == pointer || one.starts_with(pointer + "/"); });
    }
    static bool below(const std::set<std::string>& some, const std::string& pointer) {
        return std::ranges::any_of(some,
                                   [&](const std::string& one) { return pointer.starts_with(one + "/"); });
    }
};

TEST_P(Doctored, ListedMembersAreInTheRecording) {
    for (const auto* some : {&needs.required, &needs.optional, &needs.elements}) {
        for (const std::string& pointer : *some)
            EXPECT_TRUE(body.contains(json::json_pointer{pointer})) << pointer;
    }
    expect_accepted(body, "the recording itself");
}

TEST_P(Doctored, EveryMemberIsHeldToWhatTheParserNeeds) {
    std::vector<json::json_pointer> all;
    collect(body, json::json_pointer{}, all);
    ASSERT_FALSE(all.empty());
    for (const auto& pointer : all) {
        const std::string name = pointer.to_string();
        const json& value = body.at(pointer);
        const bool is_element = value.is_array() || body.at(pointer.parent_pointer()).is_array();
        if (above(needs.required, name)) {
            // An element that is taken away makes its neighbour move up: that is another answer, not a broken
            // one.
            if (!body.at(pointer.parent_pointer()).is_array())
                expect_named(without(body, pointer), name, "missing");
            expect_named(with(body, pointer, nullptr), name, "null");
            for (const json& wrong : wrong_for(value))
                expect_named(with(body, pointer, wrong), name, "as " + wrong.dump());
        } else if (needs.optional.contains(name)) {
            expect_accepted(without(body, pointer), name + " missing");
            expect_accepted(with(body, pointer, nullptr), name + " null");
            for (const json& wrong : wrong_for(value.is_null() ? json("text") : value))
                expect_named(with(body, pointer, wrong), name, "as " + wrong.dump());
        } else if (needs.elements.contains(name)) {
            expect_accepted(without(body, pointer), name + " missing");
            expect_named(with(body, pointer, nullptr), name, "null");
        } else if (!is_element && !below(needs.required, name) && !below(needs.elements, name)) {
            expect_accepted(without(body, pointer), name + " missing, which nobody reads");
        }
    }
}

TEST_P(Doctored, MembersNobodyKnowsAreIgnored) {
    std::vector<json::json_pointer> all{json::json_pointer{}};
    collect(body, json::json_pointer{}, all);
    for (const auto& pointer : all) {
        // Every member of selected_subjects is a bank.
        if (!body.at(pointer).is_object() || pointer.to_string().ends_with("selected_subjects")) continue;
        json extended = body;
        extended.at(pointer)["x-unknown"] = {{"a", {1, nullptr}}};
        expect_accepted(extended, pointer.to_string());
    }
}

TEST_P(Doctored, AnyOtherStatusIsAnErrorThatNamesItAndTheCall) {
    for (const int status : {100, 199, 204, 206, 301, 400, 403, 404, 409, 422, 429, 500, 503}) {
        HttpResponse other = answer;
        other.status = status;
        const auto result = parser.parse(other);
        ASSERT_FALSE(result) << status;
        EXPECT_EQ(result.error().kind, ErrorKind::Protocol);
        EXPECT_THAT(result.error().message, HasSubstr("CALL: answered " + std::to_string(status)));
        EXPECT_THAT(result.error().message, HasSubstr("expected " + std::to_string(parser.status)));
    }
}

TEST_P(Doctored, AContentTypeThatIsNotJsonIsAnErrorThatNamesIt) {
    const auto typed = [&](const std::optional<std::string>& content_type) {
        HttpResponse other = answer;
        std::erase_if(other.headers, [](const auto& header) { return header.first == "Content-Type"; });
        if (content_type) other.headers.emplace_back("content-type", *content_type);
        return parser.parse(other);
    };
    for (const char* json_type : {"application/json", "application/json; charset=UTF-8",
                                  "Application/JSON ;a=b", "application/vnd.api+json"}) {
        EXPECT_TRUE(typed(json_type)) << json_type;
    }
    for (const char* other : {"", "text/html; charset=UTF-8", "text/json", "application/jsonp", "json"}) {
        const auto result = typed(other);
        ASSERT_FALSE(result) << other;
        EXPECT_EQ(result.error().kind, ErrorKind::Protocol);
        EXPECT_EQ(result.error().message,
                  std::string{"CALL: header Content-Type: '"} + other + "', expected JSON");
    }
    EXPECT_EQ(typed(std::nullopt).error().message, "CALL: header Content-Type: missing, expected JSON");
    EXPECT_EQ(typed("a\r\n\x1b[2J").error().message,
              "CALL: header Content-Type: 'a\\x0d\\x0a\\x1b[2J', expected JSON");
}

TEST_P(Doctored, ABodyThatIsCutAnywhereIsNotJson) {
    for (std::size_t size = 0; size < answer.body.size(); size += 1 + size / 8) {
        HttpResponse cut = answer;
        cut.body.resize(size);
        const auto result = parser.parse(cut);
        ASSERT_FALSE(result) << size;
        EXPECT_EQ(result.error().kind, ErrorKind::Parse);
        EXPECT_THAT(result.error().message,
                    HasSubstr(size == 0 ? "is empty" : "is not JSON: wrong at octet"));
    }
}

INSTANTIATE_TEST_SUITE_P(Recorded, Doctored, ::testing::ValuesIn(all_needs()), [](const auto& instance) {
    std::string name = instance.param.recording;
    std::ranges::replace(name, '-', '_');
    return name;
});

TEST(DoctoredTable, HoldsEveryParser) {
    for (const testing::Parser& parser : testing::all_parsers()) {
        EXPECT_TRUE(std::ranges::any_of(all_needs(), [&](const Needs& one) {
            return one.parser == parser.name;
        })) << parser.name;
    }
}

}  // namespace
}  // namespace pushsim::protocol
