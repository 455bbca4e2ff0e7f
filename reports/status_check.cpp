// `status_agrees`: what the status API said against what Keylime's rules make of the history.
#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "reports/checks.hpp"
#include "reports/findings.hpp"
#include "reports/identities.hpp"

namespace pushsim::reports {
namespace {

using std::chrono::seconds;

constexpr int intervals_to_timeout = 5;  // keylime/push_agent_monitor.py
constexpr seconds told_below{1};  // seconds_to_next_attestation is rounded, and counts from the evidence

/// Whether a pass after a failure clears it: auto_recover_attestation_failures.
enum class Recovers { NotKnown, Never, Always };

Recovers recovers(const history::ScenarioStart& plan, const RunFacts& facts) {
    const auto option = planned_option(plan, "auto_recover_attestation_failures");
    if (!option) return facts.own_stacks() && !plan.plan.empty() ? Recovers::Never : Recovers::NotKnown;
    return option->starts_with('t') || option->starts_with('T') ? Recovers::Always : Recovers::Never;
}

/// When servers were stopped, started or frozen: their timers went, or came late.
std::vector<Duration> disturbances(const ScenarioView& scenario) {
    static const std::set<std::string> steps{"restart", "stop", "start", "kill", "pause"};
    std::vector<Duration> times;
    for (const history::Entry* line : scenario.lines) {
        const auto* step = as<history::StepStart>(line);
        if (step != nullptr && steps.contains(step->step_kind)) times.push_back(line->t);
    }
    return times;
}

/// The record and the database say it, with which the agent's status was committed; the log runs ahead.
bool is_committed(const history::Verdict& verdict) {
    const std::string evaluation = evaluation_of(verdict);
    return !evaluation.empty() &&
           ((verdict.record.value && verdict.record.value->evaluation == evaluation) ||
            (verdict.database.value && verdict.database.value->evaluation == evaluation));
}

/// One agent's row at the verifier, as far as the history tells it.
class Row {
  public:
    Row(Recovers recovers, const std::vector<Duration>& disturbances)
        : recovers_(recovers), disturbances_(disturbances) {}

    void take(const history::Entry& line) {
        if (const auto* act = as<history::TenantActSeen>(&line)) {
            acted(line, *act);
        } else if (const auto* submission = as_submission(&line)) {
            submitted(*submission);
        } else if (const auto* verdict = as<history::Verdict>(&line)) {
            judged(line, *verdict);
        }
    }

    /// What the status may be, and why nothing else.
    struct Allowed {
        std::vector<std::string> words;
        std::string why;
    };
    /// Nothing where that is open.
    std::optional<Allowed> allowed(const history::Entry& reading) const {
        if (deleted_) return Allowed{{}, "it was deleted"};
        // Without the enrolment in the history, failures from before it may stick to the status.
        if (!enrolled_ || !open_.empty() || open_without_index_) return std::nullopt;
        if (!last_) return Allowed{{"PENDING"}, "nothing was judged"};
        const bool last_failed = last_->evaluation == "fail";
        if (last_failed || (failed_ && recovers_ == Recovers::Never))
            return Allowed{{"FAIL"}, last_failed ? "its last verdict is FAIL" : "a failure stays"};
        Allowed result = passing(reading);
        if (failed_ && recovers_ == Recovers::NotKnown) result.words.insert(result.words.begin(), "FAIL");
        return result;
    }

  private:
    struct Judged {
        int index = 0;
        std::string evaluation;
        Duration sent{};   // its evidence, at the latest: then, or after it, the verifier judged
        Duration known{};  // its verdict, at the earliest: before it the verifier had judged
    };

    void acted(const history::Entry& line, const history::TenantActSeen& act) {
        const bool reads = act.act == "read_status";
        if (reads) reading_began_ = line.t - act.duration;
        if (is_done(act, "delete")) deleted_ = true;
        if (is_done(act, "reactivate")) reactivated_ = line.t;
        const bool by_somebody_else = reads && !act.tpm_policy.empty();
        if (!by_somebody_else && !is_done(act, "enrol")) return;
        enrolled_ = !by_somebody_else;
        deleted_ = failed_ = open_without_index_ = false;
        open_.clear();
        sent_.clear();
        last_.reset();
        reactivated_.reset();
    }

