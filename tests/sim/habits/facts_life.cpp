// Section 6: events of life.

#include "tests/sim/habits/answers.hpp"
#include "tests/sim/habits/fact.hpp"

namespace pushsim::habits {
namespace {

using lifecycle::Call;
using lifecycle::Phase;
using transport::FailureKind;

std::string record_deleted(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Negotiate, lifecycle::refusal(404, "not_found"), 3);
    return same(run.cycles(4), "N 5s N 5s N 5s N S");
}

std::string tpm_gone(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    run.play.tpm_fails_next({ErrorKind::Tpm, "TPM2_GetCapability: no answer", ""});
    return same(run.cycles(2), "");
}

std::string registering(Call call, const HttpResponse& answer, int times, int cycles) {
    TimedRun run;
    run.play.next(call, answer, times);
    return run.cycles(cycles, Phase::Activate);
}

std::string on_the_same_connection(const WireRecord& wire) {
    const auto posts = wire.of(Call::Register);
    // The second was answered with 500.
    return so(posts.at(1)->connection == posts.at(2)->connection, "another connection");
}

std::string ek_is_lost(const WireRecord& /*wire*/) {
    TimedRun run;
    run.play.next(Call::Activate, lifecycle::bare_status(400));
    const std::string told = run.cycles(3, Phase::Activate);
    run.play.machine.restart({});
    run.play.clear_record();
    return all({same(told, "V R A 5s V R 5s V R"), same(run.cycles(1, Phase::Activate), "V R A")});
}

std::string tokens_are_secret(const WireRecord& wire) {
    for (const std::string& token : wire.tokens) {
        if (wire.history.find(token) != std::string::npos) return "a token in the history";
    }
    return so(wire.tokens.size() > 1 && wire.history.find("Bearer fp:") != std::string::npos,
              "no trace of tokens");
}

}  // namespace

std::vector<Fact> life_facts() {
    return {
        held("T6.1",
             "deleted at the registrar: not noticed; at the verifier while the token lives: 404 on POST "
             "every interval, "
             "for ever, no new session",
             record_deleted),
        not_applicable("T6.2", "a reset TPM and a restarted agent: registers and passes again",
                       "the step `reboot` does not exist yet"),
        not_applicable("T6.3", "a PCR changed: the agent sees 202 as before", "it is the verifier's doing"),
        not_held("T6.4", "the TPM gone: the agent ends at the next capability query and does not come back",
                 "the cycle ends, and the next one tries again", tpm_gone),
        held("T6.5",
             "registrar 500: initial, twice, four times that on the same connection; interval, new round",
             [](const WireRecord& wire) {
                 return all({same(registering(Call::Register, lifecycle::bare_status(500), 4, 2),
                                  "V R 1s R= 2s R= 4s R= 5s V R A"),
                             on_the_same_connection(wire)});
             }),
        held("T6.6", "registrar 403: interval, new round",
             [](const WireRecord&) {
                 return same(registering(Call::Register, lifecycle::bare_status(403), 1, 2), "V R 5s V R A");
             }),
        held("T6.7", "registrar 503 with Retry-After 2: 2 s",
             [](const WireRecord&) {
                 return same(
                     registering(Call::Register, lifecycle::bare_status(503, {{"Retry-After", "2"}}), 1, 1),
                     "V R 2s R= A");
             }),
        held("T6.8", "registrar's connection closed: the initial back-off",
             [](const WireRecord&) {
                 TimedRun run;
                 run.play.next_fails(Call::Register, FailureKind::Closed);
                 return same(run.cycles(1, Phase::Activate), "V R 1s R= A");
             }),
        held("T6.9", "PUT 500: back-off, then success",
             [](const WireRecord&) {
                 return same(registering(Call::Activate, lifecycle::bare_status(500), 1, 1), "V R A 1s A=");
             }),
        held("T6.10", "PUT 400: from then on each round ends after the POST, until the agent is restarted",
             ek_is_lost),
        held("T6.11", "its own records never show the token", tokens_are_secret),
        not_applicable("T6.12", "with RUST_BACKTRACE=1 its memory triples at the first error",
                       "it is no Rust program"),
    };
}

}  // namespace pushsim::habits
