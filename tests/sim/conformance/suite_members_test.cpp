// What the suite does with each member of a message that Keylime's documents show: left out, null, of another
// type, and empty.

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/sim/conformance/suite.hpp"

namespace pushsim::conformance {
namespace {

using nlohmann::json;
using test::suite;

enum class Type { Text, Number, Boolean, List, Object };

struct Member {
    std::string pointer;  ///< an element of a list is `*`
    Type type = Type::Text;
    std::set<std::string> none = {};  ///< what stands for "none" in a body that is as it should be
};
using Members = std::vector<Member>;

Members envelope() {
    return {{"/data", Type::Object}, {"/data/type"}, {"/data/attributes", Type::Object}};
}
Members with(Members all, const std::string& place, const Members& more) {
    for (const Member& one : more)
        all.push_back({place + one.pointer, one.type, one.none});
    return all;
}

/// By message: docs/rest_apis/2_5/registrar.rst, 2_5/verifier.rst and 3_0/verifier.rst.
const std::map<std::string, Members>& documented() {
    static const std::map<std::string, Members> all{
        {"registration",
         {{"/aik_tpm"}, {"/ek_tpm"}, {"/ekcert"}, {"/mtls_cert"}, {"/ip"}, {"/port", Type::Number}}},
        {"activation", {{"/auth_tag"}}},
        {"session", with(envelope(), "/data/attributes",
                         {{"/agent_id"},
                          {"/authentication_supported", Type::List},
                          {"/authentication_supported/*", Type::Object},
                          {"/authentication_supported/*/authentication_class"},
                          {"/authentication_supported/*/authentication_type"}})},
        {"proof", with(envelope(), "/data/attributes",
                       {{"/agent_id"},
                        {"/authentication_provided", Type::List},
                        {"/authentication_provided/*", Type::Object},
                        {"/authentication_provided/*/authentication_class"},
                        {"/authentication_provided/*/authentication_type"},
                        {"/authentication_provided/*/data", Type::Object},
                        {"/authentication_provided/*/data/message"},
                        {"/authentication_provided/*/data/signature"}})},
        {"negotiation", with(with(with(envelope(), "/data/attributes",
                                       {{"/evidence_supported", Type::List},
                                        {"/evidence_supported/*", Type::Object},
                                        {"/evidence_supported/*/evidence_class"},
                                        {"/evidence_supported/*/evidence_type"},
                                        {"/evidence_supported/*/capabilities", Type::Object},
                                        {"/system_info", Type::Object},
                                        {"/system_info/boot_time"}}),
                                  "/data/attributes/evidence_supported/*/capabilities",
                                  {{"/component_version"},
                                   {"/evidence_version"},
                                   {"/signature_schemes", Type::List},
                                   {"/hash_algorithms", Type::List},
                                   {"/available_subjects", Type::Object},
                                   {"/certification_keys", Type::List},
                                   {"/entry_count", Type::Number},
                                   {"/supports_partial_access", Type::Boolean},
                                   {"/appendable", Type::Boolean},
                                   {"/formats", Type::List}}),
                             "/data/attributes/evidence_supported/*/capabilities/certification_keys/*",
                             {{"", Type::Object},
                              {"/key_class"},
                              {"/key_algorithm"},
                              {"/key_size", Type::Number},
                              {"/server_identifier"},
                              {"/public"},
                              {"/allowable_signature_schemes", Type::List},
                              {"/allowable_hash_algorithms", Type::List}})},
        {"evidence", with(envelope(), "/data/attributes",
                          {{"/evidence_collected", Type::List},
                           {"/evidence_collected/*", Type::Object},
                           {"/evidence_collected/*/evidence_class"},
                           {"/evidence_collected/*/evidence_type"},
                           {"/evidence_collected/*/data", Type::Object},
                           {"/evidence_collected/*/data/subject_data"},
                           {"/evidence_collected/*/data/message"},
                           {"/evidence_collected/*/data/signature"},
                           {"/evidence_collected/*/data/entry_count", Type::Number},
                           {"/evidence_collected/*/data/entries"}})},
        {"enrolment",
         {{"/tpm_policy"},
          {"/ak_tpm"},
          {"/runtime_policy_name", Type::Text, {"absent", "null"}},
          {"/runtime_policy", Type::Text, {"empty"}},
          {"/mb_policy", Type::Text, {"null"}},  // which the documents call mb_refstate
          {"/mb_policy_name", Type::Text, {"null"}},
          {"/ima_sign_verification_keys", Type::Text, {"empty"}},
          {"/metadata"},
          {"/revocation_key", Type::Text, {"empty"}},
          {"/accept_tpm_hash_algs", Type::List},
          {"/accept_tpm_encryption_algs", Type::List},
          {"/accept_tpm_signing_algs", Type::List}}},
        {"IMA policy", {{"/runtime_policy"}}},
        {"measured boot policy", {{"/mb_policy"}}},
    };
    return all;
}

bool is_empty(const json& value) {
    return (value.is_structured() && value.empty()) ||
           (value.is_string() && value.get<std::string>().empty());
}
bool is_a(const json& value, Type type) {
    switch (type) {
        case Type::Text:
            return value.is_string();
        case Type::Number:
            return value.is_number();
        case Type::Boolean:
            return value.is_boolean();
        case Type::List:
            return value.is_array();
        case Type::Object:
            return value.is_object();
    }
    return false;
}
/// "null", "wrong_type" or "empty"; nothing for what the member may be.
std::optional<std::string> what_is(const json& value, const Member& member) {
    if (value.is_null()) return "null";
    if (!is_a(value, member.type)) return "wrong_type";
    if (is_empty(value)) return "empty";
    return std::nullopt;
}

const Member* find(const std::string& message, const std::string& pointer) {
    const Members& members = documented().at(message);
    const auto at = std::ranges::find(members, pointer, &Member::pointer);
    return at == members.end() ? nullptr : &*at;
}

/// With `*` for the numbers of elements.
std::string general(const std::string& pointer) {
    std::string all;
    for (json::json_pointer rest(pointer); !rest.empty(); rest.pop_back()) {
        const bool is_number = std::ranges::all_of(rest.back(), [](char c) { return '0' <= c && c <= '9'; });
        all.insert(0, '/' + (is_number ? "*" : rest.back()));
    }
    return all;
}

/// "message pointer what"
using Done = std::set<std::string>;

/// The message that a fault of a body changes.
std::string message_of(const scenario::Step& step, const scenario::Fault& fault, const std::string& pointer) {
    using Kind = scenario::StepKind;
    switch (step.kind == Kind::Attest ? fault.in_phase.value_or(Kind::Negotiate) : step.kind) {
        case Kind::Register:
            return "registration";
        case Kind::Activate:
            return "activation";
        case Kind::Authenticate:
            return fault.change.request == 2 || find("session", pointer) == nullptr ? "proof" : "session";
        case Kind::Negotiate:
            return "negotiation";
        default:
            return "evidence";
    }
}

void add_changes(const scenario::Step& step, Done& done) {
    for (const scenario::Fault& fault : step.faults) {
        if (fault.kind != scenario::FaultKind::Body) continue;
        const auto add = [&](const std::string& at, const std::string& what) {
            const std::string pointer = general(at);
            done.insert(message_of(step, fault, pointer) + ' ' + pointer + ' ' + what);
        };
        if (fault.change.at) add(*fault.change.at, to_string(fault.change.make));
        if (fault.change.remove.size() == 1) add(fault.change.remove.front(), "absent");
        for (const auto& [at, text] : fault.change.set) {
            const std::string pointer = general(at);
            const Member* member = find(message_of(step, fault, pointer), pointer);
            const auto what = member == nullptr ? std::nullopt : what_is(json::parse(text), *member);
            if (what) add(at, *what);
        }
    }
}

/// A body in which one member alone is not as it should be.
void add_body(const scenario::Step& step, Done& done) {
    const scenario::RawRequest& request = step.request;
    const bool is_of_verifier = request.to == "verifier" && request.path.starts_with("/v2");
    const bool writes = request.method == "POST" || request.method == "PUT";
    if (!is_of_verifier || !writes) return;
    const std::string message = request.path.find("/allowlists/") != std::string::npos ? "IMA policy"
                                : request.path.find("/mbpolicies/") != std::string::npos
                                    ? "measured boot policy"
                                : request.method == "POST" ? "enrolment"
                                                           : "";
    const json body = json::parse(request.body, nullptr, false);
    if (message.empty() || !body.is_object()) return;
    Done changed;
    for (const Member& member : documented().at(message)) {
        const auto at = body.find(member.pointer.substr(1));
        const auto what = at == body.end() ? std::optional<std::string>("absent") : what_is(*at, member);
        if (!what) continue;
        const std::string name = message + ' ' + member.pointer + ' ' + *what;
        (member.none.contains(*what) ? done : changed).insert(name);
    }
    if (changed.size() == 1) done.merge(changed);
}

/// What no case does, and why.
constexpr const char* none_is_said = "no document says whether that is none";
const std::map<std::string, std::string> not_done{
    {"enrolment /mb_policy empty", none_is_said},
    {"enrolment /mb_policy_name empty", none_is_said},
    {"enrolment /runtime_policy_name empty", none_is_said},
    {"negotiation /data/attributes/evidence_supported/*/capabilities/evidence_version absent",
     "as agents send it"},
    {"registration /ip empty", none_is_said},
    {"registration /mtls_cert empty", none_is_said},
    {"session /data/attributes/agent_id wrong_type",
     "session-requests/agent-id-number and -list send it without an agent, and look at the id in the answer"},
};

TEST(Suite, EachMemberThatIsDocumentedIsLeftOutNullOfAnotherTypeAndEmpty) {
    Done done;
    for (const auto& scenario : suite().scenarios) {
        scenario::for_each_step(scenario.script, [&](const scenario::Step& step, std::uint64_t /*times*/) {
            step.kind == scenario::StepKind::Request ? add_body(step, done) : add_changes(step, done);
        });
    }
    std::set<std::string> missing;
    for (const auto& [message, members] : documented()) {
        for (const Member& member : members) {
            for (const std::string what : {"absent", "null", "wrong_type", "empty"}) {
                // An element that is left out is a list of others, or an empty one.
                const bool has_none =
                    (what == "empty" && (member.type == Type::Number || member.type == Type::Boolean)) ||
                    (what == "absent" && member.pointer.ends_with("*"));
                const std::string name = message + ' ' + member.pointer + ' ' + what;
                if (!has_none && !done.contains(name)) missing.insert(name);
            }
        }
    }
    std::set<std::string> known;
    for (const auto& [what, why] : not_done)
        known.insert(what);
    EXPECT_THAT(missing, ::testing::ContainerEq(known));
}

}  // namespace
}  // namespace pushsim::conformance
