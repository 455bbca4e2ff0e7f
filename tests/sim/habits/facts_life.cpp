// Section 6: events of life.

#include "tests/sim/habits/answers.hpp"
#include "tests/sim/habits/fact.hpp"

namespace pushsim::habits {
namespace {

using lifecycle::Call;
using lifecycle::Phase;
using transport::FailureKind;

/// Whatever goes wrong, the registrar is not asked, where each call would be answered with 404.
std::string deleted_at_the_registrar(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    for (const Call call : {Call::AskVersion, Call::Register, Call::Activate})
        run.play.next(call, lifecycle::refusal(404, "not_found"), 100);
    run.cycles(2);
    for (const int status : {401, 403, 404, 500})
        run.play.next(Call::Negotiate, lifecycle::bare_status(status));
    run.cycles(3);
    run.play.next(Call::Submit, lifecycle::bare_status(401));
    run.play.next_fails(Call::OpenSession, FailureKind::Closed, 3);
    run.cycles(2);
    return all({same(run.transcript(), "N S 2s N S N O P N 5s O P N 5s N 1s N= S N S O 1s O 1s O 5s O P N S"),
                same(run.endings(), "reached reached refused refused reached failed reached")});
}

std::string deleted_at_the_verifier(const WireRecord& /*wire*/) {
    TimedRun run;
    run.authenticated();
    run.play.next(Call::Negotiate, lifecycle::refusal(404, "not_found"), 3);
    return same(run.cycles(4), "N 5s N 5s N 5s N S");
}

const tpm::PcrValues kZeros{{0, Bytes(32, 0)}, {7, Bytes(32, 0)}};

const Bytes kChange(32, 1);

void change_pcr_7(RealTpm& tpm) {
    tpm.run([](tpm::Commands& commands) {
        return commands.pcr_extend(7, {{tpm::HashAlgorithm::Sha256, kChange}});
    });
}

std::string tpm_reset(const WireRecord& /*wire*/) {
    RealTpm tpm;
    TimedRun run;
    run.with(tpm).cycles(1);
    change_pcr_7(tpm);
    run.cycles(1);
    tpm.reset();
    run.play.machine.restart({});
    const std::string told = run.cycles(1);
    const auto registered = run.play.requests(Call::Register);
    const auto submitted = run.play.requests(Call::Submit);
    const Bytes ak = ak_of(registered.at(0));
    return all({same(told, "V R A O P N S N S V R A O P N S"), same(run.endings(), "reached reached reached"),
                same(registered.at(1).body, registered.at(0).body), so(run.play.peer.active, "not active"),
                so(!quote_fault(submitted.at(1), ak, kZeros).empty(), "a changed PCR is not quoted"),
                quote_fault(submitted.at(2), ak, kZeros)});
}

/// The verifier's 202 is the same, and so is what the agent does; its quotes tell.
std::string pcr_changed(const WireRecord& /*wire*/) {
    RealTpm tpm;
    TimedRun run;
    run.with(tpm).registered().cycles(2);
    change_pcr_7(tpm);
    const std::string told = run.cycles(2);
    tpm::PcrValues values = kZeros;
    values[7] = extended(values[7], kChange);
    const Bytes ak = tpm.ak();
    const auto submitted = run.play.requests(Call::Submit);
    return all({same(told, "O P N S 2s N S N S 2s N S"),
                same(run.endings(), "reached reached reached reached"),
                quote_fault(submitted.at(1), ak, kZeros), quote_fault(submitted.at(3), ak, values)});
}

/// A good cycle, one without a TPM at its capability query, and what comes then.
void lose_tpm_for_a_cycle(TimedRun& run) {
    run.authenticated();
    run.cycles(1);
    run.play.tpm_fails_next({ErrorKind::Tpm, "TPM2_GetCapability: no answer", ""});
    run.cycles(2);
}

std::string ends_without_tpm(const WireRecord& /*wire*/) {
    TimedRun run;
    lose_tpm_for_a_cycle(run);
    return same(run.transcript(), "N S");
}

/// It was refused; its TPM has power again.
std::string comes_back(TimedRun& run, RealTpm& tpm) {
    tpm.reset();
    run.play.clear_record();
    return all({same(run.cycles(1), "N S"), so(run.endings().ends_with("reached"), run.endings())});
}

std::string tries_again_without_tpm(const WireRecord& /*wire*/) {
    TimedRun query;
    lose_tpm_for_a_cycle(query);
    // Without power it is first missed where it has to quote.
    RealTpm tpm;
    TimedRun quote;
    quote.with(tpm).registered().cycles(1);
    tpm.lose_power();
    quote.play.next(Call::Submit, lifecycle::refusal(400, "invalid"));
    const std::string told = quote.cycles(1);
    return all({same(query.transcript(), "N S 5s N S"), same(query.endings(), "reached failed reached"),
                same(told, "O P N S N E"), same(quote.endings(), "reached refused"), comes_back(quote, tpm)});
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
             [](const WireRecord& wire) {
                 return all({deleted_at_the_registrar(wire), deleted_at_the_verifier(wire)});
             }),
        held("T6.2", "a reset TPM and a restarted agent: registers and passes again", tpm_reset),
        held("T6.3", "a PCR changed: the agent sees 202 as before", pcr_changed),
        not_held("T6.4", "the TPM gone: the agent ends at the next capability query and does not come back",
                 ends_without_tpm,
                 "the cycle ends, or an error is submitted where only the quote fails, and the next tries "
                 "again",
                 tries_again_without_tpm),
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
