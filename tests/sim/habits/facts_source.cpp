// What the agent's source says, by section, where that adds to what was seen.

#include <cstdint>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/sim/habits/answers.hpp"
#include "tests/sim/habits/fact.hpp"

namespace pushsim::habits {
namespace {

using lifecycle::Call;
using lifecycle::Phase;
using std::chrono::seconds;

/// The AK, as the agent registered it last.
Bytes ak(const WireRecord& wire) {
    return ak_of(wire.of(Call::Register).back()->request);
}

Bytes member(const nlohmann::json& object, const char* name) {
    return *from_base64(object.at(name).get<std::string>());
}

std::string proof_of_possession(const WireRecord& wire) {
    const auto data = nlohmann::json::parse(
        wire.of(Call::Prove)
            .at(0)
            ->request.body)["/data/attributes/authentication_provided/0/data"_json_pointer];
    const Bytes message = member(data, "message");
    const auto attest = tpm::check::parse_attest(message);
    constexpr int kCertify = 0x8017;
    return all({so(attest.type == kCertify, "no TPM2_Certify"),
                same(to_base64(attest.extra_data), "hHTVTWBxqtWGBq6FS3xetg=="),
                so(attest.name == tpm::check::key_name(ak(wire)), "another key"),
                so(attest.qualified_name == attest.qualified_signer, "signed by another key"),
                so(tpm::check::verifies(ak(wire), message, member(data, "signature")), "a wrong signature")});
}

/// The second cycle quoted PCR 7 (zeros) and 16.
std::string pcr_16_holds_the_ak(const WireRecord& wire) {
    return quote_fault(wire.of(Call::Submit).at(1)->request, ak(wire), {{7, Bytes(32, 0)}});
}

std::string one_try(Call call, const std::string& text, const std::string& by, const std::string& expected) {
    TimedRun run;
    run.registered();
    run.play.next(call, changed(run.play, text, by));
    return same(run.cycles(1), expected);
}

std::string defaults_at_work(const WireRecord& /*wire*/) {
    TimedRun run(lifecycle::rust_agent_habits());
    run.authenticated();
    run.play.next(Call::Negotiate, lifecycle::bare_status(503), 6);
    return same(run.cycles(2), "N 10s N= 20s N= 40s N= 80s N= 160s N= 60s N S");
}

std::string exponential(const WireRecord& /*wire*/) {
    std::vector<std::string> complaints;
    for (const int status : {408, 429, 500, 502, 599}) {
        lifecycle::Habits habits = observed_habits();
        habits.requests.longest = seconds{3};
        TimedRun run(habits);
        run.authenticated();
        run.play.next(Call::Submit, lifecycle::bare_status(status), 3);
        complaints.push_back(same(run.cycles(1), "N S 1s S= 2s S= 3s S="));
    }
    for (const int status : {402, 413, 418}) {
        TimedRun run;
        run.authenticated();
        run.play.next(Call::Submit, lifecycle::bare_status(status));
        complaints.push_back(same(run.cycles(2), "N S 5s N S"));
    }
    return all(complaints);
}

std::string told_to_wait(Call call, int status, int times, const std::string& expected) {
    TimedRun run;
    run.authenticated();
    run.play.next(call, lifecycle::bare_status(status, {{"Retry-After", "3"}}), times);
    return same(run.cycles(2), expected);
}

std::string layers(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Negotiate, lifecycle::bare_status(500), 2);
    run.play.next(Call::Negotiate, lifecycle::bare_status(503, {{"Retry-After", "7"}}));
    run.play.next(Call::Negotiate, lifecycle::bare_status(500));
    return all({same(run.cycles(1), "N 1s N= 2s N= 7s N= 1s N= S"),
                told_to_wait(Call::Negotiate, 401, 1, "N 3s O P N= S 2s N S")});
}

std::string location_cleaned(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    const std::string end = lifecycle::kAgent + "/attestations/0";
    run.play.next(Call::Negotiate, with_header(run.play, "Location", "//v3.0///agents//" + end));
    run.cycles(1);
    return all(
        {same(run.play.requests(Call::Submit).at(0).target, "/v3.0/agents/" + end), as_in("T4.16")({})});
}

/// Refusals of every kind, and a 201; max_retries is 3. A dropped token is replaced before the same request
/// is sent again.
std::string waits_after_any_answer(const WireRecord& /*wire*/) {
    std::vector<std::string> complaints;
    for (const int status : {400, 404, 409, 422, 500, 503}) {
        complaints.push_back(told_to_wait(Call::Negotiate, status, 3, "N 3s N= 3s N= 3s N= S 2s N S"));
        complaints.push_back(told_to_wait(Call::Negotiate, status, 4, "N 3s N= 3s N= 3s N= 5s N S"));
        complaints.push_back(told_to_wait(Call::Submit, status, 4, "N S 3s S= 3s S= 3s S= 5s N S"));
    }
    const std::string thrice = "N 3s O P N= 3s O P N= 3s O P N= ";
    complaints.push_back(told_to_wait(Call::Negotiate, 401, 4, thrice + "O P N S 2s N S"));
    complaints.push_back(told_to_wait(Call::Negotiate, 403, 4, thrice + "5s O P N S"));
    const std::string evidence = "N S 3s O P S= 3s O P S= 3s O P S= ";
    complaints.push_back(told_to_wait(Call::Submit, 401, 4, evidence + "O P N S 2s N S"));
    complaints.push_back(told_to_wait(Call::Submit, 403, 4, evidence + "5s O P N S"));
    TimedRun success;
    success.authenticated();
    for (int times = 0; times < 4; ++times)
        success.play.next(Call::Negotiate, with_header(success.play, "Retry-After", "3"));
    complaints.push_back(same(success.cycles(1), "N 3s N= 3s N= 3s N= S"));
    TimedRun unknown;
    unknown.play.next(Call::Register, lifecycle::bare_status(404, {{"Retry-After", "3"}}), 4);
    complaints.push_back(same(unknown.cycles(2, Phase::Activate), "V R 3s R= 3s R= 3s R= 5s V R A"));
    return all(complaints);
}

std::string three_different_failures(const WireRecord& /*wire*/) {
    TimedRun run;
    run.registered();
    const HttpHeaders told{{"Retry-After", "3"}};
    run.play.next_fails(Call::OpenSession, transport::FailureKind::Closed);
    run.play.next(Call::Prove, lifecycle::bare_status(429, told));
    run.play.next(Call::Prove, changed(run.play, R"("evaluation":"pass")", R"("evaluation":"fail")"));
    return same(run.cycles(2), "O 1s O P 1s O P 5s O P N S");
}

std::string verdict_without(const std::string& member, const std::string& expected) {
    return one_try(Call::Prove, '"' + member + '"', R"("x")", expected);
}

nlohmann::json first_negotiation(const WireRecord& wire) {
    return nlohmann::json::parse(wire.of(Call::Negotiate).at(0)->request.body);
}

std::string boot_time(const WireRecord& wire) {
    return first_negotiation(wire)["/data/attributes/system_info/boot_time"_json_pointer];
}

std::string boot_time_of_this_machine() {
    std::ifstream stat("/proc/stat");
    std::string word;
    while (stat >> word && word != "btime") {
    }
    std::int64_t unix_seconds = 0;
    stat >> unix_seconds;
    return to_rfc3339(WallTime{seconds{unix_seconds}}).substr(0, 19) + "Z";
}

/// Offered as a TPMT_PUBLIC, registered as a TPM2B_PUBLIC, which has its size in front.
std::string the_key_is_the_ak(const WireRecord& wire) {
    const auto body = first_negotiation(wire);
    const auto& key =
        body["/data/attributes/evidence_supported/0/capabilities/certification_keys/0"_json_pointer];
    Bytes registered = ak(wire);
    registered.erase(registered.begin(), registered.begin() + 2);
    return same(to_hex(member(key, "public")), to_hex(registered));
}

/// A quote of PCR 7, which changes so often between reading and quoting.
void quote_while_pcr_7_changes(TimedRun& run, RealTpm& tpm, int times) {
    run.with(tpm).registered();
    tpm.look = [times](ByteView command, tpm::Commands& behind) mutable {
        constexpr std::uint32_t kQuote = 0x158;  // TPM_CC_Quote
        if (tpm::command_code(command) != kQuote || times-- <= 0) return;
        must(behind.pcr_extend(7, {{tpm::HashAlgorithm::Sha256, Bytes(32, 1)}}));
    };
    run.cycles(1);
}

std::string read_and_quoted_until_they_match(const WireRecord& /*wire*/) {
    RealTpm tpm;
    TimedRun four, five;
    quote_while_pcr_7_changes(four, tpm, 4);
    tpm::PcrValues values{{0, Bytes(32, 0)}, {7, Bytes(32, 0)}};
    for (int change = 0; change < 4; ++change)
        values[7] = extended(values[7], Bytes(32, 1));
    quote_while_pcr_7_changes(five, tpm, 5);
    return all({same(four.transcript(), "O P N S"),
                quote_fault(four.play.requests(Call::Submit).at(0), tpm.ak(), values),
                same(five.transcript(), "O P N E")});
}

std::string begins_with_registration(const WireRecord& /*wire*/) {
    TimedRun run;
    return same(run.cycles(2), "V R A O P N S 2s N S");
}

std::string no_client_certificate(const WireRecord& wire) {
    for (const std::string& subject : wire.client_subjects) {
        if (!subject.empty()) return subject;
    }
    return "";
}

std::string retries_a_bad_certificate(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    run.play.next_fails(Call::Negotiate, transport::FailureKind::Certificate);
    return same(run.cycles(2), "N 1s N= S 2s N S");
}

std::vector<Fact> of_start_and_states() {
    return {
        not_applicable("B1.1", "configuration from files and environment, then run_as",
                       "no process of its own"),
        not_applicable("B1.2", "logs are opened at the start; missing ones are only warnings", "no logs yet"),
        not_applicable("B1.3", "the TPM from TCTI; EK and AK stay loaded", "the scenario's `tpm:` decides"),
        not_applicable("B1.4", "the id from the command line or uuid", "the scenario's `id:` decides"),
        held("B2.1", "Unregistered: register and activate, then Registered", begins_with_registration),
        held("B2.2", "RegistrationFailed: interval, then Unregistered", as_in("T6.6")),
        held("B2.3", "Registered: negotiates at once", begins_with_registration),
        held("B2.4", "Negotiating: 201 Attesting, 401 again at once, all else AttestationFailed",
             [](const WireRecord& wire) {
                 return all({as_in("T4.8")(wire), as_in("T4.9")(wire), as_in("T4.10")(wire),
                             as_in("T4.12")(wire), as_in("T4.15")(wire)});
             }),
        held("B2.5", "Attesting: 202 sleeps, 401 negotiates at once, all else AttestationFailed",
             [](const WireRecord& wire) {
                 return all({as_in("T5.8")(wire), as_in("T5.12")(wire), as_in("T5.13")(wire),
                             as_in("T5.14")(wire), as_in("T5.15")(wire), as_in("T5.17")(wire)});
             }),
        held("B2.6", "AttestationFailed: interval, then Negotiating", as_in("T5.12")),
        not_held("B2.7", "Failed, only without a TPM: exit", as_in("T6.4"),
                 "the cycle ends, or an error is submitted, and the next tries again", instead_as_in("T6.4")),
        held("B2.8", "never Unregistered again: a deleted record is not noticed", as_in("T6.1")),
        held("B2.9",
             "a failed PATCH means a new negotiation; evidence is never sent again after the interval",
             as_in("T5.17")),
        held("B2.10", "seconds_to_next_attestation 0: no sleep at all", as_in("T5.9")),
    };
}

std::vector<Fact> of_http() {
    return {
        held("B3.1", "no client certificate, 5 s for a request",
             [](const WireRecord& wire) {
                 std::vector<std::string> complaints{no_client_certificate(wire)};
                 for (const Call call : {Call::OpenSession, Call::Negotiate, Call::Submit})
                     complaints.push_back(same(wire.without_answer(call),
                                               "timeout after 5s, after 1s again on another connection"));
                 return all(complaints);
             }),
        not_held("B3.2", "a server certificate that does not verify is a connection error, and retried",
                 retries_a_bad_certificate, "the cycle fails at once: asking again would only hide it",
                 [](const WireRecord&) {
                     TimedRun run;
                     run.authenticated();
                     run.play.next_fails(Call::Negotiate, transport::FailureKind::Certificate);
                     return all({same(run.cycles(2), "N 5s N S"), same(run.endings(), "failed reached")});
                 }),
        held("B3.3", "content type, accept and request ids by call",
             [](const WireRecord& wire) {
                 return all(
                     {as_in("T1.3")(wire), as_in("T1.4")(wire), as_in("T1.5")(wire), as_in("T1.6")(wire)});
             }),
        held("B3.4", "Location: repeated slashes collapse; one that is missing ends the round",
             location_cleaned),
        held("B3.5", "Retry-After around exponential retries around authentication", layers),
        held("B3.6", "Retry-After of any answer, successes included, at most max_retries times",
             [](const WireRecord& wire) {
                 return all({waits_after_any_answer(wire), as_in("T4.11")(wire), as_in("T5.11")(wire)});
             }),
        held("B3.7",
             "exponential: 5xx, 408, 429 up to the longest, without jitter; other 4xx come back at once",
             exponential),
        held("B3.8", "401 and 403 drop the token",
             [](const WireRecord& wire) {
                 return all(
                     {as_in("T4.8")(wire), as_in("T4.9")(wire), as_in("T5.13")(wire), as_in("T5.14")(wire)});
             }),
        held("B3.9", "by default a 503 costs 10, 20, 40, 80 and 160 s, then 60 s", defaults_at_work),
    };
}

std::vector<Fact> of_authentication_and_evidence() {
    return {
        held("B4.1", "lazy; token_expires_at is not looked at",
             [](const WireRecord& wire) {
                 return all({as_in("T3.4")(wire), as_in("T4.9")(wire), begins_with_registration(wire)});
             }),
        held("B4.2", "three attempts 1 s apart, whatever went wrong; Retry-After is ignored",
             [](const WireRecord& wire) {
                 return all({as_in("T3.5")(wire), three_different_failures(wire)});
             }),
        held("B4.3",
             "TPM2_Certify of the AK by itself over the decoded challenge; one that is not base64 is a "
             "failure",
             [](const WireRecord& wire) {
                 return all({proof_of_possession(wire),
                             one_try(Call::OpenSession, "hHTVTWBxqtWGBq6FS3xetg==", "%%%", "O 1s O P N S")});
             }),
        not_held(
            "B4.4", "a verdict without created_at, challenges_expire_at or response_received_at is a failure",
            [](const WireRecord&) { return verdict_without("response_received_at", "O P 1s O P N S"); },
            "response_received_at may be missing",
            [](const WireRecord&) {
                return all({verdict_without("created_at", "O P 1s O P N S"),
                            verdict_without("challenges_expire_at", "O P 1s O P N S"),
                            verdict_without("response_received_at", "O P N S")});
            }),
        held("B5.1", "tpm_quote, uefi_log and ima_log are offered, also without logs",
             [](const WireRecord& wire) {
                 return all({as_in("T4.1")(wire), as_in("T4.4")(wire)});
             }),
        held("B5.2", "signature schemes sorted, hash algorithms with a bank",
             [](const WireRecord& wire) {
                 const auto body = nlohmann::json::parse(wire.of(Call::Negotiate).at(0)->request.body);
                 const auto& quote = body["/data/attributes/evidence_supported/0/capabilities"_json_pointer];
                 std::vector<std::string> banks;
                 for (const auto& [bank, pcrs] : quote["available_subjects"].items())
                     banks.push_back(bank);
                 return all(
                     {same(quote["signature_schemes"].dump(), R"(["ecdsa","ecschnorr","rsapss","rsassa"])"),
                      same(quote["hash_algorithms"].dump(), nlohmann::json(banks).dump()),
                      as_in("T4.5")(wire)});
             }),
        held("B5.3", "one certification key, the AK, called ak",
             [](const WireRecord& wire) {
                 return all({as_in("T4.3")(wire), the_key_is_the_ak(wire)});
             }),
        not_held(
            "B5.4", "boot_time from /proc/stat, else 1970",
            [](const WireRecord& wire) { return same(boot_time(wire), boot_time_of_this_machine()); },
            "that of its own machine (the boot state)",
            [](const WireRecord& wire) {
                return same(boot_time(wire), to_rfc3339(wire.boot_time).substr(0, 19) + "Z");
            }),
        held("B5.5", "a scheme or hash other than the AK's is refused", as_in("T4.18")),
        held("B5.6", "PCR 16 is reset, extended with the digest of the AK's PEM, and quoted with the others",
             pcr_16_holds_the_ak),
        held("B5.7", "PCRs are read before the quote, both up to five times until they match",
             read_and_quoted_until_they_match),
        not_applicable("B5.8", "an IMA offset beyond the file: the whole file from 0", "no logs yet"),
        held("B5.9", "uefi_log is \"\" when there is none", as_in("T5.4")),
        held("B5.10", "where evidence cannot be built a resource of type error is sent", as_in("T4.18")),
        held("B6.1", "interval 60 s, RSA keys, port and IP as registered",
             [](const WireRecord& wire) {
                 // parse_public() takes RSA keys alone.
                 return all({defaults_at_work(wire), as_in("T2.1")(wire),
                             same(std::to_string(tpm::check::parse_public(ak(wire)).key_bits), "2048")});
             }),
        not_applicable("B6.2", "registrar at the plain port by default", "the stack decides where it is"),
    };
}

}  // namespace

std::vector<Fact> source_facts() {
    std::vector<Fact> facts = of_start_and_states();
    for (const auto& more : {of_http(), of_authentication_and_evidence()})
        facts.insert(facts.end(), more.begin(), more.end());
    return facts;
}

}  // namespace pushsim::habits
