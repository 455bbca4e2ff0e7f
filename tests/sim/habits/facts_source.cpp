// What the agent's source says, by section, where that adds to what was seen.

#include <nlohmann/json.hpp>

#include "agent/tpm/public_key_pem.hpp"
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
    const auto body = nlohmann::json::parse(wire.of(Call::Register).back()->request.body);
    return *from_base64(body.at("aik_tpm").get<std::string>());
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
    const auto data = nlohmann::json::parse(
        wire.of(Call::Submit).at(1)->request.body)["/data/attributes/evidence_collected/0/data"_json_pointer];
    const Bytes message = member(data, "message");
    const auto attest = tpm::check::parse_attest(message);
    Bytes extended(32, 0);
    const Bytes pem = tpm::check::digest(tpm::HashAlgorithm::Sha256, as_bytes(tpm::public_key_pem(ak(wire))));
    extended.insert(extended.end(), pem.begin(), pem.end());
    const tpm::PcrValues values{{7, Bytes(32, 0)},
                                {16, tpm::check::digest(tpm::HashAlgorithm::Sha256, extended)}};
    return all({so(attest.pcrs == std::vector<int>{7, 16}, "other PCRs"),
                same(to_hex(attest.pcr_digest), to_hex(tpm::check::digest_of(values))),
                so(tpm::check::verifies(ak(wire), message, member(data, "signature")), "a wrong signature")});
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

std::string layers(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Negotiate, lifecycle::bare_status(500), 2);
    run.play.next(Call::Negotiate, lifecycle::bare_status(503, {{"Retry-After", "7"}}));
    run.play.next(Call::Negotiate, lifecycle::bare_status(500));
    return same(run.cycles(1), "N 1s N= 2s N= 7s N= 1s N= S");
}

std::string location_cleaned(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    const std::string path = "/v3.0/agents/" + lifecycle::kAgent + "/attestations/0";
    run.play.next(Call::Negotiate, with_header(run.play, "Location", "/" + path));
    run.cycles(1);
    return all({same(run.play.requests(Call::Submit).at(0).target, path), as_in("T4.16")({})});
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
                 return all({as_in("T4.8")(wire), as_in("T4.10")(wire), as_in("T4.15")(wire)});
             }),
        held("B2.5", "Attesting: 202 sleeps, 401 negotiates at once, all else AttestationFailed",
             [](const WireRecord& wire) {
                 return all({as_in("T5.8")(wire), as_in("T5.13")(wire), as_in("T5.15")(wire)});
             }),
        held("B2.6", "AttestationFailed: interval, then Negotiating", as_in("T5.12")),
        not_held("B2.7", "Failed, only without a TPM: exit", "the cycle ends, and the next one tries again",
                 as_in("T6.4")),
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
                 return all({no_client_certificate(wire),
                             same(to_text(lifecycle::rust_agent_habits().request_timeout), "5s")});
             }),
        not_held("B3.2", "a server certificate that does not verify is a connection error, and retried",
                 "the cycle fails at once: asking again would only hide it", retries_a_bad_certificate),
        held("B3.3", "content type, accept and request ids by call",
             [](const WireRecord& wire) {
                 return all({as_in("T1.5")(wire), as_in("T1.6")(wire)});
             }),
        held("B3.4", "Location: repeated slashes collapse; one that is missing ends the round",
             location_cleaned),
        held("B3.5", "Retry-After around exponential retries around authentication", layers),
        held("B3.6", "Retry-After of any answer, successes included, at most max_retries times",
             [](const WireRecord& wire) {
                 return all({as_in("T4.11")(wire), as_in("T4.14")(wire), as_in("T5.11")(wire)});
             }),
        held("B3.7",
             "exponential: 5xx, 408, 429 up to the longest, without jitter; other 4xx come back at once",
             exponential),
        held("B3.8", "401 and 403 drop the token",
             [](const WireRecord& wire) {
                 return all({as_in("T4.8")(wire), as_in("T4.9")(wire)});
             }),
        held("B3.9", "by default a 503 costs 10, 20, 40, 80 and 160 s, then 60 s", defaults_at_work),
    };
}

std::vector<Fact> of_authentication_and_evidence() {
    return {
        held("B4.1", "lazy; token_expires_at is not looked at", as_in("T3.4")),
        held("B4.2", "three attempts 1 s apart, whatever went wrong; Retry-After is ignored", as_in("T3.5")),
        held("B4.3",
             "TPM2_Certify of the AK by itself over the decoded challenge; one that is not base64 is a "
             "failure",
             [](const WireRecord& wire) {
                 return all({proof_of_possession(wire),
                             one_try(Call::OpenSession, "hHTVTWBxqtWGBq6FS3xetg==", "%%%", "O 1s O P N S")});
             }),
        not_held(
            "B4.4", "a verdict without created_at, challenges_expire_at or response_received_at is a failure",
            "response_received_at may be missing",
            [](const WireRecord&) {
                return all({one_try(Call::Prove, R"("created_at")", R"("x")", "O P 1s O P N S"),
                            one_try(Call::Prove, R"("challenges_expire_at")", R"("x")", "O P 1s O P N S"),
                            one_try(Call::Prove, R"("response_received_at")", R"("x")", "O P 1s O P N S")});
            }),
        held("B5.1", "tpm_quote, uefi_log and ima_log are offered, also without logs", as_in("T4.1")),
        held("B5.2", "signature schemes sorted, hash algorithms with a bank",
             [](const WireRecord& wire) {
                 const auto body = nlohmann::json::parse(wire.of(Call::Negotiate).at(0)->request.body);
                 const auto& quote = body["/data/attributes/evidence_supported/0/capabilities"_json_pointer];
                 std::vector<std::string> banks;
                 for (const auto& [bank, pcrs] : quote["available_subjects"].items())
                     banks.push_back(bank);
                 return all(
                     {same(quote["signature_schemes"].dump(), R"(["ecdsa","ecschnorr","rsapss","rsassa"])"),
                      same(quote["hash_algorithms"].dump(), nlohmann::json(banks).dump())});
             }),
        held("B5.3", "one certification key, the AK, called ak", as_in("T4.3")),
        not_applicable("B5.4", "boot_time from /proc/stat, else 1970",
                       "the boot state has it; pushsim reads no /proc/stat"),
        held("B5.5", "a scheme or hash other than the AK's is refused", as_in("T4.18")),
        held("B5.6", "PCR 16 is reset, extended with the digest of the AK's PEM, and quoted with the others",
             pcr_16_holds_the_ak),
        not_applicable("B5.7", "PCRs are read before the quote, both up to five times until they match",
                       "not on the wire; agent/tpm does it for all habits"),
        not_applicable("B5.8", "an IMA offset beyond the file: the whole file from 0", "no logs yet"),
        held("B5.9", "uefi_log is \"\" when there is none", as_in("T5.4")),
        held("B5.10", "where evidence cannot be built a resource of type error is sent", as_in("T4.18")),
        held("B6.1", "interval 60 s, registrar at the plain port, RSA keys, port and IP as registered",
             [](const WireRecord& wire) {
                 return all({defaults_at_work(wire), as_in("T2.1")(wire)});
             }),
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
