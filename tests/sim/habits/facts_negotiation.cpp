// Section 4: negotiation.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tests/sim/habits/answers.hpp"
#include "tests/sim/habits/fact.hpp"

namespace pushsim::habits {
namespace {

using lifecycle::Call;
using nlohmann::ordered_json;
using transport::FailureKind;

std::string names_of(const ordered_json& object) {
    std::vector<std::string> names;
    for (const auto& [name, member] : object.items())
        names.push_back(name);
    return fmt::format("{}", fmt::join(names, ", "));
}

ordered_json negotiation(const WireRecord& wire, std::size_t number = 0) {
    return ordered_json::parse(wire.of(Call::Negotiate).at(number)->request.body);
}

const ordered_json& offer(const ordered_json& body, std::size_t number) {
    return body.at("data").at("attributes").at("evidence_supported").at(number);
}

std::string envelope(const WireRecord& wire) {
    const ordered_json body = negotiation(wire);
    const ordered_json& attributes = body.at("data").at("attributes");
    std::vector<std::string> types;
    for (const auto& item : attributes.at("evidence_supported")) {
        if (names_of(item) != "evidence_class, evidence_type, capabilities") return names_of(item);
        types.push_back(item.at("evidence_type"));
    }
    return all({same(names_of(body), "data"), same(names_of(body["data"]), "type, attributes"),
                same(body["data"]["type"].get<std::string>(), "attestation"),
                same(names_of(attributes), "evidence_supported, system_info"),
                same(fmt::format("{}", fmt::join(types, ", ")), "tpm_quote, uefi_log, ima_log"),
                same(names_of(attributes["system_info"]), "boot_time")});
}

std::string quote_capabilities(const WireRecord& wire) {
    const ordered_json body = negotiation(wire);
    const ordered_json& capabilities = offer(body, 0).at("capabilities");
    return all(
        {same(
             names_of(capabilities),
             "component_version, hash_algorithms, signature_schemes, available_subjects, certification_keys"),
         same(capabilities["component_version"].get<std::string>(), "2.0")});
}

std::string certification_key(const WireRecord& wire) {
    const ordered_json body = negotiation(wire);
    const ordered_json& keys = offer(body, 0).at("capabilities").at("certification_keys");
    return all({so(keys.size() == 1, "not one key"),
                same(names_of(keys[0]),
                     "key_algorithm, key_class, key_size, server_identifier, local_identifier, public, "
                     "allowable_hash_algorithms, allowable_signature_schemes"),
                same(keys[0]["server_identifier"].get<std::string>(), "ak")});
}

std::string logs(const WireRecord& wire) {
    const ordered_json body = negotiation(wire);
    const ordered_json& uefi = offer(body, 1).at("capabilities");
    const ordered_json& ima = offer(body, 2).at("capabilities");
    return all(
        {same(names_of(uefi), "evidence_version, entry_count, supports_partial_access, appendable, formats"),
         same(names_of(ima), "entry_count, supports_partial_access, appendable, formats"),
         same(uefi["evidence_version"].get<std::string>(), "2.1"),
         so(uefi["supports_partial_access"] == false && uefi["appendable"] == false,
            "the UEFI log's abilities"),
         so(uefi["entry_count"] == 0 && ima["entry_count"] == 0, "entries of logs that are not there"),
         so(ima["supports_partial_access"] == true && ima["appendable"] == true, "the IMA log's abilities")});
}

std::string one_bank(const WireRecord& /*wire*/) {
    RealTpm tpm(allocate_one_bank);
    TimedRun run;
    run.with(tpm).cycles(1);
    const std::string body = run.play.requests(Call::Negotiate).at(0).body;
    const ordered_json json = ordered_json::parse(body);
    const ordered_json& capabilities = offer(json, 0).at("capabilities");
    return all({same(capabilities["signature_schemes"].dump(), R"(["ecdsa","ecschnorr","rsapss","rsassa"])"),
                same(capabilities["hash_algorithms"].dump(), R"(["sha256"])"),
                same(names_of(capabilities["available_subjects"]), "sha256"),
                same(std::to_string(body.size()), "1440")});
}

std::string boot_time(const WireRecord& wire) {
    const auto time = [&](std::size_t number) {
        return negotiation(wire, number)["data"]["attributes"]["system_info"]["boot_time"].get<std::string>();
    };
    const std::size_t last = wire.of(Call::Negotiate).size() - 1;
    constexpr std::size_t kLength = 20;  // 2026-11-23T15:00:34Z
    return all({so(time(0).size() == kLength && time(0).back() == 'Z', time(0)), same(time(last), time(0))});
}

/// Two cycles of an agent with a token.
std::string after(const std::vector<AnswerOf>& answers, int cycles = 2) {
    TimedRun run;
    run.authenticated();
    for (const AnswerOf& answer : answers)
        run.play.next(Call::Negotiate, answer);
    return run.cycles(cycles);
}

std::string after(const HttpResponse& answer, int times = 1) {
    return after(std::vector<AnswerOf>(static_cast<std::size_t>(times),
                                       [answer](const HttpRequest&) { return answer; }));
}

std::string each(const std::vector<int>& statuses, const HttpHeaders& headers, int times,
                 const std::string& expected) {
    std::vector<std::string> complaints;
    for (const int status : statuses)
        complaints.push_back(same(after(lifecycle::bare_status(status, headers), times), expected));
    return all(complaints);
}

std::string wait_after_success(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Negotiate, with_header(run.play, "Retry-After", "2"));
    return all({same(run.cycles(1), "N 2s N= S"),
                so(run.play.requests(Call::Submit).at(0).target.ends_with("/attestations/1"),
                   "the first one is used")});
}

std::string location(const std::string& value, const std::string& expected, const std::string& target) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Negotiate, with_header(run.play, "Location", value));
    if (!target.empty()) run.play.next(Call::Submit, lifecycle::bare_status(404));
    const std::string told = run.cycles(2);
    return all({same(told, expected),
                target.empty() ? "" : same(run.play.requests(Call::Submit).at(0).target, target)});
}

