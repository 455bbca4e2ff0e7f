// Section 5: evidence.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/sim/habits/answers.hpp"
#include "tests/sim/habits/fact.hpp"

namespace pushsim::habits {
namespace {

using lifecycle::Call;
using nlohmann::ordered_json;
using transport::FailureKind;

ordered_json submitted(const WireRecord& wire, std::size_t number) {
    return ordered_json::parse(wire.of(Call::Submit).at(number)->request.body);
}

ordered_json quote_data(const WireRecord& wire, std::size_t number) {
    return submitted(wire, number)["data"]["attributes"]["evidence_collected"][0]["data"];
}

std::string envelope(const WireRecord& wire) {
    const ordered_json body = submitted(wire, 0);
    const std::string data = quote_data(wire, 0).dump();
    return same(body.dump(), R"({"data":{"type":"attestation","attributes":{"evidence_collected":[)"
                             R"({"evidence_class":"certification","evidence_type":"tpm_quote","data":)" +
                                 data + "}]}}}");
}

std::string sizes(const ordered_json& data) {
    std::string text;
    for (const auto& [name, member] : data.items())
        text += fmt::format("{} {} ", name, member.get<std::string>().size());
    return text;
}

Bytes message_of(const ordered_json& data) {
    return *from_base64(data.at("message").get<std::string>());
}

std::string quotes_with_pcr_16(const WireRecord& wire) {
    const ordered_json eight = quote_data(wire, 0), one = quote_data(wire, 1);
    const std::string selection = to_hex(message_of(eight));
    return all({same(sizes(eight), "message 172 signature 352 subject_data 1600 "),
                same(sizes(one), "message 172 signature 352 subject_data 892 "),
                so(selection.find("03ff0001") != std::string::npos, selection)});
}

/// The cycle in which logs were asked for before the quote.
std::string with_logs(const std::string& expected) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Negotiate,
                  changed(run.play, R"("evidence_requested":[{)",
                          R"("evidence_requested":[{"evidence_class":"log","evidence_type":"uefi_log",)"
                          R"("chosen_parameters":{}},{"evidence_class":"log","evidence_type":"ima_log",)"
                          R"("chosen_parameters":{"starting_offset":0}},{)"));
    run.cycles(1);
    const auto sent = run.play.requests(Call::Submit);
    return so(!sent.empty() && sent[0].body.find(expected) != std::string::npos, run.transcript());
}

std::string after(const std::vector<AnswerOf>& answers, int cycles = 2) {
    TimedRun run;
    run.authenticated();
    for (const AnswerOf& answer : answers)
        run.play.next(Call::Submit, answer);
    return run.cycles(cycles);
}

std::string each(const std::vector<HttpResponse>& answers, int times, const std::string& expected) {
    std::vector<std::string> complaints;
    for (const HttpResponse& answer : answers) {
        complaints.push_back(
            same(after(std::vector<AnswerOf>(static_cast<std::size_t>(times),
                                             [answer](const HttpRequest&) { return answer; })),
                 expected));
    }
    return all(complaints);
}

std::vector<HttpResponse> statuses(const std::vector<int>& numbers, const HttpHeaders& headers = {}) {
    std::vector<HttpResponse> answers;
    for (const int number : numbers)
        answers.push_back(lifecycle::bare_status(number, headers));
    return answers;
}

/// Two cycles, evidence of the first answered with this.
std::string two_cycles(const HttpResponse& answer, const std::string& expected, const std::string& endings) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Submit, answer);
    return all({same(run.cycles(2), expected), same(run.endings(), endings)});
}

std::string told_of_the_next(const std::string& seconds, const std::string& expected) {
    TimedRun run;
    run.authenticated();
    run.play.peer.seconds_to_next = seconds;
    return all({same(run.cycles(2), expected), same(run.endings(), "reached reached")});
}

std::string at_once(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    run.play.peer.seconds_to_next = "0";
    run.cycles(1);
    run.play.next(Call::Negotiate, lifecycle::refusal(429, "premature_attestation", {{"Retry-After", "1"}}));
    return same(run.cycles(1), "N S N 1s N= S");
}

std::string interval_instead(const WireRecord& /*wire*/) {
    std::vector<std::string> complaints;
    for (const std::string seconds : {"1.5", R"("3")", "-1", "null"})
        complaints.push_back(told_of_the_next(seconds, "N S 5s N S"));
    for (const char* body : {"{garbage", R"({"data":{}})"}) {
        complaints.push_back(two_cycles(lifecycle::json_answer(202, body), "N S 5s N S", "reached reached"));
    }
    return all(complaints);
}