    void submitted(const history::ExchangeSeen& submission) {
        if (submission.seconds_to_next) interval_ = std::max(interval_, seconds{*submission.seconds_to_next});
        if (!is_accepted(submission) && !may_have_arrived(submission)) return;
        if (!submission.index) {
            open_without_index_ = true;
            return;
        }
        sent_.try_emplace(*submission.index, submission.start);
        open_.insert(*submission.index);
    }

    void judged(const history::Entry& line, const history::Verdict& verdict) {
        const auto sent = sent_.find(verdict.index);
        if (sent == sent_.end() || !is_committed(verdict)) return;
        open_.erase(verdict.index);
        const std::string evaluation = evaluation_of(verdict);
        failed_ = failed_ || evaluation == "fail";
        // Verdicts may be read in another order than they were made.
        if (!last_ || verdict.index >= last_->index)
            last_ = {verdict.index, evaluation, sent->second, line.t};
    }

    /// TIMEOUT from five intervals after the last verdict on, PASS before.
    Allowed passing(const history::Entry& reading) const {
        const Duration at_most = reading.t - last_->sent;
        const Duration at_least = reading_began_.value_or(last_->known) - last_->known;
        const bool disturbed = std::any_of(disturbances_.begin(), disturbances_.end(), [&](Duration when) {
            return when >= last_->sent && when <= reading.t;
        });
        const bool known = interval_ > seconds::zero();
        const bool too_early = known && at_most < intervals_to_timeout * interval_;
        const bool too_late = known && at_least > intervals_to_timeout * (interval_ + told_below) &&
                              !disturbed && !(reactivated_ && *reactivated_ > last_->sent);
        Allowed result;
        if (!too_late) result.words.emplace_back("PASS");
        if (!too_early) result.words.emplace_back("TIMEOUT");
        const auto tenths = [](Duration duration) { return std::chrono::duration<double>(duration).count(); };
        result.why =
            too_early  ? fmt::format("the last evidence was sent {:.1f} s before, with an interval of {} s",
                                     tenths(at_most), interval_.count())
            : too_late ? fmt::format("the last verdict was there {:.1f} s before, with an interval of {} s",
                                     tenths(at_least), interval_.count())
                       : "its last verdict is PASS";
        return result;
    }

    Recovers recovers_;
    const std::vector<Duration>& disturbances_;
    bool enrolled_ = false;
    bool deleted_ = false;
    bool failed_ = false;
    bool open_without_index_ = false;  // evidence arrived, or may have, and nobody knows as which attestation
    std::set<int> open_;               // attestations whose evidence may be there, and no verdict
    std::map<int, Duration> sent_;
    std::optional<Judged> last_;
    std::optional<Duration> reactivated_;
    std::optional<Duration> reading_began_;
    seconds interval_{};
};

}  // namespace

void check_status(const ScenarioView& scenario, const RunFacts& facts, Checked& checked) {
    Findings findings{"status_agrees", checked};
    const Recovers recovering = recovers(scenario.plan(), facts);
    const std::vector<Duration> disturbed = disturbances(scenario);
    std::uint64_t read = 0;
    std::uint64_t judged = 0;
    for (const Identity& identity : identities(scenario)) {
        Row row{recovering, disturbed};
        for (const history::Entry* line : identity.lines) {
            row.take(*line);
            const auto* status = as<history::StatusRead>(line);
            if (status == nullptr || !status->error.empty()) continue;
            ++read;
            const auto allowed = row.allowed(*line);
            if (!allowed) continue;
            ++judged;
            if (std::ranges::find(allowed->words, status->status.view()) != allowed->words.end()) continue;
            std::string may_be = "none";
            if (!allowed->words.empty()) may_be = fmt::format("{}", fmt::join(allowed->words, ", "));
            findings.wrong(fmt::format("{}: the status is {}, what was before allows {}: {}",
                                       line->where->agent, status->status, may_be, allowed->why),
                           line);
        }
    }
    if (read == 0) {
        findings.nothing_to_check("no status was read");
    } else if (judged == 0) {
        findings.nothing_to_check("no status was read when it was certain what it must be");
    } else if (judged < read) {
        findings.not_in_full(fmt::format("for {} of {} it was open what the status must be", read - judged,
                                         counted(read, "reading")));
    }
}

}  // namespace pushsim::reports