/// What a changed 201 leads to, which the verifier answers with 400.
std::string reported(const std::string& text, const std::string& by) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Negotiate, changed(run.play, text, by));
    run.play.next(Call::Submit, lifecycle::refusal(400, "invalid"));
    const std::string told = run.cycles(2);
    return all({same(told, "N E 5s N S"),
                same(run.play.requests(Call::Submit).at(0).body,
                     R"({"data":{"type":"error","attributes":{"evidence_collected":[]}}})")});
}

std::string nothing_that_can_be_collected(const WireRecord& /*wire*/) {
    return all({reported("", "{garbage"),
                reported(R"("evidence_requested":[{)", R"("evidence_requested":[],"x":[{)"),
                reported(R"("hash_algorithm":"sha256","selected_subjects":{"sha256":[0,7],"sha1":null})",
                         R"("hash_algorithm":"sha1","selected_subjects":{"sha1":[0,7]})"),
                reported(R"("signature_scheme":"rsassa")", R"("signature_scheme":"ecdsa")")});
}

constexpr const char* kChallenge = "hVf5xf2bVbURTI9jhTXJPw==";

std::string challenge_as_text(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Negotiate, changed(run.play, kChallenge, "%%%"));
    return same(run.cycles(1), "N S");
}

/// Two cycles.
void redirect(TimedRun& run) {
    run.authenticated();
    run.play.next(
        Call::Negotiate,
        lifecycle::bare_status(307, {{"Location", "/v3.0/agents/" + lifecycle::kAgent + "/attestations"}}));
    run.cycles(2);
}

std::string follows_redirection(const WireRecord& /*wire*/) {
    TimedRun run;
    redirect(run);
    return all({same(run.transcript(), "N N= S 2s N S"),
                so(run.play.requests(Call::Negotiate).at(1).header("referer").has_value(), "no referer")});
}

std::string ignores_redirection(const WireRecord& /*wire*/) {
    TimedRun run;
    redirect(run);
    return same(run.transcript(), "N 5s N S");
}

std::string lost(FailureKind kind) {
    TimedRun run;
    run.authenticated();
    run.play.next_answer_is_lost(Call::Negotiate, kind);
    const std::string told = run.cycles(1);
    return all({same(told, "N 1s N= S"),
                so(run.play.requests(Call::Submit).at(0).target.ends_with("/1"), "no index is skipped")});
}

}  // namespace