std::string wait_after_success(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Submit, with_header(run.play, "Retry-After", "2"));
    return same(run.cycles(2), "N S 2s S= 5s O P N S");
}

std::string lost(FailureKind kind) {
    TimedRun run;
    run.authenticated();
    run.play.next_fails(Call::Submit, kind);
    return same(run.cycles(1), "N S 1s S=");
}

}  // namespace

std::vector<Fact> evidence_facts() {
    return {
        held("T5.1",
             "body: type attestation, evidence_collected in the order asked for; evidence_class, "
             "evidence_type, data",
             [](const WireRecord& wire) {
                 return all({envelope(wire),
                             with_logs(R"("evidence_type":"ima_log","data":{"entries":"","entry_count":0}},)"
                                       R"({"evidence_class":"certification","evidence_type":"tpm_quote")")});
             }),
        held("T5.2",
             "tpm_quote: message, signature, subject_data; 172, 352, 1,600 characters for PCR 0-7 and 16, "
             "892 for one "
             "and 16; the selection has the bytes ff 00 01",
             quotes_with_pcr_16),
        held("T5.3", "ima_log: entries, entry_count; without new lines \"\" and 0 are sent",
             [](const WireRecord&) {
                 return with_logs(R"("evidence_type":"ima_log","data":{"entries":"","entry_count":0}})");
             }),
        held("T5.4", "uefi_log: entries alone",
             [](const WireRecord&) {
                 return with_logs(R"("evidence_type":"uefi_log","data":{"entries":""}})");
             }),
        not_applicable("T5.5", "IMA offsets go on after a restart with the same boot time", "no logs yet"),
        not_applicable("T5.6", "an IMA line without newline is not offered, but sent", "no logs yet"),
        not_applicable("T5.7", "an IMA log shorter than what was certified: 422 for ever", "no logs yet"),
        held("T5.8", "202 with seconds_to_next_attestation n: sleeps n, POST",
             [](const WireRecord&) { return told_of_the_next("3", "N S 3s N S"); }),
        held("T5.9", "202 with 0: POST at once; 429 with Retry-After 1, waits, same id", at_once),
        held("T5.10", "202 without meta, with garbage, 1.5, \"3\", -1: the interval, and still a success",
             interval_instead),
        held("T5.11",
             "202 with Retry-After: the same PATCH again; its 403 evidence_immutable drops the token, "
             "interval, session",
             wait_after_success),
        held("T5.12", "200, 204: failure, interval, new negotiation",
             [](const WireRecord&) {
                 std::vector<std::string> complaints;
                 for (const HttpResponse& answer : statuses({200, 204}))
                     complaints.push_back(two_cycles(answer, "N S 5s N S", "refused reached"));
                 return all(complaints);
             }),
        held("T5.13", "401: at once a new session and a new negotiation",
             [](const WireRecord&) { return each(statuses({401}), 1, "N S O P N S 2s N S"); }),
        held("T5.14", "403, whatever its code: the token is dropped; interval, session, negotiation",
             [](const WireRecord&) {
                 return each({lifecycle::refusal(403, "challenges_expired"),
                              lifecycle::refusal(403, "evidence_immutable"), lifecycle::bare_status(403)},
                             1, "N S 5s O P N S");
             }),
        held("T5.15", "400, 404, 410, 422: interval, new negotiation, same token",
             [](const WireRecord&) {
                 return each(statuses({400, 404, 410, 422}), 1, "N S 5s N S");
             }),
        held("T5.16", "429, 503 with Retry-After: so long, the same PATCH, same id",
             [](const WireRecord&) {
                 return each(statuses({429, 503}, {{"Retry-After", "2"}}), 1, "N S 2s S= 2s N S");
             }),
        held("T5.17",
             "500, 503, 429 without: initial, twice, four times that, same id; interval, new negotiation",
             [](const WireRecord&) {
                 return each(statuses({500, 503, 429}), 4, "N S 1s S= 2s S= 4s S= 5s N S");
             }),
        held("T5.18",
             "connection closed or no answer: after the initial back-off the same PATCH, same id, new "
             "connection",
             [](const WireRecord& wire) {
                 return all({lost(FailureKind::Closed), lost(FailureKind::Timeout),
                             same(wire.without_answer(Call::Submit),
                                  "timeout after 5s, after 1s again on another connection"),
                             as_in("T1.8")(wire)});
             }),
    };
}

}  // namespace pushsim::habits
