// Section 3: sessions and proof of possession.

#include <set>

#include <nlohmann/json.hpp>

#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/sim/habits/answers.hpp"
#include "tests/sim/habits/fact.hpp"

namespace pushsim::habits {
namespace {

using lifecycle::Call;
using transport::FailureKind;

std::string session_body(const WireRecord& wire) {
    return same(
        wire.of(Call::OpenSession).at(0)->request.body,
        R"({"data":{"type":"session","attributes":{"agent_id":")" + lifecycle::kAgent +
            R"(","authentication_supported":[{"authentication_class":"pop","authentication_type":"tpm_pop"}]}}})");
}

std::string proof_body(const WireRecord& wire) {
    const HttpRequest& request = wire.of(Call::Prove).at(0)->request;
    const auto proof =
        nlohmann::json::parse(request.body)["/data/attributes/authentication_provided/0/data"_json_pointer];
    const std::string message = proof["message"], signature = proof["signature"];
    const std::string id = request.target.substr(request.target.rfind('/') + 1);
    return all({same(request.body, R"({"data":{"type":"session","id":")" + id +
                                       R"(","attributes":{"agent_id":")" + lifecycle::kAgent +
                                       R"(","authentication_provided":[{"authentication_class":"pop",)"
                                       R"("authentication_type":"tpm_pop","data":{"message":")" +
                                       message + R"(","signature":")" + signature + R"("}}]}}})"),
                same(std::to_string(message.size()), "212"), same(std::to_string(signature.size()), "352"),
                same(std::to_string(request.body.size()), "828")});
}

std::string not_enrolled(const WireRecord& /*wire*/) {
    TimedRun run;
    run.registered();
    run.play.peer.enrolled = false;
    const std::string told = run.cycles(2);
    std::set<std::string> sessions;
    for (const HttpRequest& proof : run.play.requests(Call::Prove))
        sessions.insert(proof.target);
    return all(
        {same(told, "O P 1s O P 1s O P 5s O P 1s O P 1s O P"), same(std::to_string(sessions.size()), "6")});
}

std::string token_is_used_until_refused(const WireRecord& /*wire*/) {
    TimedRun run;
    run.play.peer.session_lifetime = std::chrono::seconds{1};
    run.authenticated();
    run.play.next(Call::Submit, lifecycle::bare_status(401));
    return all({same(run.cycles(3), "N S O P N S 2s N S 2s N S"), as_in("T4.9")({})});
}

/// What a registered agent does whose session call is answered so.
std::string session_with(Call call, const HttpResponse& answer, int times, int cycles = 1) {
    TimedRun run;
    run.registered();
    run.play.next(call, answer, times);
    return run.cycles(cycles);
}

/// The peer's own answer with one text changed.
std::string session_with_changed(Call call, const std::string& text, const std::string& by) {
    TimedRun run;
    run.registered();
    run.play.next(call, changed(run.play, text, by));
    return run.cycles(1);
}

std::string refused_sessions(const WireRecord& /*wire*/) {
    std::vector<std::string> complaints;
    for (const int status : {404, 429, 500, 503}) {
        for (const HttpHeaders& headers : {HttpHeaders{}, HttpHeaders{{"Retry-After", "3"}}}) {
            complaints.push_back(
                same(session_with(Call::OpenSession, lifecycle::bare_status(status, headers), 3, 2),
                     "O 1s O 1s O 5s O P N S"));
        }
    }
    return all(complaints);
}

std::string failed_session(FailureKind kind) {
    TimedRun run;
    run.registered();
    run.play.next_fails(Call::OpenSession, kind);
    return same(run.cycles(1), "O 1s O P N S");
}

std::string refused_proofs(const WireRecord& /*wire*/) {
    std::vector<std::string> complaints;
    for (const int status : {401, 404, 500})
        complaints.push_back(
            same(session_with(Call::Prove, lifecycle::bare_status(status), 1), "O P 1s O P N S"));
    complaints.push_back(
        same(session_with_changed(Call::Prove, R"("evaluation":"pass")", R"("evaluation":"fail")"),
             "O P 1s O P N S"));
    complaints.push_back(
        same(session_with_changed(Call::Prove, R"("token":)", R"("no_token":)"), "O P 1s O P N S"));
    return all(complaints);
}

}  // namespace

std::vector<Fact> session_facts() {
    return {
        held("T3.1",
             "POST body: type session, agent_id, one authentication_supported of pop/tpm_pop, in this order",
             session_body),
        held("T3.2",
             "PATCH body of 828 octets: type, id, agent_id, authentication_provided with message (212) and "
             "signature "
             "(352 characters)",
             proof_body),
        held(
            "T3.3",
            "not enrolled (200 fail): three tries 1 s apart, each a new session, then the interval, for ever",
            not_enrolled),
        held("T3.4", "the token is used until a 401 or 403, never renewed by time",
             token_is_used_until_refused),
        held("T3.5",
             "POST 404, 429, 500, 503, also with Retry-After: again after 1 s, three in a row, then the "
             "interval",
             refused_sessions),
        held("T3.6", "POST 200 with garbage, or without created_at: as a failure",
             [](const WireRecord&) {
                 return all({same(session_with(Call::OpenSession, lifecycle::json_answer(200, "{garbage"), 1),
                                  "O 1s O P N S"),
                             same(session_with_changed(Call::OpenSession, R"("created_at")", R"("created")"),
                                  "O 1s O P N S")});
             }),
        held("T3.7", "POST 201: accepted like 200",
             [](const WireRecord&) {
                 TimedRun run;
                 run.registered();
                 run.play.next(Call::OpenSession, with_status(run.play, 201));
                 return same(run.cycles(1), "O P N S");
             }),
        held("T3.8", "POST without an answer: given up after 5 s, again 1 s later on a new connection",
             [](const WireRecord& wire) {
                 return all({same(wire.without_answer(Call::OpenSession),
                                  "timeout after 5s, after 1s again on another connection"),
                             failed_session(FailureKind::Timeout)});
             }),
        held("T3.9", "POST whose connection is closed: again after 1 s on a new connection",
             [](const WireRecord& wire) {
                 return all({failed_session(FailureKind::Closed), as_in("T1.8")(wire)});
             }),
        held("T3.10", "PATCH 401, 404, 500, 200 fail, 200 pass without token: after 1 s a whole new session",
             refused_proofs),
        held("T3.11", "PATCH without token_expires_at: accepted",
             [](const WireRecord&) {
                 return same(session_with_changed(Call::Prove, R"("token_expires_at")", R"("expires")"),
                             "O P N S");
             }),
    };
}

}  // namespace pushsim::habits