std::vector<Fact> negotiation_facts() {
    const HttpHeaders told{{"Retry-After", "2"}};
    return {
        held("T4.1",
             "body: type, evidence_supported (tpm_quote, uefi_log, ima_log), system_info (boot_time); each "
             "item "
             "evidence_class, evidence_type, capabilities",
             envelope),
        held("T4.2",
             "tpm_quote: component_version 2.0, hash_algorithms, signature_schemes, available_subjects, "
             "certification_keys",
             quote_capabilities),
        held("T4.3",
             "its one key: key_algorithm, key_class, key_size, server_identifier ak, local_identifier, "
             "public, "
             "allowable_hash_algorithms, allowable_signature_schemes",
             certification_key),
        held("T4.4", "the members of uefi_log (version 2.1, whole) and ima_log (partial, appendable)", logs),
        held("T4.5",
             "of a TPM with one bank: 1,440 octets, hash_algorithms sha256 alone, signature_schemes ecdsa, "
             "ecschnorr, rsapss, rsassa",
             one_bank),
        held("T4.6", "boot_time is whole seconds with Z, the same after a restart of the agent", boot_time),
        not_applicable(
            "T4.7", "entry_count counts the IMA lines that end in a newline, and the events of the UEFI log",
            "pushsim's agents have no logs yet; both are offered empty"),
        held("T4.8",
             "401: at once a new session, then POST with a new request id; six in a row, six sessions",
             [](const WireRecord&) {
                 TimedRun run;
                 run.authenticated();
                 run.play.next(Call::Negotiate, lifecycle::bare_status(401), 6);
                 return same(run.cycles(1), "N O P N O P N O P N O P N O P N O P N S");
             }),
        held("T4.9", "403: the token is dropped; interval, new session, POST",
             [](const WireRecord&) { return each({403}, {}, 1, "N 5s O P N S"); }),
        held("T4.10", "400, 404, 409, 422: interval, POST with the same token and a new request id",
             [](const WireRecord&) {
                 return each({400, 404, 409, 422}, {}, 1, "N 5s N S");
             }),
        held("T4.11",
             "429, 503 with Retry-After: so long, the same request with the same id, max_retries times; then "
             "interval "
             "and a new round",
             [told](const WireRecord&) {
                 return each({429, 503}, told, 4, "N 2s N= 2s N= 2s N= 5s N S");
             }),
        held("T4.12",
             "429, 500, 503 without it: initial, twice, four times that, same id; then interval, a new round",
             [](const WireRecord&) {
                 return each({429, 500, 503}, {}, 4, "N 1s N= 2s N= 4s N= 5s N S");
             }),
        held("T4.13", "503 with an HTTP-date: waits until then",
             [](const WireRecord&) {
                 // The simulated clock starts at 22:13:20.
                 const HttpHeaders date{{"Retry-After", "Tue, 14 Nov 2023 22:14:00 GMT"}};
                 return each({503}, date, 1, "N 40s N= S 2s N S");
             }),
        held("T4.14",
             "201 with Retry-After: waits and sends it again; the second attestation is the one used",
             wait_after_success),
        held("T4.15", "200 in place of 201: failure, interval",
             [](const WireRecord&) {
                 TimedRun run;
                 run.authenticated();
                 run.play.next(Call::Negotiate, with_status(run.play, 200));
                 return same(run.cycles(2), "N 5s N S");
             }),
        held("T4.16", "201 without Location: failure, interval, no PATCH",
             [](const WireRecord&) { return location("", "N 5s N S", ""); }),
        held("T4.17", "201 with Location /3/…: followed; its 404 is followed by the interval",
             [](const WireRecord&) {
                 return location("/3/agents/x/attestations/0", "N S 5s N S", "/3/agents/x/attestations/0");
             }),
        held("T4.18",
             "201 with garbage, with no evidence asked for, with sha1 or ecdsa asked for: an error of 64 "
             "octets is "
             "submitted at once in place of evidence",
             nothing_that_can_be_collected),
        not_held("T4.19",
                 "a challenge that is not base64: its text is used as qualifying data, evidence is sent",
                 challenge_as_text, "an error is submitted in place of evidence, as for garbage",
                 [](const WireRecord&) { return reported(kChallenge, "%%%"); }),
        not_held("T4.20", "307: followed once with method, body and bearer, and a referer",
                 follows_redirection, "nothing is followed: the cycle ends, interval", ignores_redirection),
        held("T4.21", "connection closed: after the initial back-off the same request id on a new connection",
             [](const WireRecord& wire) {
                 return all({lost(FailureKind::Closed), as_in("T1.8")(wire)});
             }),
        held("T4.22",
             "no answer in 5 s: given up, the same request id again on a new connection; one attestation "
             "index is "
             "skipped",
             [](const WireRecord& wire) {
                 return all({same(wire.without_answer(Call::Negotiate),
                                  "timeout after 5s, after 1s again on another connection"),
                             lost(FailureKind::Timeout)});
             }),
    };
}

}  // namespace pushsim::habits
