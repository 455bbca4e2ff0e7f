// FAIL broken_evidence_chain where it is the TPM's clock.

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "reports/rules/rules.hpp"

namespace pushsim::reports::rule {
namespace {

const history::QuoteClock* clock_of(const Attempt& attempt) {
    const auto* operation = as<history::TpmOperation>(attempt.quote);
    return operation != nullptr && operation->clock ? &*operation->clock : nullptr;
}

/// The verifier compares a quote's clock with that of the last one that it could authenticate.
bool was_authenticated(const Attempt& attempt) {
    const auto* verdict = as<history::Verdict>(attempt.verdict);
    if (verdict == nullptr) return false;
    const std::string evaluation = evaluation_of(*verdict);
    return evaluation == "pass" || (evaluation == "fail" && reason_of(*verdict) == "policy_violation");
}

constexpr const char* earlier_go_with_it =
    "delete the agent and enrol it again: the earlier attestations, which the clock is compared with, go "
    "with it";

struct Objection {
    enum class To : std::uint8_t { LostState, RestartCount, UnsafeClock } to;
    std::string subject;
    std::string cause;
    std::string mend;
    bool compares = true;  ///< with the quote before
};

/// What the verifier objects to in a clock (keylime/tpm/tpm_main.py, check_quote_timing), in its order.
std::optional<Objection> clock_objection(const history::QuoteClock& now, const history::QuoteClock* before) {
    using To = Objection::To;
    const auto lost = [](const char* what, auto from, auto to, const char* unit, const std::string& or_else) {
        return Objection{
            To::LostState, what,
            fmt::format("The TPM lost part of its state, and the verifier takes no quote whose clock is "
                        "behind that of the one before: its {} went from {} to {}{}.",
                        what, from, to, unit),
            fmt::format(
                "Find out how the TPM lost its state (a swtpm that was killed, a virtual machine that was "
                "set back). Then {}. A TPM that was started anew has its PCRs as after a boot: take the "
                "values from it anew.{}",
                earlier_go_with_it, or_else)};
    };
    if (before != nullptr) {
        if (now.resets < before->resets) return lost("resetCount", before->resets, now.resets, "", "");
        if (now.restarts < before->restarts && now.resets > before->resets) {
            return Objection{
                To::RestartCount, "booted after it was suspended",
                fmt::format("The machine was booted anew after it had been suspended. Then the TPM's "
                            "restartCount begins at 0 again (it went from {} to {}, resetCount from {} to "
                            "{}), as it should, and the verifier takes that for a TPM that was set back.",
                            before->restarts, now.restarts, before->resets, now.resets),
                fmt::format("Nothing is wrong with the TPM: {}.", earlier_go_with_it)};
        }
        if (now.restarts < before->restarts)
            return lost("restartCount", before->restarts, now.restarts, "", "");
    }
    const bool is_behind = before != nullptr &&
                           (now.resets <= before->resets || now.restarts <= before->restarts) &&
                           now.clock <= before->clock;
    const std::string until_past =
        is_behind
            ? fmt::format(" Or wait: in {} s of running the clock is past that of the attestation before.",
                          (before->clock - now.clock) / 1000 + 1)
            : "";
    if (!now.safe) {
        return Objection{
            To::UnsafeClock, is_behind ? "not safe and behind" : "not safe",
            fmt::format("The TPM says itself that its clock is not safe: it was not shut down in order, and "
                        "the clock may have been further before. The verifier takes no such quote.{}",
                        is_behind
                            ? fmt::format(" Nor will it take those after it: the clock went from {} to {} "
                                          "ms, and must be past what it was.",
                                          before->clock, now.clock)
                            : ""),
            fmt::format("Find out how the TPM lost power (a swtpm that was killed, a machine that was "
                        "switched off). The clock is safe again once the TPM has run for a while.{}{}",
                        is_behind ? fmt::format(" Then {}.", earlier_go_with_it) : "", until_past),
            is_behind};
    }
    if (!is_behind) return std::nullopt;
    return lost("clock", before->clock, now.clock, " ms", until_past);
}

}  // namespace

/// The first of its kind after each attestation that could be authenticated; further ones are counted, for
/// clocks go on.
Found tpm_clock_went_back(const AgentStory& agent, const Stories& /*all*/) {
    Found found;
    const Attempt* before = nullptr;  // the last that could be authenticated
    const Attempt* last = nullptr;    // the last of all
    std::optional<Objection::To> goes_on;
    for (const Attempt& attempt : agent.attempts) {
        // Deleting an agent deletes its attestations.
        if (last != nullptr && last->enrolment != attempt.enrolment) {
            before = nullptr;
            goes_on.reset();
        }
        last = &attempt;
        if (was_authenticated(attempt) && clock_of(attempt) != nullptr) {
            before = &attempt;
            goes_on.reset();
        }
        const auto* verdict = as<history::Verdict>(attempt.verdict);
        // At a stack whose database and log cannot be read no reason is known.
        if (verdict == nullptr || evaluation_of(*verdict) != "fail" ||
            reason_of(*verdict) == "policy_violation")
            continue;
        const auto* now = clock_of(attempt);
        if (now == nullptr) continue;
        auto objection = clock_objection(*now, before == nullptr ? nullptr : clock_of(*before));
        if (!objection) continue;
        if (std::exchange(goes_on, objection->to) == objection->to) {
            ++found.back().more;
            found.back().failures.push_back(attempt.verdict->n);
            continue;
        }
        found.push_back({.subject = std::move(objection->subject),
                         .cause = std::move(objection->cause),
                         .mend = std::move(objection->mend),
                         .evidence = lines_of({attempt.verdict, attempt.quote}),
                         .failures = {attempt.verdict->n},
                         .enrols_again = objection->compares});
        if (objection->compares)
            found.back().evidence.insert(found.back().evidence.end(), {before->quote->n, before->verdict->n});
    }
    return found;
}

}  // namespace pushsim::reports::rule
